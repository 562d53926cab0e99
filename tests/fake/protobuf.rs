//! Pods, claims and volumes in Kubernetes' Protobuf, for those who ask for it.

use std::io::Read as _;

use serde_json::{Value, json};
use workload_tests::{Cluster, Fault, Gzip, On, Running};

use crate::client::{Ended, Reply, ask, get};
use crate::{pod, pods};

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const EITHER: &str = "application/vnd.kubernetes.protobuf, application/json";

fn get_either(cluster: &Running, uri: &str) -> Reply {
    ask(cluster, "GET", uri).header("accept", EITHER).send().unwrap()
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a number of more than ten bytes")
}

/// A message's fields of one number, as bytes or as a number in text.
fn all(mut message: &[u8], wanted: u64) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let value = varint(&mut message);
        let value = match tag & 7 {
            0 => value.to_string().into_bytes(),
            2 => message.split_off(..usize::try_from(value).unwrap()).unwrap().to_vec(),
            other => panic!("wire type {other}"),
        };
        if tag >> 3 == wanted {
            found.push(value);
        }
    }
    found
}

/// What stands at a path of field numbers; empty: nothing.
fn at(message: &[u8], path: &[u64]) -> String {
    let mut value = message.to_vec();
    for number in path {
        value = all(&value, *number).pop().unwrap_or_default();
    }
    String::from_utf8(value).unwrap()
}

/// The kind that the envelope names, and what is in it.
fn opened(reply: &Reply) -> (String, Vec<u8>) {
    assert_eq!(reply.header("content-type"), Some(PROTOBUF), "{}", reply.text());
    let unknown = reply.body.strip_prefix(b"k8s\0").expect("the magic number");
    let kind = format!("{} {}", at(unknown, &[1, 1]), at(unknown, &[1, 2]));
    (kind, all(unknown, 2).pop().unwrap())
}

/// Kind, revision, token, how many remain, and the items' names: as both encodings tell them.
fn told(reply: &Reply) -> Value {
    if reply.header("content-type") == Some(JSON) {
        let json = reply.json();
        let meta = |field: &str| {
            json["metadata"]
                .get(field)
                .map_or_else(String::new, |it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
        };
        let kind = format!("{} {}", json["apiVersion"].as_str().unwrap(), json["kind"].as_str().unwrap());
        return json!([kind, meta("resourceVersion"), meta("continue"), meta("remainingItemCount"), reply.names()]);
    }
    let (kind, list) = opened(reply);
    let names: Vec<_> = all(&list, 2).iter().map(|it| at(it, &[1, 1])).collect();
    json!([kind, at(&list, &[1, 2]), at(&list, &[1, 3]), at(&list, &[1, 4]), names])
}

#[test]
fn a_list_says_the_same_in_both_encodings() {
    let cluster = Cluster::new().file("objects/redis.json").start();
    for resource in ["pods", "persistentvolumeclaims", "persistentvolumes"] {
        let uri = format!("/api/v1/{resource}");
        let (plain, either) = (get(&cluster, &uri), get_either(&cluster, &uri));
        assert_eq!(told(&either), told(&plain));
        assert!(!plain.names().is_empty());
        assert!(either.body.len() < plain.body.len(), "{} of {} bytes", either.body.len(), plain.body.len());
    }
    let (_, list) = opened(&get_either(&cluster, "/api/v1/pods"));
    let first = &get(&cluster, "/api/v1/pods").json()["items"][0];
    let shown = all(&list, 2).swap_remove(0);
    assert_eq!(at(&shown, &[2, 10]), first["spec"]["nodeName"], "PodSpec.nodeName");
    assert_eq!(at(&shown, &[3, 6]), first["status"]["podIP"], "PodStatus.podIP");
}

#[test]
fn pages_go_on_in_either_encoding() {
    let cluster = Cluster::new().objects(pods("shop", 5)).start();
    let first = get_either(&cluster, "/api/v1/pods?limit=2");
    let told_first = told(&first);
    assert_eq!(told_first, told(&get(&cluster, "/api/v1/pods?limit=2")));
    assert_eq!((&told_first[3], &told_first[4]), (&json!("3"), &json!(["a-0", "a-1"])));
    let rest = format!("/api/v1/pods?continue={}", told_first[2].as_str().unwrap());
    assert_eq!(told(&get(&cluster, &rest))[4], json!(["a-2", "a-3", "a-4"]));
    assert_eq!(told(&get_either(&cluster, &rest)), told(&get(&cluster, &rest)));
}

#[test]
fn one_object_and_what_changes_it() {
    let cluster = Cluster::new().object(pod("shop", "a-0", &json!({}))).start();
    let uri = "/api/v1/namespaces/shop/pods/a-0";
    let phase = |reply: &Reply| {
        let (kind, pod) = opened(reply);
        assert_eq!(kind, "v1 Pod");
        at(&pod, &[3, 1])
    };
    assert_eq!(phase(&get_either(&cluster, uri)), "Running");
    cluster.patch("pods", "shop", "a-0", json!({"status": {"phase": "Failed"}}));
    assert_eq!(phase(&get_either(&cluster, uri)), "Failed");
}

#[test]
fn refusals_come_in_protobuf_too() {
    let cluster = Cluster::new()
        .objects(pods("shop", 3))
        .deny("list", "persistentvolumes")
        .fault(On::list("persistentvolumeclaims"), Fault::too_many(7))
        .start();
    // Message, reason, code, and what is particular to each.
    let status = |reply: &Reply, particular: &[u64]| {
        let (kind, status) = opened(reply);
        assert_eq!((kind.as_str(), at(&status, &[6])), ("v1 Status", reply.status.to_string()));
        (at(&status, &[3]), at(&status, &[4]), at(&status, particular))
    };
    let expect = |reply: &Reply, particular: &str| {
        let json = reply.json();
        let text = |path: &str| json.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let particular = text(particular).unwrap_or_else(|| json.pointer(particular).unwrap().to_string());
        (text("/message").unwrap(), text("/reason").unwrap(), particular)
    };

    let missing = "/api/v1/namespaces/shop/pods/gone";
    assert_eq!(status(&get_either(&cluster, missing), &[5, 1]), expect(&get(&cluster, missing), "/details/name"));
    let denied = "/api/v1/persistentvolumes";
    assert_eq!(status(&get_either(&cluster, denied), &[5, 3]), expect(&get(&cluster, denied), "/details/kind"));
    let busy = "/api/v1/persistentvolumeclaims";
    assert_eq!(get_either(&cluster, busy).header("retry-after"), Some("7"));
    assert_eq!(
        status(&get_either(&cluster, busy), &[5, 5]),
        expect(&get(&cluster, busy), "/details/retryAfterSeconds")
    );

    let token = told(&get_either(&cluster, "/api/v1/pods?limit=1"))[2].as_str().unwrap().to_owned();
    let old = format!("/api/v1/pods?continue={token}");
    cluster.compact();
    let gone = status(&get_either(&cluster, &old), &[1, 3]);
    assert_eq!(gone, expect(&get(&cluster, &old), "/metadata/continue"));
    let rest = get_either(&cluster, &format!("/api/v1/pods?continue={}", gone.2));
    assert_eq!(told(&rest)[4], json!(["a-1", "a-2"]));
}

#[test]
fn large_answers_are_compressed_and_cut_as_json_is() {
    let cluster = Cluster::new().keep_pages().gzip(Gzip::Always).objects(pods("shop", 3)).start();
    let squeezed = |accept: &str| {
        let ask = ask(&cluster, "GET", "/api/v1/pods").header("accept", accept).header("accept-encoding", "gzip");
        let mut reply = ask.send().unwrap();
        assert_eq!(reply.header("content-encoding"), Some("gzip"));
        let mut body = Vec::new();
        flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_end(&mut body).unwrap();
        reply.body = body;
        reply
    };
    assert_eq!(told(&squeezed(EITHER)), told(&squeezed(JSON)), "a kept page is of its encoding");

    cluster.fault(On::list("pods"), Fault::cut_after(100));
    let cut = get_either(&cluster, "/api/v1/pods");
    assert_eq!((cut.header("content-type"), cut.body.len(), cut.ended), (Some(PROTOBUF), 100, Ended::Short));
}

#[test]
fn all_else_stays_json() {
    let cluster = Cluster::new().objects(pods("shop", 1)).start();
    let media = |accept: &str, uri: &str| {
        let reply = ask(&cluster, "GET", uri).header("accept", accept).send().unwrap();
        (reply.status, reply.header("content-type").unwrap().to_owned())
    };
    let json = (200, JSON.to_owned());
    assert_eq!(media(EITHER, "/api/v1/services"), json, "a kind that nobody asks for so");
    assert_eq!(media("application/json, application/vnd.kubernetes.protobuf", "/api/v1/pods"), json, "JSON is first");
    let metadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
    assert_eq!(media(metadata, "/api/v1/pods"), json);
    assert_eq!(media(EITHER, "/api/v1/pods?watch=1&timeoutSeconds=1"), json);
    assert_eq!(media(PROTOBUF, "/api/v1/pods"), (200, PROTOBUF.to_owned()));
}

#[test]
fn a_gateway_may_know_json_alone() {
    let cluster = Cluster::new().objects(pods("shop", 1)).json_only().start();
    let reply = get_either(&cluster, "/api/v1/pods");
    assert_eq!((reply.header("content-type"), reply.names()), (Some(JSON), vec!["a-0".to_owned()]));
    let missing = get_either(&cluster, "/api/v1/namespaces/shop/pods/gone");
    assert_eq!(missing.json()["reason"], "NotFound");
    let only = ask(&cluster, "GET", "/api/v1/pods").header("accept", PROTOBUF).send().unwrap();
    assert_eq!(only.status, 406);
}

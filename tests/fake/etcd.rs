//! What is written into a real server's etcd is what the fake serves.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use workload_tests::Cluster;
use workload_tests::bulk::Shape;

use crate::client::ask;

#[test]
fn each_object_is_stored_as_the_server_answers_it() {
    let shape = Shape { sets: 20, ordinals: 3, namespaces: 2 };
    let cluster = || Cluster::new().bulk(shape).bystanders(shape, 1);
    let (count, stored) = written(cluster());
    assert_eq!(count, stored.len());
    assert_eq!(count, 2 + 20 * (2 + 4 * 3), "namespaces, sets with Services, four objects per ordinal");
    let served = cluster().start();
    for (key, protobuf, path) in [
        ("statefulsets/ns-001/web-00003", false, "/apis/apps/v1/namespaces/ns-001/statefulsets/web-00003"),
        ("services/specs/ns-001/web-00003-svc", false, "/api/v1/namespaces/ns-001/services/web-00003-svc"),
        ("pods/ns-000/web-00002-2", true, "/api/v1/namespaces/ns-000/pods/web-00002-2"),
        (
            "persistentvolumeclaims/ns-000/redis-data-storage-web-00002-2",
            true,
            "/api/v1/namespaces/ns-000/persistentvolumeclaims/redis-data-storage-web-00002-2",
        ),
        (
            "persistentvolumes/pvc-30000bba-0000-4000-8000-000000000bba",
            true,
            "/api/v1/persistentvolumes/pvc-30000bba-0000-4000-8000-000000000bba",
        ),
    ] {
        let accept = "application/vnd.kubernetes.protobuf, application/json";
        let answer = ask(&served, "GET", path).header("accept", accept).send().unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body.starts_with(b"k8s\0"), protobuf, "{path}");
        let found = stored.get(&format!("/registry/{key}")).unwrap_or_else(|| panic!("no {key}"));
        // JSON ends its answer with a newline.
        assert!(found == answer.body.trim_ascii_end(), "{key}: {}", String::from_utf8_lossy(found));
    }
}

#[test]
fn what_no_object_says_is_filled_in() {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1"}});
    let job = |namespace: &str| json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "namespace": namespace}});
    let shop = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "known"}});
    let (_, stored) = written(Cluster::new().objects([node, job("shop"), job("other"), shop]));
    let keys: Vec<_> = stored.keys().map(|it| it.trim_start_matches("/registry/")).collect();
    assert_eq!(keys, ["jobs/other/a", "jobs/shop/a", "minions/node1", "namespaces/other", "namespaces/shop"]);
    for (key, object) in &stored {
        let object: Value = serde_json::from_slice(object).unwrap();
        for field in ["/kind", "/apiVersion", "/metadata/uid", "/metadata/creationTimestamp"] {
            assert!(object.pointer(field).is_some_and(Value::is_string), "{key}: {field}");
        }
        assert_eq!(object["metadata"]["uid"] == "known", key.ends_with("/shop"), "{key}");
    }
}

#[test]
fn what_etcd_refuses_is_told_with_its_words() {
    let (etcd, _transactions) = etcd("500 mvcc: database space exceeded");
    let why = write(Cluster::new().object(crate::pod("a", "b", &json!({}))), &etcd).unwrap_err();
    assert_eq!(why, "etcd: 500 Internal Server Error: mvcc: database space exceeded");
}

/// How many objects are said to be written, and what came, by key.
fn written(cluster: Cluster) -> (usize, BTreeMap<String, Vec<u8>>) {
    let (etcd, transactions) = etcd("200 {}");
    let count = write(cluster, &etcd).unwrap();
    let mut stored = BTreeMap::new();
    for transaction in transactions.try_iter() {
        let puts = transaction["success"].as_array().unwrap();
        assert!((1..=128).contains(&puts.len()), "etcd takes no more at once");
        for put in puts {
            let of = |field: &str| STANDARD.decode(put["requestPut"][field].as_str().unwrap()).unwrap();
            assert!(stored.insert(String::from_utf8(of("key")).unwrap(), of("value")).is_none(), "no key twice");
        }
    }
    (count, stored)
}

fn write(cluster: Cluster, etcd: &str) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(cluster.write_into(etcd)).map_err(|it| it.to_string())
}

/// An etcd's gateway for one client, that gives each transaction the same answer; with its address.
fn etcd(answer: &'static str) -> (String, Receiver<Value>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (came, transactions) = channel();
    let (status, body) = answer.split_once(' ').unwrap();
    let serve = service_fn(move |request: Request<Incoming>| {
        let came = came.clone();
        async move {
            assert_eq!(request.uri(), "/v3/kv/txn");
            let transaction = request.into_body().collect().await.unwrap().to_bytes();
            came.send(serde_json::from_slice(&transaction).unwrap()).unwrap();
            let answer = Response::builder().status(status).body(Full::new(Bytes::from(body))).unwrap();
            Ok::<_, Infallible>(answer)
        }
    });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (stream, _) = listener.accept().unwrap();
            stream.set_nonblocking(true).unwrap();
            let stream = TokioIo::new(tokio::net::TcpStream::from_std(stream).unwrap());
            hyper::server::conn::http1::Builder::new().serve_connection(stream, serve).await.unwrap();
        });
    });
    (address, transactions)
}

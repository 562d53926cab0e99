//! What a request carries, and how often it is sent.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};

use super::{
    super::ErrorKind,
    Setup,
    server::{Reply, Server, ok},
};

const STATUS: &[&str] = &["Content-Type: application/json"];

fn status(code: u16, reason: &str, message: &str) -> Vec<u8> {
    serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
        .to_string()
        .into_bytes()
}

#[tokio::test]
async fn a_request_carries_what_kubectl_sends() {
    let server = Server::https(|_, _| ok(r#"{"kind":"List"}"#)).await;
    let setup = Setup::new(&server, "token: abc", "").flags(|flags| {
        flags.command = Some("kubectl sts volumes".to_owned());
        flags.as_user = Some("jane".to_owned());
        flags.as_uid = Some("7".to_owned());
        flags.as_groups = vec!["dev".to_owned(), "ops".to_owned()];
        flags.as_user_extra =
            vec!["scopes=a".to_owned(), "scopes=b".to_owned(), "a/b%=c".to_owned(), "malformed".to_owned()];
    });
    let answer = setup.get("/api/v1/pods?limit=5").await.unwrap();
    assert_eq!(&answer.body[..], br#"{"kind":"List"}"#);
    let seen = server.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/api/v1/pods?limit=5"));
    assert_eq!(seen.header("authorization"), Some("Bearer abc"));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(seen.header("user-agent"), Some("kubectl-test/1"));
    assert_eq!(seen.header("kubectl-command"), Some("kubectl sts volumes"));
    assert_eq!(seen.header("kubectl-session").map(str::len), Some(36));
    assert_eq!(seen.header("impersonate-user"), Some("jane"));
    assert_eq!(seen.header("impersonate-uid"), Some("7"));
    assert_eq!(seen.all("impersonate-group"), ["dev", "ops"]);
    assert_eq!(seen.all("impersonate-extra-scopes"), ["a", "b"]);
    assert_eq!(seen.header("impersonate-extra-a%2fb%25"), Some("c"));
}

#[tokio::test]
async fn answers_are_unzipped_and_compression_can_be_off() {
    let server = Server::https(|_, seen| {
        if seen.header("accept-encoding").is_none() {
            return ok("{\"plain\":1}");
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"{\"zipped\":1}").expect("memory takes all");
        Reply::Http(
            "200 OK",
            &["Content-Type: application/json", "Content-Encoding: gzip"],
            encoder.finish().expect("memory takes all"),
        )
    })
    .await;
    let body = |setup: Setup| async move { setup.get("/version").await.unwrap().body };
    assert_eq!(&body(Setup::new(&server, "token: t", "")).await[..], b"{\"zipped\":1}");
    let by_flag = Setup::new(&server, "token: t", "").flags(|flags| flags.disable_compression = true);
    assert_eq!(&body(by_flag).await[..], b"{\"plain\":1}");
    assert_eq!(&body(Setup::new(&server, "token: t", "disable-compression: true")).await[..], b"{\"plain\":1}");
}

#[tokio::test]
async fn a_path_prefix_and_the_timeout_are_put_into_the_address() {
    let server = Server::https(|_, _| ok("{}")).await;
    let url = format!("{}/k8s/clusters/c-1/", server.url());
    let setup = Setup::new(&server, "token: t", "").flags(|flags| {
        flags.server = Some(url);
        flags.request_timeout = Some("90".to_owned());
    });
    setup.get("/api/v1/pods").await.unwrap();
    setup.get("/api/v1/pods?limit=1").await.unwrap();
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        ["/k8s/clusters/c-1/api/v1/pods?timeout=1m30s", "/k8s/clusters/c-1/api/v1/pods?limit=1&timeout=1m30s"]
    );
}

#[tokio::test]
async fn reads_share_connections_and_writes_have_their_own() {
    let server = Server::https(|_, _| ok("{}")).await;
    let client = Setup::new(&server, "token: t", "").connect().unwrap();
    for _ in 0..3 {
        client.get("/version", None).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
    client.post("/api/v1/namespaces/shop/pods", b"{}".to_vec()).await.unwrap();
    client.post("/api/v1/namespaces/shop/pods", b"{}".to_vec()).await.unwrap();
    assert_eq!(server.connections(), 3);
    let seen = server.seen();
    assert_eq!((seen[3].body.as_str(), seen[3].header("content-type")), ("{}", Some("application/json")));
}

#[tokio::test]
async fn a_read_survives_a_broken_connection_and_a_write_is_never_repeated() {
    for (name, breaks) in [("close", 0), ("reset", 1)] {
        let server = Server::https(move |number, _| match (number, breaks) {
            (0, 0) => Reply::Close,
            (0, _) => Reply::Reset,
            _ => ok("{}"),
        })
        .await;
        Setup::new(&server, "token: t", "").get("/version").await.unwrap();
        assert_eq!(server.seen().len(), 2, "{name}");

        let server = Server::https(move |_, _| if breaks == 0 { Reply::Close } else { Reply::Reset }).await;
        let client = Setup::new(&server, "token: t", "").connect().unwrap();
        let error = client.post("/api/v1/pods", b"{}".to_vec()).await.unwrap_err();
        assert_eq!((error.kind, error.uncertain), (ErrorKind::Network, true), "{}", error.message);
        assert_eq!(server.seen().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn reads_end_after_four_retries() {
    let server = Server::https(|_, _| Reply::Close).await;
    let error = Setup::new(&server, "token: t", "").failure("/version").await;
    assert_eq!(server.seen().len(), 5);
    assert_eq!(error.message, "Unable to connect to the server: EOF");
    assert!(!error.uncertain);
}

#[tokio::test]
async fn retry_after_is_obeyed_for_reads_only() {
    for code in ["429 Too Many Requests", "503 Service Unavailable", "504 Gateway Timeout", "500 Internal Server Error"]
    {
        let server = Server::https(move |number, _| match number {
            0 => Reply::Http(code, &["Content-Type: application/json", "Retry-After: 0"], status(1, "X", "busy")),
            _ => ok("{}"),
        })
        .await;
        Setup::new(&server, "token: t", "").get("/version").await.unwrap();
        assert_eq!(server.seen().len(), 2, "{code}");

        let server = Server::https(move |_, _| Reply::Http(code, STATUS, status(1, "X", "busy"))).await;
        Setup::new(&server, "token: t", "").failure("/version").await;
        assert_eq!(server.seen().len(), 1, "{code} without Retry-After");

        let server = Server::https(move |_, _| Reply::Http(code, &["Retry-After: 0"], Vec::new())).await;
        let client = Setup::new(&server, "token: t", "").connect().unwrap();
        client.post("/api/v1/pods", b"{}".to_vec()).await.unwrap_err();
        assert_eq!(server.seen().len(), 1, "{code} on POST");
    }
}

#[tokio::test]
async fn a_long_wait_is_told_and_one_beyond_the_deadline_is_not_waited() {
    let server = Server::https(|number, _| match number {
        0 => Reply::Http(
            "429 Too Many Requests",
            &["Content-Type: application/json", "Retry-After: 3"],
            status(429, "TooManyRequests", "slow down"),
        ),
        _ => ok("{}"),
    })
    .await;
    let setup = Setup::new(&server, "token: t", "");
    setup.get("/version").await.unwrap();
    assert_eq!(setup.told.lines(), ["the server asks to wait (429 TooManyRequests): retrying in 3 s"]);

    let server = Server::https(|_, _| {
        Reply::Http(
            "429 Too Many Requests",
            &["Content-Type: application/json", "Retry-After: 3600"],
            status(429, "TooManyRequests", "slow down"),
        )
    })
    .await;
    let started = Instant::now();
    let error = Setup::new(&server, "token: t", "").failure("/version").await;
    assert!(started.elapsed() < Duration::from_mins(1), "it does not wait the hour");
    assert_eq!(error.message, "Error from server (TooManyRequests): slow down");
    assert_eq!(error.hint.as_deref(), Some("the server asks to wait 3600 s"));
}

#[tokio::test]
async fn a_silent_server_ends_in_a_sentence() {
    let server = Server::https(|_, _| Reply::Silence).await;
    let setup = Setup::new(&server, "token: t", "").flags(|flags| flags.request_timeout = Some("300ms".to_owned()));
    let error = setup.failure("/version").await;
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert_eq!(error.message, "Unable to connect to the server: context deadline exceeded");
    assert_eq!(error.hint.as_deref(), Some("no answer within 300ms; --request-timeout gives it more time"));
    let post = setup.connect().unwrap().post("/api/v1/pods", b"{}".to_vec()).await.unwrap_err();
    assert_eq!((post.kind, post.uncertain), (ErrorKind::TimedOut, true));
}

#[tokio::test]
async fn a_slow_body_ends_at_the_same_deadline() {
    let server = Server::https(|_, _| {
        Reply::Stall("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
    })
    .await;
    let setup = Setup::new(&server, "token: t", "").flags(|flags| flags.request_timeout = Some("200ms".to_owned()));
    let error = setup.failure("/version").await;
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(error.message.starts_with("error: unexpected error when reading response body."), "{}", error.message);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn warnings_are_passed_on_once() {
    let server = Server::https(|_, _| {
        Reply::Http(
            "200 OK",
            &["Content-Type: application/json", "Warning: 299 - \"old API\"", "Warning: 299 - \"other\""],
            b"{}".to_vec(),
        )
    })
    .await;
    let setup = Setup::new(&server, "token: t", "");
    let client = setup.connect().unwrap();
    client.get("/version", None).await.unwrap();
    client.get("/version", None).await.unwrap();
    assert_eq!(setup.told.lines(), ["Warning: old API", "Warning: other"]);
}

#[tokio::test]
async fn the_servers_clock_is_noted_and_a_skew_is_told() {
    let server = Server::https(|_, _| {
        Reply::Http(
            "200 OK",
            &["Content-Type: application/json", "Date: Tue, 24 Nov 2020 12:00:00 GMT"],
            b"{}".to_vec(),
        )
    })
    .await;
    let setup = Setup::new(&server, "token: t", "");
    let client = setup.connect().unwrap();
    let answer = client.get("/version", None).await.unwrap();
    assert_eq!(answer.server_date.map(|date| date.to_string()).as_deref(), Some("2020-11-24T12:00:00Z"));
    let difference = client.server_now().duration_since(answer.server_date.unwrap()).as_secs();
    assert!(difference.abs() <= 2, "{difference}");
    let lines = setup.told.lines();
    assert!(lines.len() == 1 && lines[0].contains("ahead of the server's"), "{lines:?}");
}

#[tokio::test]
async fn traces_show_requests_and_no_credential() {
    let server = Server::https(|_, _| {
        Reply::Http("200 OK", &["Content-Type: application/json", "Set-Cookie: s=HIDDEN"], b"{}".to_vec())
    })
    .await;
    for verbosity in 0..=9 {
        let setup = Setup::new(&server, "token: HIDDEN", "");
        let client = setup.connect_at(verbosity).unwrap();
        client.get("/version", None).await.unwrap();
        client.post("/api/v1/pods", b"HIDDEN".to_vec()).await.unwrap();
        let lines = setup.told.lines();
        assert!(!lines.concat().contains("HIDDEN"), "{verbosity}: {lines:?}");
        assert_eq!(
            lines.iter().any(|line| line.starts_with(&format!("GET {}/version 200 OK in ", server.url()))),
            verbosity >= 6
        );
        assert_eq!(lines.iter().any(|line| line == "    authorization: <masked>"), verbosity >= 7);
        assert_eq!(lines.iter().any(|line| line == "    set-cookie: <masked>"), verbosity >= 8);
    }
}

#[tokio::test]
async fn streams_have_no_deadline_but_the_one_that_was_asked_for() {
    let server = Server::https(|_, seen| {
        assert!(seen.header("accept-encoding").is_none());
        Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\none\ntwo\n".to_vec())
    })
    .await;
    let setup = Setup::new(&server, "token: t", "");
    let client = setup.connect().unwrap();
    let request = || http::Request::get("/api/v1/namespaces/shop/pods/p/log?follow=true").body(Vec::new()).unwrap();
    let text = client.http().request_text(request()).await.unwrap();
    assert_eq!(text, "one\ntwo\n");
    assert_eq!(server.only().header("authorization"), Some("Bearer t"));

    let server = Server::https(|_, _| Reply::Silence).await;
    let setup = Setup::new(&server, "token: t", "").flags(|flags| flags.request_timeout = Some("200ms".to_owned()));
    let client = setup.connect().unwrap();
    let error = super::super::Error::from(client.http().request_text(request()).await.unwrap_err());
    assert_eq!(error.kind, ErrorKind::TimedOut, "{}", error.message);
    assert_eq!(server.only().target, "/api/v1/namespaces/shop/pods/p/log?follow=true&timeout=200ms");
}

#[tokio::test]
async fn failures_of_the_librarys_client_become_ours() {
    let server =
        Server::https(|_, _| Reply::Http("404 Not Found", STATUS, status(404, "NotFound", "pods \"p\" not found")))
            .await;
    let client = Setup::new(&server, "token: t", "").connect().unwrap();
    let request = http::Request::get("/api/v1/namespaces/shop/pods/p").body(Vec::new()).unwrap();
    let error = super::super::Error::from(client.http().request_text(request).await.unwrap_err());
    assert_eq!(
        (error.kind, error.message.as_str()),
        (ErrorKind::NotFound, "Error from server (NotFound): pods \"p\" not found")
    );
}

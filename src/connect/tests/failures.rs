//! Every kind of failure, in the sentence that kubectl has for it.

use super::{
    super::ErrorKind,
    Setup,
    server::{Reply, Server},
};

const JSON: &[&str] = &["Content-Type: application/json"];
const HTML: &[&str] = &["Content-Type: text/html; charset=utf-8"];
const TEXT: &[&str] = &["Content-Type: text/plain"];

fn status(code: u16, reason: &str, message: &str) -> String {
    serde_json::json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason, "message": message})
        .to_string()
}

#[tokio::test]
async fn refusals_of_the_server() {
    let path = "/apis/apps/v1/namespaces/shop/statefulsets/web";
    let invalid = serde_json::json!({"kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422, "message": "long",
        "details": {"kind": "Job", "name": "x", "causes": [
            {"field": "spec.a", "message": "Required value"}, {"field": "spec.a", "message": "Required value"}, {"field": "spec.b", "message": "Invalid"}]}})
    .to_string();
    let one_cause =
        serde_json::json!({"kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422, "message": "long",
        "details": {"kind": "Job", "name": "x", "causes": [{"field": "spec.a", "message": "Required value"}]}})
        .to_string();
    let gone = serde_json::json!({"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old", "metadata": {"continue": "abc"}}).to_string();
    let cases: Vec<(&'static str, &'static [&'static str], String, ErrorKind, String)> = vec![
        ("404 Not Found", JSON, status(404, "NotFound", "statefulsets.apps \"web\" not found"), ErrorKind::NotFound, "Error from server (NotFound): statefulsets.apps \"web\" not found".into()),
        ("403 Forbidden", JSON, status(403, "Forbidden", "statefulsets.apps \"web\" is forbidden: no"), ErrorKind::Forbidden, "Error from server (Forbidden): statefulsets.apps \"web\" is forbidden: no".into()),
        ("401 Unauthorized", JSON, status(401, "Unauthorized", "Unauthorized"), ErrorKind::Unauthorized, "error: You must be logged in to the server (Unauthorized)".into()),
        ("409 Conflict", JSON, status(409, "AlreadyExists", "exists"), ErrorKind::Conflict, "Error from server (AlreadyExists): exists".into()),
        ("409 Conflict", JSON, status(409, "Conflict", "changed"), ErrorKind::Conflict, "Error from server (Conflict): changed".into()),
        ("410 Gone", JSON, gone, ErrorKind::Gone, "Error from server (Expired): too old".into()),
        ("422 Unprocessable Entity", JSON, invalid, ErrorKind::Invalid, "The Job \"x\" is invalid: \n* spec.a: Required value\n* spec.b: Invalid".into()),
        ("422 Unprocessable Entity", JSON, one_cause, ErrorKind::Invalid, "The Job \"x\" is invalid: spec.a: Required value".into()),
        ("400 Bad Request", JSON, status(400, "BadRequest", "limit"), ErrorKind::Invalid, "Error from server (BadRequest): limit".into()),
        ("429 Too Many Requests", JSON, status(429, "TooManyRequests", "slow"), ErrorKind::TooManyRequests, "Error from server (TooManyRequests): slow".into()),
        ("500 Internal Server Error", JSON, status(500, "InternalError", "etcd"), ErrorKind::Server, "Error from server (InternalError): etcd".into()),
        ("500 Internal Server Error", JSON, status(500, "", "etcd"), ErrorKind::Server, "Error from server: etcd".into()),
        ("503 Service Unavailable", JSON, status(503, "ServiceUnavailable", "starting"), ErrorKind::Unavailable, "Error from server (ServiceUnavailable): starting".into()),
        ("504 Gateway Timeout", JSON, status(504, "Timeout", "slow"), ErrorKind::TimedOut, "Error from server (Timeout): slow".into()),
        ("418 I'm a teapot", JSON, "{}".into(), ErrorKind::Server, "Error from server: the server responded with the status code 418 but did not return more information (get statefulsets.apps web)".into()),
        ("404 Not Found", TEXT, "404 page not found".into(), ErrorKind::NotFound, "Error from server (NotFound): the server could not find the requested resource (get statefulsets.apps web)".into()),
        ("401 Unauthorized", HTML, "<html>".into(), ErrorKind::Unauthorized, "error: You must be logged in to the server (the server has asked for the client to provide credentials (get statefulsets.apps web))".into()),
        ("403 Forbidden", TEXT, "blocked by policy\n".into(), ErrorKind::Forbidden, "Error from server (Forbidden): blocked by policy (get statefulsets.apps web)".into()),
        ("502 Bad Gateway", HTML, "<html>bad gateway</html>".into(), ErrorKind::Server, "Error from server (InternalError): an error on the server (\"<html>bad gateway</html>\") has prevented the request from succeeding (get statefulsets.apps web)".into()),
        ("503 Service Unavailable", HTML, "<html>".into(), ErrorKind::Unavailable, "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get statefulsets.apps web)".into()),
        ("504 Gateway Timeout", HTML, "<html>".into(), ErrorKind::TimedOut, "Error from server (Timeout): the server was unable to return a response in the time allotted, but may still be processing the request (get statefulsets.apps web)".into()),
        ("429 Too Many Requests", HTML, "<html>".into(), ErrorKind::TooManyRequests, "Error from server (TooManyRequests): the server has received too many requests and has asked us to try again later (get statefulsets.apps web)".into()),
        ("302 Found", HTML, "<html>".into(), ErrorKind::Server, "Error from server: the server responded with the status code 302 but did not return more information (get statefulsets.apps web)".into()),
    ];
    for (line, headers, body, kind, message) in cases {
        let reply = body.clone().into_bytes();
        let server = Server::https(move |_, _| Reply::Http(line, headers, reply.clone())).await;
        let error = Setup::new(&server, "token: t", "").failure(path).await;
        assert_eq!((error.message.as_str(), error.kind), (message.as_str(), kind), "{line} {body}");
        assert_eq!(error.code(), line[..3].parse().ok());
        if headers == HTML {
            assert!(error.hint.is_some_and(|hint| hint.contains("web page")), "{line}");
        }
        if line.starts_with("410") {
            assert_eq!(error.refusal.and_then(|refusal| refusal.continue_token).as_deref(), Some("abc"));
        }
    }
}

#[tokio::test]
async fn success_that_is_none() {
    for (headers, body, message) in [
        (
            HTML,
            "<html>please log in</html>",
            "Server returned an unexpected response: an answer that is not JSON (text/html)",
        ),
        (JSON, "", "Server returned an unexpected response: an empty answer"),
        (&[][..], "hello", "Server returned an unexpected response: an answer that is not JSON"),
    ] {
        let server = Server::https(move |_, _| Reply::Http("200 OK", headers, body.into())).await;
        let setup = Setup::new(&server, "token: t", "");
        let error = setup.failure("/version").await;
        assert_eq!((error.message.as_str(), error.kind), (message, ErrorKind::BadAnswer));
        assert_eq!(
            &setup.connect().unwrap().get("/x", Some("*/*")).await.unwrap().body[..],
            body.as_bytes(),
            "a log is taken as it is"
        );
    }
    let server = Server::https(|_, _| Reply::Http("200 OK", JSON, b"{\"token\": \"HIDDEN\", ".to_vec())).await;
    let answer = Setup::new(&server, "token: t", "").get("/version").await.unwrap();
    let error = answer.json::<serde_json::Value>().unwrap_err();
    assert_eq!(error.message, "Server returned an unexpected response: the JSON ends too early (line 1, column 20)");
}

#[tokio::test]
async fn answers_that_break_off() {
    for (raw, message) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "unexpected EOF"),
    ] {
        let server = Server::https(move |_, _| Reply::Raw(raw.into())).await;
        let error = Setup::new(&server, "token: t", "").failure("/version").await;
        assert_eq!(
            error.message,
            format!("error: unexpected error when reading response body. Please retry. Original error: {message}")
        );
        assert_eq!((error.kind, server.seen().len()), (ErrorKind::Network, 5));
    }
    let server =
        Server::https(|_, _| Reply::Http("200 OK", &["Content-Encoding: gzip"], b"not gzip at all".to_vec())).await;
    let error = Setup::new(&server, "token: t", "").failure("/version").await;
    assert!(error.message.starts_with("error: unexpected error when reading response body."), "{}", error.message);
    assert_eq!(server.seen().len(), 1, "broken data does not get better");
}

#[tokio::test]
async fn servers_that_are_not_there() {
    let refused = |url: &'static str| async move {
        Setup::with_kubeconfig("").flags(|flags| flags.server = Some(url.to_owned())).failure("/version").await
    };
    let error = refused("http://127.0.0.1:1").await;
    assert_eq!(
        error.message,
        "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"
    );
    assert_eq!(error.kind, ErrorKind::Refused);
    let error = refused("http://[::1]:1").await;
    assert!(error.message.contains("[::1]:1"), "{}", error.message);
    let error = refused("http://no-such-host.invalid").await;
    assert!(
        error.message.starts_with("Unable to connect to the server: dial tcp: lookup no-such-host.invalid: "),
        "{}",
        error.message
    );
    assert_eq!(error.kind, ErrorKind::Network);
    let setup = Setup::with_kubeconfig("").flags(|flags| flags.server = Some("ftp://x".to_owned()));
    assert_eq!(
        setup.failure("/version").await.message,
        "Unable to connect to the server: unsupported protocol scheme \"ftp\""
    );
}

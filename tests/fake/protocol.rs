//! HTTP/2 by ALPN, its limit of streams, GOAWAY, and what the log knows of a request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use workload_tests::{Cluster, Fault, On, Running};

use crate::client::{ask, config, get};
use crate::pods;

type Sender = SendRequest<Empty<Bytes>>;

async fn connect(cluster: &Running) -> Option<(Sender, tokio::task::JoinHandle<()>)> {
    let mut config = config(cluster, false);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = tokio::net::TcpStream::connect(cluster.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return None;
    }
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    Some((sender, tokio::spawn(async { drop(connection.await) })))
}

fn request(cluster: &Running, path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("{}{path}", cluster.url())).body(Empty::new()).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn one_connection_carries_many_requests() {
    let cluster = Cluster::new().objects(pods("shop", 3)).start();
    run(async {
        let (mut sender, _) = connect(&cluster).await.expect("h2");
        for _ in 0..5 {
            let reply = sender.send_request(request(&cluster, "/api/v1/pods")).await.unwrap();
            assert_eq!(reply.status(), 200);
            let body = reply.into_body().collect().await.unwrap().to_bytes();
            assert!(body.starts_with(b"{\"kind\":\"PodList\""));
        }
    });
    let requests = cluster.requests();
    assert_eq!((requests.len(), requests.connections(), requests[0].protocol.as_str()), (5, 1, "HTTP/2.0"));
    assert!(requests.iter().all(|it| it.end.is_some() && it.status == Some(200)));
}

#[test]
fn streams_end_at_a_hundred() {
    let cluster = Cluster::new().objects(pods("shop", 1)).start();
    run(async {
        let (mut sender, _) = connect(&cluster).await.expect("h2");
        let reply = sender.send_request(request(&cluster, "/version")).await.unwrap();
        reply.into_body().collect().await.unwrap();
        let mut watches = Vec::new();
        for _ in 0..101 {
            let request = request(&cluster, "/api/v1/pods?watch=1&resourceVersion=0");
            let answer = sender.send_request(request);
            watches.push(tokio::spawn(async move { answer.await.unwrap() }));
        }
        let answered = || watches.iter().filter(|it| it.is_finished()).count();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while answered() < 100 && std::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(answered(), 100, "the last one waits for ever");
    });
    assert_eq!(cluster.requests().count("watch pods"), 100);
}

#[test]
fn a_server_can_go_away() {
    let cluster = Cluster::new().fault(On::path("/version").nth(1), Fault::go_away()).start();
    run(async {
        let (mut sender, connection) = connect(&cluster).await.expect("h2");
        let reply = sender.send_request(request(&cluster, "/version")).await.unwrap();
        reply.into_body().collect().await.unwrap();
        tokio::time::timeout(Duration::from_secs(5), connection).await.expect("the connection ends").unwrap();
    });
}

#[test]
fn bodies_break_over_http2_too() {
    for (fault, whole_connection) in [(Fault::cut_after(100), false), (Fault::reset_after(100), true)] {
        let cluster = Cluster::new().objects(pods("shop", 3)).fault(On::list("pods"), fault).start();
        run(async {
            let (mut sender, _) = connect(&cluster).await.expect("h2");
            let reply = sender.send_request(request(&cluster, "/api/v1/pods")).await.unwrap();
            assert_eq!(reply.status(), 200);
            assert!(reply.into_body().collect().await.is_err());
            let next = sender.send_request(request(&cluster, "/version")).await;
            assert_eq!(next.is_err(), whole_connection, "a broken stream leaves its connection alone");
        });
    }
}

#[test]
fn http1_is_all_there_is_behind_some_proxies() {
    let cluster = Cluster::new().http1_only().start();
    assert!(run(connect(&cluster)).is_none());
    assert_eq!(get(&cluster, "/version").status, 200);
    assert_eq!(cluster.requests()[0].protocol, "HTTP/1.1");
}

#[test]
fn the_log_knows_what_was_asked() {
    let cluster = Cluster::new().start();
    let uri = "/apis/apps/v1/namespaces/shop/statefulsets?limit=500&labelSelector=a%3Db";
    ask(&cluster, "GET", uri)
        .header("User-Agent", "kubectl-sts/1")
        .header("Impersonate-Group", "a")
        .header("Impersonate-Group", "b")
        .send()
        .unwrap();
    let requests = cluster.requests();
    let [record] = requests.as_ref() else { panic!("one request") };
    assert_eq!(record.what(), "list statefulsets");
    assert_eq!(record.namespace.as_deref(), Some("shop"));
    assert_eq!((record.parameter("limit"), record.parameter("labelSelector")), (Some("500"), Some("a=b")));
    assert_eq!(record.header("user-agent"), Some("kubectl-sts/1"));
    assert_eq!(record.header_values("impersonate-group"), ["a", "b"]);
    assert!(record.end.unwrap() >= record.start && record.sent > 0);
}

#[test]
fn latency_is_felt_by_connections_and_requests() {
    let cluster = Cluster::new().latency(Duration::from_millis(60)).start();
    let start = std::time::Instant::now();
    get(&cluster, "/version");
    assert!(start.elapsed() >= Duration::from_millis(180), "TCP, TLS, request");
}

//! Streams over HTTP/2, spread over connections; and upgrades over HTTP/1.1.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::AsyncReadExt as _;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::io::AsyncReadExt as _;

use super::{
    Setup,
    server::{Authority, Reply, Server, base64},
};

/// A server that speaks HTTP/2, answers each request only when all have come, and counts connections.
async fn http2(expected: usize, connections: Arc<AtomicUsize>) -> (String, Authority) {
    let authority = Authority::new();
    let (chain, key) = authority.issue(&["127.0.0.1"], "server", |_| ());
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let all_here = Arc::new(tokio::sync::Barrier::new(expected));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            connections.fetch_add(1, Ordering::Relaxed);
            let all_here = all_here.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |_: Request<Incoming>| {
                    let all_here = all_here.clone();
                    async move {
                        all_here.wait().await;
                        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"line\n"))))
                    }
                });
                // As an API server: no more than 100 streams on one connection.
                let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .max_concurrent_streams(100)
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    (url, authority)
}

#[tokio::test]
async fn many_streams_share_few_connections() {
    for (streams, expected) in [(1, 1), (90, 1), (120, 2), (200, 3)] {
        let connections = Arc::new(AtomicUsize::new(0));
        let (url, authority) = http2(streams, connections.clone()).await;
        let setup = Setup::with_kubeconfig(&format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: '{url}', certificate-authority-data: {}}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n",
            base64(&authority.pem)
        ));
        let client = setup.connect().unwrap().http();
        let open = (0..streams).map(|_| {
            let client = client.clone();
            async move {
                let request =
                    http::Request::get("/api/v1/namespaces/n/pods/p/log?follow=true").body(Vec::new()).unwrap();
                let mut text = String::new();
                std::pin::pin!(client.request_stream(request).await.unwrap()).read_to_string(&mut text).await.unwrap();
                text
            }
        });
        let texts = futures_util::future::join_all(open).await;
        assert!(texts.iter().all(|text| text == "line\n"));
        assert_eq!(connections.load(Ordering::Relaxed), expected, "{streams} streams");
    }
}

#[tokio::test]
async fn connections_are_upgraded_with_credentials() {
    let server = Server::https(|_, _| {
        Reply::Raw(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello".to_vec(),
        )
    })
    .await;
    let client = Setup::new(&server, "token: t", "").connect().unwrap().websocket();
    let request = http::Request::get("/api/v1/namespaces/n/pods/p/portforward?ports=53")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .body(kube::client::Body::empty())
        .unwrap();
    let answer = client.send(request).await.unwrap();
    assert_eq!(answer.status(), 101);
    let mut stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "hello");
    assert_eq!(server.only().header("authorization"), Some("Bearer t"));
    assert!(server.only().header("accept-encoding").is_none());
}

//! Through proxies: which one, how it is spoken to, and what it may not see.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    super::ErrorKind,
    Setup,
    server::{Seen, Server, base64, ok, read},
};

/// A proxy that digs tunnels to one port, whatever it is asked for, and remembers what it was asked.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<Seen>>>,
}

impl Proxy {
    async fn http(target: u16, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = proxy.asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let asked = asked.clone();
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let tunnel = request.method == "CONNECT";
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if tunnel && answer.contains(" 200 ") {
                        join(stream, target).await;
                    }
                });
            }
        });
        proxy
    }

    /// SOCKS5 with name and password; what was asked for is kept as the target.
    async fn socks(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = proxy.asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let asked = asked.clone();
                tokio::spawn(async move {
                    let greeting = take(&mut stream, 2).await;
                    let methods = take(&mut stream, usize::from(greeting[1])).await;
                    let mut login = String::new();
                    if methods.contains(&2) {
                        stream.write_all(&[5, 2]).await.unwrap();
                        let head = take(&mut stream, 2).await;
                        let user = take(&mut stream, usize::from(head[1])).await;
                        let length = take(&mut stream, 1).await;
                        let password = take(&mut stream, usize::from(length[0])).await;
                        login = format!("{}:{}@", String::from_utf8_lossy(&user), String::from_utf8_lossy(&password));
                        stream.write_all(&[1, 0]).await.unwrap();
                    } else {
                        stream.write_all(&[5, 0]).await.unwrap();
                    }
                    let head = take(&mut stream, 4).await;
                    let host = match head[3] {
                        3 => {
                            let length = take(&mut stream, 1).await;
                            String::from_utf8_lossy(&take(&mut stream, usize::from(length[0])).await).into_owned()
                        }
                        _ => format!("{:?}", take(&mut stream, 4).await),
                    };
                    take(&mut stream, 2).await;
                    let seen = Seen { target: format!("{login}{host}"), ..Seen::default() };
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                    join(stream, target).await;
                });
            }
        });
        proxy
    }

    fn asked(&self) -> Vec<Seen> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn join(mut stream: TcpStream, target: u16) {
    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
    }
}

const DUG: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// A server under a name that only the proxy can resolve: loopback is never proxied.
fn named(server: &Server, more: &str) -> Setup {
    let setup = Setup::new(server, "token: HIDDEN", &format!("tls-server-name: localhost{more}"));
    let text = std::fs::read_to_string(setup.file("config")).unwrap();
    setup.rewrite(&text.replace("https://127.0.0.1", "https://kube.internal"));
    setup
}

#[tokio::test]
async fn tls_servers_are_reached_through_a_tunnel() {
    let server = Server::https(|_, _| ok("{}")).await;
    let proxy = Proxy::http(server.port(), DUG).await;
    let setup = named(&server, "").env("HTTPS_PROXY", &format!("http://us%40er:p%3Aw@127.0.0.1:{}", proxy.port));
    setup.get("/version").await.unwrap();
    let asked = proxy.asked();
    assert_eq!(
        (asked[0].method.as_str(), asked[0].target.as_str()),
        ("CONNECT", format!("kube.internal:{}", server.port()).as_str())
    );
    assert_eq!(asked[0].header("proxy-authorization"), Some(format!("Basic {}", base64("us@er:p:w")).as_str()));
    assert!(asked[0].header("authorization").is_none(), "the token stays inside the tunnel");
    assert_eq!(server.only().header("authorization"), Some("Bearer HIDDEN"));
    assert!(server.only().header("proxy-authorization").is_none());

    // The kubeconfig's proxy wins over the environment's, and NO_PROXY does not concern it.
    let setup = named(&server, &format!(", proxy-url: 'http://127.0.0.1:{}'", proxy.port));
    let setup = setup.env("HTTPS_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "*");
    setup.get("/version").await.unwrap();
    assert_eq!(proxy.asked().len(), 2);
}

#[tokio::test]
async fn exempt_servers_are_reached_directly() {
    let server = Server::https(|_, _| ok("{}")).await;
    let proxy = Proxy::http(server.port(), DUG).await;
    let through = format!("127.0.0.1:{}", proxy.port);
    Setup::new(&server, "token: t", "").env("HTTPS_PROXY", &through).get("/version").await.unwrap();
    assert!(proxy.asked().is_empty());
    let error =
        named(&server, "").env("HTTPS_PROXY", &through).env("NO_PROXY", "a,kube.internal,").failure("/version").await;
    assert!(
        error.message.starts_with("Unable to connect to the server: dial tcp: lookup kube.internal: "),
        "{}",
        error.message
    );
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn plain_servers_are_asked_for_by_their_whole_address() {
    let proxy =
        Proxy::http(0, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}").await;
    let setup = Setup::with_kubeconfig("current-context: c\ncontexts: [{name: c, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://kube.internal:8001'}}]\n")
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("HTTP_PROXY", &format!("http://u:p@127.0.0.1:{}", proxy.port));
    setup.get("/version").await.unwrap();
    let asked = proxy.asked();
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("GET", "http://kube.internal:8001/version"));
    assert_eq!(asked[0].header("proxy-authorization"), Some(format!("Basic {}", base64("u:p")).as_str()));
}

#[tokio::test]
async fn socks_proxies_resolve_the_name() {
    let server = Server::https(|_, _| ok("{}")).await;
    let proxy = Proxy::socks(server.port()).await;
    let setup = named(&server, &format!(", proxy-url: 'socks5://u:p@127.0.0.1:{}'", proxy.port));
    setup.get("/version").await.unwrap();
    let setup = named(&server, "").env("https_proxy", &format!("socks5://127.0.0.1:{}", proxy.port));
    setup.get("/version").await.unwrap();
    let asked: Vec<String> = proxy.asked().into_iter().map(|seen| seen.target).collect();
    assert_eq!(asked, ["u:p@kube.internal", "kube.internal"]);
}

#[tokio::test]
async fn a_proxy_behind_tls_is_verified_with_the_clusters_authority() {
    let server = Server::https(|_, _| ok("{}")).await;
    // The proxy is a TLS server that only knows to refuse: enough to see that it was reached and believed.
    let setup = Setup::new(&server, "token: HIDDEN", "tls-server-name: localhost");
    let text = std::fs::read_to_string(setup.file("config")).unwrap();
    setup.rewrite(
        &text
            .replace("https://127.0.0.1", "https://kube.internal")
            .replace("tls-server-name", &format!("proxy-url: '{}', tls-server-name", server.url())),
    );
    let error = setup.failure("/version").await;
    assert_eq!(server.seen()[0].method, "CONNECT");
    assert!(server.seen()[0].header("authorization").is_none());
    assert_eq!(error.kind, ErrorKind::Tls, "{}", error.message);
}

#[tokio::test]
async fn refusals_of_proxies_are_told_with_the_proxy() {
    let server = Server::https(|_, _| ok("{}")).await;
    for (answer, message) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "Proxy Authentication Required"),
        ("HTTP/1.1 503\r\n\r\n", "the proxy answered 503"),
        ("SSH-2.0-x\r\n\r\n", "malformed HTTP response from the proxy"),
        ("", "EOF"),
    ] {
        let proxy = Proxy::http(server.port(), answer).await;
        let setup = named(&server, "").env("HTTPS_PROXY", &format!("http://u:HIDDEN@127.0.0.1:{}", proxy.port));
        let error = setup.failure("/version").await;
        assert_eq!(error.message, format!("Unable to connect to the server: {message}"));
        assert!(!format!("{error:?}").contains("HIDDEN"));
        assert!(error.hint.unwrap().contains(&format!("http://127.0.0.1:{}", proxy.port)));
    }
    let setup = named(&server, "").env("HTTPS_PROXY", "http://127.0.0.1:1");
    let error = setup.failure("/version").await;
    assert_eq!(
        error.message,
        format!(
            "The connection to the server kube.internal:{} was refused - did you specify the right host or port?",
            server.port()
        )
    );
    assert!(error.hint.unwrap().contains("proxy"));
}

//! Three doors to one server that answers by the path and writes down what it was asked: TLS, plain HTTP, and a proxy.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::outcome::Request;

/// A server that runs until the process ends.
pub(crate) struct Server {
    pub(crate) tls: u16,
    pub(crate) plain: u16,
    pub(crate) proxy: u16,
    pub(crate) log: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(config: &Arc<ServerConfig>) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let config = Arc::clone(config);
        let seen = Arc::clone(&log);
        let tls = serve(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            while stream.conn.is_handshaking() {
                if stream.conn.complete_io(&mut stream.sock).is_err() {
                    // The alert that says why goes out before the end.
                    let _ = stream.conn.write_tls(&mut stream.sock);
                    return;
                }
            }
            let certificates = stream.conn.peer_certificates().unwrap_or_default();
            let jane = certificates.first().map(|der| der.windows(4).any(|bytes| bytes == b"jane"));
            let who = jane.map(|jane| if jane { "jane" } else { "other" }.to_owned());
            answer_all(BufReader::new(stream), who.as_ref(), &seen);
        });
        let seen = Arc::clone(&log);
        let plain = serve(move |stream| answer_all(BufReader::new(stream), None, &seen));
        let seen = Arc::clone(&log);
        let proxy = serve(move |stream| relay(stream, tls, &seen));
        Self { tls, plain, proxy, log }
    }
}

fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let each = Arc::new(each);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = Arc::clone(&each);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(30)));
            std::thread::spawn(move || each(stream));
        }
    });
    port
}

/// The head of a request: its first line and its headers.
fn head(stream: &mut impl BufRead) -> Option<(String, Vec<(String, String)>)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let first = line.trim_end().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Some((first, headers)) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn request(first: &str, headers: &[(String, String)], certificate: Option<&String>) -> Request {
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut impersonation: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.starts_with("impersonate"))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    impersonation.sort();
    let host = header("host").unwrap_or_default();
    Request {
        line: first.strip_suffix(" HTTP/1.1").unwrap_or(first).to_owned(),
        host: host.rsplit_once(':').map_or(&*host, |(host, _)| host).to_owned(),
        authorization: header("authorization"),
        proxy_authorization: header("proxy-authorization"),
        encodings: header("accept-encoding"),
        impersonation,
        certificate: certificate.cloned(),
    }
}

fn answer_all<S: Read + Write>(mut stream: BufReader<S>, certificate: Option<&String>, log: &Mutex<Vec<Request>>) {
    while let Some((first, headers)) = head(&mut stream) {
        log.lock().unwrap().push(request(&first, &headers, certificate));
        let target = first.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let answer = answer(path.rsplit('/').next().unwrap_or_default());
        if stream.get_mut().write_all(answer.as_bytes()).and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
    }
}

fn answer(name: &str) -> String {
    let status = |reason: &str, code: u16, message: &str| {
        format!(
            "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"{message}\",\"reason\":\"{reason}\",\"code\":{code}}}"
        )
    };
    let html = || "<html>bad</html>".to_owned();
    let (code, kind, body) = match name {
        "401" => (401, "application/json", status("Unauthorized", 401, "Unauthorized")),
        "401-html" => (401, "text/html", html()),
        "403" => (403, "application/json", status("Forbidden", 403, "pods is forbidden")),
        "404-text" => (404, "text/plain", "404 page not found".to_owned()),
        "500" => (500, "text/plain", "boom".to_owned()),
        "502" => (502, "text/html", html()),
        "503" => (503, "text/html", html()),
        "504" => (504, "text/html", html()),
        "406" => (406, "text/plain", String::new()),
        code if code.len() == 3 && code.starts_with('4') => (code.parse().unwrap(), "text/plain", "slow".to_owned()),
        _ => (200, "application/json", "{\"major\":\"1\"}".to_owned()),
    };
    let warning = if name == "warning" { "Warning: 299 - \"old thing\"\r\n" } else { "" };
    format!("HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\n{warning}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// CONNECT leads to the TLS door, whatever the name; anything else is answered here.
fn relay(stream: TcpStream, tls: u16, log: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    let Some((first, headers)) = head(&mut reader) else { return };
    log.lock().unwrap().push(request(&first, &headers, None));
    if !first.starts_with("CONNECT ") {
        let name = first.split(' ').nth(1).unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        let _ = stream.write_all(answer(&name).as_bytes());
        return answer_all(reader, None, log);
    }
    let Ok(inner) = TcpStream::connect(("127.0.0.1", tls)) else { return };
    if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_err() {
        return;
    }
    let (mut to, mut from) = (inner.try_clone().unwrap(), inner);
    let there = std::thread::spawn(move || {
        let _ = std::io::copy(&mut reader, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut from, &mut stream);
    let _ = stream.shutdown(Shutdown::Both);
    let _ = there.join();
}

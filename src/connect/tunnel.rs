//! Getting through a proxy: HTTP CONNECT and SOCKS5.

use base64::Engine as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::server::ServerUrl;

/// More than any proxy's answer to a CONNECT needs.
const MAX_ANSWER: usize = 16 * 1024;

/// Asks an HTTP proxy for a connection to the server. The error says what the proxy answered.
pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    server: &ServerUrl,
    proxy: &ServerUrl,
    user_agent: &str,
) -> Result<(), String> {
    let target = format!("{}:{}", server.bracketed(), server.port_or_default());
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {user_agent}\r\n");
    if let Some(authorization) = authorization(proxy) {
        request.push_str("Proxy-Authorization: ");
        request.push_str(&authorization);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|_| "the proxy closed the connection".to_owned())?;
    // Byte by byte, so that nothing of what follows is swallowed; the answer is short and comes once per connection.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) if head.len() < MAX_ANSWER => head.push(byte),
            Ok(_) => return Err("the proxy's answer does not end".to_owned()),
            Err(_) if head.is_empty() => return Err("EOF".to_owned()),
            Err(_) => return Err("unexpected EOF".to_owned()),
        }
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.lines().next().unwrap_or_default();
    let mut parts = line.splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(version), Some("200"), _) if version.starts_with("HTTP/1.") => Ok(()),
        // Go names the failure by the reason phrase alone.
        (Some(version), Some(code), reason) if version.starts_with("HTTP/1.") => {
            let reason = reason.map_or("", str::trim);
            Err(if reason.is_empty() { format!("the proxy answered {code}") } else { reason.to_owned() })
        }
        _ => Err("malformed HTTP response from the proxy".to_owned()),
    }
}

/// The `Proxy-Authorization` for a proxy whose address carries a name and a password.
pub(crate) fn authorization(proxy: &ServerUrl) -> Option<String> {
    let (user, password) = credentials(proxy)?;
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))))
}

fn credentials(proxy: &ServerUrl) -> Option<(String, String)> {
    let userinfo = proxy.userinfo.as_deref()?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    Some((percent_decode(user), percent_decode(password)))
}

/// Undoes percent-escapes; what is not a valid escape stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (bytes[at], digit(1), digit(2)) {
            out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Asks a SOCKS5 proxy for a connection (RFC 1928, RFC 1929). The server's name is resolved by the proxy, as Go does it.
pub(crate) async fn socks5<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    server: &ServerUrl,
    proxy: &ServerUrl,
) -> Result<(), String> {
    let broken = |_| "the SOCKS5 proxy closed the connection".to_owned();
    let login =
        credentials(proxy).filter(|(user, password)| !user.is_empty() && user.len() < 256 && password.len() < 256);
    let methods: &[u8] = if login.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(methods).await.map_err(broken)?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.map_err(broken)?;
    match (chosen, &login) {
        ([5, 0], _) => {}
        ([5, 2], Some((user, password))) => {
            let length = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
            let mut message = vec![1, length(user)];
            message.extend(user.bytes());
            message.push(length(password));
            message.extend(password.bytes());
            stream.write_all(&message).await.map_err(broken)?;
            let mut verdict = [0; 2];
            stream.read_exact(&mut verdict).await.map_err(broken)?;
            if verdict[1] != 0 {
                return Err("username/password authentication failed".to_owned());
            }
        }
        ([5, _], _) => return Err("no acceptable authentication methods".to_owned()),
        _ => return Err("unexpected protocol version: not a SOCKS5 proxy".to_owned()),
    }
    let mut request = vec![5, 1, 0];
    match server.host.parse() {
        Ok(std::net::IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Ok(std::net::IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(server.host.len()).map_err(|_| "FQDN too long".to_owned())?;
            request.extend([3, length]);
            request.extend(server.host.bytes());
        }
    }
    request.extend(server.port_or_default().to_be_bytes());
    stream.write_all(&request).await.map_err(broken)?;
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).await.map_err(broken)?;
    if reply[1] != 0 {
        return Err(socks_reason(reply[1]));
    }
    // The bound address is of no interest, but has to be read.
    let rest = match reply[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(broken)?),
        _ => return Err("unknown address type".to_owned()),
    };
    let mut skipped = vec![0; rest + 2];
    stream.read_exact(&mut skipped).await.map_err(broken)?;
    Ok(())
}

fn socks_reason(code: u8) -> String {
    let known = match code {
        1 => "general SOCKS server failure",
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => return format!("unknown code: {code}"),
    };
    known.to_owned()
}

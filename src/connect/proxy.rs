//! Through which proxy a server is reached: Go's rules (`golang.org/x/net/http/httpproxy`), which kubectl follows.

use std::net::IpAddr;

use super::{env::Environment, server::ServerUrl};

/// The proxy that the environment asks for, for this server. A proxy that can't be read counts as none, as in Go.
pub(crate) fn from_environment(env: &Environment, server: &ServerUrl) -> Option<ServerUrl> {
    let text = match server.scheme.as_str() {
        "https" => env.any(&["HTTPS_PROXY", "https_proxy"]),
        // In a CGI program a client could set HTTP_PROXY through its `Proxy:` header.
        "http" if env.text("REQUEST_METHOD").is_none() => env.any(&["HTTP_PROXY", "http_proxy"]),
        _ => None,
    }?;
    let proxy = ServerUrl::parse(text).or_else(|_| ServerUrl::parse(&format!("http://{text}"))).ok()?;
    let exempt = env.any(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
    (!is_exempt(&server.host, server.port_or_default(), exempt)).then_some(proxy)
}

/// Whether a server is to be reached without the proxy: loopback always, else what `NO_PROXY` lists.
pub(crate) fn is_exempt(host: &str, port: u16, no_proxy: &str) -> bool {
    let host = host.trim().to_lowercase();
    if host == "localhost" {
        return true;
    }
    let address = host.parse::<IpAddr>().ok().map(unmapped);
    if address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.split(',').map(|entry| entry.trim().to_lowercase()).any(|entry| matches(&entry, &host, address, port))
}

/// One entry of `NO_PROXY`: `*`, an address, a range, or a domain; all but the range optionally with a port.
fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = range(entry) {
        return address.is_some_and(|address| within(address, network, bits));
    }
    let (name, wanted) = split_port(entry);
    if wanted.is_some_and(|wanted| wanted != port.to_string()) || name.is_empty() {
        return false;
    }
    if let Ok(listed) = name.parse::<IpAddr>() {
        return address == Some(unmapped(listed));
    }
    if address.is_some() {
        return false;
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

/// `name:port` or `[v6]:port`; anything with several colons and no brackets is an address by itself.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    if let Some(inner) = entry.strip_prefix('[') {
        return match inner.split_once(']') {
            Some((name, rest)) => (name, rest.strip_prefix(':')),
            None => (entry, None),
        };
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        _ => (entry, None),
    }
}

fn range(entry: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = entry.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, bits))
}

fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let shift = |width: u8| width.saturating_sub(bits);
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => bits == 0 || u32::from(a) >> shift(32) == u32::from(n) >> shift(32),
        (IpAddr::V6(a), IpAddr::V6(n)) => bits == 0 || u128::from(a) >> shift(128) == u128::from(n) >> shift(128),
        _ => false,
    }
}

/// Go compares an IPv4 address that is written as IPv6 like the IPv4 one.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_matched_as_go_does() {
        for (host, port, list, exempt) in [
            ("localhost", 6443, "", true),
            ("127.0.0.1", 6443, "", true),
            ("127.9.9.9", 6443, "", true),
            ("::1", 6443, "", true),
            ("k.example.com", 6443, "", false),
            ("k.example.com", 6443, "k.example.com", true),
            ("K.Example.COM", 6443, " k.EXAMPLE.com ", true),
            ("a.k.example.com", 6443, "example.com", true),
            ("example.com", 6443, "example.com", true),
            ("badexample.com", 6443, "example.com", false),
            ("example.com", 6443, ".example.com", false),
            ("a.example.com", 6443, ".example.com", true),
            ("a.example.com", 6443, "*.example.com", true),
            ("example.com", 6443, "*.example.com", false),
            ("a.example.com", 6443, "*", true),
            ("a.example.com", 6443, "x,*,y", true),
            ("a.example.com", 6443, "*example.com", false),
            ("k.example.com", 443, "k.example.com:443", true),
            ("k.example.com", 6443, "k.example.com:443", false),
            ("k.example.com", 6443, "a,", false),
            ("k.example.com", 6443, ",,k.example.com,", true),
            ("10.1.2.3", 6443, "10.0.0.0/8", true),
            ("11.1.2.3", 6443, "10.0.0.0/8", false),
            ("10.1.2.3", 6443, "10.1.2.3", true),
            ("10.1.2.3", 6443, "10.1.2.3:6443", true),
            ("10.1.2.3", 6443, "10.1.2.3:443", false),
            ("10.1.2.3", 6443, "0.0.0.0/0", true),
            ("10.1.2.3", 6443, "10.1.2", false),
            ("10.1.2.3", 6443, ".2.3", false),
            ("fd00::5", 6443, "fd00::/16", true),
            ("fd00::5", 6443, "[fd00::5]:6443", true),
            ("fd00::5", 6443, "fd00::5", true),
            ("fd01::5", 6443, "fd00::/16", false),
            ("::ffff:10.0.0.1", 6443, "10.0.0.0/8", true),
            ("k.example.com", 6443, "10.0.0.0/8", false),
            ("k.example.com", 6443, "10.0.0.0/99", false),
            ("k.example.com", 6443, ":443", false),
        ] {
            assert_eq!(is_exempt(host, port, list), exempt, "{host}:{port} in {list:?}");
        }
    }

    #[test]
    fn the_proxy_is_chosen_by_the_servers_scheme() {
        let proxy = |vars: &[(&str, &str)], server: &str| {
            let env = vars.iter().fold(Environment::empty(), |env, (name, value)| env.with(name, *value));
            from_environment(&env, &ServerUrl::for_server(server).unwrap()).map(|url| url.shown())
        };
        let both = [("HTTPS_PROXY", "http://s:3128"), ("HTTP_PROXY", "http://p:3128")];
        assert_eq!(proxy(&both, "https://k").as_deref(), Some("http://s:3128"));
        assert_eq!(proxy(&both, "http://k").as_deref(), Some("http://p:3128"));
        assert_eq!(proxy(&both[..1], "http://k"), None);
        assert_eq!(proxy(&both, "https://localhost:6443"), None);
        assert_eq!(proxy(&[("https_proxy", "s:3128")], "https://k").as_deref(), Some("http://s:3128"));
        assert_eq!(proxy(&[("HTTPS_PROXY", "socks5://s")], "https://k").as_deref(), Some("socks5://s"));
        assert_eq!(proxy(&[("HTTPS_PROXY", "http://u:p@s:1")], "https://k").as_deref(), Some("http://s:1"));
        assert_eq!(proxy(&[("HTTPS_PROXY", "://nonsense")], "https://k"), None);
        assert_eq!(proxy(&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], "http://k"), None);
        assert_eq!(proxy(&[("HTTPS_PROXY", "p:1"), ("no_proxy", "k")], "https://k"), None);
        assert_eq!(proxy(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "p")], "https://k").as_deref(), Some("http://p:1"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(host in "\\PC{0,20}", list in "[a-z0-9.:/*,\\[\\] ]{0,40}") {
            let _ = is_exempt(&host, 443, &list);
        }
    }
}

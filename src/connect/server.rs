//! The server's address: what kubectl makes of the text in a kubeconfig or after `--server`.

use super::error::Error;

/// A server's address, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    pub(crate) scheme: String,
    /// `user:password`, percent-encoded, where the address carries it. Never shown.
    pub(crate) userinfo: Option<String>,
    /// Without brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// The prefix that is put before every request's path (Rancher); no slash at its end.
    pub(crate) path: String,
}

impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl ServerUrl {
    /// Reads an address as client-go's `DefaultServerURL` does: what has no scheme is taken as `http`, and then may have no path.
    pub(crate) fn for_server(text: &str) -> Result<Self, Error> {
        if let Ok(url) = Self::parse(text) {
            return Ok(url);
        }
        let url = Self::parse(&format!("http://{text}")).map_err(Error::config)?;
        let path = text.find('/').map_or("", |at| text[at..].split(['?', '#']).next().unwrap_or_default());
        match path {
            "" | "/" => Ok(url),
            _ => Err(Error::config(format!("host must be a URL or a host:port pair: {:?}", without_userinfo(text)))),
        }
    }

    /// Reads `scheme://[user[:password]@]host[:port][/path]`; a query and a fragment are dropped.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let shown = without_userinfo(text);
        if text.chars().any(char::is_control) {
            return Err(format!("parse {shown:?}: net/url: invalid control character in URL"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| format!("parse {shown:?}: no scheme"))?;
        let good_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !good_scheme {
            return Err(format!("parse {shown:?}: first path segment in URL cannot contain colon"));
        }
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (userinfo, address) = match authority.rsplit_once('@') {
            Some((userinfo, address)) => (Some(userinfo.to_owned()), address),
            None => (None, authority),
        };
        let (host, port) = if let Some(inner) = address.strip_prefix('[') {
            let (host, after) = inner.split_once(']').ok_or_else(|| format!("parse {shown:?}: missing ']' in host"))?;
            (host, after.strip_prefix(':').or_else(|| after.is_empty().then_some("")))
        } else {
            match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, Some("")),
            }
        };
        let bad_port =
            || format!("parse {shown:?}: invalid port {:?} after host", format!(":{}", port.unwrap_or_default()));
        let port = match port.ok_or_else(bad_port)? {
            "" => None,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().map_err(|_| bad_port())?),
            _ => return Err(bad_port()),
        };
        if host.is_empty() {
            return Err(format!("parse {shown:?}: no host in URL"));
        }
        if host.chars().any(|c| c.is_whitespace() || "<>\"\\^`{|}%".contains(c)) {
            return Err(format!("parse {shown:?}: invalid character in host name"));
        }
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            userinfo,
            host: host.to_owned(),
            port,
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether the connection is protected: only then are credentials sent.
    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// The port, or the scheme's own.
    pub(crate) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(match self.scheme.as_str() {
            "https" => 443,
            "socks5" | "socks5h" => 1080,
            _ => 80,
        })
    }

    /// The host as it stands in a URL: an IPv6 address in brackets.
    pub(crate) fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    /// `host[:port]` as written, which is how messages name the server.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.bracketed()),
            None => self.bracketed(),
        }
    }

    /// The address without a password.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority(), self.path)
    }

    /// The full address of a request.
    pub(crate) fn join(&self, path_and_query: &str) -> Result<http::Uri, Error> {
        let slash = if path_and_query.starts_with('/') { "" } else { "/" };
        let full = format!("{}{slash}{path_and_query}", self.shown());
        http::Uri::try_from(&full).map_err(|why| Error::config(format!("parse {full:?}: {why}")))
    }
}

/// A URL as it may be shown: what stands before the `@` may be a password.
pub(crate) fn without_userinfo(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    match text[start..end].rfind('@') {
        Some(at) => format!("{}{}", &text[..start], &text[start + at + 1..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_kubectl_reads_them() {
        for (text, shown) in [
            ("https://k.example:6443", "https://k.example:6443"),
            ("https://k.example", "https://k.example"),
            ("https://k.example:6443/", "https://k.example:6443"),
            ("https://rancher.example/k8s/clusters/c-1/", "https://rancher.example/k8s/clusters/c-1"),
            ("https://k.example/p?x=1#y", "https://k.example/p"),
            ("HTTPS://k.example", "https://k.example"),
            ("https://[fd00::1]:6443", "https://[fd00::1]:6443"),
            ("https://user:pa@ss@k.example", "https://k.example"),
            ("localhost:6443", "http://localhost:6443"),
            ("localhost", "http://localhost"),
            ("10.0.0.1:6443", "http://10.0.0.1:6443"),
            ("10.0.0.1:6443/", "http://10.0.0.1:6443"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(ServerUrl::for_server(text).unwrap().shown(), shown, "{text}");
        }
    }

    #[test]
    fn broken_addresses_are_told_and_never_panic() {
        for bad in [
            "",
            "https://",
            "https://:6443",
            "https://a:b",
            "https://a:99999",
            "https://a:6443:1",
            "https://[::1",
            "https://[::1]x",
            "https://a b",
            "host/path",
            "://x",
            "1http://x",
            "https://a\n",
            "https://%zz",
            "http://u:secret@a:b",
        ] {
            let error = ServerUrl::for_server(bad).unwrap_err();
            assert!(error.message.starts_with("error: "), "{bad}: {}", error.message);
            assert!(!error.message.contains("secret"));
        }
    }

    #[test]
    fn requests_are_joined_to_the_prefix() {
        let url = ServerUrl::for_server("https://r.example/k8s/c-1/").unwrap();
        assert_eq!(
            url.join("/api/v1/pods?limit=5").unwrap().to_string(),
            "https://r.example/k8s/c-1/api/v1/pods?limit=5"
        );
        assert_eq!(url.join("version").unwrap().to_string(), "https://r.example/k8s/c-1/version");
        assert!(url.join("/a b").is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            if let Ok(url) = ServerUrl::for_server(&text) {
                let _ = url.join("/version");
            }
        }
    }
}

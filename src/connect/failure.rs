//! Failures below HTTP, in the sentences that Go's network stack and kubectl have for them.

use std::{error::Error as StdError, io};

use rustls::{AlertDescription, CertificateError, InvalidMessage, pki_types::UnixTime};

use super::{
    error::{Error, ErrorKind},
    load::io_reason,
};

/// Nothing listens. `proxy` is the proxy that refused in the server's place.
pub(crate) fn refused(authority: &str, proxy: Option<String>) -> Error {
    let sentence =
        format!("The connection to the server {authority} was refused - did you specify the right host or port?");
    Error::new(ErrorKind::Refused, sentence).with_hint(match proxy {
        Some(proxy) => format!(
            "it was the proxy {proxy} that refused: HTTPS_PROXY, NO_PROXY or proxy-url decide whether it is used"
        ),
        None if authority == "localhost:8080" => {
            "this is the address that is tried when there is no kubeconfig: set KUBECONFIG or give --kubeconfig"
                .to_owned()
        }
        None => {
            "is the cluster running, and is this the context that you mean? kubectl config current-context".to_owned()
        }
    })
}

/// A name could not be resolved.
pub(crate) fn from_lookup(why: &io::Error, host: &str, label: &str) -> Error {
    let text = why.to_string().to_lowercase();
    let reason = if text.contains("temporary failure") || text.contains("try again") {
        "Temporary failure in name resolution"
    } else {
        "no such host"
    };
    Error::unreachable(ErrorKind::Network, format!("{label}dial tcp: lookup {host}: {reason}"))
        .with_hint("check the server's name in the kubeconfig, DNS and the VPN")
}

/// A TLS handshake failed.
pub(crate) fn from_handshake(why: &io::Error, authority: &str) -> Error {
    match why.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => from_tls(tls),
        None if why.kind() == io::ErrorKind::UnexpectedEof => broke(Error::unreachable(ErrorKind::Tls, "EOF"))
            .with_hint(format!(
                "{authority} closed the connection during the TLS handshake: is this the API server's port?"
            )),
        None => cut(why),
    }
}

/// A connection that broke before TLS stood. A reset may come so early that connecting itself fails: that is the same.
pub(crate) fn cut(why: &io::Error) -> Error {
    broke(Error::unreachable(ErrorKind::Network, format!("read tcp: {}", io_reason(why))))
        .with_hint("check the network, the VPN and the server's address in the kubeconfig")
}

/// A break before anything was sent: a server that restarts does that, so a read may try again.
fn broke(error: Error) -> Error {
    Error { retryable: true, ..error }
}

/// A TLS failure, during the handshake or after it: with TLS 1.3 a server refuses a certificate only later.
fn from_tls(why: &rustls::Error) -> Error {
    let tls = |reason: String| Error::unreachable(ErrorKind::Tls, reason);
    match why {
        rustls::Error::InvalidCertificate(fault) => {
            let (reason, hint) = certificate_fault(fault);
            tls(format!("tls: failed to verify certificate: x509: {reason}")).with_hint(hint)
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            tls("http: server gave HTTP response to HTTPS client".to_owned())
                .with_hint("the port does not speak TLS: write http:// if that is meant, or use the API server's port")
        }
        rustls::Error::AlertReceived(alert) => {
            let about_client = matches!(
                alert,
                AlertDescription::CertificateRequired
                    | AlertDescription::BadCertificate
                    | AlertDescription::CertificateExpired
                    | AlertDescription::CertificateUnknown
                    | AlertDescription::UnknownCA
                    | AlertDescription::DecryptError
                    | AlertDescription::UnsupportedCertificate
                    | AlertDescription::AccessDenied
            );
            tls(format!("remote error: tls: {}", alert_text(*alert))).with_hint(if about_client {
                "the server did not accept the client certificate: it may have expired, or be another cluster's"
            } else {
                "the server ended the TLS handshake: see its log"
            })
        }
        rustls::Error::PeerIncompatible(_) => tls("tls: no protocol version or cipher suite in common".to_owned())
            .with_hint("this program speaks TLS 1.2 and 1.3 with modern ciphers only"),
        _ => tls(format!("tls: {}", first_line(&why.to_string()))),
    }
}

fn certificate_fault(fault: &CertificateError) -> (String, &'static str) {
    match fault {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            "certificate signed by unknown authority".to_owned(),
            "the CA in the kubeconfig is not the one of this server: another cluster, or one that was made anew",
        ),
        CertificateError::Expired => (
            "certificate has expired or is not yet valid".to_owned(),
            "the server's certificate must be renewed, or a clock is wrong",
        ),
        CertificateError::ExpiredContext { time, not_after } => (
            format!(
                "certificate has expired or is not yet valid: current time {} is after {}",
                moment(*time),
                moment(*not_after)
            ),
            "the server's certificate must be renewed (kubeadm certs check-expiration), or a clock is wrong",
        ),
        CertificateError::NotValidYet => {
            ("certificate has expired or is not yet valid".to_owned(), "this machine's clock may be wrong")
        }
        CertificateError::NotValidYetContext { time, not_before } => (
            format!(
                "certificate has expired or is not yet valid: current time {} is before {}",
                moment(*time),
                moment(*not_before)
            ),
            "this machine's clock may be wrong",
        ),
        CertificateError::NotValidForName => (
            "certificate is not valid for this name".to_owned(),
            "use a name that the certificate holds, or tls-server-name in the kubeconfig",
        ),
        CertificateError::NotValidForNameContext { expected, presented } => (
            wrong_name(&expected.to_str(), presented),
            "use a name that the certificate holds, or tls-server-name in the kubeconfig",
        ),
        other => {
            let text = match other {
                CertificateError::Other(inner) => inner.to_string(),
                plain => format!("{plain:?}"),
            };
            let hint = "the certificate is of a kind that this program does not accept: X.509 v1, P-521 and RSA below 2048 bits are among them";
            (first_line(&text), hint)
        }
    }
}

/// Go names what the certificate holds of the kind that was looked for: names for a name, addresses for an address.
fn wrong_name(expected: &str, presented: &[String]) -> String {
    let is_address = expected.parse::<std::net::IpAddr>().is_ok();
    let names: Vec<&str> =
        presented.iter().filter(|name| name.starts_with("IpAddress") == is_address).map(|name| inner(name)).collect();
    match (names.as_slice(), is_address) {
        ([], true) => format!("cannot validate certificate for {expected} because it doesn't contain any IP SANs"),
        ([], false) => format!("certificate is not valid for any names, but wanted to match {expected}"),
        (names, _) => format!("certificate is valid for {}, not {expected}", names.join(", ")),
    }
}

/// `DnsName("a")` → `a`.
fn inner(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or(name, |(inside, _)| inside);
    inside.trim_matches('"')
}

fn moment(time: UnixTime) -> String {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("{} s", time.as_secs()), |time| time.to_string())
}

fn alert_text(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "certificate required".to_owned(),
        AlertDescription::BadCertificate => "bad certificate".to_owned(),
        AlertDescription::CertificateExpired => "expired certificate".to_owned(),
        AlertDescription::CertificateRevoked => "revoked certificate".to_owned(),
        AlertDescription::CertificateUnknown => "unknown certificate".to_owned(),
        AlertDescription::UnsupportedCertificate => "unsupported certificate".to_owned(),
        AlertDescription::UnknownCA => "unknown certificate authority".to_owned(),
        AlertDescription::AccessDenied => "access denied".to_owned(),
        AlertDescription::HandshakeFailure => "handshake failure".to_owned(),
        AlertDescription::ProtocolVersion => "protocol version not supported".to_owned(),
        AlertDescription::UnrecognisedName => "unrecognized name".to_owned(),
        AlertDescription::DecryptError => "error decrypting message".to_owned(),
        AlertDescription::InternalError => "internal error".to_owned(),
        AlertDescription::NoApplicationProtocol => "no application protocol".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Any failure of sending a request or reading its answer, from hyper or below it.
pub(crate) fn from_transport(error: &(dyn StdError + 'static), authority: &str) -> Error {
    for cause in causes(error) {
        if let Some(ours) = cause.downcast_ref::<Error>() {
            return ours.clone();
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return from_tls(tls);
        }
    }
    if is_malformed(error) {
        return Error::unreachable(
            ErrorKind::BadAnswer,
            "net/http: HTTP/1.x transport connection broken: malformed HTTP response",
        )
        .with_hint(format!("{authority} does not speak HTTP: is this the API server's port?"));
    }
    let reason = if is_broken(error) { broken_reason(error) } else { first_line(&deepest(error).to_string()) };
    Error::unreachable(ErrorKind::Network, reason)
        .with_hint("the connection broke: a load balancer or VPN that closes it, or a server that restarts")
}

/// Whether the connection broke under the request, which a read may be tried again after (client-go, `IsConnectionReset` and
/// `IsProbableEOF`).
pub(crate) fn is_broken(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>() {
            return hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed();
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return matches!(
                io.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::NotConnected
            );
        }
        // h2 has no type that is reachable from here; its sentences are stable.
        let text = cause.to_string();
        text.contains("http2 error")
            || text.contains("GOAWAY")
            || text.contains("stream closed because of a broken pipe")
    })
}

/// Whether the request was certainly not sent: hyper gave it back unused.
pub(crate) fn is_unsent(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled))
        || error
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
}

fn is_malformed(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

fn broken_reason(error: &(dyn StdError + 'static)) -> String {
    let io = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset) => "read: connection reset by peer".to_owned(),
        Some(io::ErrorKind::BrokenPipe) => "write: broken pipe".to_owned(),
        _ => "EOF".to_owned(),
    }
}

/// An error and what caused it, down to the last; what `io::Error` wraps is looked into, which `source()` skips.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |this| {
        let this: &'a (dyn StdError + 'static) = *this;
        match this.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => this.source(),
        }
    })
}

fn deepest<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    causes(error).last().unwrap_or(error)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

//! TLS: whom we believe, and whom the server believes.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::{
    super::ErrorKind,
    Setup,
    server::{Authority, Reply, Server, base64, ok},
};

#[tokio::test]
async fn client_certificates_are_shown_from_data_and_from_files() {
    let server = Server::https(|_, _| ok("{}")).await;
    let (chain, key) = server.authority.issue(&[], "jane", |_| ());
    let inline = format!("client-certificate-data: {}, client-key-data: {}", base64(&chain), base64(&key));
    Setup::new(&server, &inline, "").get("/version").await.unwrap();
    let setup = Setup::new(&server, "client-certificate: c.pem, client-key: k.pem", "");
    std::fs::write(setup.file("c.pem"), &chain).unwrap();
    std::fs::write(setup.file("k.pem"), &key).unwrap();
    setup.get("/version").await.unwrap();
    let setup = Setup::new(&server, "client-certificate-data: eA==, client-key-data: eA==", "");
    std::fs::write(setup.file("c.pem"), &chain).unwrap();
    std::fs::write(setup.file("k.pem"), &key).unwrap();
    let (certificate, key_file) = (setup.file("c.pem"), setup.file("k.pem"));
    let setup = setup.flags(|flags| (flags.client_certificate, flags.client_key) = (Some(certificate), Some(key_file)));
    setup.get("/version").await.unwrap();
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.client.as_deref() == Some("jane") && seen.header("authorization").is_none())
    );
}

#[tokio::test]
async fn a_token_and_a_certificate_are_both_sent() {
    let server = Server::https(|_, _| ok("{}")).await;
    let (chain, key) = server.authority.issue(&[], "jane", |_| ());
    let user = format!("token: t, client-certificate-data: {}, client-key-data: {}", base64(&chain), base64(&key));
    Setup::new(&server, &user, "").get("/version").await.unwrap();
    let seen = server.only();
    assert_eq!((seen.client.as_deref(), seen.header("authorization")), (Some("jane"), Some("Bearer t")));
}

#[tokio::test]
async fn flags_about_trust_replace_each_other() {
    let server = Server::https(|_, _| ok("{}")).await;
    let stranger = Authority::new();
    let setup = |cluster: &str| {
        let setup = Setup::new(&server, "token: t", "");
        let text = std::fs::read_to_string(setup.file("config")).unwrap();
        let ours = format!("certificate-authority-data: {}", server.authority_base64());
        setup.rewrite(&text.replace(&ours, cluster));
        std::fs::write(setup.file("ca.pem"), &server.authority.pem).unwrap();
        setup
    };
    let foreign = format!("certificate-authority-data: {}", base64(&stranger.pem));
    let error = setup(&foreign).failure("/version").await;
    assert_eq!(
        error.message,
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority"
    );
    assert_eq!(error.kind, ErrorKind::Tls);
    assert!(error.hint.is_some());
    setup(&foreign).flags(|flags| flags.insecure_skip_tls_verify = Some(true)).get("/version").await.unwrap();
    setup(&foreign).flags(|flags| flags.insecure_skip_tls_verify = Some(false)).failure("/version").await;
    let with_file = |cluster: &str| {
        let setup = setup(cluster);
        let file = setup.file("ca.pem");
        setup.flags(|flags| flags.certificate_authority = Some(file))
    };
    with_file(&foreign).get("/version").await.unwrap();
    with_file("insecure-skip-tls-verify: true").get("/version").await.unwrap();
    with_file("tls-server-name: localhost").get("/version").await.unwrap();
    setup("insecure-skip-tls-verify: true").get("/version").await.unwrap();
    let error = setup("certificate-authority-data: bm90IHBlbQ==").connect().unwrap_err();
    assert_eq!(error.message, "error: unable to load root certificates: unable to parse bytes as PEM block");
    // Without any CA the system's store decides, which knows nothing of ours.
    assert_eq!(setup("tls-server-name: localhost").failure("/version").await.kind, ErrorKind::Tls);
}

#[tokio::test]
async fn the_servers_name_is_checked_or_replaced() {
    let authority = Authority::new();
    let certificate = authority.issue(&["kube.internal", "other.internal"], "server", |_| ());
    let server = Server::with_certificate(authority, certificate).await;
    for (cluster, reason) in [
        ("", "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"),
        ("tls-server-name: nobody", "certificate is valid for kube.internal, other.internal, not nobody"),
    ] {
        let error = Setup::new(&server, "token: t", cluster).failure("/version").await;
        assert_eq!(
            error.message,
            format!("Unable to connect to the server: tls: failed to verify certificate: x509: {reason}")
        );
    }
    Setup::new(&server, "token: t", "tls-server-name: kube.internal").get("/version").await.unwrap();
    // Another server is not named as the kubeconfig's is.
    let url = server.url();
    let setup = Setup::new(&server, "token: t", "tls-server-name: kube.internal")
        .flags(|flags| flags.server = Some(url.clone()));
    assert_eq!(setup.failure("/version").await.kind, ErrorKind::Tls);
    let setup = Setup::new(&server, "token: t", "").flags(|flags| {
        flags.server = Some(url);
        flags.tls_server_name = Some("other.internal".to_owned());
    });
    setup.get("/version").await.unwrap();
}

#[tokio::test]
async fn expired_certificates_are_told_with_their_times() {
    for (from, to, word) in
        [(2019, 2020, "is after 2020-01-01T00:00:00Z"), (2090, 2091, "is before 2090-01-01T00:00:00Z")]
    {
        let authority = Authority::new();
        let certificate = authority.issue(&["127.0.0.1"], "server", |params| {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
        });
        let server = Server::with_certificate(authority, certificate).await;
        let error = Setup::new(&server, "token: t", "").failure("/version").await;
        let start = "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ";
        assert!(error.message.starts_with(start) && error.message.ends_with(word), "{}", error.message);
    }
}

#[tokio::test]
async fn a_foreign_client_certificate_is_refused_by_the_server() {
    let server = Server::https(|_, _| ok("{}")).await;
    let (chain, key) = Authority::new().issue(&[], "jane", |_| ());
    let user = format!("client-certificate-data: {}, client-key-data: {}", base64(&chain), base64(&key));
    let error = Setup::new(&server, &user, "").failure("/version").await;
    assert!(error.message.starts_with("Unable to connect to the server: remote error: tls: "), "{}", error.message);
    assert!(error.hint.unwrap().contains("client certificate"), "{}", error.message);
}

#[tokio::test]
async fn keys_that_do_not_fit_are_told() {
    let server = Server::https(|_, _| ok("{}")).await;
    let (chain, _) = server.authority.issue(&[], "jane", |_| ());
    let (_, other) = server.authority.issue(&[], "joe", |_| ());
    let message = |key: &str| {
        let user = format!("client-certificate-data: {}, client-key-data: {}", base64(&chain), base64(key));
        Setup::new(&server, &user, "").connect().unwrap_err().message
    };
    assert_eq!(message(&other), "error: tls: private key does not match public key");
    assert_eq!(message("nothing"), "error: tls: failed to find any PEM data in key input");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert_eq!(message(encrypted), "error: tls: failed to parse private key: it is encrypted");
}

#[tokio::test]
async fn a_certificate_authoritys_own_certificate_serves_too() {
    // What some small distributions do: one self-signed certificate that is both CA and server.
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    let mut authority = Authority::new();
    authority.pem.clone_from(&pem);
    let server = Server::with_certificate(authority, (pem, key.serialize_pem())).await;
    Setup::new(&server, "token: t", "").get("/version").await.unwrap();
}

#[tokio::test]
async fn ports_that_speak_something_else_are_told() {
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    });
    let odd = Server::http(|_, _| ok("{}")).await;
    let error = Setup::new(&odd, "token: t", "").flags(|flags| {
        flags.server = Some(url);
        flags.token = Some("t".into());
        flags.insecure_skip_tls_verify = Some(true);
    });
    let error = error.failure("/version").await;
    assert_eq!(error.message, "Unable to connect to the server: http: server gave HTTP response to HTTPS client");
    assert_eq!(error.kind, ErrorKind::Tls);
    let odd = Server::http(|_, _| Reply::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec())).await;
    let error = Setup::new(&odd, "", "").failure("/version").await;
    assert_eq!(
        error.message,
        "Unable to connect to the server: net/http: HTTP/1.x transport connection broken: malformed HTTP response"
    );
}

/// What `openssl x509 -req` makes without an extension file: X.509 v1, which Go takes and webpki does not even read.
#[tokio::test]
async fn client_certificates_of_the_first_version_are_sent() {
    const CHAIN: &str = "-----BEGIN CERTIFICATE-----\nMIIBGTCBwAIUalbkYQUTxKBYBRVI1h5xtuLLs/YwCgYIKoZIzj0EAwIwDTELMAkG\nA1UEAwwCY2EwIBcNMjYxMTI0MDYzMDMyWhgPMjEyNjEwMzEwNjMwMzJaMBAxDjAM\nBgNVBAMMBWZpcnN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJ7g3k50ODBYl\nFrpf6KiOqtgZrh7OSGgzh8aPlC9wnvuogEJNQ5zTIifh3qf/3VgYkY1VmwRFZ7ZA\nsMFPkBvZjDAKBggqhkjOPQQDAgNIADBFAiEA9rRM6+q41GSRSitoOmxUjaM9qQ4n\na2nTU1WPWNseARsCID39bKkZ70zWyDZpiH/d0bfcAYIJH2gUbptgz4DUvKhb\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6o8QyWlXntk497+P\noRan8ke0xvXWgI8FlUbeub9aF3yhRANCAAQnuDeTnQ4MFiUWul/oqI6q2BmuHs5I\naDOHxo+UL3Ce+6iAQk1DnNMiJ+Hep//dWBiRjVWbBEVntkCwwU+QG9mM\n-----END PRIVATE KEY-----\n";
    let server = Server::https(|_, _| ok("{}")).await;
    let user = format!("token: t, client-certificate-data: {}, client-key-data: {}", base64(CHAIN), base64(KEY));
    // This server can't read it and says so; what counts is that it was sent.
    let error = Setup::new(&server, &user, "").failure("/version").await;
    assert!(error.message.starts_with("Unable to connect to the server: remote error: tls: "), "{}", error.message);
}

//! The `oidc` auth provider against an issuer on loopback.

use super::{
    super::ErrorKind,
    Setup,
    server::{Reply, Server, base64, ok},
};

/// Tokens with an expiry; nobody here checks signatures.
fn token(name: &str, expiry: u64) -> String {
    let packed = base64(&format!("{{\"sub\":\"{name}\",\"exp\":{expiry}}}"))
        .replace('=', "")
        .replace('+', "-")
        .replace('/', "_");
    format!("e30.{packed}.sig")
}

const FAR: u64 = 9_999_999_999;

async fn issuer(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::https(move |_, seen| match seen.target.as_str() {
        "/realm/.well-known/openid-configuration" => {
            let host = seen.header("host").unwrap_or_default();
            ok(&format!("{{\"token_endpoint\":\"https://{host}/token\"}}"))
        }
        _ => answer(),
    })
    .await
}

fn setup(server: &Server, issuer: &Server, id_token: &str) -> Setup {
    let config = format!(
        "idp-issuer-url: '{}/realm/', client-id: me, client-secret: 's&s', refresh-token: r/1, id-token: '{id_token}', idp-certificate-authority-data: {}",
        issuer.url(),
        issuer.authority_base64()
    );
    Setup::new(server, &format!("auth-provider: {{name: oidc, config: {{{config}}}}}"), "")
}

#[tokio::test]
async fn a_good_token_is_used_as_it_is() {
    let server = Server::https(|_, _| ok("{}")).await;
    let issuer = issuer(|| Reply::Close).await;
    let good = token("a", FAR);
    setup(&server, &issuer, &good).get("/version").await.unwrap();
    assert_eq!(server.only().header("authorization"), Some(format!("Bearer {good}").as_str()));
    assert!(issuer.seen().is_empty());
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once_and_kept() {
    let server = Server::https(|_, _| ok("{}")).await;
    let fresh = token("b", FAR);
    let answer = format!("{{\"id_token\":\"{fresh}\",\"refresh_token\":\"r2\"}}");
    let issuer = issuer(move || ok(&answer)).await;
    let setup = setup(&server, &issuer, &token("a", 1));
    let client = setup.connect().unwrap();
    let reads = futures_util::future::join_all((0..5).map(|_| client.get("/version", None))).await;
    assert!(reads.iter().all(Result::is_ok), "{reads:?}");
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some(format!("Bearer {fresh}").as_str())));
    let asked = issuer.seen();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].body, "grant_type=refresh_token&refresh_token=r%2F1&client_id=me&client_secret=s%26s");
    assert_eq!(setup.told.lines(), [""; 0]);
    // A new process finds the new token in the kubeconfig, and asks nobody.
    setup.get("/version").await.unwrap();
    assert_eq!(issuer.seen().len(), 2);
    let text = std::fs::read_to_string(setup.file("config")).unwrap();
    assert!(text.contains(&fresh) && text.contains("r2") && !text.contains("r/1"), "{text}");
}

#[tokio::test]
async fn refreshes_that_fail_are_told_without_tokens() {
    let server = Server::https(|_, _| ok("{}")).await;
    for (reply, why) in [
        (
            "{\"error\":\"invalid_grant\",\"error_description\":\"HIDDEN\"}",
            "failed to refresh token: oauth2: status 400: invalid_grant",
        ),
        ("{\"access_token\":\"HIDDEN\"}", "token response did not contain an id_token"),
    ] {
        let bad = reply.contains("error");
        let issuer =
            issuer(move || Reply::Http(if bad { "400 Bad Request" } else { "200 OK" }, &[], reply.into())).await;
        let error = setup(&server, &issuer, &token("a", 1)).failure("/version").await;
        assert!(error.message.starts_with(&format!("Unable to connect to the server: {why}")), "{}", error.message);
        assert_eq!(error.kind, ErrorKind::Unauthorized);
        assert!(!format!("{error:?}").contains("HIDDEN"));
    }
    assert!(server.seen().is_empty());
}

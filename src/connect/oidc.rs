//! The `oidc` auth provider, the last of client-go's built-in ones: an id token, refreshed at its issuer when it has expired.
//!
//! As kubectl does, the refreshed tokens are written back to the kubeconfig: issuers that rotate refresh tokens accept each only once.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use base64::Engine as _;
use http::{Method, Request, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use hyper_util::{client::legacy::Client as HyperClient, rt::TokioExecutor};
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;

use super::{
    dial::Dialer,
    env::Environment,
    error::{Error, ErrorKind},
    kubeconfig::AuthProvider,
    notices::Notices,
    oidc_store,
    options::Secret,
    plan::{Trust, decode_base64},
    proxy,
    server::ServerUrl,
    tls::Tls,
};

/// A token that expires within this is taken as expired (golang.org/x/oauth2).
const LEEWAY: SignedDuration = SignedDuration::from_secs(10);
/// How long an issuer may take to answer.
const ISSUER_LIMIT: Duration = Duration::from_secs(30);
/// More than any issuer's answer holds.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// A login by an id token.
#[derive(Debug)]
pub(crate) struct Oidc {
    settings: tokio::sync::Mutex<BTreeMap<String, Secret>>,
    user: String,
    origin: Option<PathBuf>,
    env: Environment,
}

impl Oidc {
    /// Checks an `auth-provider` of a kubeconfig. Providers that are gone are named with what replaced them.
    pub(crate) fn new(
        provider: &AuthProvider,
        user: &str,
        origin: Option<PathBuf>,
        env: &Environment,
    ) -> Result<Self, Error> {
        match provider.name.as_str() {
            "oidc" => {}
            "gcp" => {
                return Err(removed(
                    "gcp",
                    "\"gke-gcloud-auth-plugin\"",
                    "https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke",
                ));
            }
            "azure" => {
                return Err(removed(
                    "azure",
                    "https://github.com/Azure/kubelogin",
                    "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
                ));
            }
            other => return Err(Error::config(format!("no Auth Provider found for name {other:?}"))),
        }
        for needed in ["idp-issuer-url", "client-id"] {
            if provider.config.get(needed).is_none_or(Secret::is_empty) {
                return Err(Error::config(format!("Must provide {needed}")));
            }
        }
        Ok(Self {
            settings: tokio::sync::Mutex::new(provider.config.clone()),
            user: user.to_owned(),
            origin,
            env: env.clone(),
        })
    }

    /// The id token, refreshed if it has expired; that happens once, however many requests wait for it.
    pub(crate) async fn id_token(&self, notices: &dyn Notices) -> Result<Secret, Error> {
        let mut settings = self.settings.lock().await;
        let have = |settings: &BTreeMap<String, Secret>, name: &str| {
            settings.get(name).filter(|text| !text.is_empty()).cloned()
        };
        if let Some(token) = have(&settings, "id-token")
            && is_valid(token.expose(), Timestamp::now()).map_err(unauthorized)?
        {
            return Ok(token);
        }
        let Some(refresh) = have(&settings, "refresh-token") else {
            return Err(unauthorized("No valid id-token, and cannot refresh without refresh-token".to_owned()));
        };
        let fresh = self.refresh(&settings, &refresh).await.map_err(unauthorized)?;
        settings.insert("id-token".to_owned(), fresh.id_token.clone());
        if let Some(rotated) = fresh.refresh_token {
            settings.insert("refresh-token".to_owned(), rotated);
        }
        // The token is good whether or not it can be kept; losing it only means another login.
        if let Some(origin) = &self.origin
            && let Err(why) = oidc_store::persist(origin, &self.user, &settings)
        {
            notices.notice(&format!("could not persist new tokens: {why}"));
        }
        Ok(fresh.id_token)
    }

    async fn refresh(&self, settings: &BTreeMap<String, Secret>, refresh: &Secret) -> Result<Fresh, String> {
        let text = |name: &str| settings.get(name).map(Secret::expose).unwrap_or_default();
        let authority = match (text("idp-certificate-authority-data"), text("idp-certificate-authority")) {
            ("", "") => None,
            ("", file) => {
                Some(std::fs::read(file).map_err(|why| format!("open {file}: {}", super::load::io_reason(&why)))?)
            }
            (data, _) => Some(decode_base64(data).ok_or("idp-certificate-authority-data is not valid base64")?),
        };
        let trust = Trust { authority, ..Trust::default() };
        let well_known = format!("{}/.well-known/openid-configuration", text("idp-issuer-url").trim_end_matches('/'));
        let (code, body) = self.ask(&trust, &well_known, None).await?;
        if code != 200 {
            return Err(format!("oidc: failed to query metadata endpoint: status {code}"));
        }
        let metadata: serde_json::Value =
            serde_json::from_slice(&body).map_err(|_| "oidc: failed to decode provider discovery object")?;
        let endpoint = metadata["token_endpoint"].as_str().filter(|url| !url.is_empty());
        let endpoint = endpoint.ok_or("oidc: discovery object doesn't contain a token_endpoint")?;
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose()),
            ("client_id", text("client-id")),
            ("client_secret", text("client-secret")),
        ];
        let form: Vec<String> = form
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        let (code, body) = self
            .ask(&trust, endpoint, Some(form.join("&")))
            .await
            .map_err(|why| format!("failed to refresh token: {why}"))?;
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        if code != 200 {
            // The error code is for the user; the rest of the answer may hold anything.
            let why = answer["error"].as_str().unwrap_or("no reason given");
            return Err(format!("failed to refresh token: oauth2: status {code}: {why}"));
        }
        let secret = |name: &str| answer[name].as_str().filter(|text| !text.is_empty()).map(Secret::from);
        let id_token = secret("id_token").ok_or(
            "token response did not contain an id_token, either the scope \"openid\" wasn't requested upon login, or the provider doesn't support id_tokens as part of the refresh response",
        )?;
        Ok(Fresh { id_token, refresh_token: secret("refresh_token") })
    }

    /// One request to the issuer, which is reached like any other web server: by the proxy rules and, without a CA of its own, the
    /// system's trust.
    async fn ask(&self, trust: &Trust, url: &str, form: Option<String>) -> Result<(u16, Vec<u8>), String> {
        let says = |error: Error| error.message;
        let server = ServerUrl::parse(url)?;
        let uri: Uri = url.parse().map_err(|_| format!("{url:?} is not a URL"))?;
        let tls = server.is_tls().then(|| Tls::new(trust)).transpose().map_err(says)?;
        let through = proxy::from_environment(&self.env, &server).map(Into::into);
        let dialer =
            Dialer::new(server.into(), through, tls.as_ref(), &[b"http/1.1"], "kubectl".into()).map_err(says)?;
        let client: HyperClient<Dialer, Body> =
            HyperClient::builder(TokioExecutor::new()).retry_canceled_requests(false).build(dialer);
        let mut request = Request::builder().uri(uri);
        let body = match form {
            Some(form) => {
                request = request.method(Method::POST).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                Body::from(form.into_bytes())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|_| format!("{url:?} is not a URL"))?;
        let exchange = async {
            let answer = client
                .request(request)
                .await
                .map_err(|why| super::failure::from_transport(&why, "the issuer").message)?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_LIMIT)
                .collect()
                .await
                .map_err(|_| "the issuer's answer could not be read")?;
            Ok((parts.status.as_u16(), body.to_bytes().to_vec()))
        };
        tokio::time::timeout(ISSUER_LIMIT, exchange)
            .await
            .unwrap_or_else(|_| Err("the issuer does not answer".to_owned()))
    }
}

struct Fresh {
    id_token: Secret,
    refresh_token: Option<Secret>,
}

fn unauthorized(why: String) -> Error {
    Error::unreachable(ErrorKind::Unauthorized, why).with_hint("log in again with the tool that made this kubeconfig")
}

fn removed(name: &str, instead: &str, see: &str) -> Error {
    Error::config(format!(
        "The {name} auth plugin has been removed.\nPlease use the {instead} kubectl/client-go credential plugin instead.\nSee {see} for further details"
    ))
}

/// Whether an id token is still good. Its signature is the server's business.
fn is_valid(token: &str, now: Timestamp) -> Result<bool, String> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("ID Token is not a valid JWT".to_owned());
    };
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .ok_or("ID Token is not a valid JWT")?;
    let expiry = &claims["exp"];
    #[expect(clippy::cast_possible_truncation, reason = "a time beyond i64 saturates, which is as far in the future")]
    let seconds = expiry.as_i64().or_else(|| expiry.as_f64().map(|seconds| seconds as i64)).unwrap_or(0);
    Ok(Timestamp::from_second(seconds).map_or(seconds > 0, |expiry| now + LEEWAY < expiry))
}

fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.sig", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn expiry_is_read_as_client_go_reads_it() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert_eq!(is_valid(&token(r#"{"exp":1000011}"#), now), Ok(true));
        assert_eq!(is_valid(&token(r#"{"exp":1000010}"#), now), Ok(false));
        assert_eq!(is_valid(&token(r#"{"exp":1000011.9}"#), now), Ok(true));
        assert_eq!(is_valid(&token(r#"{"exp":1e300}"#), now), Ok(true));
        assert_eq!(is_valid(&token("{}"), now), Ok(false));
        for bad in ["", "a.b", "a.b.c.d", "a.!.c", "a.e.c"] {
            assert!(is_valid(bad, now).is_err(), "{bad}");
        }
    }

    #[test]
    fn gone_providers_are_named_with_their_replacement() {
        let make = |name: &str, config: &[(&str, &str)]| {
            let config = config.iter().map(|(key, value)| ((*key).to_owned(), Secret::from(*value))).collect();
            Oidc::new(&AuthProvider { name: name.to_owned(), config }, "u", None, &Environment::empty())
                .unwrap_err()
                .message
        };
        assert!(
            make("gcp", &[])
                .starts_with("error: The gcp auth plugin has been removed.\nPlease use the \"gke-gcloud-auth-plugin\"")
        );
        assert!(make("azure", &[]).contains("kubelogin"));
        assert_eq!(make("x", &[]), "error: no Auth Provider found for name \"x\"");
        assert_eq!(make("oidc", &[("client-id", "c")]), "error: Must provide idp-issuer-url");
        assert_eq!(make("oidc", &[("idp-issuer-url", "https://i")]), "error: Must provide client-id");
    }
}

//! The `oidc` auth provider, the last of client-go's built-in ones: an id token, refreshed at its issuer when it has expired.

use std::path::PathBuf;

use super::{
    error::{Error, ErrorKind},
    kubeconfig::AuthProvider,
    notices::Notices,
    options::Secret,
};

/// A login by an id token.
#[derive(Debug)]
pub(crate) struct Oidc {
    token: Secret,
}

impl Oidc {
    pub(crate) fn new(provider: &AuthProvider, _user: &str, _origin: Option<PathBuf>) -> Result<Self, Error> {
        match provider.name.as_str() {
            "oidc" => Ok(Self { token: provider.config.get("id-token").cloned().unwrap_or_default() }),
            "gcp" => Err(removed(
                "gcp",
                "\"gke-gcloud-auth-plugin\"",
                "https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke",
            )),
            "azure" => Err(removed(
                "azure",
                "https://github.com/Azure/kubelogin",
                "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
            )),
            other => Err(Error::config(format!("no Auth Provider found for name {other:?}"))),
        }
    }

    pub(crate) async fn id_token(&self, _notices: &dyn Notices) -> Result<Secret, Error> {
        if self.token.is_empty() {
            return Err(Error::unreachable(
                ErrorKind::Unauthorized,
                "No valid id-token, and cannot refresh without refresh-token",
            ));
        }
        Ok(self.token.clone())
    }
}

fn removed(name: &str, instead: &str, see: &str) -> Error {
    Error::config(format!(
        "The {name} auth plugin has been removed.\nPlease use the {instead} kubectl/client-go credential plugin instead.\nSee {see} for further details"
    ))
}

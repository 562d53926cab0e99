//! Who asks, and what they may do: authentication, RBAC-like rules, SelfSubjectAccessReview from the same rules.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::kinds::Kinds;
use crate::record::Record;
use crate::status::Status;
use crate::target::Target;

/// A verb on a resource (`pods`, `pods/log`, `*`), in one namespace or anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) verb: String,
    pub(crate) resource: String,
    pub(crate) namespace: Option<String>,
}

/// What is asked of the rules.
#[derive(Debug, Clone, Copy)]
struct Wish<'a> {
    verb: &'a str,
    group: &'a str,
    resource: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

impl Rule {
    /// A rule without a namespace is a ClusterRoleBinding; one with a namespace says nothing about the cluster's scope.
    fn covers(&self, wish: Wish<'_>) -> bool {
        (self.verb == "*" || self.verb == wish.verb)
            && (self.resource == "*" || self.resource == wish.resource)
            && self.namespace.as_deref().is_none_or(|it| Some(it) == wish.namespace)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) user: String,
    pub(crate) denied: Vec<Rule>,
    /// Once there is one, all else is denied.
    pub(crate) allowed: Vec<Rule>,
    pub(crate) token: Option<String>,
    pub(crate) client_certificate: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self { user: "jane".into(), denied: Vec::new(), allowed: Vec::new(), token: None, client_certificate: false }
    }
}

impl Access {
    fn allows(&self, wish: Wish<'_>) -> bool {
        !self.denied.iter().any(|it| it.covers(wish))
            && (self.allowed.is_empty() || self.allowed.iter().any(|it| it.covers(wish)))
    }

    /// 401 unless the request proves who it is, where that is asked for.
    pub(crate) fn authenticate(&self, request: &Record, has_certificate: bool) -> Result<(), Status> {
        if self.token.is_none() && !self.client_certificate {
            return Ok(());
        }
        let bearer = request.header("authorization").and_then(|it| it.strip_prefix("Bearer "));
        let by_token = self.token.is_some() && self.token.as_deref() == bearer;
        if by_token || (self.client_certificate && has_certificate) { Ok(()) } else { Err(Status::unauthorized()) }
    }

    /// 403 unless the rules allow it.
    pub(crate) fn authorize(&self, target: &Target, request: &Record) -> Result<(), Status> {
        let user = request.header("impersonate-user").unwrap_or(&self.user);
        let Some(kind) = target.kind.as_ref().or(target.unknown.as_ref()) else {
            // Every user may see these (system:public-info-viewer, system:discovery); the rest is for administrators.
            let public = ["/version", "/healthz", "/livez", "/readyz", "/api", "/apis", "/openapi"];
            let known = public.iter().any(|it| request.path.starts_with(it));
            if known || self.allowed.is_empty() {
                return Ok(());
            }
            let what = format!("User \"{user}\" cannot {} path \"{}\"", target.verb, request.path);
            return Err(Status::forbidden(None, &what));
        };
        if kind.group == "authorization.k8s.io" {
            return Ok(());
        }
        let mut resource = kind.resource.clone();
        if let Some(sub) = &target.subresource {
            resource = format!("{resource}/{sub}");
        }
        let wish = Wish {
            verb: &target.verb,
            group: &kind.group,
            resource: &resource,
            namespace: target.namespace.as_deref(),
            name: target.name.as_deref().unwrap_or_default(),
        };
        if self.allows(wish) {
            return Ok(());
        }
        Err(Status::forbidden(Some((kind, wish.name)), &refusal(user, wish)))
    }

    /// The answer to a SelfSubjectAccessReview.
    pub(crate) fn review(&self, request: &Record, kinds: &Kinds) -> Answer {
        let Ok(mut review) = serde_json::from_slice::<Value>(&request.body) else {
            return Status::bad_request("the body is no SelfSubjectAccessReview").into();
        };
        let attributes = review["spec"]["resourceAttributes"].clone();
        let text = |field: &str| attributes[field].as_str().unwrap_or_default().to_owned();
        let resource = match text("subresource") {
            sub if sub.is_empty() => text("resource"),
            sub => format!("{}/{sub}", text("resource")),
        };
        let (group, verb, namespace, name) = (text("group"), text("verb"), text("namespace"), text("name"));
        let known = kinds.by_plural(&text("resource")).is_some_and(|it| it.group == group);
        let wish = Wish {
            verb: &verb,
            group: &group,
            resource: &resource,
            namespace: Some(namespace.as_str()).filter(|it| !it.is_empty()),
            name: &name,
        };
        // The wrong group is a question about a resource that no rule names.
        let allowed = self.allows(wish) && (known || self.allowed.is_empty());
        review["status"] = json!({"allowed": allowed});
        if allowed {
            review["status"]["reason"] = json!(format!(
                "RBAC: allowed by ClusterRoleBinding \"tests\" of ClusterRole \"tests\" to User \"{}\"",
                self.user
            ));
        }
        review["metadata"] = json!({});
        Answer::json(201, review.to_string())
    }
}

/// RBAC's own sentence (`plugin/pkg/auth/authorizer` and `endpoints/handlers/responsewriters/errors.go`).
fn refusal(user: &str, wish: Wish<'_>) -> String {
    let place = match wish.namespace {
        Some(namespace) => format!("in the namespace \"{namespace}\""),
        None => "at the cluster scope".to_owned(),
    };
    format!(
        "User \"{user}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
        wish.verb, wish.resource, wish.group
    )
}

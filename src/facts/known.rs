//! What was read, and why what is missing could not be.

use std::fmt;

use super::Text;

/// A value, or the reason why it could not be read. A diagnosis never treats the second as "there is none".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a, T> {
    /// It was read.
    Read(T),
    /// It was not; the refusal names verb, resource and scope.
    Refused(&'a Refusal),
}

impl<'a, T> Known<'a, T> {
    /// The value, if it was read.
    pub fn read(self) -> Option<T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Refused(_) => None,
        }
    }

    /// Why it could not be read.
    pub fn refusal(&self) -> Option<&'a Refusal> {
        match self {
            Self::Read(_) => None,
            Self::Refused(why) => Some(why),
        }
    }
}

/// The objects of one kind. When `missing` is set there may be more of them than `items` holds, so nothing may be concluded from
/// the absence of an object.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// What was read.
    pub items: Vec<T>,
    /// Why the rest could not be read; `None` when the items are all there are.
    pub missing: Option<Refusal>,
}

impl<T> Listed<T> {
    /// All there are.
    pub fn complete(items: Vec<T>) -> Self {
        Self { items, missing: None }
    }

    /// Nothing could be read.
    pub fn refused(why: Refusal) -> Self {
        Self { items: Vec::new(), missing: Some(why) }
    }

    /// The same with each item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(change).collect(), missing: self.missing }
    }

    /// What a look-up among the items says: the object, its proven absence, or that it can't be told.
    pub fn answer<U>(&self, found: Option<U>) -> Known<'_, Option<U>> {
        match (&self.missing, found) {
            (_, Some(found)) => Known::Read(Some(found)),
            (None, None) => Known::Read(None),
            (Some(why), None) => Known::Refused(why),
        }
    }
}

/// Where a request looked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One namespace.
    Namespace(Text),
    /// All namespaces, or a resource without one.
    Cluster,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespace(name) => write!(f, "in namespace {name}"),
            Self::Cluster => f.write_str("at the cluster scope"),
        }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The verb of the API: `get` or `list`.
    pub verb: &'static str,
    /// The resource's plural with its group, as RBAC and kubectl write it: `statefulsets.apps`.
    pub resource: &'static str,
    /// Where.
    pub scope: Scope,
    /// Why.
    pub why: Why,
}

/// The reason of a [`Refusal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The server said 403: a permission is missing.
    Forbidden,
    /// The server does not know the resource.
    NotServed,
    /// No answer within the deadline.
    TimedOut,
    /// Any other failure, in the client's words.
    Failed(String),
    /// The source is files, and they hold no object of this kind.
    NotInFiles,
    /// The command does not read this kind: nothing went wrong, but nothing may be concluded either.
    NotRead,
}

impl Refusal {
    /// One word for a table's cell.
    pub fn word(&self) -> &'static str {
        match self.why {
            Why::Forbidden => "forbidden",
            Why::NotServed => "not served",
            Why::TimedOut => "timed out",
            Why::Failed(_) => "failed",
            Why::NotInFiles => "not in files",
            Why::NotRead => "not read",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, resource, scope, why } = self;
        match why {
            Why::Forbidden => write!(f, "forbidden to {verb} {resource} {scope}"),
            Why::NotServed => write!(f, "the server does not serve {resource}"),
            Why::TimedOut => write!(f, "no answer in time to {verb} {resource} {scope}"),
            Why::Failed(error) => write!(f, "could not {verb} {resource} {scope}: {error}"),
            Why::NotInFiles => write!(f, "the files hold no {resource}"),
            Why::NotRead => write!(f, "this command does not read {resource}"),
        }
    }
}

/// What a resource tells: what a diagnosis can't say without having read it.
pub fn tells(resource: &str) -> &'static str {
    match resource.split('.').next().unwrap_or(resource) {
        "statefulsets" => "which sets there are, and whether a claim's name is ambiguous",
        "pods" => "which claims are in use, and which ordinals are ready",
        "persistentvolumeclaims" => "which claims exist, and their state",
        "persistentvolumes" => "reclaim policy, phase and place of volumes",
        "storageclasses" => "why a claim is not bound",
        "services" => "whether the pods' names exist, and which set a claim was of",
        "endpointslices" => "which pods' names are published",
        "deployments" | "replicasets" | "daemonsets" | "jobs" | "cronjobs" => {
            "whether a claim without a pod is still needed"
        }
        "controllerrevisions" => "whether a set that is gone made a claim, and what a rollout changes",
        "volumesnapshots" => "whether a snapshot still reads from a claim",
        "volumeattachments" => "whether a volume is attached, and why not",
        "csinodes" => "whether a node has the driver of a volume",
        "volumeattributesclasses" => "whether a volume's attributes can be changed",
        "nodes/proxy" => "how full volumes are",
        "nodes" => "whether a volume's place still has a node",
        "namespaces" => "whether a volume's namespace is gone",
        "resourcequotas" => "whether new pods and claims fit",
        "limitranges" => "whether new pods and claims are of a size that is allowed",
        "serviceaccounts" => "whether the pods' ServiceAccount exists",
        "poddisruptionbudgets" => "which disruption budget covers the pods",
        "events" => "what was reported of claims and pods in the last hour",
        _ => "what depends on it",
    }
}

/// The same for a diagnosis of Jobs.
pub fn tells_of_jobs(resource: &str) -> &'static str {
    match resource.split('.').next().unwrap_or(resource) {
        "jobs" => "the Jobs and their results",
        "cronjobs" => "when Jobs are started, and why not",
        "pods" => "why a Job does not start, run or end",
        "secrets" => "how far Helm has come with a release, and which of its hooks are not there",
        "nodes" => "whether a pod's node still reports",
        "events" => "why no pod could be made, and what the kubelet says",
        other => tells(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(why: Why) -> Refusal {
        Refusal { verb: "list", resource: "persistentvolumes", scope: Scope::Cluster, why }
    }

    #[test]
    fn an_object_that_is_not_among_an_incomplete_list_is_unknown_not_absent() {
        let whole: Listed<u8> = Listed::complete(vec![1]);
        assert_eq!(whole.answer(None::<u8>), Known::Read(None));
        let part = Listed { items: vec![1], missing: Some(refusal(Why::Forbidden)) };
        assert_eq!(part.answer(Some(1)), Known::Read(Some(1)));
        assert_eq!(part.answer(None::<u8>), Known::Refused(&refusal(Why::Forbidden)));
    }

    #[test]
    fn a_refusal_names_verb_resource_and_scope() {
        let says = |why| refusal(why).to_string();
        assert_eq!(says(Why::Forbidden), "forbidden to list persistentvolumes at the cluster scope");
        assert_eq!(says(Why::TimedOut), "no answer in time to list persistentvolumes at the cluster scope");
        assert_eq!(says(Why::NotInFiles), "the files hold no persistentvolumes");
        let claims = Refusal {
            verb: "list",
            resource: "persistentvolumeclaims",
            scope: Scope::Namespace("shop".into()),
            why: Why::Failed("broken answer".into()),
        };
        assert_eq!(claims.to_string(), "could not list persistentvolumeclaims in namespace shop: broken answer");
    }
}

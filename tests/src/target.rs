//! What a request asks for, read off its method and path (apiserver's `RequestInfoFactory`).

use hyper::Method;

use crate::kinds::{Kind, Kinds};

/// A request, understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) verb: String,
    pub(crate) kind: Option<Kind>,
    /// Where nothing of the sort is served: what the path asks for all the same.
    pub(crate) unknown: Option<Kind>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

impl Target {
    pub(crate) fn read(method: &Method, path: &str, query: &Query, kinds: &Kinds) -> Self {
        let parts: Vec<String> = path.split('/').filter(|it| !it.is_empty()).map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Self { verb: method.as_str().to_ascii_lowercase(), ..Self::default() },
        };
        let (namespace, rest) = match rest {
            // `namespaces` alone, or a namespace with its own subresource, is about the Namespace.
            ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, rest @ ..] => (Some((*namespace).to_owned()), rest),
            rest => (None, rest),
        };
        let mut target = Self { namespace, ..Self::default() };
        if let Some(resource) = rest.first() {
            target.kind = kinds.by_resource(group, version, resource).cloned();
            target.unknown = target.kind.is_none().then(|| Kind {
                group: group.into(),
                version: version.into(),
                resource: (*resource).into(),
                kind: String::new(),
                namespaced: target.namespace.is_some(),
            });
        }
        target.name = rest.get(1).map(|it| (*it).to_owned());
        // What stands behind `proxy` is a path of the node's or pod's own, and no matter of access.
        target.subresource =
            (rest.len() > 2).then(|| if rest[2] == "proxy" { "proxy".to_owned() } else { rest[2..].join("/") });
        let one = target.name.is_some();
        let watch = matches!(query.get("watch"), Some("1" | "true"));
        let verb = match *method {
            Method::GET if watch => "watch",
            Method::GET if one => "get",
            Method::GET => "list",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if one => "delete",
            Method::DELETE => "deletecollection",
            _ => "proxy",
        };
        verb.clone_into(&mut target.verb);
        target
    }

    /// `pods`, `pods/log`; empty for a path that is no resource.
    pub(crate) fn resource(&self) -> String {
        match (&self.kind, &self.subresource) {
            (Some(kind), Some(sub)) => format!("{}/{sub}", kind.resource),
            (Some(kind), None) => kind.resource.clone(),
            (None, _) => String::new(),
        }
    }
}

/// Decoded query parameters, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    pub(crate) fn read(raw: Option<&str>) -> Self {
        Self(
            raw.unwrap_or_default()
                .split('&')
                .filter(|it| !it.is_empty())
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
                })
                .collect(),
        )
    }

    /// A parameter that is there and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str()).filter(|it| !it.is_empty())
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.parse().ok()
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), Some("1" | "true"))
    }
}

/// Percent-decoding; a broken escape stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = ((*high as char).to_digit(16), (*low as char).to_digit(16))
        {
            bytes.push(u8::try_from(high * 16 + low).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_understood_as_the_server_does() {
        let kinds = Kinds::built_in();
        for (method, uri, expected) in [
            ("GET", "/api/v1/pods", "list pods - -"),
            ("GET", "/api/v1/namespaces/shop/pods?watch=1", "watch pods shop -"),
            ("GET", "/api/v1/namespaces/shop/pods/a-0/log?container=x", "get pods/log shop a-0"),
            ("GET", "/api/v1/nodes/node1/proxy/stats/summary", "get nodes/proxy - node1"),
            ("GET", "/api/v1/namespaces/shop", "get namespaces - shop"),
            ("GET", "/api/v1/namespaces", "list namespaces - -"),
            ("DELETE", "/apis/apps/v1/namespaces/shop/statefulsets/a", "delete statefulsets shop a"),
            ("DELETE", "/apis/batch/v1/namespaces/shop/jobs", "deletecollection jobs shop -"),
            ("PATCH", "/apis/apps/v1/namespaces/shop/statefulsets/a/scale", "patch statefulsets/scale shop a"),
            ("GET", "/version", "get  - -"),
            ("GET", "/apis/apps/v2/statefulsets", "list  - -"),
        ] {
            let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
            let target = Target::read(&method.parse().unwrap(), path, &Query::read(query), &kinds);
            let dash = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".into());
            let seen =
                format!("{} {} {} {}", target.verb, target.resource(), dash(&target.namespace), dash(&target.name));
            assert_eq!(seen, expected, "{method} {uri}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        let query = Query::read(Some("labelSelector=app%3Dredis%2Ca+in+%28b%29&limit=5&empty=&%zz=1"));
        assert_eq!(query.get("labelSelector"), Some("app=redis,a in (b)"));
        assert_eq!(query.number("limit"), Some(5));
        assert_eq!(query.get("empty"), None);
        assert_eq!(query.get("%zz"), Some("1"));
    }
}

//! Large clusters for benches: real objects, multiplied. The recorded Redis set is the model, so that sizes, managed
//! fields and annotations are what a real server sends; each copy is text with its names put in, never parsed again.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::store::Object;

/// How large: the pods, claims and volumes are `sets * ordinals` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// StatefulSets, spread over the namespaces in turn.
    pub sets: usize,
    /// Ordinals of each set, from 0.
    pub ordinals: usize,
    pub namespaces: usize,
}

impl Cluster {
    /// Sets named `web-00000` and on in namespaces `ns-000` and on, each as [`Cluster::stateful_set`] makes them.
    pub fn bulk(self, shape: Shape) -> Self {
        let model = Model::read();
        (0..shape.sets).fold(self, |cluster, number| {
            cluster.copy(&model, &shape.namespace(number), &format!("web-{number:05}"), shape.ordinals)
        })
    }

    /// What the Services of [`Cluster::bulk`] publish: an EndpointSlice each.
    pub fn published(self, shape: Shape) -> Self {
        let model = Model::read();
        (0..shape.sets).fold(self, |cluster, number| {
            // Numbered as the copies are: its pods have the UIDs of theirs.
            let slice = model.slice(&shape.namespace(number), &format!("web-{number:05}"), number + 1, shape.ordinals);
            cluster.raw("endpointslices", slice)
        })
    }

    /// `each` further pods beside every pod of [`Cluster::bulk`], as Deployments have them: a ReplicaSet controls them, and they name no
    /// claim.
    pub fn bystanders(self, shape: Shape, each: usize) -> Self {
        let model = Model::read();
        (0..each * shape.sets).fold(self, |cluster, number| {
            let namespace = shape.namespace(number);
            (0..shape.ordinals)
                .fold(cluster, |cluster, ordinal| cluster.raw("pods", model.bystander(&namespace, number, ordinal)))
        })
    }

    /// A set that is well, with its Service (`NAME-svc`), pods, claims (`redis-data-storage-NAME-ORDINAL`) and volumes:
    /// a copy of the recorded one. What a test is about is then patched, applied or deleted.
    pub fn stateful_set(self, namespace: &str, name: &str, ordinals: usize) -> Self {
        self.copy(&Model::read(), namespace, name, ordinals)
    }

    fn copy(self, model: &Model, namespace: &str, name: &str, ordinals: usize) -> Self {
        let mut cluster = self;
        let number = cluster.next_copy();
        let set = model.set(namespace, name, number, ordinals);
        set.fold(cluster, |cluster, (resource, object)| cluster.raw(resource, object))
    }
}

impl Shape {
    /// The namespace of a set, or of a Deployment.
    fn namespace(self, number: usize) -> String {
        format!("ns-{:03}", number % self.namespaces.max(1))
    }
}

fn uid(sort: u8, index: usize) -> String {
    format!("{sort}{index:07x}-0000-4000-8000-{index:012x}")
}

/// What takes the slots' places for an ordinal of a set.
fn names(namespace: &str, name: &str, number: usize, ordinal: usize, ordinals: usize) -> [String; SLOTS] {
    let index = number * 1000 + ordinal;
    [
        namespace.to_owned(),
        name.to_owned(),
        ordinal.to_string(),
        uid(1, number),
        uid(2, index),
        uid(3, index),
        uid(4, index),
        uid(5, number),
        ordinals.to_string(),
        String::new(),
    ]
}

/// What differs between copies: an index into the names.
type Slot = usize;
const NAMESPACE: Slot = 0;
const SET: Slot = 1;
const ORDINAL: Slot = 2;
const REPLICAS: Slot = 8;
const ENDPOINTS: Slot = 9;
const SLOTS: usize = 10;

/// Text with slots.
#[derive(Debug, Clone)]
struct Pattern(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Slot(Slot),
}

/// What stands in the model, and what takes its place.
type Tokens = [(String, Vec<Part>)];

impl Pattern {
    fn new(text: &str, tokens: &Tokens) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            // The earliest, and of those that begin together the longest.
            let next = tokens
                .iter()
                .filter_map(|(token, with)| Some((rest.find(token.as_str())?, token.len(), with)))
                .min_by_key(|(at, length, _)| (*at, usize::MAX - length));
            let Some((at, length, with)) = next else { break };
            parts.push(Part::Text(rest[..at].to_owned()));
            parts.extend(with.iter().cloned());
            rest = &rest[at + length..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Self(parts)
    }

    fn fill(&self, names: &[String; SLOTS]) -> String {
        let mut text = String::new();
        for part in &self.0 {
            text.push_str(match part {
                Part::Text(text) => text,
                Part::Slot(slot) => &names[*slot],
            });
        }
        text
    }
}

#[derive(Debug, Clone)]
struct Copied {
    namespace: Pattern,
    name: Pattern,
    labels: Vec<(String, Pattern)>,
    json: Pattern,
}

impl Copied {
    fn new(object: Value, tokens: &Tokens) -> Self {
        let object = Object::from_value(object);
        let pattern = |text: &str| Pattern::new(text, tokens);
        Self {
            namespace: pattern(&object.namespace),
            name: pattern(&object.name),
            labels: object
                .labels
                .iter()
                .map(|(key, value)| {
                    // The ordinal alone is too short a word to be found by itself.
                    let index = key == "apps.kubernetes.io/pod-index";
                    let value = if index { Pattern(vec![Part::Slot(ORDINAL)]) } else { pattern(value) };
                    (key.clone(), value)
                })
                .collect(),
            json: pattern(std::str::from_utf8(&object.json).unwrap()),
        }
    }

    fn fill(&self, names: &[String; SLOTS]) -> Object {
        let labels = self.labels.iter().map(|(key, value)| (key.clone(), value.fill(names))).collect();
        Object::new(self.namespace.fill(names), self.name.fill(names), labels, self.json.fill(names))
    }
}

/// One of each kind, out of the recording.
struct Model {
    set: Copied,
    service: Copied,
    pod: Copied,
    bystander: Copied,
    claim: Copied,
    volume: Copied,
    slice: Copied,
    /// An endpoint of a slice.
    endpoint: Pattern,
}

impl Model {
    /// A set with its Service, pods, claims and volumes, each with its kind's plural; without ordinals, the first two alone.
    fn set(
        &self,
        namespace: &str,
        name: &str,
        number: usize,
        ordinals: usize,
    ) -> impl Iterator<Item = (&'static str, Object)> {
        let names = move |ordinal: usize| names(namespace, name, number, ordinal, ordinals);
        let one = names(0);
        let owner = [("statefulsets", self.set.fill(&one)), ("services", self.service.fill(&one))];
        owner.into_iter().chain((0..ordinals).flat_map(move |ordinal| {
            let names = names(ordinal);
            [
                ("pods", self.pod.fill(&names)),
                ("persistentvolumeclaims", self.claim.fill(&names)),
                ("persistentvolumes", self.volume.fill(&names)),
            ]
        }))
    }

    fn slice(&self, namespace: &str, name: &str, number: usize, ordinals: usize) -> Object {
        let names = |ordinal: usize| names(namespace, name, number, ordinal, ordinals);
        let endpoints: Vec<String> = (0..ordinals).map(|ordinal| self.endpoint.fill(&names(ordinal))).collect();
        let mut slice = names(0);
        slice[ENDPOINTS] = endpoints.join(",");
        self.slice.fill(&slice)
    }

    fn bystander(&self, namespace: &str, number: usize, ordinal: usize) -> Object {
        let index = number * 1000 + ordinal;
        self.bystander.fill(&[
            namespace.to_owned(),
            format!("other-{number:05}-7c9f6d5b8"),
            // A ReplicaSet's pods have no ordinals.
            format!("x{ordinal:04}"),
            uid(6, number),
            uid(7, index),
            uid(3, index),
            uid(4, index),
            uid(5, number),
            String::new(),
            String::new(),
        ])
    }

    fn read() -> Self {
        let list: Value = serde_json::from_str(include_str!("../objects/redis.json")).unwrap();
        let find = |kind: &str, test: &dyn Fn(&Value) -> bool| -> Value {
            let items = list["items"].as_array().unwrap();
            items.iter().find(|it| it["kind"] == kind && test(it)).expect("the recording has one of each").clone()
        };
        let text = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_str).unwrap().to_owned();
        let set = find("StatefulSet", &|_| true);
        let set_name = text(&set, "/metadata/name");
        let service_name = text(&set, "/spec/serviceName");
        let service = find("Service", &|it| it["metadata"]["name"] == service_name.as_str());
        let pod_name = format!("{set_name}-0");
        let pod = find("Pod", &|it| it["metadata"]["name"] == pod_name.as_str());
        let claim = find("PersistentVolumeClaim", &|it| text(it, "/metadata/name").ends_with(&pod_name));
        let volume = find("PersistentVolume", &|it| it["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]);

        let mut slice =
            find("EndpointSlice", &|it| it["metadata"]["ownerReferences"][0]["uid"] == service["metadata"]["uid"]);
        let endpoint = slice["endpoints"][0].take();
        slice["endpoints"] = serde_json::json!(["ENDPOINTS"]);

        let slot = |slot| vec![Part::Slot(slot)];
        let word = |text: &str| Part::Text(text.to_owned());
        let mut tokens = vec![
            (text(&set, "/metadata/namespace"), slot(NAMESPACE)),
            (set_name.clone(), slot(SET)),
            (pod_name, vec![Part::Slot(SET), word("-"), Part::Slot(ORDINAL)]),
            (service_name, vec![Part::Slot(SET), word("-svc")]),
            // Each set selects its own pods.
            (text(&set, "/spec/selector/matchLabels/app"), slot(SET)),
            ("pod-index\":\"0\"".to_owned(), vec![word("pod-index\":\""), Part::Slot(ORDINAL), word("\"")]),
        ];
        for (index, object) in [&set, &pod, &claim, &volume, &service].into_iter().enumerate() {
            tokens.push((text(object, "/metadata/uid"), slot(3 + index)));
        }
        tokens.push(("\"ENDPOINTS\"".to_owned(), slot(ENDPOINTS)));
        // The set's counts, in its spec and status alike.
        let mut counted = tokens.clone();
        for field in ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"] {
            let count = set["spec"]["replicas"].as_u64().unwrap();
            let with = vec![word(&format!("\"{field}\":")), Part::Slot(REPLICAS)];
            counted.push((format!("\"{field}\":{count}"), with));
        }
        Self {
            set: Copied::new(set, &counted),
            service: Copied::new(service, &tokens),
            bystander: Copied::new(of_a_deployment(pod.clone()), &tokens),
            slice: Copied::new(slice, &tokens),
            endpoint: Pattern::new(&endpoint.to_string(), &tokens),
            pod: Copied::new(pod, &tokens),
            claim: Copied::new(claim, &tokens),
            volume: Copied::new(volume, &tokens),
        }
    }
}

/// A set's pod as a Deployment would have it.
fn of_a_deployment(mut pod: Value) -> Value {
    pod["metadata"]["ownerReferences"][0]["kind"] = "ReplicaSet".into();
    let spec = pod["spec"].as_object_mut().unwrap();
    for of_sets in ["hostname", "subdomain"] {
        spec.remove(of_sets);
    }
    for volume in spec["volumes"].as_array_mut().unwrap() {
        let volume = volume.as_object_mut().unwrap();
        if volume.remove("persistentVolumeClaim").is_some() {
            volume.insert("emptyDir".to_owned(), serde_json::json!({}));
        }
    }
    pod
}

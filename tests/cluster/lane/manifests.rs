//! Manifests of small sets that start and end within a second.

use std::fmt;

/// A headless Service and a `StatefulSet` of busybox pods, one claim for each of its claim templates.
pub(crate) struct Set<'a> {
    name: &'a str,
    replicas: u32,
    start: u32,
    templates: &'a [&'a str],
    class: &'a str,
    pod: &'a str,
    spec: &'a str,
    size: &'a str,
}

/// One replica with a claim template `data` of K3s' class, whose volume is made when its pod has a node.
pub(crate) fn set(name: &str) -> Set<'_> {
    Set { name, replicas: 1, start: 0, templates: &["data"], class: "local-path", pod: "", spec: "", size: "1Mi" }
}

impl<'a> Set<'a> {
    pub(crate) fn with_replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    pub(crate) fn with_start(self, start: u32) -> Self {
        Self { start, ..self }
    }

    pub(crate) fn with_templates(self, templates: &'a [&'a str]) -> Self {
        Self { templates, ..self }
    }

    pub(crate) fn with_class(self, class: &'a str) -> Self {
        Self { class, ..self }
    }

    /// More of the set's spec, in flow style: `persistentVolumeClaimRetentionPolicy: {...}`.
    pub(crate) fn with_spec(self, spec: &'a str) -> Self {
        Self { spec, ..self }
    }

    pub(crate) fn with_size(self, size: &'a str) -> Self {
        Self { size, ..self }
    }

    /// More of the pods' spec, in flow style: `nodeSelector: {...}`.
    pub(crate) fn with_pod(self, pod: &'a str) -> Self {
        Self { pod, ..self }
    }
}

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, replicas, start, templates, class, pod, spec, size } = self;
        let mounts: Vec<String> = templates.iter().map(|t| format!("{{name: {t}, mountPath: /{t}}}")).collect();
        write!(
            f,
            "apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{clusterIP: None, selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}}}
spec:
  serviceName: {name}
  replicas: {replicas}
  ordinals: {{start: {start}}}
  {spec}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 0
      {pod}
      containers:
      - {{name: main, image: \"busybox:1.36\", command: [sleep, infinity], volumeMounts: [{}]}}
  volumeClaimTemplates:
",
            mounts.join(", ")
        )?;
        for t in *templates {
            let size = format!("resources: {{requests: {{storage: {size}}}}}");
            writeln!(f, "  - metadata: {{name: {t}}}")?;
            writeln!(f, "    spec: {{accessModes: [ReadWriteOnce], storageClassName: {class}, {size}}}")?;
        }
        Ok(())
    }
}

/// A pod of no set that mounts `claim`.
pub(crate) fn debug_pod(name: &str, claim: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {{name: main, image: \"busybox:1.36\", command: [sleep, infinity], volumeMounts: [{{name: data, mountPath: /data}}]}}
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: {claim}}}}}]
"
    )
}

//! A DNS server of a scenario's own: `CoreDNS` behind a Service `names`, so that its configuration and its pods can be played with.

use crate::lane::Lane;

/// The cache that kubeadm configured until it disabled it for the cluster's names.
pub(crate) const CACHED: &str = "cache 30";
/// As kubeadm configures it today.
pub(crate) const UNCACHED: &str = "cache 30 {\n disable success corp.example\n disable denial corp.example\n }";

/// Starts it with so many replicas, on port 5353 and for the zone `corp.example`, and waits until all of them answer.
pub(crate) fn start(lane: &Lane, replicas: u8, cache: &str) {
    let namespace = &lane.namespace;
    // The image is on the first node only.
    lane.apply(&format!(
        "apiVersion: v1
kind: ServiceAccount
metadata: {{name: coredns}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {namespace}-coredns, ownerReferences: [{{apiVersion: v1, kind: Namespace, name: {namespace}, uid: {uid}}}]}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \"system:coredns\"}}
subjects: [{{kind: ServiceAccount, name: coredns, namespace: {namespace}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: coredns}}
data:
  Corefile: |
    {corefile}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: names}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: names}}}}
  template:
    metadata: {{labels: {{app: names}}}}
    spec:
      nodeName: node1
      serviceAccountName: coredns
      dnsPolicy: Default
      terminationGracePeriodSeconds: 1
      containers:
      - name: coredns
        image: registry.k8s.io/coredns/coredns:testbed
        imagePullPolicy: IfNotPresent
        args: [-conf, /etc/coredns/Corefile]
        readinessProbe: {{httpGet: {{path: /ready, port: 8181}}, periodSeconds: 1}}
        volumeMounts: [{{name: c, mountPath: /etc/coredns}}]
      volumes: [{{name: c, configMap: {{name: coredns}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: names}}
spec:
  selector: {{app: names}}
  ports:
  - {{name: dns, port: 53, targetPort: 5353, protocol: UDP}}
  - {{name: dns-tcp, port: 53, targetPort: 5353, protocol: TCP}}
",
        uid = lane.field(&format!("namespace/{namespace}"), "/metadata/uid"),
        corefile = corefile(cache).replace('\n', "\n    "),
    ));
    lane.until_field("deployment/names", "/status/readyReplicas", &replicas.to_string());
}

fn corefile(cache: &str) -> String {
    format!(
        ".:5353 {{\n errors\n ready\n kubernetes corp.example in-addr.arpa ip6.arpa {{\n  pods insecure\n  fallthrough in-addr.arpa ip6.arpa\n  ttl 30\n }}\n {cache}\n loadbalance\n}}"
    )
}

/// The name and the address of one of its pods.
pub(crate) fn replica(lane: &Lane, at: usize) -> (String, String) {
    let pods = lane.find("pods -l app=names").expect("the DNS pods can be listed");
    let pod = &pods["items"][at];
    let text = |pointer: &str| pod.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    (text("/metadata/name"), text("/status/podIP"))
}

/// A replica that hears nothing from the API server any more, and goes on answering from what it knew, until this is dropped.
pub(crate) struct Deaf<'l> {
    lane: &'l Lane,
    rule: String,
}

/// Cuts a replica's way to the API server.
pub(crate) fn cut<'l>(lane: &'l Lane, address: &str) -> Deaf<'l> {
    let rule = format!("INPUT -s {address} -p tcp --dport 6443 -j DROP");
    lane.run(&format!("iptables -I {rule}"));
    Deaf { lane, rule }
}

impl Drop for Deaf<'_> {
    fn drop(&mut self) {
        self.lane.try_run(&format!("iptables -D {}", self.rule));
    }
}

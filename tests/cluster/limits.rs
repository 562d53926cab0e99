//! Pods and claims that are refused, told without a word of an event: by who may not read events, from the namespace's limits.

use serde_json::Value;

use crate::lane::{Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("set-limits", limits)];

/// Reads all but events; a second one, who does not read the limits either.
const READERS: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: eventless}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: limitless}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: base}
rules:
- {apiGroups: [apps], resources: [statefulsets], verbs: [get, list]}
- {apiGroups: [batch], resources: [jobs, cronjobs], verbs: [get, list]}
- {apiGroups: [\"\"], resources: [pods, persistentvolumeclaims, services], verbs: [get, list]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: limits}
rules:
- {apiGroups: [\"\"], resources: [resourcequotas, limitranges, serviceaccounts], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: base}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: base}
subjects: [{kind: ServiceAccount, name: eventless}, {kind: ServiceAccount, name: limitless}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: limits}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: limits}
subjects: [{kind: ServiceAccount, name: eventless}]
";

const LIMITS: &str = "
apiVersion: v1
kind: LimitRange
metadata: {name: sizes}
spec: {limits: [{type: Container, max: {memory: 64Mi}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: storage}
spec: {hard: {requests.storage: 1Mi}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: haunted}
spec: {template: {spec: {restartPolicy: Never, serviceAccountName: ghost, containers: [{name: main, image: 'busybox:1.36'}]}}}
";

fn limits(lane: &Lane) {
    lane.any_node();
    lane.apply(READERS);
    for user in ["eventless", "limitless"] {
        lane.run(&format!("kubectl config set-credentials {user} --token $(kubectl create token {user})"));
        lane.run(&format!(
            "kubectl config set-context {user} --cluster testbed --user {user} --namespace {}",
            lane.namespace
        ));
    }
    lane.apply(LIMITS);
    until("the quota counts", || match lane.field("quota/storage", "/status/hard/requests.storage").as_str() {
        "" => Err("not yet".to_owned()),
        _ => Ok(()),
    });
    lane.apply(&set("ghost").with_templates(&[]).with_pod("serviceAccountName: ghost").to_string());
    let limit = "resources: {limits: {memory: 128Mi}}, volumeMounts: [";
    lane.apply(&set("large").with_templates(&[]).to_string().replace("volumeMounts: [", limit));
    lane.apply(&set("full").with_replicas(2).to_string());
    for (name, wanted) in [
        (
            "sts status ghost",
            "PodCreationRefused Fault: The server would refuse to create the pod now: its ServiceAccount ghost does not exist.",
        ),
        (
            "sts status large",
            "PodCreationRefused Fault: The server would refuse to create the pod now: LimitRange sizes: container main has a memory limit of 128Mi, at most 64Mi is allowed.",
        ),
        (
            "sts status full",
            "ClaimCreationRefused Fault: The server would refuse to create the claim now: quota storage has 1Mi of requests.storage, 1Mi are used, and 1Mi more are wanted.",
        ),
        (
            "job status haunted",
            "PodCreationRefused Fault: The server would refuse to create the pod now: its ServiceAccount ghost does not exist.",
        ),
    ] {
        until_says(lane, &format!("{name} --context eventless"), wanted);
    }
    until_says(
        lane,
        "sts status ghost --context limitless",
        "CannotTell Unknown: Cannot tell why pod ghost-0 is not made.",
    );
    // With the events all of it is told at once, by the server's own words.
    until_says(
        lane,
        "sts status ghost",
        "PodCreationRefused Fault: The server refuses to create the pod: its ServiceAccount ghost does not exist.",
    );
}

/// Waits until a report's first verdict says so.
fn until_says(lane: &Lane, command: &str, wanted: &str) {
    until(&format!("{command}: {wanted}"), || {
        let report = lane.attempt(&format!("kubectl {command} -o json"))?;
        let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
        let first = &report["items"][0]["verdicts"][0];
        let word = |field: &str| first[field].as_str().unwrap_or_default();
        let said = format!("{} {}: {}", word("code"), word("severity"), word("says"));
        if said == wanted { Ok(()) } else { Err(said) }
    });
}

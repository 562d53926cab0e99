//! What a user sees who may not read everything.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("forbidden", forbidden).quick()];

/// A real `ServiceAccount` whose Role ends at the namespace: no volumes, no classes.
const READER: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [apps], resources: [statefulsets], verbs: [get, list]}
- {apiGroups: [\"\"], resources: [pods, persistentvolumeclaims, services], verbs: [get, list]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nobody}
";

fn forbidden(lane: &Lane) {
    lane.any_node();
    lane.apply(READER);
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    lane.until_field("sts/web", "/status/replicas", "1");
    for user in ["reader", "nobody"] {
        lane.run(&format!("kubectl config set-credentials {user} --token $(kubectl create token {user})"));
        lane.run(&format!(
            "kubectl config set-context {user} --cluster testbed --user {user} --namespace {}",
            lane.namespace
        ));
    }
    let denied = lane.try_run("kubectl get pv --context reader");
    assert!(denied.stderr.contains("forbidden"), "the reader must not see volumes: {}", denied.stderr);

    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --context reader"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts status web --context reader"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --context reader -o json"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web --context nobody"), @"");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes -A --context reader"), @"");
}

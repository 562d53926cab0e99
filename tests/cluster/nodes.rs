//! A node dies with all its containers, or its object is deleted; both come back.

use crate::lane::{Lane, Scenario, set, until};
use crate::run_jobs::cron;

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("node-dies", node_dies).quick().alone(), Scenario::new("node-gone", node_gone).alone()];

/// Ordinal 0 on node1, ordinal 1 on node2: one pod per node, the first where it is preferred.
const ONE_EACH: &str = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \
                        kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}, nodeAffinity: \
                        {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: \
                        [{key: kubernetes.io/hostname, operator: In, values: [node1]}]}}]}}";

fn node_dies(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).with_pod(ONE_EACH).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.until_field("sts/web", "/status/readyReplicas", "2");
    assert_eq!(lane.field("pod/web-1", "/spec/nodeName"), "node2");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node1   <age>
    1     web-1   1/1     data-web-1   InUse   1Mi    local-path   pvc-2…   Delete    node2   <age>

    2 claims in use.
    ");

    let node = lane.stop_node(2);
    lane.until_condition("pod/web-1", "Ready", "False");
    lane.until_field("sts/web", "/status/readyReplicas", "1");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node1   <age>
    1     web-1   0/1     data-web-1   InUse   1Mi    local-path   pvc-2…   Delete    node2   <age>

    2 claims in use.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts status web"), @"
    StatefulSet node-dies-test/web: 1 of 2 ready

    ORD   POD     READY   STATUS    RESTARTS   REVISION   CLAIMS   DNS         NODE    AGE
    0     web-0   1/1     Running   0          current    InUse    published   node1   <age>
    1     web-1   0/1     Running   0          current    InUse    hidden      node2   <age>

    Waiting: RolloutInProgress
      It waits for web-1 to be ready.

    Waiting: ZoneStuck, PersistentVolumeClaim/data-web-1
      Its volume lies on node node2, and no node there takes pods: a pod that needs it stays Pending.
      - PersistentVolume/pvc-2 spec.nodeAffinity: on node node2
      - Node that takes no pods: node2 not ready
      next: kubectl get nodes -L topology.kubernetes.io/zone  # bring a node of that place back

    Waiting: NodeLost, Pod/web-1, since <time> (<age> ago)
      Node node2 no longer reports, so how the pod is can't be told; it is evicted when the node stays away for the pod's toleration (300 s as a rule).
      - Pod/web-1 spec.nodeName: node2
      - Node/node2 status.conditions[Ready].status: Unknown
      next: kubectl describe node node2

    Waiting: PodStarting, Pod/web-1, since <time> (<age> ago)
      Its containers are about to start.
    ");

    drop(node);
    lane.until_condition("pod/web-1", "Ready", "True");
    lane.until_field("sts/web", "/status/readyReplicas", "2");
    insta::assert_snapshot!(lane.shows("kubectl sts volumes web"), @"
    ORD   POD     READY   CLAIM        STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     web-0   1/1     data-web-0   InUse   1Mi    local-path   pvc-1…   Delete    node1   <age>
    1     web-1   1/1     data-web-1   InUse   1Mi    local-path   pvc-2…   Delete    node2   <age>

    2 claims in use.
    ");
    // Whether the kubelet that comes back starts the container once or twice is its own affair.
    let shown = lane.shows("kubectl sts status web").replace("2 (<age> ago)", "1 (<age> ago)");
    insta::assert_snapshot!(shown, @"
    StatefulSet node-dies-test/web: 2 of 2 ready

    ORD   POD     READY   STATUS    RESTARTS        REVISION   CLAIMS   DNS         NODE    AGE
    0     web-0   1/1     Running   0               current    InUse    published   node1   <age>
    1     web-1   1/1     Running   1 (<age> ago)   current    InUse    published   node2   <age>
    ");
}

/// A node whose object is deleted in the middle of a run, its kubelet silent: the garbage collector fails the pod, another takes its place, and
/// who follows the Job has its result. Once the kubelet is back, so is the node, whole.
fn node_gone(lane: &Lane) {
    let prefers = "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, preference: {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node2]}]}}]}}";
    let node = "env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}], command:";
    let script = "echo begun on $NODE; if [ $NODE = node2 ]; then sleep 300; fi; echo done";
    lane.apply(&cron("long", script, "", "backoffLimit: 3", prefers).replace("command:", node));
    let labels = lane.field("node/node2", "/metadata/labels/topology.kubernetes.io~1zone");
    let taken = lane.field("node/node2", "/status/allocatable/pods");
    lane.run("(kubectl job run long survives -f >$KUBECONFIG.out 2>$KUBECONFIG.err; echo $? >$KUBECONFIG.code) >/dev/null 2>&1 &");
    until("its first line", || {
        let out = lane.attempt("cat $KUBECONFIG.out")?;
        if out.contains("] begun on node2") { Ok(()) } else { Err(out) }
    });
    let uid = lane.field("node/node2", "/metadata/uid");
    let silent = lane.stop_kubelet(2);
    lane.run("kubectl delete node node2");
    until("the pod of a node that is gone to be named", || {
        let status = lane.attempt("kubectl job status survives")?;
        if status.contains("AwaitingPodGC") { Ok(()) } else { Err(status) }
    });
    let code = until("its end", || lane.attempt("cat $KUBECONFIG.code"));
    let (out, err) = (lane.run("cat $KUBECONFIG.out"), lane.run("cat $KUBECONFIG.err"));
    lane.say(&format!("a node that is gone: exit code {code}\n{err}"));
    assert_eq!(code, "0", "{err}");
    assert_eq!((out.matches("] begun on node1").count(), out.matches("] done").count()), (1, 1), "{out}\n{err}");
    // The pod that the collector failed counts as a retry, and nobody is left to ask for its lines.
    assert_eq!(lane.field("job/survives", "/status/failed"), "1");
    let history = lane.run("kubectl job status survives");
    assert!(history.contains("JobComplete") || !history.contains("Fault:"), "{history}");

    drop(silent);
    lane.until_condition("node/node2", "Ready", "True");
    assert_ne!(lane.field("node/node2", "/metadata/uid"), uid, "a new object of the old name");
    assert_eq!(lane.field("node/node2", "/metadata/labels/topology.kubernetes.io~1zone"), labels);
    assert_eq!(lane.field("node/node2", "/status/allocatable/pods"), taken);
    // It takes pods again, and what ran there for nobody has ended.
    lane.apply(&set("web").with_pod("nodeSelector: {kubernetes.io/hostname: node2}").to_string());
    lane.until_ready(&["web-0"]);
    lane.until_field("deployment/coredns -n kube-system", "/status/readyReplicas", "2");
}

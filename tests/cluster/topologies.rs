//! Clustered servers as they run in the wild, from the manifests in `examples/topologies`: each looked at by every command while it is well, scaled
//! down and back, and brought into the failure that is typical of it. `testbed servers` has the images.

use std::time::Duration;

use serde_json::Value;

use crate::dns;
use crate::lane::{Lane, Scenario, finding, findings, preview, put_forward, told, until, until_within};

/// A database or a virtual machine of its own takes minutes to start on a busy machine.
const SLOW: Duration = Duration::from_mins(6);

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("topology-redis", redis),
    Scenario::new("topology-galera", galera),
    Scenario::new("topology-zookeeper", zookeeper),
    Scenario::new("topology-mongodb", mongodb),
    Scenario::new("topology-kafka", kafka),
    Scenario::new("topology-cassandra", cassandra),
];

const REDIS: &str = include_str!("../../examples/topologies/redis.yaml");
const GALERA: &str = include_str!("../../examples/topologies/galera.yaml");
const ZOOKEEPER: &str = include_str!("../../examples/topologies/zookeeper.yaml");
const MONGODB: &str = include_str!("../../examples/topologies/mongodb.yaml");
const CASSANDRA: &str = include_str!("../../examples/topologies/cassandra.yaml");
const KAFKA: &str = include_str!("../../examples/topologies/kafka.yaml");

/// The claims' names, up to their ordinal.
fn claim(set: &str) -> String {
    let template = if set == "redis-stset" { "redis-data-storage" } else { "data" };
    format!("{template}-{set}")
}

fn pods(set: &str, replicas: usize) -> Vec<String> {
    (0..replicas).map(|k| format!("{set}-{k}")).collect()
}

/// Waits for a set's pods, then has every command look at it: nothing is wrong.
pub(crate) fn well(lane: &Lane, set: &str, replicas: usize) {
    for pod in pods(set, replicas) {
        lane.until_ready_within(SLOW, &pod);
    }
    lane.until_field(&format!("sts/{set}"), "/status/readyReplicas", &replicas.to_string());
    until(&format!("nothing to say of {set}"), || {
        let status = lane.attempt(&format!("kubectl sts status {set} --exit-code"))?;
        let first = format!("StatefulSet {}/{set}: {replicas} of {replicas} ready\n", lane.namespace);
        if status.starts_with(&first) && !status.contains("Fault:") && !status.contains("Waiting:") {
            Ok(())
        } else {
            Err(status)
        }
    });
    let names = dns::report(lane, &format!("{set} --wait=60s"));
    let resolve: Vec<String> = (0..replicas).map(|k| format!("{k} Resolves")).collect();
    assert_eq!((dns::codes(&names), dns::findings(&names)), (resolve, vec![]), "{names:#}");
    let volumes = told(lane, &format!("volumes {set}"));
    for ordinal in 0..replicas {
        assert!(volumes.contains(&format!("{}-{ordinal}: InUse", claim(set))), "{volumes}");
    }
    let logs = lane.run(&format!("kubectl sts logs {set} --tail 1 2>&1"));
    // Of a single container no line has a name.
    for pod in pods(set, replicas).iter().filter(|_| replicas > 1) {
        assert!(logs.contains(&format!("[pod/{pod}/")), "{logs}");
    }
    assert!(logs.ends_with(": complete, every end verified"), "{logs}");
}

pub(crate) fn scale(lane: &Lane, set: &str, replicas: usize) {
    lane.run(&format!("kubectl scale sts {set} --replicas {replicas}"));
    lane.until_field(&format!("sts/{set}"), "/status/replicas", &replicas.to_string());
}

/// Scaled down by one and back, each time as the preview says: the claim is kept, and its data comes back.
pub(crate) fn down_and_back(lane: &Lane, set: &str, replicas: usize) {
    let (claim, last) = (claim(set), replicas - 1);
    let stay = (0..last).map(|ordinal| format!("{claim}-{ordinal}: pod stays, Unchanged"));
    let told_before: Vec<String> = stay.chain([format!("{claim}-{last}: pod goes, Kept")]).collect();
    assert_eq!(preview(lane, &format!("scale {set} --replicas {last}")), told_before.join("\n"));
    let volume = lane.field(&format!("pvc/{claim}-{last}"), "/spec/volumeName");
    scale(lane, set, last);
    lane.until_gone(&format!("pod/{set}-{last}"));
    if last > 0 {
        well(lane, set, last);
    }
    let volumes = told(lane, &format!("volumes {set}"));
    assert!(volumes.contains(&format!("{claim}-{last}: Retained")), "{volumes}");
    let back = preview(lane, &format!("scale {set} --replicas {replicas}"));
    assert!(back.contains(&format!("{claim}-{last}: pod comes, AttachedAgain")), "{back}");
    scale(lane, set, replicas);
    well(lane, set, replicas);
    assert_eq!(lane.field(&format!("pvc/{claim}-{last}"), "/spec/volumeName"), volume);
}

/// The tutorial's: two containers in each pod, of which one fills the other; what it filled in comes back with its claim.
fn redis(lane: &Lane) {
    lane.apply(REDIS);
    well(lane, "redis-stset", 2);
    let get = |key: &str| lane.run(&format!("kubectl exec redis-stset-1 -c redis -- redis-cli --raw GET {key}"));
    lane.run("kubectl exec redis-stset-1 -c redis -- sh -c 'redis-cli SET lane kept; redis-cli SAVE'");
    down_and_back(lane, "redis-stset", 2);
    assert_eq!(get("lane"), "kept");
    until("the filler to go on", || match get("counter").parse::<u64>() {
        Ok(1..) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

/// A cluster of databases, all of which are killed at once, behind a Service that publishes only what is ready: each waits for the others' names, for
/// ever. The printed step gets them going, and no row is lost.
fn galera(lane: &Lane) {
    let all = ["galera-0", "galera-1", "galera-2"];
    lane.apply(GALERA);
    well(lane, "galera", 3);
    let sql = |pod: &str, what: &str| lane.attempt(&format!("kubectl exec {pod} -- mariadb -Ne \"{what}\""));
    let members = || {
        until("three members", || match sql("galera-1", "show status like 'wsrep_cluster_size'")? {
            size if size.ends_with('3') => Ok(()),
            size => Err(size),
        });
    };
    members();
    sql(
        "galera-0",
        "create database shop; create table shop.orders (id int primary key); insert into shop.orders values (42)",
    )
    .expect("a row is written");
    assert_eq!(sql("galera-2", "select id from shop.orders").as_deref(), Ok("42"));
    down_and_back(lane, "galera", 3);
    members();

    // The Service publishes them unready: killed all at once they find each other again.
    lane.kill_containers(&all);
    for pod in all {
        lane.until_field(&format!("pod/{pod}"), "/status/containerStatuses/0/restartCount", "1");
    }
    for pod in all {
        lane.until_ready_within(SLOW, pod);
    }
    members();

    // It does not: the kubelet restarts what is killed a second time ten seconds later, and by then no name is left.
    lane.run(r#"kubectl patch service galera --type=merge -p '{"spec":{"publishNotReadyAddresses":false}}'"#);
    lane.kill_containers(&all);
    for pod in all {
        until(&format!("{pod} to look for its peers in vain"), || {
            let log = lane.attempt(&format!("kubectl logs {pod} --tail 1"))?;
            if log.starts_with("no name of a peer resolves") { Ok(()) } else { Err(log) }
        });
    }
    assert_eq!(dns::codes(&dns::report(lane, "galera")), ["0 HiddenNotReady", "1 HiddenNotReady", "2 HiddenNotReady"]);
    let early = findings(lane, "galera");
    assert!(early.iter().any(|verdict| verdict["severity"] == "Fault"), "{early:#?}");
    // Five minutes are not waited for: the same objects, read as of then.
    let later = as_of_later(lane, "galera");
    let deadlock = later.iter().find(|verdict| verdict["code"] == "BootstrapDeadlock");
    let deadlock = deadlock.unwrap_or_else(|| panic!("{later:#?}"));
    assert_eq!(
        deadlock["says"],
        "All pods ended, and none has become ready again, and Service galera publishes only ready pods: if a pod must find its peers by name before it is ready, it waits for ever."
    );
    lane.run(deadlock["next"].as_str().expect("a step"));
    for pod in all {
        lane.until_ready_within(SLOW, pod);
    }
    members();
    assert_eq!(sql("galera-2", "select id from shop.orders").as_deref(), Ok("42"));
}

/// What `status` says six minutes on, if nothing changes until then: from a snapshot whose time is put forward.
fn as_of_later(lane: &Lane, set: &str) -> Vec<Value> {
    let file = lane.kubeconfig.with_extension("snapshot");
    let at = file.display();
    lane.run(&format!("kubectl sts snapshot {set} > {at}"));
    put_forward(&file);
    let report = lane.run(&format!("kubectl sts status {set} -f {at} -o json"));
    let report: Value = serde_json::from_str(&report).expect("a report");
    report["items"][0]["verdicts"].as_array().cloned().unwrap_or_default()
}

/// An ensemble of three serves with two of them, and not with one, which says so itself.
fn zookeeper(lane: &Lane) {
    lane.apply(ZOOKEEPER);
    well(lane, "zookeeper", 3);
    down_and_back(lane, "zookeeper", 3);
    scale(lane, "zookeeper", 1);
    lane.until_condition("pod/zookeeper-0", "Ready", "False");
    let says = finding(lane, "zookeeper", "ProbeFailing");
    assert!(says.starts_with("Fault: ") && says.contains("not currently serving requests"), "{says}");
    let first = findings(lane, "zookeeper")[0].clone();
    assert_eq!(first["code"], "ProbeFailing", "{first:#}");
    assert_eq!(lane.try_run("kubectl sts status zookeeper --exit-code").code, 10);
    // What it lacks is named beside it: two claims that nobody uses.
    let retained = told(lane, "volumes zookeeper");
    assert_eq!(retained.matches(": RetainedScaledDown").count(), 2, "{retained}");
    scale(lane, "zookeeper", 3);
    well(lane, "zookeeper", 3);
}

/// A replica set in its shape (no MongoDB can be had here: its containers do nothing), scaled down with data left, which comes back.
fn mongodb(lane: &Lane) {
    let mut objects: Vec<Value> = Vec::new();
    let file = lane.kubeconfig.with_extension("mongodb.yaml");
    std::fs::write(&file, MONGODB).expect("a file can be written");
    let read = lane.run(&format!("kubectl create --dry-run=client -o json -f {}", file.display()));
    for object in serde_json::Deserializer::from_str(&read).into_iter::<Value>() {
        let object = object.expect("kubectl prints JSON");
        let all = object["items"].as_array().cloned().unwrap_or_else(|| vec![object.clone()]);
        objects.extend(all);
    }
    for object in &mut objects {
        if let Some(container) = object.pointer_mut("/spec/template/spec/containers/0") {
            assert_eq!(container["command"][0], "mongod");
            container["image"] = "busybox:1.36".into();
            container["command"] = serde_json::json!([
                "sh",
                "-c",
                "trap exit TERM; echo waiting for connections; while :; do sleep 1; done"
            ]);
            container.as_object_mut().expect("a container").remove("readinessProbe");
        }
        lane.apply(&object.to_string());
    }
    well(lane, "mongodb", 3);
    for pod in pods("mongodb", 3) {
        lane.run(&format!("kubectl exec {pod} -- sh -c 'echo {pod} >/data/db/member'"));
    }
    down_and_back(lane, "mongodb", 3);
    assert_eq!(lane.run("kubectl exec mongodb-2 -- cat /data/db/member"), "mongodb-2");

    scale(lane, "mongodb", 1);
    lane.until_gone("pod/mongodb-1");
    well(lane, "mongodb", 1);
    lane.any_node();
    insta::assert_snapshot!(lane.shows("kubectl sts volumes mongodb"), @"
    ORD   POD         READY   CLAIM            STATE   SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    0     mongodb-0   1/1     data-mongodb-0   InUse   1Gi    local-path   pvc-1…   Delete    node?   <age>

    Retained: no ordinal in range uses these claims
    ORD   POD      READY    CLAIM            STATE                SIZE   CLASS        VOLUME   RECLAIM   PLACE   AGE
    1     <none>   <none>   data-mongodb-1   RetainedScaledDown   1Gi    local-path   pvc-2…   Delete    node?   <age>
    2     <none>   <none>   data-mongodb-2   RetainedScaledDown   1Gi    local-path   pvc-3…   Delete    node?   <age>

    1 claim in use, 2 retained (2Gi); scaling up attaches again: data-mongodb-1, data-mongodb-2.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts orphans"), @"
    SET       ORD   CLAIM            STATE                SIZE   CLASS        COMES BACK      DISK       DELETE   UNUSED   AGE
    mongodb   1     data-mongodb-1   RetainedScaledDown   1Gi    local-path   at 2 replicas   dies too   named    <age>    <age>
    mongodb   2     data-mongodb-2   RetainedScaledDown   1Gi    local-path   at 3 replicas   dies too   named    <age>    <age>

    2 left behind (2Gi): RetainedScaledDown 2 (2Gi).
    By class: local-path 2 (2Gi).
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts preview delete mongodb"), @"
    StatefulSet topology-mongodb-test/mongodb: if it were deleted

    ORD   POD    CLAIM            THEN   SIZE   DISK   DATA SINCE   NOTES
    0     goes   data-mongodb-0   Kept   1Gi    -      <age>        -
    1     none   data-mongodb-1   Kept   1Gi    -      <age>        -
    2     none   data-mongodb-2   Kept   1Gi    -      <age>        -

    Claims: 3 kept.
    Pod mongodb-0 goes; it has 30 s to end.
    ");
    insta::assert_snapshot!(lane.shows("kubectl sts preview scale mongodb --replicas 3"), @"
    StatefulSet topology-mongodb-test/mongodb: from ordinal 0 to ordinals 0 to 2

    ORD   POD     CLAIM            THEN            SIZE   DISK   DATA SINCE   NOTES
    0     stays   data-mongodb-0   Unchanged       1Gi    -      <age>        -
    1     comes   data-mongodb-1   AttachedAgain   1Gi    -      <age>        -
    2     comes   data-mongodb-2   AttachedAgain   1Gi    -      <age>        -

    Claims: 2 attached again with its data, 1 unchanged.
    ");
    scale(lane, "mongodb", 3);
    well(lane, "mongodb", 3);
    assert_eq!(lane.run("kubectl exec mongodb-1 -- cat /data/db/member"), "mongodb-1");
}

/// Brokers that find each other by their own names; a set that names another Service than the one that is there has none of them, and is told.
fn kafka(lane: &Lane) {
    lane.apply(&KAFKA.replace("serviceName: kafka", "serviceName: kafka-headless"));
    let says = finding(lane, "kafka", "WrongService");
    assert!(
        says.contains("spec.serviceName is \"kafka-headless\", but no such Service exists; the pods are behind kafka."),
        "{says}"
    );
    until_within(SLOW, "a broker to miss its own name", || {
        let log = lane.attempt("kubectl logs kafka-0 --tail 200")?;
        if log.contains("UnknownHostException") { Ok(()) } else { Err(log) }
    });
    // The peers are told to each other under the other name: the set is made anew, its claims are left to it.
    lane.run("kubectl delete sts kafka");
    lane.until_gone("pods -l app=kafka");
    lane.apply(KAFKA);
    well(lane, "kafka", 3);
    down_and_back(lane, "kafka", 3);
}

/// A ring whose seed is a pod's own name; behind a Service that hides what is not ready it can't seed itself, and never starts. The printed step has it
/// start.
fn cassandra(lane: &Lane) {
    lane.apply(&CASSANDRA.replace("publishNotReadyAddresses: true", "publishNotReadyAddresses: false"));
    until_within(SLOW, "cassandra-0 to miss its own name", || {
        let log = lane
            .attempt("kubectl logs cassandra-0 --tail 200; kubectl logs cassandra-0 --previous --tail 200 || true")?;
        if log.contains("Unable to contact any seeds") || log.contains("Seed provider couldn't lookup host") {
            Ok(())
        } else {
            Err(log)
        }
    });
    let later = as_of_later(lane, "cassandra");
    let deadlock = later.iter().find(|verdict| verdict["code"] == "BootstrapDeadlock");
    lane.run(deadlock.unwrap_or_else(|| panic!("{later:#?}"))["next"].as_str().expect("a step"));
    // Three of them start one after another.
    until_within(Duration::from_mins(6), "the ring", || {
        match lane.field("sts/cassandra", "/status/readyReplicas").as_str() {
            "3" => Ok(()),
            ready => Err(format!("{ready} ready")),
        }
    });
    well(lane, "cassandra", 3);
    down_and_back(lane, "cassandra", 3);
}

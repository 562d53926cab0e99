//! The roles of docs/permissions, bound as their README says, on a server that enforces them.

use crate::lane::{Lane, Scenario, set};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("shipped-roles", shipped_roles)];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions");

fn shipped_roles(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.until_ready(&["web-0", "web-1"]);
    lane.run("kubectl scale sts web --replicas 1");
    lane.until_gone("pod/web-1");
    let namespace = &lane.namespace;
    // Two runs at once must not share names at the cluster's scope.
    let roles = format!("sed 's/name: kubectl-/name: {namespace}-/' {FOLDER}/kubectl-sts.yaml");
    lane.run(&format!("{roles} | kubectl apply -f -"));
    let mut refused = Vec::new();
    for (command, lines) in [
        ("status", &["status web", "status"][..]),
        ("volumes", &["volumes web", "volumes web --usage"]),
        ("unstick", &["unstick web"]),
        ("orphans", &["orphans"]),
        ("preview", &["preview scale web --replicas 3", "preview delete web"]),
        ("snapshot", &["snapshot web"]),
        ("dns", &["dns web"]),
        ("clean", &["clean data-web-1 --dry-run=server"]),
    ] {
        let bind = |kind: &str, role: &str, place: &str| {
            let name = format!("{namespace}-{role}");
            lane.run(&format!(
                "kubectl create {kind} {name} --clusterrole={namespace}-{role} --serviceaccount={namespace}:{command} {place}"
            ));
        };
        lane.run(&format!("kubectl create serviceaccount {command}"));
        lane.run(&format!("kubectl config set-credentials {command} --token $(kubectl create token {command})"));
        lane.run(&format!(
            "kubectl config set-context {command} --cluster testbed --user {command} --namespace {namespace}"
        ));
        let mut run = |line: &str, whole: bool| {
            let seen = lane.try_run(&format!("kubectl sts {line} --context {command}"));
            // A snapshot holds other people's words as well, of kubelets that were refused something.
            let said = if line.starts_with("snapshot") { seen.stderr.clone() } else { format!("{seen}") };
            if seen.code != 0 || whole && (said.contains("forbidden") || said.contains("cannot tell")) {
                refused.push(format!("{seen}"));
            }
        };
        bind("rolebinding", &format!("sts-{command}"), "");
        // In its namespace alone a command answers, and says what it can't see. To delete, all of it must have been read.
        for line in lines.iter().filter(|_| command != "clean") {
            run(line, false);
        }
        bind("clusterrolebinding", &format!("sts-{command}-cluster"), "");
        if command == "volumes" {
            bind("clusterrolebinding", "sts-volumes-usage-cluster", "");
        }
        if command == "dns" {
            bind("rolebinding", "sts-dns-kube-system", "-n kube-system");
        }
        for line in lines {
            run(line, true);
        }
        lane.try_run(&format!(
            "kubectl delete clusterrolebinding {namespace}-sts-{command}-cluster {namespace}-sts-volumes-usage-cluster"
        ));
    }
    lane.run(&format!("kubectl delete rolebinding {namespace}-sts-dns-kube-system -n kube-system"));
    lane.run(&format!("{roles} | kubectl delete -f -"));
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

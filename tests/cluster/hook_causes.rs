//! Hooks that a quota refuses, those of Argo CD, and the example's.

use serde_json::Value;

use crate::hooks::{IMAGE, chart, codes, config_map, job, report, states, without_secrets};
use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("hooks-refused", refused),
    Scenario::new("hooks-argo", argo),
    Scenario::new("hooks-example", example),
];

/// Waits until the report of a release is as wanted; gives it.
fn until_told(lane: &Lane, of: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(&format!("hooks {of} to tell it"), || {
        let text = lane.attempt(&format!("kubectl job hooks {of} -o json"))?;
        let told: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if wanted(&told) { Ok(told) } else { Err(format!("{:?} {:?}", states(&told), codes(&told))) }
    })
}

fn quota(lane: &Lane, what: &str) {
    lane.run(&format!("kubectl create quota none --hard={what}=0"));
    lane.until_field("quota/none", &format!("/status/hard/{}", what.replace('/', "~1")), "0");
}

/// A quota refuses the pods of a hook's Job: named, with Secrets and without; lifted, Helm goes on by itself. One that refuses the Job has Helm fail.
fn refused(lane: &Lane) {
    without_secrets(lane);
    let chart = chart(
        lane,
        "web",
        &[
            config_map("settings", "labels: {app: web}"),
            job("migrate", "pre-install,pre-upgrade", -5, "", "true", IMAGE),
        ],
    );
    let chart = chart.display();
    quota(lane, "pods");
    let code = format!("{}.code", lane.kubeconfig.display());
    lane.run(&format!("(helm install web {chart} --timeout 300s >/dev/null 2>&1; echo $? >{code}) >/dev/null 2>&1 &"));
    for context in ["", " --context plain"] {
        let told = until_told(lane, &format!("web{context}"), |told| {
            codes(told).starts_with(&["HookStuck Fault".to_owned(), "PodCreationRefused Fault".to_owned()])
        });
        assert_eq!(states(&told)[0], "pre-install migrate stuck");
        assert!(told.to_string().contains("exceeded quota: none"), "{told:#}");
        assert_eq!(told["metadata"]["complete"], context.is_empty(), "{told:#}");
    }
    assert_eq!(report(lane, "web")["items"][0]["record"]["status"], "pending-install");
    lane.run("kubectl delete quota none");
    // The Job controller tries again within a minute.
    assert_eq!(until("helm's end", || lane.attempt(&format!("cat {code}"))), "0");
    assert_eq!(states(&report(lane, "web")), ["pre-install migrate succeeded", "pre-upgrade migrate not run"]);

    quota(lane, "count/jobs.batch");
    let failed = lane.try_run(&format!("helm upgrade web {chart}"));
    assert!(failed.code == 1 && failed.stderr.contains("exceeded quota: none"), "{failed}");
    let told = report(lane, "web");
    assert_eq!(told["items"][0]["record"]["status"], "failed", "{told:#}");
    assert!(states(&told).contains(&"pre-upgrade migrate failed".to_owned()), "{told:#}");
}

/// A hook's Job as Argo CD makes it: its annotations, the id by which it tracks it, and its finalizer.
fn of_argo(lane: &Lane, name: &str, annotations: &str, main: &str) {
    let namespace = &lane.namespace;
    lane.apply(&format!(
        "apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  annotations: {{{annotations}, argocd.argoproj.io/tracking-id: 'shop:batch/Job:{namespace}/{name}'}}
  finalizers: [argocd.argoproj.io/hook-finalizer]
spec: {{backoffLimit: 0, template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: '{IMAGE}', {main}}}]}}}}}}
"
    ));
}

/// Argo CD's hooks, as far as their objects tell it (no Argo CD runs here: they are made as it makes them), for somebody without Secrets: by phase
/// and wave, one that can't start, and one that only its finalizer holds. Helm's hooks in a chart that Argo CD runs are its own.
fn argo(lane: &Lane) {
    without_secrets(lane);
    let phase = |phase: &str, wave: i64| {
        format!(
            "argocd.argoproj.io/hook: {phase}, argocd.argoproj.io/hook-delete-policy: HookSucceeded, argocd.argoproj.io/sync-wave: '{wave}'"
        )
    };
    of_argo(lane, "backup", &phase("PreSync", 1), "command: ['true']");
    lane.until_condition("job/backup", "Complete", "True");
    of_argo(lane, "a-migration", &phase("PreSync", 2), "command: ['true'], envFrom: [{secretRef: {name: database}}]");
    let told = until_told(lane, "shop --context plain", |told| {
        codes(told) == ["JobComplete Ok", "HookStuck Fault", "ConfigMissing Fault"]
    });
    assert_eq!(states(&told), ["PreSync backup succeeded", "PreSync a-migration stuck"]);
    assert_eq!(states(&report(lane, "shop")), states(&told), "with Secrets it is the same");
    lane.run("kubectl create secret generic database --from-literal=a=b");
    lane.until_condition("job/a-migration", "Complete", "True");
    of_argo(lane, "smoke", "helm.sh/hook: 'post-install,post-upgrade', helm.sh/hook-weight: '3'", "command: ['true']");
    lane.until_condition("job/smoke", "Complete", "True");
    let told = report(lane, "shop --context plain");
    let succeeded = ["PreSync backup succeeded", "PreSync a-migration succeeded", "PostSync smoke succeeded"];
    assert_eq!(states(&told), succeeded, "{told:#}");
    assert!(!codes(&told).iter().any(|code| code.ends_with(" Fault")), "{told:#}");

    // What it deletes goes when it says so; without it, never.
    lane.run("kubectl delete job backup --wait=false");
    let told = until_told(lane, "shop --context plain", |told| codes(told).contains(&"HookStuck Fault".to_owned()));
    assert!(told.to_string().contains("Argo CD's finalizer holds it"), "{told:#}");
    for hook in ["backup", "a-migration", "smoke"] {
        lane.run(&format!(
            r#"kubectl patch job {hook} --type json -p '[{{"op":"remove","path":"/metadata/finalizers"}}]'"#
        ));
    }
    lane.until_gone("job/backup");
    assert_eq!(states(&report(lane, "shop --context plain")), succeeded[1..]);
}

const EXAMPLE: &str = include_str!("../../examples/pre-install-hook.yaml");

/// The example in a chart: it runs before what weighs more, and is gone once Helm has done its hooks. The record still tells it.
fn example(lane: &Lane) {
    without_secrets(lane);
    let chart = chart(
        lane,
        "web",
        &[
            EXAMPLE.to_owned(),
            job("a-check", "pre-install", 0, "", "sleep 1", IMAGE),
            config_map("settings", "labels: {app: web}"),
        ],
    );
    let code = format!("{}.code", lane.kubeconfig.display());
    lane.run(&format!("(helm install web {} >/dev/null 2>&1; echo $? >{code}) >/dev/null 2>&1 &", chart.display()));
    until_told(lane, "web", |told| states(told) == ["pre-install migrate running", "pre-install a-check to come"]);
    assert_eq!(until("helm's end", || lane.attempt(&format!("cat {code}"))), "0");
    let told = report(lane, "web");
    assert_eq!(states(&told), ["pre-install migrate succeeded", "pre-install a-check succeeded"]);
    assert_eq!(told["items"][0]["hooks"][0]["weight"], -5);
    assert!(codes(&told).iter().all(|code| code.ends_with(" Ok")), "{told:#}");
    lane.until_gone("job/migrate");
    assert_eq!(states(&report(lane, "web --context plain")), ["pre-install a-check succeeded"]);
}

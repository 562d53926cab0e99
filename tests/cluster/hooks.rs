//! Hooks of releases that Helm itself installs, upgrades, tests, rolls back, deletes, and abandons.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("hooks-course", course),
    Scenario::new("hooks-stuck", stuck),
    Scenario::new("hooks-killed", killed),
    Scenario::new("hooks-left", left),
    Scenario::new("hooks-order", order),
    Scenario::new("hooks-order-unseen", order_unseen),
];

/// Helm's nine events.
const EVENTS: [&str; 9] = [
    "pre-install",
    "post-install",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "pre-delete",
    "post-delete",
    "test",
];

/// A chart in a folder of its own: its templates are these objects.
pub(crate) fn chart(lane: &Lane, name: &str, objects: &[String]) -> PathBuf {
    let folder = PathBuf::from(format!("{}.charts", lane.kubeconfig.display())).join(name);
    std::fs::create_dir_all(folder.join("templates")).expect("a folder can be made");
    std::fs::write(folder.join("Chart.yaml"), format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n"))
        .expect("a file can be written");
    std::fs::write(folder.join("templates/all.yaml"), objects.join("---\n")).expect("a file can be written");
    folder
}

/// A hook's annotations.
fn annotations(events: &str, weight: i64, policy: &str) -> String {
    let policy = if policy.is_empty() { String::new() } else { format!(", helm.sh/hook-delete-policy: \"{policy}\"") };
    format!("annotations: {{helm.sh/hook: \"{events}\", helm.sh/hook-weight: \"{weight}\"{policy}}}")
}

/// A hook that is a Job.
pub(crate) fn job(name: &str, events: &str, weight: i64, policy: &str, script: &str, image: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  labels: {{app.kubernetes.io/instance: \"{{{{ .Release.Name }}}}\"}}
  {}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers: [{{name: main, image: \"{image}\", command: [sh, -c, \"{script}\"]}}]
",
        annotations(events, weight, policy)
    )
}

pub(crate) const IMAGE: &str = "busybox:1.36";

pub(crate) fn config_map(name: &str, annotations: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  {annotations}\ndata: {{a: b}}\n")
}

pub(crate) fn report(lane: &Lane, of: &str) -> Value {
    serde_json::from_str(&lane.run(&format!("kubectl job hooks {of} -o json"))).expect("-o json prints JSON")
}

/// The hooks of the first release of a report: `pre-upgrade check succeeded`.
pub(crate) fn states(report: &Value) -> Vec<String> {
    let hooks = report["items"][0]["hooks"].as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    hooks
        .iter()
        .map(|hook| format!("{} {} {}", word(&hook["events"][0]), word(&hook["name"]), word(&hook["state"])))
        .collect()
}

/// The codes of a report with their severities, release and hooks.
pub(crate) fn codes(report: &Value) -> Vec<String> {
    let item = &report["items"][0];
    let of_hooks = item["hooks"].as_array().into_iter().flatten().map(|hook| &hook["verdicts"]);
    let all = std::iter::once(&item["verdicts"]).chain(of_hooks).filter_map(Value::as_array).flatten();
    all.map(|verdict| {
        format!("{} {}", verdict["code"].as_str().unwrap_or_default(), verdict["severity"].as_str().unwrap_or_default())
    })
    .collect()
}

/// Somebody who may read all but Secrets: a context of that name.
pub(crate) fn without_secrets(lane: &Lane) {
    lane.apply(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: plain}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: plain}\nrules: \
         [{apiGroups: [batch], resources: [jobs], verbs: [list]}, {apiGroups: [''], resources: [pods, events], verbs: [list]}, {apiGroups: [''], resources: [pods/log], verbs: [get]}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: plain}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: plain}\n\
         subjects: [{kind: ServiceAccount, name: plain}]\n",
    );
    lane.run(&format!(
        "kubectl config set-credentials plain --token $(kubectl create token plain) && kubectl config set-context plain --cluster testbed --user plain --namespace {}",
        lane.namespace
    ));
}

/// Without access to Secrets: that the answer is not whole, and the hooks whose objects are left. Nothing is called a Fault.
fn unseen(lane: &Lane, of: &str) -> Vec<String> {
    let report = report(lane, &format!("{of} --context plain"));
    assert_eq!(report["metadata"]["complete"], false, "{report:#}");
    assert!(!codes(&report).iter().any(|code| code.ends_with(" Fault")), "{report:#}");
    states(&report)
}

/// Install, upgrade, test, roll back, delete: each time the hooks of that operation have run, in the order in which Helm began them. Without
/// Secrets those are shown that Helm has left, in the same order.
fn course(lane: &Lane) {
    without_secrets(lane);
    let mut objects: Vec<String> = EVENTS.iter().map(|event| job(event, event, 0, "", "sleep 1", IMAGE)).collect();
    objects.extend([
        job("early", "pre-install,pre-upgrade,pre-rollback", -5, "hook-succeeded", "sleep 1", IMAGE),
        job("late", "post-install,post-upgrade,post-rollback", 5, "before-hook-creation,hook-failed", "sleep 1", IMAGE),
        job("both", "pre-upgrade,post-upgrade", -1, "hook-succeeded,before-hook-creation", "sleep 1", IMAGE),
        config_map("schema", &annotations("pre-install,pre-upgrade", -5, "hook-succeeded")),
        config_map("settings", "labels: {app: web}"),
    ]);
    let chart = chart(lane, "web", &objects);
    let chart = chart.display();
    let ran = |lane: &Lane, status: &str, wanted: &[&str]| {
        let report = report(lane, "web");
        assert_eq!(report["items"][0]["record"]["status"], status, "{report:#}");
        let hooks = report["items"][0]["hooks"].as_array().expect("hooks").clone();
        let of_now: Vec<&Value> = hooks.iter().filter(|hook| !hook["lastRun"].is_null()).collect();
        let names: Vec<String> = of_now
            .iter()
            .map(|hook| {
                format!("{} {}", hook["events"][0].as_str().expect("event"), hook["name"].as_str().expect("name"))
            })
            .collect();
        assert_eq!(names, wanted, "{report:#}");
        assert!(of_now.iter().all(|hook| hook["state"] == "succeeded"), "{report:#}");
        assert!(codes(&report).iter().all(|code| code.ends_with(" Ok")), "{:?}", codes(&report));
        // What stands there once for two events began when it ran last.
        let begun: Vec<&str> = of_now
            .iter()
            .filter(|hook| hook["name"] != "both")
            .map(|hook| hook["lastRun"]["started"].as_str().expect("a time"))
            .collect();
        assert!(begun.windows(2).all(|pair| pair[0] < pair[1]), "{begun:?}");
    };
    lane.run(&format!("helm install web {chart}"));
    ran(
        lane,
        "deployed",
        &[
            "pre-install early",
            "pre-install schema",
            "pre-install pre-install",
            "post-install post-install",
            "post-install late",
        ],
    );
    let mut left = vec!["pre-install pre-install", "post-install post-install", "post-install late"];
    let succeeded = |left: &[&str]| left.iter().map(|hook| format!("{hook} succeeded")).collect::<Vec<_>>();
    assert_eq!(unseen(lane, "web"), succeeded(&left));
    lane.run(&format!("helm upgrade web {chart}"));
    left.extend(["pre-upgrade pre-upgrade", "post-upgrade post-upgrade"]);
    assert_eq!(unseen(lane, "web"), succeeded(&left));
    ran(
        lane,
        "deployed",
        &[
            "pre-upgrade early",
            "pre-upgrade schema",
            "pre-upgrade both",
            "pre-upgrade pre-upgrade",
            "post-upgrade both",
            "post-upgrade post-upgrade",
            "post-upgrade late",
        ],
    );
    lane.run("helm test web");
    let tested = states(&report(lane, "web"));
    assert!(tested.contains(&"test test succeeded".to_owned()), "{tested:?}");
    lane.run("helm rollback web 1");
    ran(
        lane,
        "deployed",
        &["pre-rollback early", "pre-rollback pre-rollback", "post-rollback post-rollback", "post-rollback late"],
    );
    lane.run("helm uninstall web --keep-history");
    ran(lane, "uninstalled", &["pre-delete pre-delete", "post-delete post-delete"]);
    left.extend([
        "pre-rollback pre-rollback",
        "post-rollback post-rollback",
        "pre-delete pre-delete",
        "post-delete post-delete",
        "test test",
    ]);
    assert_eq!(unseen(lane, "web"), succeeded(&left));
}

/// A hook that fails, and one that can't start; with Secrets and without. A deletion counts as success to a Helm that waits.
fn stuck(lane: &Lane) {
    without_secrets(lane);
    let settings = || config_map("settings", "labels: {app: web}");
    let well = chart(lane, "well", &[settings()]);
    let fails =
        chart(lane, "fails", &[settings(), job("migrate", "pre-upgrade", 0, "", "echo no such table; exit 4", IMAGE)]);
    let cannot = chart(
        lane,
        "cannot",
        &[
            settings(),
            job("migrate", "pre-upgrade", 0, "", "sleep 1", "nosuch.invalid/x:1"),
            job("seed", "pre-upgrade", 1, "", "sleep 1", IMAGE),
        ],
    );
    lane.run(&format!("helm install web {}", well.display()));
    let failed = lane.try_run(&format!("helm upgrade web {}", fails.display()));
    assert!(failed.code == 1 && failed.stderr.contains("BackoffLimitExceeded"), "{failed}");
    let told = report(lane, "web");
    assert_eq!(told["items"][0]["record"]["status"], "failed");
    assert_eq!(states(&told), ["pre-upgrade migrate failed"]);
    assert_eq!(codes(&told)[0], "BackoffLimitExceeded Fault", "{told:#}");
    assert!(told.to_string().contains("no such table"), "{told:#}");
    assert_eq!(codes(&report(lane, "web --context plain"))[0], "BackoffLimitExceeded Fault");
    assert_eq!(lane.try_run("kubectl job hooks web --exit-code").code, 10);
    // Helm waits, as it would in a pipeline.
    lane.run(&format!(
        "(helm upgrade web {} --timeout 100s >{}.log 2>&1 &)",
        cannot.display(),
        lane.kubeconfig.display()
    ));
    let first = |context: &str| {
        until(&format!("the stuck hook{context}"), || {
            let told: Value = serde_json::from_str(&lane.attempt(&format!("kubectl job hooks web -o json{context}"))?)
                .map_err(|error| error.to_string())?;
            let codes = codes(&told);
            if codes.starts_with(&["HookStuck Fault".to_owned(), "ImagePullFailed Fault".to_owned()]) {
                Ok(told)
            } else {
                Err(format!("{codes:?}"))
            }
        })
    };
    let told = first("");
    assert_eq!(told["items"][0]["record"]["status"], "pending-upgrade");
    assert_eq!(states(&told), ["pre-upgrade migrate stuck", "pre-upgrade seed to come"]);
    let next = told["items"][0]["hooks"][0]["verdicts"][0]["next"].as_str().expect("a step").to_owned();
    assert!(
        next.contains("do not delete job/migrate")
            && next.contains(&format!("helm -n {} rollback web 1", lane.namespace)),
        "{next}"
    );
    assert_eq!(states(&first(" --context plain")), ["pre-upgrade migrate stuck"]);
    // What the step warns of: Helm goes on without the migration.
    lane.run("kubectl delete job migrate");
    until("the upgrade to go on", || {
        let told: Value =
            serde_json::from_str(&lane.attempt("kubectl job hooks web -o json")?).map_err(|error| error.to_string())?;
        if told["items"][0]["record"]["status"] == "deployed" { Ok(()) } else { Err(format!("{:?}", states(&told))) }
    });
}

/// The client dies in the middle of an upgrade: the release stays pending, and the step that is named gets it out of there.
fn killed(lane: &Lane) {
    without_secrets(lane);
    let settings = || config_map("settings", "labels: {app: web}");
    let well = chart(lane, "well", &[settings()]);
    let slow = chart(
        lane,
        "slow",
        &[
            settings(),
            job("first", "pre-upgrade", 0, "", "sleep 5", IMAGE),
            job("second", "pre-upgrade", 1, "", "sleep 1", IMAGE),
        ],
    );
    lane.run(&format!("helm install web {}", well.display()));
    let pid =
        lane.run(&format!("helm upgrade web {} >{}.log 2>&1 & echo $!", slow.display(), lane.kubeconfig.display()));
    until("the first hook to run", || {
        let told: Value =
            serde_json::from_str(&lane.attempt("kubectl job hooks web -o json")?).map_err(|error| error.to_string())?;
        if states(&told).contains(&"pre-upgrade first running".to_owned()) { Ok(()) } else { Err(told.to_string()) }
    });
    lane.until_field("job/first", "/status/active", "1");
    lane.run(&format!("kill -9 {pid}"));
    lane.until_condition("job/first", "Complete", "True");
    // A helm that lives would have begun the second within seconds; until a minute has passed it may yet.
    let told = until("that nobody carries it on", || {
        let told: Value =
            serde_json::from_str(&lane.attempt("kubectl job hooks web -o json")?).map_err(|error| error.to_string())?;
        if codes(&told).contains(&"HookStuck Fault".to_owned()) { Ok(told) } else { Err(format!("{:?}", codes(&told))) }
    });
    assert_eq!(states(&told), ["pre-upgrade first stuck", "pre-upgrade second to come"], "{told:#}");
    assert_eq!(told["items"][0]["record"]["status"], "pending-upgrade");
    // Whether anybody waits for it stands in the record alone.
    assert_eq!(unseen(lane, "web"), ["pre-upgrade first succeeded"]);
    // Helm refuses, and the step that we name works.
    assert!(lane.try_run(&format!("helm upgrade web {}", well.display())).stderr.contains("another operation"));
    let verdict = &told["items"][0]["hooks"][0]["verdicts"][0];
    assert!(
        verdict["says"].as_str().is_some_and(|says| says.contains("job/second, the next, was not begun")),
        "{verdict:#}"
    );
    lane.run(verdict["next"].as_str().expect("a step"));
    let after = report(lane, "web");
    assert_eq!(after["items"][0]["record"]["status"], "deployed", "{after:#}");
    assert!(!codes(&after).iter().any(|code| code.starts_with("HookStuck")), "{after:#}");
}

/// Hooks of older revisions, and of a release that is gone.
fn left(lane: &Lane) {
    without_secrets(lane);
    let chart = chart(
        lane,
        "web",
        &[
            config_map("settings", "labels: {app: web}"),
            job("migrate-{{ .Release.Revision }}", "pre-install,pre-upgrade", 0, "", "true", IMAGE),
        ],
    );
    lane.run(&format!("helm install web {0} && helm upgrade web {0}", chart.display()));
    let state = |name: &str, context: &str| -> Result<String, String> {
        let told: Value = serde_json::from_str(&lane.attempt(&format!("kubectl job hooks web -o json{context}"))?)
            .map_err(|error| error.to_string())?;
        let hooks = told["items"][0]["hooks"].as_array().cloned().unwrap_or_default();
        let of = hooks.iter().filter(|hook| hook["name"] == *name && hook["state"] != "not run");
        Ok(of.map(|hook| hook["state"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>().join(","))
    };
    let becomes_left = |name: &str| {
        until(&format!("{name} to count as left behind"), || match state(name, "")? {
            state if state == "left behind" => Ok(()),
            state => Err(state),
        });
    };
    becomes_left("migrate-1");
    assert_eq!(state("migrate-2", "").as_deref(), Ok("succeeded"));
    // Who sees no records says nothing of the kind.
    assert_eq!(state("migrate-1", " --context plain").as_deref(), Ok("succeeded"));
    lane.run("helm uninstall web");
    becomes_left("migrate-2");
    let shown = lane.run("kubectl job hooks web");
    assert!(shown.contains("No release web has a record here that knows it"), "{shown}");
}

/// A number that follows from another (splitmix64): charts that are always the same.
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hundred generated charts: the order that we show is the order in which Helm ran them. Of kinds that Helm does not wait for, so that it is fast.
fn order(lane: &Lane) {
    let mut seed = 7;
    let mut pick = |n: usize| usize::try_from(random(&mut seed) % n as u64).expect("small");
    let mut hooks_in_all = 0;
    for number in 0..100 {
        let objects: Vec<String> = (0..3 + pick(8))
            .map(|_| {
                // Few names and weights, so that many are equal; a name may stand for one object of each kind.
                let name = format!("r{number}-{}", ["a", "b", "ab", "a-1", "z"][pick(5)]);
                let weight = [-5, 0, 0, 0, 3, 10][pick(6)];
                let events = ["pre-install", "post-install", "pre-install,post-install", "post-install, pre-install"][pick(4)];
                let (api, kind, rest) = [
                    ("v1", "ConfigMap", ""),
                    ("v1", "ServiceAccount", ""),
                    ("v1", "Secret", ""),
                    ("rbac.authorization.k8s.io/v1", "Role", "rules: []"),
                    ("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}}"),
                ][pick(5)];
                json!({"api": api, "kind": kind, "name": name, "annotations": annotations(events, weight, ""), "rest": rest})
            })
            .fold(Vec::new(), |mut all: Vec<Value>, one| {
                let twin = |other: &Value| (&other["kind"], &other["name"]) == (&one["kind"], &one["name"]);
                if !all.iter().any(twin) {
                    all.push(one);
                }
                all
            })
            .iter()
            .map(|it| {
                let word = |field: &str| it[field].as_str().unwrap_or_default();
                format!("apiVersion: {}\nkind: {}\nmetadata:\n  name: {}\n  {}\n{}\n", word("api"), word("kind"), word("name"), word("annotations"), word("rest"))
            })
            .collect();
        let chart = chart(lane, &format!("c{number}"), &objects);
        lane.run(&format!("helm install r{number} {}", chart.display()));
    }
    let all: Value = report(lane, "");
    let releases = all["items"].as_array().expect("releases");
    assert_eq!(releases.len(), 100);
    for release in releases {
        let hooks = release["hooks"].as_array().expect("hooks");
        // A hook of both events has the time of its second run on record.
        let twice = |hook: &Value| {
            hooks.iter().filter(|other| (&other["kind"], &other["name"]) == (&hook["kind"], &hook["name"])).count() > 1
        };
        let ran: Vec<&Value> =
            hooks.iter().filter(|hook| !(twice(hook) && hook["events"][0] == "pre-install")).collect();
        let begun: Vec<&str> = ran
            .iter()
            .map(|hook| hook["lastRun"]["started"].as_str().unwrap_or_else(|| panic!("{release:#}")))
            .collect();
        hooks_in_all += begun.len();
        assert!(begun.windows(2).all(|pair| instant(pair[0]) < instant(pair[1])), "{release:#}");
    }
    lane.say(&format!("{hooks_in_all} hooks of 100 charts stand in Helm's order"));
}

/// Without Secrets, by the annotations of Jobs alone: the order that we show is the order in which they were made.
fn order_unseen(lane: &Lane) {
    without_secrets(lane);
    let mut seed = 11;
    let mut pick = |n: usize| usize::try_from(random(&mut seed) % n as u64).expect("small");
    let mut all = String::new();
    for number in 0..3 {
        let names = ["b", "a", "ab", "a-1", "z", "0"];
        let objects: Vec<String> = names
            .iter()
            .map(|name| {
                let (weight, event) = ([-5, 0, 0, 3][pick(4)], ["pre-install", "post-install"][pick(2)]);
                job(&format!("r{number}-{name}"), event, weight, "", "true", IMAGE)
            })
            .collect();
        let chart = chart(lane, &format!("c{number}"), &objects);
        let _ = write!(all, "helm install r{number} {} & ", chart.display());
    }
    lane.run(&format!("{all}wait"));
    for number in 0..3 {
        let shown = report(lane, &format!("r{number} --context plain"));
        let hooks = shown["items"][0]["hooks"].as_array().expect("hooks");
        let made = |hook: &Value| {
            let name = hook["name"].as_str().expect("a name");
            instant(&lane.field(&format!("job/{name}"), "/metadata/creationTimestamp"))
        };
        let made: Vec<_> = hooks.iter().map(made).collect();
        assert!(made.len() == 6 && made.windows(2).all(|pair| pair[0] < pair[1]), "{made:?} {shown:#}");
    }
}

fn instant(text: &str) -> jiff::Timestamp {
    text.parse().expect("a time")
}

//! The same states through these programs and through others: which of them name the cause (docs/comparison.md).
//!
//! Run by itself, this scenario holds these programs to the words of each cause. With `PEERS` set to a folder, it also asks kubectl, and
//! those of kubectl-status, popeye and kor that are on PATH, keeps all answers there, and writes the table `table.md`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regex::Regex;

use crate::causes::{CLAIMS, SLEEPS, set, sh};
use crate::jobs::job;
use crate::lane::{Lane, Scenario, until, until_within};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("peers", peers)];

/// A state, by the object that somebody would ask about.
struct State {
    /// What it is, in the table's words.
    what: &'static str,
    /// The object: `sts/web`, `job/x`, `cronjob/x`.
    of: &'static str,
    /// Words of which one stands in every answer that names the cause, whoever gives it; case does not count.
    cause: &'static str,
    /// Words by which an answer shows that something is wrong, and not why.
    symptom: &'static str,
    /// Words that would lead astray.
    wrong: &'static str,
}

const fn state(what: &'static str, of: &'static str, cause: &'static str, symptom: &'static str) -> State {
    State { what, of, cause, symptom, wrong: "" }
}

/// A pod that is not there or not ready, in anybody's words.
const UNREADY: &str = r"\b0/1\b|\b0/[1-9] |not.?ready|Waiting +[1-9]|Pending|unavailable|Ready:0|desired|available:|CrashLoop|BackOff|\b[1-9]/[2-9]\b|Failed|Unhealthy";
const FAILED: &str = r"fail|\b[1-9]\d* Failed|backoff|0/1|error";

const STATES: &[State] = &[
    state(
        "serviceName names no Service",
        "sts/unnamed",
        r"service.{0,40}(does not exist|not found|no such|missing)|no such Service",
        "",
    ),
    state("governing Service has a cluster IP", "sts/balanced", r"has a cluster IP|not headless|headless", ""),
    state("governing Service selects other pods", "sts/astray", r"does not select|not matched by any Service", ""),
    state(
        "forced-rollback trap, after the revert",
        "sts/trapped",
        r"older revision and not ready|rollout blocked",
        UNREADY,
    ),
    State {
        wrong: r"rollout blocked|RolloutTrapped",
        ..state(
            "partition holds a pod that crashes",
            "sts/part",
            r"exit(ed| code|code)?.{0,24}\b3\b|no such table",
            UNREADY,
        )
    },
    state("new revision can't be pulled", "sts/broken", r"nosuch\.invalid.*|can't be had", UNREADY),
    state("crash loop", "sts/crash", r"exit(ed| code|code)?.{0,24}\b7\b|no such table", UNREADY),
    state("killed for its memory", "sts/memory", r"OOMKilled|more memory than its limit", UNREADY),
    state("Secret missing", "sts/secret", r#"secret .?"creds" not found"#, UNREADY),
    state("ConfigMap of a volume missing", "sts/config", r#"configmap .?"settings" not found"#, UNREADY),
    state("no node matches", "sts/selector", r"didn't match Pod's node affinity/selector", UNREADY),
    state("init container fails", "sts/init", r"exit(ed| code|code)?.{0,24}\b5\b", UNREADY),
    state("readiness probe fails", "sts/unready", r"probe failed: not yet|does not pass: not yet", UNREADY),
    state(
        "ServiceAccount missing",
        "sts/account",
        r#"serviceaccount .?"?ghost"? (not found|does not exist)|ghost.*(not found|does not exist)"#,
        UNREADY,
    ),
    state("StorageClass missing", "sts/class", r#"no-such-class"? (not found|does not exist)"#, UNREADY),
    state(
        "scale-down blocked by an unready pod",
        "sts/shrink",
        r"waits for pod shrink-0|probe.*(broken|fails|failed|does not pass)",
        UNREADY,
    ),
    state(
        "claim templates renamed over running pods",
        "sts/renamed",
        r"as the set's claim templates have it|volumeClaimTemplates",
        r"FailedUpdate|forbidden",
    ),
    state("a pod name is taken", "sts/taken", r"taken-1.*(exists|belongs|taken)", UNREADY),
    state(
        "claim deleted under its pod",
        "sts/going",
        r"terminating|deletion was asked|being deleted|deletionTimestamp",
        "",
    ),
    state("claim lost its volume", "sts/vanished", r"\bLost\b|is gone", ""),
    state("terminating claim blocks its pod", "sts/held", r"is being deleted", UNREADY),
    state("claim of the pod before blocks, silently", "sts/stale", r"is being deleted|still belongs to a pod", UNREADY),
    State {
        wrong: r"unused|unable to locate|not in use",
        ..state(
            "claim of a set at zero is needed again",
            "sts/zero",
            r"claims? retained|RetainedAtZero|attaches it again",
            "",
        )
    },
    state("old data under a new set", "sts/again", r"older than set|OldDataAttached", ""),
    state("claims differ from their template", "sts/drift", r"differs from the set's template", ""),
    state("evicted again and again", "sts/greedy", r#"exceeds the limit "1Mi"|evicted"#, UNREADY),
    state("Job: retries used up", "job/exits", r"exit(ed| code|code)?.{0,24}\b7\b", FAILED),
    state("Job: deadline passed", "job/late", r"DeadlineExceeded|longer than (its )?(specified )?.*deadline", FAILED),
    state("Job: failed in place, pod and log gone", "job/in-place", r"BackoffLimitExceeded|backoff limit", FAILED),
    state("Job: failure policy", "job/policy", r"exit code 42", FAILED),
    state("Job: a plain sidecar keeps it from completing", "job/meshed", r"sidecar", r"istio-proxy"),
    state("Job: parallelism 0", "job/nothing", r"parallelism( is)?:? +0|parallelism 0", ""),
    state("Job: managed by another controller", "job/elsewhere", r"example\.com/other", ""),
    state("Job: suspended", "job/halted", r"suspend", ""),
    state(
        "Job: ServiceAccount missing",
        "job/account",
        r#"serviceaccount .?"?ghost"? (not found|does not exist)|ghost.*(not found|does not exist)"#,
        r"0/1",
    ),
    state("Job: gone by its TTL after failing", "job/gone", r"had failed", r"not found"),
    state(
        "CronJob: schedule never fires",
        "cronjob/never",
        r"no slot in the next|never (fires|runs)",
        r"InvalidSchedule|unmet|<none>",
    ),
    state(
        "CronJob: Forbid holds the next run",
        "cronjob/holds",
        r"still runs|prior execution is running|still running",
        r"active",
    ),
    state(
        "CronJob: Replace kills every run",
        "cronjob/kills",
        r"deleted for the next|Replace.*never",
        r"never succeeded|not run yet|SuccessfulDelete",
    ),
    state("CronJob: runs fail", "cronjob/fails", r"exit(ed| code|code)?.{0,24}\b9\b", FAILED),
];

const MOUNTED: &str = "command: [sleep, infinity], volumeMounts: [{name: data, mountPath: /data}]";

/// A CronJob of a Job in flow style.
fn cron(name: &str, spec: &str, script: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}}}\nspec: {{{spec} jobTemplate: {{spec: {{backoffLimit: 0, template: {{spec: {{restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{{name: main, image: 'busybox:1.36', {}}}]}}}}}}}}}}\n---\n",
        sh(script)
    )
}

/// What a single manifest makes.
fn manifests() -> String {
    let without_service = |text: String| text.split_once("---\n").expect("two documents").1.to_owned();
    let probe =
        "readinessProbe: {exec: {command: [sh, -c, 'echo not yet; exit 1']}, periodSeconds: 2, failureThreshold: 2}";
    [
        without_service(set("unnamed", 1, "", "", SLEEPS)),
        set("balanced", 1, "", "", SLEEPS).replace("clusterIP: None, ", ""),
        set("astray", 1, "", "", SLEEPS).replace("selector: {app: astray}, ports", "selector: {app: other}, ports"),
        set("trapped", 2, "", "", SLEEPS),
        set("broken", 2, "", "", SLEEPS),
        set("part", 2, "ordinals: {start: 5}\n  updateStrategy: {rollingUpdate: {partition: 1}}", "", &format!("{}, readinessProbe: {{exec: {{command: [test, -e, /tmp/never]}}}}", sh("echo no such table; sleep 1; exit 3"))),
        set("crash", 1, "", "", &sh("echo no such table; exit 7")),
        set("memory", 1, "", "", &format!("{}, resources: {{limits: {{memory: 16Mi}}}}", sh("x=a; while :; do x=$x$x; done"))),
        set("secret", 1, "", "", &format!("{SLEEPS}, envFrom: [{{secretRef: {{name: creds}}}}]")),
        set("config", 1, "", "volumes: [{name: v, configMap: {name: settings}}],", &format!("{SLEEPS}, volumeMounts: [{{name: v, mountPath: /v}}]")),
        set("selector", 1, "", "nodeSelector: {no: such-node},", SLEEPS),
        set("init", 1, "", "initContainers: [{name: schema, image: 'busybox:1.36', command: [sh, -c, 'exit 5']}],", SLEEPS),
        set("unready", 1, "", "", &format!("{SLEEPS}, {probe}")),
        set("account", 1, "", "serviceAccountName: ghost,", SLEEPS),
        set("class", 1, &CLAIMS.replace("local-path", "no-such-class"), "", MOUNTED),
        set("shrink", 3, "", "", &format!("{SLEEPS}, readinessProbe: {{exec: {{command: [test, '!', -e, /broken]}}, periodSeconds: 1, failureThreshold: 1}}")),
        set("renamed", 1, CLAIMS, "", MOUNTED),
        "{apiVersion: v1, kind: Pod, metadata: {name: taken-1, labels: {app: other}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: 'busybox:1.36', command: [sleep, infinity]}]}}\n---\n".to_owned(),
        set("taken", 2, "", "", SLEEPS),
        set("going", 1, CLAIMS, "", MOUNTED),
        set("vanished", 1, CLAIMS, "", MOUNTED),
        set("held", 2, CLAIMS, "", MOUNTED),
        set("stale", 2, &format!("persistentVolumeClaimRetentionPolicy: {{whenScaled: Delete}}\n  {CLAIMS}"), "", MOUNTED),
        set("zero", 1, CLAIMS, "", MOUNTED),
        set("again", 1, CLAIMS, "", MOUNTED),
        set("drift", 1, CLAIMS, "", MOUNTED),
        set("greedy", 1, "", "volumes: [{name: scratch, emptyDir: {sizeLimit: 1Mi}}],", &format!("{}, volumeMounts: [{{name: scratch, mountPath: /scratch}}]", sh("dd if=/dev/zero of=/scratch/x bs=1024 count=4096; sleep 1000"))),
        job("exits", "backoffLimit: 0,", "", &sh("exit 7")),
        job("late", "activeDeadlineSeconds: 3,", "", &sh("sleep 1000")),
        job("in-place", "backoffLimit: 1,", "restartPolicy: OnFailure,", &sh("sleep 1; exit 4")),
        job("policy", "backoffLimit: 3, podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}]},", "", &sh("exit 42")),
        job("meshed", "", "", &sh("sleep 1")).replace("containers: [", "containers: [{name: istio-proxy, image: 'busybox:1.36', command: [sleep, '10000']}, "),
        job("nothing", "parallelism: 0,", "", &sh("sleep 1")),
        job("elsewhere", "managedBy: example.com/other,", "", &sh("sleep 1")),
        job("halted", "suspend: true,", "", &sh("sleep 1")),
        job("account", "", "serviceAccountName: ghost,", &sh("sleep 1")),
        job("gone", "backoffLimit: 0, ttlSecondsAfterFinished: 0,", "", &sh("exit 3")),
        cron("never", "schedule: '0 0 30 2 *',", "exit 0"),
        cron("holds", "schedule: '@every 20s', concurrencyPolicy: Forbid,", "sleep 10000"),
        cron("kills", "schedule: '@every 20s', concurrencyPolicy: Replace,", "sleep 10000"),
        cron("fails", "schedule: '* * * * *',", "exit 9"),
    ]
    .concat()
}

/// What takes more than a manifest.
fn happen(lane: &Lane) {
    let ready = [
        "trapped-0",
        "trapped-1",
        "broken-1",
        "shrink-2",
        "renamed-0",
        "going-0",
        "vanished-0",
        "held-1",
        "stale-1",
        "zero-0",
        "again-0",
        "drift-0",
    ];
    lane.until_ready(&ready);
    let again = |name: &str, spec: &str, main: &str| {
        lane.run(&format!("kubectl delete statefulset {name} --cascade=orphan"));
        lane.apply(&set(name, 1, spec, "", main));
    };
    for name in ["trapped", "broken"] {
        lane.run(&format!("kubectl set image statefulset {name} main=nosuch.invalid/x:1"));
    }
    lane.run("kubectl exec shrink-0 -- touch /broken && kubectl wait pod/shrink-0 --for=condition=Ready=false && kubectl scale statefulset shrink --replicas=2");
    again("renamed", &CLAIMS.replace("name: data", "name: store"), &MOUNTED.replace("name: data", "name: store"));
    again("drift", &CLAIMS.replace("1Mi", "8Mi"), MOUNTED);
    lane.run("kubectl delete pvc data-going-0 --wait=false");
    let volume = lane.field("pvc/data-vanished-0", "/spec/volumeName");
    lane.run(&format!("kubectl delete pv {volume} --wait=false && kubectl patch pv {volume} -p '{{\"metadata\":{{\"finalizers\":null}}}}'"));
    for (name, then) in [("held", " && kubectl delete pvc data-held-1 --wait=false"), ("stale", "")] {
        let hold = "[{\"op\":\"add\",\"path\":\"/metadata/finalizers/-\",\"value\":\"example.com/hold\"}]";
        lane.run(&format!("kubectl patch pvc data-{name}-1 --type=json -p '{hold}' && kubectl scale statefulset {name} --replicas=1 && kubectl wait --for=delete pod/{name}-1{then} && kubectl scale statefulset {name} --replicas=2"));
    }
    lane.run("kubectl scale statefulset zero --replicas=0");
    lane.run("kubectl delete statefulset again && kubectl wait --for=delete pod/again-0 --timeout=60s");
    until("a later second", || {
        let made: jiff::Timestamp =
            lane.field("pvc/data-again-0", "/metadata/creationTimestamp").parse().expect("a time");
        let age = jiff::Timestamp::now().duration_since(made).as_secs();
        if age > 1 { Ok(()) } else { Err(format!("{age} s")) }
    });
    lane.apply(&set("again", 1, CLAIMS, "", MOUNTED));
    until("the broken image to be met", || {
        match lane
            .attempt("kubectl get pod trapped-1 -o jsonpath={.status.containerStatuses[0].state.waiting.reason}")?
            .as_str()
        {
            "ErrImagePull" | "ImagePullBackOff" => Ok(()),
            other => Err(other.to_owned()),
        }
    });
    lane.run("kubectl rollout undo statefulset trapped");
    // The template moves on; its partition keeps the pod at its revision, and that crashes by itself.
    lane.run(
        "kubectl patch statefulset part -p '{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"v\":\"2\"}}}}}'",
    );
}

/// How these programs are asked.
fn own_question(of: &str) -> String {
    match of.split_once('/').expect("KIND/NAME") {
        ("sts", name) => format!("kubectl sts status {name}"),
        ("job", name) => format!("kubectl job status {name}"),
        (_, name) => format!("kubectl job status cronjob/{name}"),
    }
}

fn says(words: &str, answer: &str) -> bool {
    !words.is_empty()
        && Regex::new(&words.to_lowercase()).expect("a regular expression").is_match(&answer.to_lowercase())
}

impl State {
    /// Names the cause, leads astray, shows a symptom, or says nothing of it.
    fn score(&self, answer: &str) -> &'static str {
        if says(self.wrong, answer) {
            "wrong"
        } else if says(self.cause, answer) {
            "cause"
        } else if says(self.symptom, answer) {
            "symptom"
        } else {
            "–"
        }
    }
}

fn peers(lane: &Lane) {
    lane.any_node();
    lane.apply(&manifests());
    happen(lane);
    for state in STATES {
        let question = own_question(state.of);
        until_within(Duration::from_mins(5), &format!("{question}: {}", state.cause), || {
            let seen = lane.try_run(&question);
            let answer = [seen.stdout, seen.stderr].concat();
            if says(state.cause, &answer) { Ok(()) } else { Err(answer) }
        });
    }
    if let Some(folder) = std::env::var_os("PEERS") {
        compare(lane, &PathBuf::from(folder));
    }
    lane.run(
        "kubectl get pvc -o name | xargs -r -n1 kubectl patch --type=merge -p '{\"metadata\":{\"finalizers\":null}}'",
    );
}

/// The lines of a report about the whole namespace that are about an object, its pods or its claims.
fn lines_of<'t>(name: &str, report: &'t str) -> Vec<&'t str> {
    let mine = Regex::new(&format!(r"(^|[^a-z0-9-])(data-|store-)?{name}(-\d+)?([^a-z0-9-]|$)"))
        .expect("a regular expression");
    report.lines().filter(|line| mine.is_match(line)).collect()
}

fn compare(lane: &Lane, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder can be made");
    let keep = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file can be written");
    let ask = |line: &str| {
        let seen = lane.try_run(line);
        [seen.stdout, seen.stderr].concat()
    };
    // popeye and kor look at a namespace as a whole.
    let namespace = &lane.namespace;
    let popeye = ask(&format!(
        "popeye -n {namespace} -s sts,po,pvc,job,cj,svc,sa -o json --force-exit-zero | jq -r '.popeye.sections[] | .gvr as $k | (.issues // {{}}) | to_entries[] | .key as $o | .value[] | \"\\($k) \\($o | split(\"/\") | last): \\(.level) \\(.message)\"'"
    ));
    let kor = ask(&format!(
        "kor all -n {namespace} --show-reason -o json | jq -r 'to_entries[].value | to_entries[] | .key as $k | (.value // [])[] | \"\\($k) \\(.name // .): \\(.reason // \"unused\")\"'"
    ));
    keep("popeye.txt", &popeye);
    keep("kor.txt", &kor);
    let mut table =
        "| state | `get` and `describe` | kubectl-status | popeye | kor | sts, job |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for (number, state) in STATES.iter().enumerate() {
        let (kind, name) = state.of.split_once('/').expect("KIND/NAME");
        // Whoever asks goes on to the pods and the claims.
        let below = match kind {
            "sts" => format!(" pods,pvc -l app={name}"),
            "job" => format!(" pods -l job-name={name}"),
            _ => String::new(),
        };
        let more = |verb: &str| if below.is_empty() { String::new() } else { format!("; {verb}{below}") };
        let own = ask(&own_question(state.of));
        let answers = [
            ask(&format!(
                "kubectl get {}; kubectl describe --show-events {}{}",
                state.of,
                state.of,
                more("kubectl describe --show-events")
            )),
            ask(&format!("kubectl-status {}{}", state.of, more("kubectl-status"))),
            lines_of(name, &popeye).join("\n"),
            lines_of(name, &kor).join("\n"),
            own,
        ];
        write!(table, "| {} |", state.what).expect("a String takes all");
        for (who, answer) in ["kubectl", "kubectl-status", "popeye", "kor", "own"].iter().zip(&answers) {
            keep(&format!("{number:02}-{kind}-{name}-{who}.txt"), answer);
            let score = state.score(answer);
            write!(table, " {score} |").expect("a String takes all");
        }
        table.push('\n');
    }
    keep("table.md", &table);
    lane.say(&format!("the answers and table.md are in {}", folder.display()));
}

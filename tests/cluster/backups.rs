//! The tutorial's backup of a real PostgreSQL: a Job, and a CronJob of it by its schedule and by hand, from the manifests in `examples`.

use serde_json::Value;

use crate::lane::{Lane, Scenario, until};
use crate::topologies::{down_and_back, scale, well};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("backups", backups), Scenario::new("primes", primes)];

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
const CRON_JOB: &str = include_str!("../../examples/backup-cronjob.yaml");

fn backups(lane: &Lane) {
    lane.run(&format!("kubectl apply -f {EXAMPLES}/topologies/postgres.yaml"));
    well(lane, "postgres-ss", 1);
    let sql = "PGPASSWORD=example psql -h 127.0.0.1 -U postgres -c 'create table orders as select generate_series(1, 1000) as number'";
    until("a table", || lane.attempt(&format!("kubectl exec postgres-ss-0 -- sh -c \"{sql}\"")));
    down_and_back(lane, "postgres-ss", 1);

    // Once, from its file.
    let ran = lane.try_run(&format!("kubectl job run --filename {EXAMPLES}/backup-job.yaml -f"));
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains(" /backups/once.sql") && ran.stderr.contains("job backup: complete after "), "{ran}");

    // By its schedule, here each minute, and by hand.
    lane.apply(&CRON_JOB.replace("schedule: 30 2 * * *", "schedule: '* * * * *'"));
    let ran = lane.try_run("kubectl job run nightly-backup by-hand -f");
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains(" /backups/by-hand-"), "{ran}");
    let runs = until("a run by the schedule", || {
        let report: Value = serde_json::from_str(&lane.attempt("kubectl job history nightly-backup -o json")?)
            .map_err(|error| error.to_string())?;
        let all = report["items"].as_array().cloned().unwrap_or_default();
        let of = |manual: bool| all.iter().any(|run| run["manual"] == manual && run["result"] == "Complete");
        if of(true) && of(false) { Ok(all) } else { Err(report.to_string()) }
    });
    let by_schedule = runs.iter().find(|run| run["manual"] == false).expect("a run");
    assert!(
        by_schedule["object"]["name"].as_str().is_some_and(|name| name.starts_with("nightly-backup-")),
        "{runs:#?}"
    );
    let status = lane.try_run("kubectl job status cronjob/nightly-backup --exit-code");
    assert!(status.code == 0 && status.stdout.contains("OnSchedule"), "{status}");
    // Each that is called complete wrote the whole table.
    let dumps = lane.run(
        "kubectl run reader --image busybox:1.36 --restart Never --overrides '{\"spec\":{\"containers\":[{\"name\":\"reader\",\"image\":\"busybox:1.36\",\"command\":[\"sh\",\"-c\",\"for f in /backups/*.sql; do echo $f $(grep -cx 1000 $f) $(grep -c complete $f); done\"],\"volumeMounts\":[{\"name\":\"b\",\"mountPath\":\"/backups\"}]}],\"volumes\":[{\"name\":\"b\",\"persistentVolumeClaim\":{\"claimName\":\"backups\"}}]}}' >/dev/null && kubectl wait pod/reader --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s >/dev/null && kubectl logs reader",
    );
    let complete =
        runs.iter().filter(|run| run["result"] == "Complete").filter_map(|run| run["object"]["name"].as_str());
    for name in complete.chain(["once"]) {
        let whole = |dump: &str| dump.starts_with(&format!("/backups/{name}")) && dump.ends_with(".sql 1 1");
        assert!(dumps.lines().any(whole), "{name}: {dumps}");
    }

    // At night the database is gone.
    lane.run("kubectl patch cronjob nightly-backup -p '{\"spec\":{\"suspend\":true}}'");
    scale(lane, "postgres-ss", 0);
    lane.until_gone("pod/postgres-ss-0");
    let ran = lane.try_run("kubectl job run nightly-backup at-night -f --backoff-limit 0");
    assert_eq!(ran.code, 10, "{ran}");
    assert!(
        ran.stderr.contains("job at-night: failed after ") && ran.stdout.contains("could not translate host name"),
        "{ran}"
    );
    let status = lane.try_run("kubectl job status at-night --exit-code");
    assert_eq!(status.code, 10, "{status}");
    assert!(
        status.stdout.contains("Fault: BackoffLimitExceeded")
            && status.stdout.contains("could not translate host name"),
        "{status}"
    );
}

/// The same work as a pod, as a Job, and as a Job of eight, four at a time.
fn primes(lane: &Lane) {
    let expected = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67";
    lane.run(&format!("kubectl apply -f {EXAMPLES}/primes.yaml"));
    for (job, more) in [("primes", ""), ("primes-parallel", " 71 73 79")] {
        let ran = lane.try_run(&format!("kubectl job logs {job} -f"));
        assert_eq!(ran.code, 0, "{ran}");
        let mut numbers: Vec<u32> =
            ran.stdout.lines().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        numbers.sort_unstable();
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        assert_eq!(numbers.join(" "), format!("{expected}{more}"), "{ran}");
        let status = lane.try_run(&format!("kubectl job status {job} --exit-code"));
        assert!(status.code == 0 && status.stdout.contains("JobComplete"), "{status}");
    }
    assert_eq!(lane.field("job/primes-parallel", "/status/completedIndexes"), "0-7");
    lane.until_field("pod/primes", "/status/phase", "Succeeded");
    assert_eq!(lane.run("kubectl logs primes").lines().collect::<Vec<_>>().join(" "), expected);
}

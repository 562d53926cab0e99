//! What is worth knowing of a Job beside why it fails, and CronJobs that today's API would not take: each made so on a real cluster.

use serde_json::Value;

use crate::lane::{Lane, Scenario, until};

pub(crate) const SCENARIOS: &[Scenario] = &[Scenario::new("job-notices", notices)];

/// The codes that `job status` gives of an object, with their severities.
fn codes(lane: &Lane, of: &str) -> Result<Vec<String>, String> {
    let report: Value = serde_json::from_str(&lane.attempt(&format!("kubectl job status {of} -o json"))?)
        .map_err(|error| error.to_string())?;
    let all = report["items"][0]["verdicts"].as_array().cloned().unwrap_or_default();
    let word = |verdict: &Value, field: &str| verdict[field].as_str().unwrap_or_default().to_owned();
    Ok(all.iter().map(|verdict| format!("{} {}", word(verdict, "code"), word(verdict, "severity"))).collect())
}

fn until_said(lane: &Lane, of: &str, wanted: &str) {
    until(&format!("{of}: {wanted}"), || {
        let said = codes(lane, of)?;
        if said.iter().any(|code| code == wanted) { Ok(()) } else { Err(said.join(", ")) }
    });
}

const POD: &str = "restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: main, image: 'busybox:1.36', command: [sleep, '1000']}]";

fn notices(lane: &Lane) {
    // Evicted while it works, which its failure policy would have spared it; a finalizer keeps the pod to look at.
    lane.apply(&format!(
        "{{apiVersion: batch/v1, kind: Job, metadata: {{name: evicted}}, spec: {{backoffLimit: 3, template: {{metadata: {{finalizers: [example.com/keep]}}, spec: {{{POD}}}}}}}}}"
    ));
    until_said(lane, "evicted", "JobRunning Ok");
    let pod = until("its pod to run", || {
        let pods = lane.find("pods -l job-name=evicted --field-selector status.phase=Running")?;
        pods["items"][0]["metadata"]["name"].as_str().map(str::to_owned).ok_or_else(|| "none".to_owned())
    });
    let eviction = format!(
        r#"{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{pod}","namespace":"{}"}}}}"#,
        lane.namespace
    );
    lane.run(&format!(
        "echo '{eviction}' | kubectl create --raw /api/v1/namespaces/{}/pods/{pod}/eviction -f -",
        lane.namespace
    ));
    until_said(lane, "evicted", "DisruptionsCounted Notice");
    lane.run("kubectl patch job evicted -p '{\"spec\":{\"suspend\":true}}'");
    lane.run("kubectl get pods -l job-name=evicted -o name | xargs -r -n1 kubectl patch --type json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'");

    // Another controller runs this one: for half a day already, and it has forgotten to count a pod that is deleted.
    lane.apply(&format!(
        "{{apiVersion: batch/v1, kind: Job, metadata: {{name: foreign}}, spec: {{managedBy: example.com/other, template: {{spec: {{{POD}}}}}}}}}"
    ));
    let uid = lane.field("job/foreign", "/metadata/uid");
    let started = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(14)).strftime("%Y-%m-%dT%H:%M:%SZ");
    lane.run(&format!(
        "kubectl patch job foreign --subresource status --type merge -p '{{\"status\":{{\"startTime\":\"{started}\",\"active\":1}}}}'"
    ));
    until_said(lane, "foreign", "LongRunning Notice");
    lane.apply(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: foreign-1, finalizers: [batch.kubernetes.io/job-tracking], labels: {{job-name: foreign, batch.kubernetes.io/job-name: foreign, controller-uid: {uid}, batch.kubernetes.io/controller-uid: {uid}}}, ownerReferences: [{{apiVersion: batch/v1, kind: Job, name: foreign, uid: {uid}, controller: true}}]}}, spec: {{{POD}}}}}"
    ));
    lane.run("kubectl delete pod foreign-1 --wait=false");
    until_said(lane, "foreign", "TrackingFinalizerHolds Fault");
    lane.run("kubectl patch pod foreign-1 --type json -p '[{\"op\":\"remove\",\"path\":\"/metadata/finalizers\"}]'");
    lane.until_gone("pod/foreign-1");

    // Today's API refuses these; on older objects and in files they are told.
    for (schedule, more, code) in [
        ("61 * * * *", "", "ScheduleInvalid Fault"),
        ("0 2 * * *", "timeZone: Mars/Olympus,", "ZoneUnknown Fault"),
        ("CRON_TZ=Europe/Helsinki 0 2 * * *", "", "ZoneInSchedule Fault"),
        ("0 2 * * *", "startingDeadlineSeconds: 5,", "DeadlineTooShort Notice"),
    ] {
        let file = lane.kubeconfig.with_extension("cron.yaml");
        let object = format!(
            "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: tried}}, spec: {{schedule: '{schedule}', {more} jobTemplate: {{spec: {{template: {{spec: {{{POD}}}}}}}}}}}}}"
        );
        std::fs::write(&file, object).expect("a file can be written");
        let file = file.display();
        let applied = lane.try_run(&format!("kubectl apply --dry-run=server -f {file}"));
        let refused = applied.code != 0 && applied.stderr.contains("is invalid");
        assert_eq!(refused, code.ends_with("Fault"), "{applied}");
        let said = codes(lane, &format!("-f {file}")).expect("a report");
        assert!(said.iter().any(|it| it == code), "{code}: {said:?}");
    }
}

//! When CronJobs run and did run: what is foretold comes true.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::lane::{Lane, Scenario, until, until_within};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("cron-resumed", resumed).quick(),
    Scenario::new("cron-refused", refused),
    Scenario::new("cron-zones", zones),
    Scenario::new("cron-history", history),
    Scenario::new("cron-replaced", replaced),
    Scenario::new("cron-missed", missed),
    Scenario::new("cron-wall-clocks", wall_clocks),
];

/// A CronJob whose runs take so many seconds.
fn cron_job(name: &str, spec: &str, seconds: u32) -> String {
    format!(
        r#"{{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {{"name": "{name}"}}, "spec": {{{spec},
            "jobTemplate": {{"spec": {{"backoffLimit": 0, "template": {{"spec": {{"restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1, "containers": [{{"name": "main", "image": "busybox:1.36",
            "command": ["sleep", "{seconds}"]}}]}}}}}}}}}}}}"#
    )
}

fn report(lane: &Lane, command: &str) -> Value {
    serde_json::from_str(&lane.run(command)).expect("-o json prints JSON")
}

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

/// Being resumed starts the slot that `next` named, at once; under Forbid the run then holds the slots to come.
fn resumed(lane: &Lane) {
    lane.apply(&cron_job(
        "yearly",
        r#""schedule": "0 0 1 1 *", "timeZone": "Etc/UTC", "suspend": true, "concurrencyPolicy": "Forbid""#,
        300,
    ));
    // As if it had run two years ago: the status is the controller's, and may be written.
    lane.run(
        r#"kubectl patch cronjob yearly --subresource status --type merge -p '{"status":{"lastScheduleTime":"2025-01-01T00:00:00Z"}}'"#,
    );
    let before = report(lane, "kubectl job next yearly -o json");
    let due = time(&before["items"][0]["due"]);
    let this_year = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year();
    assert_eq!(due.to_string(), format!("{this_year}-01-01T00:00:00Z"));
    let shown = lane.run("kubectl job next yearly --count 1");
    assert!(shown.contains(&format!("When it is resumed, the missed slot of {due} starts at once.")), "{shown}");
    lane.run(r#"kubectl patch cronjob yearly --type merge -p '{"spec":{"suspend":false}}'"#);
    let job = format!("job/yearly-{}", due.as_second() / 60);
    until("the run of the missed slot", || lane.find(&job).map(drop));
    until("the CronJob to count it", || {
        let active = lane.find("cronjob/yearly")?["status"]["active"].clone();
        if active.is_array() { Ok(()) } else { Err("it does not".to_owned()) }
    });
    let after = report(lane, "kubectl job next yearly -o json");
    assert_eq!(after["items"][0]["due"], Value::Null, "{after:#}");
    assert_eq!(after["items"][0]["slots"][0]["fate"], "held", "{after:#}");
    let runs = report(lane, "kubectl job history yearly -o json");
    assert_eq!((&runs["items"][0]["result"], time(&runs["items"][0]["slot"])), (&"Running".into(), due), "{runs:#}");
    assert_eq!(runs["items"][0]["manual"], false);
    // Neither the API nor an event that lasts says that these never run.
    lane.apply(&cron_job("february", r#""schedule": "0 0 30 2 *""#, 1));
    insta::assert_snapshot!(lane.shows("kubectl job next february"), @"
    CRONJOB    SCHEDULE     NEXT      IN       LOCAL    ZONE     NOTE
    february   0 0 30 2 *   <never>   <none>   <none>   <none>   no slot in five years

    Fault: NeverFires
      The schedule has no slot in the next five years; the controller has given it up, with one event at its creation.
      - CronJob/february spec.schedule: 0 0 30 2 *
      next: kubectl -n cron-resumed-test edit cronjob february  # spec.schedule: minute hour day-of-month month day-of-week
    ");
}

/// A quota refuses the Job: the controller's next try comes when it was foretold; then, with the quota gone, any write brings the run at once.
fn refused(lane: &Lane) {
    lane.apply(
        r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"count/jobs.batch": "0"}}}"#,
    );
    lane.until_field("resourcequota/none", "/status/hard/count~1jobs.batch", "0");
    lane.apply(&cron_job("minutely", r#""schedule": "* * * * *", "timeZone": "Etc/UTC""#, 1));
    let tries = |lane: &Lane| -> Result<u64, String> {
        let events = lane.find("events --field-selector reason=FailedCreate")?;
        let all = events["items"].as_array().into_iter().flatten();
        Ok(all.filter_map(|event| event["count"].as_u64()).sum())
    };
    // The pauses double from 5 ms on: after twelve tries the next comes ten seconds later.
    until("twelve tries", || match tries(lane)? {
        n if n >= 12 => Ok(()),
        n => Err(format!("{n} tries")),
    });
    let report = report(lane, "kubectl job next minutely -o json");
    let foretold = time(&report["items"][0]["nextTry"]);
    let so_far = tries(lane).expect("events can be read");
    let came = until("the next try", || match tries(lane)? {
        n if n > so_far => Ok(Timestamp::now()),
        n => Err(format!("{n} tries")),
    });
    let off = came.duration_since(foretold);
    lane.say(&format!("the next try came {} ms after it was foretold", off.as_millis()));
    assert!(off.abs() < SignedDuration::from_secs(3), "foretold {foretold}, came {came}");
    let status = lane.run("kubectl job status cronjob/minutely");
    assert!(status.contains("Fault: RunRefused"), "{status}");
    lane.run("kubectl delete resourcequota none");
    lane.run("kubectl annotate cronjob minutely touched=now");
    until("a run", || match lane.find("jobs")?["items"].as_array().map(Vec::len) {
        Some(1..) => Ok(()),
        _ => Err("none".to_owned()),
    });
    let after = lane.run("kubectl job next minutely");
    assert!(!after.contains("RunRefused"), "{after}");
}

/// What the API refuses we call wrong in files, and what it accepts we do not; jumps of the clocks are told.
fn zones(lane: &Lane) {
    for (schedule, zone) in [
        ("0 2 * * *", "Europe/Helsinki"),
        ("0 2 * * *", "europe/helsinki"),
        ("0 2 * * *", "Mars/Olympus"),
        ("0 2 * * 7", "UTC"),
        ("? ? ? ? ?", "UTC"),
        ("1,,2 +15 * * MON-FRI", "Asia/Kathmandu"),
        ("*/90 * * * *", "America/New_York"),
        ("*/0 * * * *", "UTC"),
        ("@every 1h", "UTC"),
        ("@midnight", "UTC"),
        ("@reboot", "UTC"),
        ("0 0 2 * * *", "UTC"),
        ("22-6 * * * *", "UTC"),
        ("0 0 L * *", "UTC"),
    ] {
        let object = cron_job("tried", &format!(r#""schedule": "{schedule}", "timeZone": "{zone}""#), 1);
        let file = format!("{}.json", lane.kubeconfig.display());
        std::fs::write(&file, object).expect("a file can be written");
        let accepted = lane.try_run(&format!("kubectl apply --dry-run=server -f {file}")).code == 0;
        let ours: Value = serde_json::from_str(&lane.run(&format!("kubectl job next -o json -f {file}")))
            .expect("-o json prints JSON");
        let understood = !ours["items"][0]["slots"].as_array().expect("slots").is_empty();
        assert_eq!(understood, accepted, "{schedule} {zone}: {ours:#}");
    }
    lane.apply(&cron_job("nightly", r#""schedule": "30 2 * * *", "timeZone": "America/New_York""#, 1));
    let shown = lane.run("kubectl job next nightly --count 400");
    assert!(shown.contains("02:30 does not exist that day"), "{shown}");
}

/// Scheduled runs, one made by hand, and one whose Job the history limit has deleted: each in its line.
fn history(lane: &Lane) {
    let minutely = r#""schedule": "* * * * *", "timeZone": "Etc/UTC""#;
    lane.apply(&cron_job("kept", minutely, 1));
    lane.apply(&cron_job("unkept", &format!(r#"{minutely}, "successfulJobsHistoryLimit": 0"#), 1));
    lane.run("kubectl create job by-hand --from cronjob/kept");
    lane.until_condition("job/by-hand", "Complete", "True");
    let runs = |name: &str| report(lane, &format!("kubectl job history {name} -o json"))["items"].clone();
    let complete = |name: &str, from: &str, manual: bool| {
        until(&format!("a run of {name} from {from}"), || {
            let all = runs(name);
            let mut of = all.as_array().into_iter().flatten();
            let fits = |run: &&Value| run["result"] == "Complete" && run["learnt"] == from && run["manual"] == manual;
            of.find(fits).cloned().ok_or_else(|| all.to_string())
        })
    };
    let by_hand = complete("kept", "Job", true);
    assert_eq!(by_hand["object"]["name"], "by-hand");
    assert_eq!(by_hand["slot"], Value::Null);
    let scheduled = complete("kept", "Job", false);
    assert!(scheduled["skewSeconds"].as_i64().is_some_and(|skew| (0..=2).contains(&skew)), "{scheduled:#}");
    let gone = complete("unkept", "events", false);
    assert_eq!(gone["object"]["uid"], Value::Null, "{gone:#}");
    let next = report(lane, "kubectl job next kept -o json");
    let slot = time(&next["items"][0]["slots"][0]["time"]);
    until("the slot that was foretold", || {
        let all = runs("kept");
        let ran =
            all.as_array().into_iter().flatten().any(|run| run["slot"] != Value::Null && time(&run["slot"]) == slot);
        if ran { Ok(()) } else { Err(all.to_string()) }
    });
    assert!(!lane.run("kubectl job status cronjob/kept").contains("StartMissed"));
}

/// Waits until the CronJob has a verdict: `CODE Severity`; gives it.
fn verdict(lane: &Lane, name: &str, wanted: &str) -> Value {
    // A CronJob's Jobs are named after minutes: two of its runs can't be killed within one (cronjob_controllerv2.go, getJobName).
    until_within(Duration::from_mins(5), &format!("{name}: {wanted}"), || {
        let text = lane.attempt(&format!("kubectl job status cronjob/{name} -o json"))?;
        let told: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let all = told["items"][0]["verdicts"].as_array().cloned().unwrap_or_default();
        let word = |it: &Value| {
            format!("{} {}", it["code"].as_str().unwrap_or_default(), it["severity"].as_str().unwrap_or_default())
        };
        let words: Vec<String> = all.iter().map(word).collect();
        all.into_iter().find(|it| word(it) == wanted).ok_or_else(|| words.join(", "))
    })
}

/// Runs that take longer than the time between two slots, under Replace: none ever ends. The step that is named ends that.
fn replaced(lane: &Lane) {
    lane.apply(&cron_job("killed", r#""schedule": "@every 15s", "concurrencyPolicy": "Replace""#, 300));
    let told = verdict(lane, "killed", "ReplaceKillsRuns Fault");
    lane.run(told["next"].as_str().expect("a step"));
    assert_eq!(lane.field("cronjob/killed", "/spec/concurrencyPolicy"), "Forbid");
    let after = until("the Fault to be gone", || {
        let text = lane.attempt("kubectl job status cronjob/killed")?;
        if text.contains("ReplaceKillsRuns") { Err(text) } else { Ok(text) }
    });
    assert!(!after.contains("Fault:"), "{after}");
}

/// Two hundred slots that passed without a run, which no event tells; and more than a hundred, of which the latest starts.
fn missed(lane: &Lane) {
    let now = Timestamp::now();
    let ago = |hours: i64| (now - SignedDuration::from_hours(hours)).strftime("%Y-%m-%dT%H:00:00Z").to_string();
    // Half an hour away from any slot, and with a deadline that keeps the last one from being made up for.
    let minute = (now.to_zoned(jiff::tz::TimeZone::UTC).minute() + 30) % 60;
    let hourly = format!(r#""schedule": "{minute} * * * *", "timeZone": "Etc/UTC", "startingDeadlineSeconds": 30"#);
    lane.apply(&cron_job("late", &hourly, 1));
    let patch = |name: &str, at: &str| {
        lane.run(&format!(
            r#"kubectl patch cronjob {name} --subresource status --type merge -p '{{"status":{{"lastScheduleTime":"{at}"}}}}'"#
        ));
    };
    patch("late", &ago(200));
    // It was written after that slot: a suspension may have kept it, and that is said instead of a Fault.
    let told = verdict(lane, "late", "StartMissed Notice");
    let evidence = told["evidence"].as_array().expect("evidence");
    let slots = evidence.iter().find(|it| it["field"] == "slots since then").expect("how many");
    let slots: i64 = slots["value"].as_str().and_then(|text| text.parse().ok()).expect("a number");
    assert!((199..=201).contains(&slots), "{told:#}");
    let events = lane.find("events --field-selector involvedObject.name=late").expect("events can be read");
    assert_eq!(events["items"].as_array().map(Vec::len), Some(0), "{events:#}");
    // Resumed after more than a hundred: the latest starts, with a warning.
    lane.apply(&cron_job("many", r#""schedule": "* * * * *", "timeZone": "Etc/UTC", "suspend": true"#, 1));
    patch("many", &ago(4));
    lane.run(r#"kubectl patch cronjob many --type merge -p '{"spec":{"suspend":false}}'"#);
    verdict(lane, "many", "TooManyMissed Notice");
    verdict(lane, "many", "OnSchedule Ok");
}

/// The same minute by the wall clocks of several zones: each starts when it was foretold.
fn wall_clocks(lane: &Lane) {
    let slot = Timestamp::from_second((Timestamp::now().as_second() / 60 + 2) * 60).expect("a time");
    let zones = ["Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Europe/Helsinki", "Etc/UTC"];
    for (number, zone) in zones.iter().enumerate() {
        let shows = slot.in_tz(zone).expect("a zone").strftime("%-M %-H %-d %-m *").to_string();
        lane.apply(&cron_job(&format!("cron-{number}"), &format!(r#""schedule": "{shows}", "timeZone": "{zone}""#), 1));
    }
    let told = report(lane, "kubectl job next -o json");
    for (number, item) in told["items"].as_array().expect("items").iter().enumerate() {
        assert_eq!(time(&item["slots"][0]["time"]), slot, "{item:#}");
        assert_eq!(item["zone"]["name"], zones[number]);
    }
    for (number, zone) in zones.iter().enumerate() {
        let job = format!("job/cron-{number}-{}", slot.as_second() / 60);
        until(&format!("the run of {zone}"), || lane.find(&job).map(drop));
    }
}

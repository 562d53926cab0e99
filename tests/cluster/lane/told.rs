//! What a report says, cut to what a scenario is about: one line per object.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Lane, until};

/// A command's rows as `claim: verdicts, deletable, disk`, in the order of the report. Verdicts whose presence depends on the node that the
/// scheduler chose are left out.
pub(crate) fn told(lane: &Lane, command: &str) -> String {
    let report = lane.run(&format!("kubectl sts {command} -o json"));
    let report: Value = serde_json::from_str(&report).expect("a report");
    rows(&report, |item| {
        let codes: Vec<&str> =
            item["verdicts"].as_array().into_iter().flatten().filter_map(|verdict| verdict["code"].as_str()).collect();
        let disk = item["disk"].as_str().map(|disk| format!(", disk {disk}")).unwrap_or_default();
        format!("{}, {}{disk}", codes.join(" "), text(&item["deletable"]))
    })
}

/// The same, once it has become so bad.
pub(crate) fn finding_as(lane: &Lane, set: &str, code: &str, severity: &str) -> String {
    until(&format!("{severity} {code} of {set}"), || {
        let all = findings(lane, set);
        let as_bad = |verdict: &&Value| verdict["code"] == code && verdict["severity"] == severity;
        if all.iter().any(|verdict| as_bad(&verdict)) { Ok(()) } else { Err(format!("{all:#?}")) }
    });
    finding(lane, set, code)
}

/// What `status` says under a code, once it says so: its severity, its sentence, and its next step; names that differ from run to run are
/// replaced, those of nodes as well, since the scheduler chooses.
pub(crate) fn finding(lane: &Lane, set: &str, code: &str) -> String {
    let found = until(&format!("{code} of {set}"), || {
        let all = findings(lane, set);
        let found = all.iter().find(|verdict| verdict["code"] == code);
        found.cloned().ok_or_else(|| format!("{all:#?}"))
    });
    let next = found["next"].as_str().map(|next| format!("\nnext: {next}")).unwrap_or_default();
    let mut says = format!("{}: {}{next}", text(&found["severity"]), text(&found["says"]));
    let volumes = lane.find("pvc").map(|list| list["items"].clone()).unwrap_or_default();
    for claim in volumes.as_array().into_iter().flatten() {
        if let Some(volume) = claim["spec"]["volumeName"].as_str() {
            says = says.replace(volume, "VOLUME");
        }
    }
    says.replace(&lane.namespace, "NAMESPACE").replace("node1", "NODE").replace("node2", "NODE")
}

/// All that `status` finds of a set.
pub(crate) fn findings(lane: &Lane, set: &str) -> Vec<Value> {
    let report = lane.run(&format!("kubectl sts status {set} -o json"));
    let report: Value = serde_json::from_str(&report).expect("a report");
    report["items"][0]["verdicts"].as_array().cloned().unwrap_or_default()
}

/// Puts a snapshot's time six minutes forward: what it tells then, if nothing changes until then.
pub(crate) fn put_forward(snapshot: &Path) {
    let text = std::fs::read_to_string(snapshot).expect("the snapshot can be read");
    // The first document is the header.
    let time = |line: &str| line.trim().strip_prefix("time: ")?.trim_matches(['"', '\'']).parse::<Timestamp>().ok();
    let taken = text.lines().find_map(time).expect("a snapshot says when it was taken");
    let later = taken + SignedDuration::from_mins(6);
    std::fs::write(snapshot, text.replacen(&taken.to_string(), &later.to_string(), 1)).expect("it can be written");
}

/// A preview as `claim: pod, effect, disk`.
pub(crate) fn preview(lane: &Lane, what: &str) -> String {
    let report = lane.run(&format!("kubectl sts preview {what} -o json"));
    let report: Value = serde_json::from_str(&report).expect("a report");
    rows(&report, |item| {
        let disk = item["disk"].as_str().map(|disk| format!(", disk {disk}")).unwrap_or_default();
        format!("pod {}, {}{disk}", text(&item["pod"]), text(&item["effect"]))
    })
}

fn rows(report: &Value, says: impl Fn(&Value) -> String) -> String {
    let items = report["items"].as_array().expect("items");
    let name = |item: &Value| match item["object"]["kind"].as_str() {
        Some("PersistentVolume") => {
            format!("volume of {}", text(&item["ofClaim"]).split_once('/').unwrap_or_default().1)
        }
        _ => text(&item["object"]["name"]),
    };
    items.iter().map(|item| format!("{}: {}", name(item), says(item))).collect::<Vec<_>>().join("\n")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

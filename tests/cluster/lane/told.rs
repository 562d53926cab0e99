//! What a report says, cut to what a scenario is about: one line per object.

use serde_json::Value;

use super::Lane;

/// A command's rows as `claim: verdicts, deletable, disk`, in the order of the report. Verdicts whose presence depends on the node that the
/// scheduler chose are left out.
pub(crate) fn told(lane: &Lane, line: &str) -> String {
    let report = lane.run(&format!("kubectl sts {line} -o json"));
    let report: Value = serde_json::from_str(&report).expect("a report");
    rows(&report, |item| {
        let codes: Vec<&str> =
            item["verdicts"].as_array().into_iter().flatten().filter_map(|verdict| verdict["code"].as_str()).collect();
        let disk = item["disk"].as_str().map(|disk| format!(", disk {disk}")).unwrap_or_default();
        format!("{}, {}{disk}", codes.join(" "), text(&item["deletable"]))
    })
}

/// A preview as `claim: pod, effect, disk`.
pub(crate) fn preview(lane: &Lane, line: &str) -> String {
    let report = lane.run(&format!("kubectl sts preview {line} -o json"));
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

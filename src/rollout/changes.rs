//! What a rollout changes: the pod templates of two ControllerRevisions, field by field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Ordinal;
use super::blocker::{Scene, revision};
use crate::facts::{StatefulSet, Text, Why};
use crate::findings::Verdict;
use crate::jobs::difference::{Difference, differences};
use crate::pods::short;

/// So many fields are shown: an explanation is a part of one screen.
const SHOWN: usize = 8;
/// So many revisions beside the wanted one are read: pods of a set are of one or two as a rule.
const READ: usize = 4;
/// Variables whose names hold one of these may be secrets, though they stand in the open.
const SECRET: [&str; 7] = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN"];

/// The names of the revisions that a diagnosis of the set compares: the one that it goes to, and those that pods in range have besides.
/// None where every pod is of the wanted one.
pub fn compared(set: &StatefulSet, rows: &[Ordinal<'_>]) -> Vec<Text> {
    let wanted = set.status.as_ref().map_or("", |status| &*status.update_revision);
    let pods = rows.iter().filter(|row| row.in_range).filter_map(|row| row.pod.read().flatten());
    let others: BTreeSet<&str> = pods.map(revision).filter(|of| !of.is_empty() && *of != wanted).collect();
    if wanted.is_empty() || others.is_empty() {
        return Vec::new();
    }
    std::iter::once(wanted).chain(others.into_iter().take(READ)).map(Text::from).collect()
}

/// The verdict with what differs between the template of a revision and the one that the set goes to. Where the revisions were not asked
/// for, nothing is added.
pub(super) fn explained(verdict: Verdict, scene: &Scene<'_, '_>, from: &str) -> Verdict {
    let set = scene.set;
    let wanted = set.status.as_ref().map_or("", |status| &*status.update_revision);
    let revisions = scene.cluster.revisions_in(&set.meta.namespace);
    let find = |name: &str| revisions.iter().find(|it| *it.meta.name == *name)?.template.as_deref();
    if from.is_empty() || from == wanted {
        return verdict;
    }
    match (find(from), find(wanted), &scene.cluster.around.revisions.missing) {
        (Some(before), Some(after), _) => {
            listed(verdict, &scene.object(), differences(&with_env(before), &with_env(after)))
        }
        (_, _, Some(refusal)) if refusal.why == Why::NotRead => verdict,
        (_, _, Some(refusal)) => verdict.not_known(format!("cannot tell what changed: {refusal}")),
        (before, _, None) => {
            let gone = if before.is_none() { from } else { wanted };
            verdict.not_known(format!("cannot tell what changed: ControllerRevision {gone} was not found"))
        }
    }
}

/// Every container with a list of variables, be it empty: so each variable is compared by itself.
fn with_env(template: &Value) -> Value {
    let mut template = template.clone();
    for containers in ["containers", "initContainers"] {
        let containers = template["spec"].get_mut(containers).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            container.entry("env").or_insert_with(|| Value::Array(Vec::new()));
        }
    }
    template
}

fn listed(mut verdict: Verdict, set: &str, mut all: Vec<Difference>) -> Verdict {
    // The name of a new element stands in its path already, and none of its variables are none.
    let nothing = Some(Value::Array(Vec::new()));
    all.retain(|change| !(change.before.is_none() && (change.path.ends_with("].name") || change.after == nothing)));
    all.sort_by_key(|change| rank(&change.path));
    for change in all.iter().take(SHOWN) {
        let field = format!("spec.template.{}", change.path);
        verdict = verdict.because(set, &field, words(change));
    }
    match all.len().saturating_sub(SHOWN) {
        0 => verdict,
        more => verdict.because(set, "spec.template", format_args!("{more} more fields differ")),
    }
}

/// What breaks a rollout most often comes first.
fn rank(path: &str) -> usize {
    const ORDER: [&str; 8] = [".image", ".command", ".args", ".env", ".resources", "Probe", "olume", "spec."];
    ORDER.iter().position(|part| path.contains(part)).unwrap_or(ORDER.len())
}

fn words(change: &Difference) -> String {
    if may_be_secret(&change.path) {
        let what = match (&change.before, &change.after) {
            (None, _) => "new",
            (_, None) => "gone",
            _ => "another",
        };
        return format!("{what} (not shown)");
    }
    match (&change.before, &change.after) {
        (Some(Value::Object(_) | Value::Array(_)), None) => "gone".to_owned(),
        (Some(before), None) => format!("{} → gone", text(before)),
        (None, Some(Value::Array(variables))) if change.path.ends_with("].env") => {
            let names: Vec<&str> = variables.iter().filter_map(|it| it["name"].as_str()).collect();
            format!("new: {}", names.join(", "))
        }
        (None, Some(after)) => format!("new: {}", text(after)),
        (before, after) => {
            format!(
                "{} → {}",
                before.as_ref().map_or_else(String::new, text),
                after.as_ref().map_or_else(String::new, text)
            )
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        other => short(&other.to_string()),
    }
}

/// `….env[DB_PASSWORD].value`.
fn may_be_secret(path: &str) -> bool {
    let Some((_, variable)) = path.rsplit_once(".env[") else { return false };
    let name = variable.split(']').next().unwrap_or_default().to_uppercase();
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::findings::Code;

    fn told(before: &Value, after: &Value) -> Vec<String> {
        let all = differences(&with_env(before), &with_env(after));
        let verdict = listed(Verdict::new(Code::NewRevisionBroken, ""), "StatefulSet/web", all);
        verdict
            .evidence
            .iter()
            .map(|it| format!("{}: {}", it.field.trim_start_matches("spec.template."), it.value))
            .collect()
    }

    #[test]
    fn variables_are_compared_one_by_one_and_those_of_a_new_container_are_named() {
        let before = json!({"spec": {"containers": [{"name": "main"}]}});
        let secret = json!([{"name": "API_TOKEN", "value": "t0ps3cret"}, {"name": "MODE", "value": "fast"}]);
        let after = json!({"spec": {"containers": [
            {"name": "main", "env": secret}, {"name": "proxy", "env": secret}, {"name": "idle"}]}});
        assert_eq!(
            told(&before, &after),
            [
                "spec.containers[main].env[API_TOKEN].value: new (not shown)",
                "spec.containers[main].env[MODE].value: new: fast",
                "spec.containers[proxy].env: new: API_TOKEN, MODE",
            ]
        );
    }

    #[test]
    fn what_breaks_rollouts_comes_first_and_no_password_is_shown() {
        let before = json!({"metadata": {"annotations": {"v": "1"}}, "spec": {"nodeSelector": {"disk": "ssd"}, "containers": [
            {"name": "main", "image": "db:1", "args": ["--a"], "resources": {"limits": {"memory": "1Gi"}},
             "env": [{"name": "MODE", "value": "slow"}, {"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "OLD", "value": "x"}],
             "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}]}});
        let after = json!({"metadata": {"annotations": {"v": "2"}}, "spec": {"containers": [
            {"name": "main", "image": "db:2", "args": ["--a", "--b"], "resources": {"limits": {"memory": "64Mi"}},
             "env": [{"name": "MODE", "value": "fast"}, {"name": "DB_PASSWORD", "value": "hunter3"}],
             "readinessProbe": {"httpGet": {"path": "/", "port": 81}}},
            {"name": "proxy", "image": "proxy:1"}]}});
        assert_eq!(
            told(&before, &after),
            [
                "spec.containers[main].image: db:1 → db:2",
                "spec.containers[proxy].image: new: proxy:1",
                "spec.containers[main].args[1]: new: --b",
                "spec.containers[main].env[MODE].value: slow → fast",
                "spec.containers[main].env[DB_PASSWORD].value: another (not shown)",
                "spec.containers[main].env[OLD]: gone",
                "spec.containers[main].resources.limits.memory: 1Gi → 64Mi",
                "spec.containers[main].readinessProbe.httpGet.port: 80 → 81",
                "spec.template: 2 more fields differ",
            ]
        );
    }
}

//! Pods, claims and Jobs that the server refuses to create: only an event of the controller tells (`FailedCreate`).

use jiff::Timestamp;

use super::Circumstances;
use super::admission::Proof;
use super::words::short;
use crate::facts::Meta;
use crate::findings::{Code, Verdict};

/// Why the newest try was refused; `None` where a later one succeeded, or no event is left.
///
/// An event of a quarter of an hour ago may well be the present cause: the StatefulSet controller waits up to 1000 s between two tries.
pub fn creation_refused(kind: &'static str, of: &Meta, around: &Circumstances<'_>) -> Option<Verdict> {
    let refused = around.newest(kind, of, &["FailedCreate"])?;
    let made = around.newest(kind, of, &["SuccessfulCreate"]).and_then(|event| event.last);
    if made.is_some() && made >= refused.last {
        return None;
    }
    // Each try has a pod's random name in its message and so an event of its own; they say the same (facts: grouping).
    let tries: u32 =
        around.about(kind, of).filter(|e| e.reason == refused.reason && e.last > made).map(|e| e.count).sum();
    let claim = refused.message.starts_with("Create Claim ")
        || refused.message.contains("failed to create PVC")
        || refused.message.contains("persistentvolumeclaims \"");
    let code = if claim { Code::ClaimCreationRefused } else { Code::PodCreationRefused };
    let why = why(&refused.message);
    let what = if claim {
        "claim"
    } else if kind == "CronJob" {
        "Job"
    } else {
        "pod"
    };
    Some(
        Verdict::new(code, format!("The server refuses to create the {what}: {}.", why.says))
            .since(refused.last)
            .because(
                format_args!("{kind}/{}", of.name),
                "event FailedCreate",
                format_args!("{tries} tr{}, newest: {}", if tries == 1 { "y" } else { "ies" }, cause(&refused.message)),
            )
            .next(next(kind, of, &why, refused.last)),
    )
}

/// The same from the objects that forbid it, where no event of a try is left or may be read.
pub fn refused_by(proof: Proof, code: Code, kind: &'static str, of: &Meta) -> Verdict {
    let what = if code == Code::ClaimCreationRefused { "claim" } else { "pod" };
    let why = Refused { says: proof.says, look: proof.look };
    Verdict::new(code, format!("The server would refuse to create the {what} now: {}.", why.says))
        .because(proof.object, &proof.field, proof.value)
        .next(next(kind, of, &why, None))
}

/// What refused it, and what to look at.
struct Refused {
    says: String,
    look: String,
}

/// The server's words behind the controller's: `Error creating: pods "x" is forbidden: …`, `… failed error: …`.
fn cause(message: &str) -> String {
    let rest = message
        .split_once(" failed error: ")
        .or_else(|| message.split_once("Error creating: "))
        .or_else(|| message.split_once("Error creating job: "))
        .map_or(message, |(_, rest)| rest);
    short(rest)
}

fn why(message: &str) -> Refused {
    let has = |word: &str| message.contains(word);
    let after = |word: &str| short(message.split_once(word).map_or(message, |(_, rest)| rest));
    let refused = |says: String, look: &str| Refused { says, look: look.to_owned() };
    if has("exceeded quota: ") {
        let rest = after("exceeded quota: ");
        let name = rest.split(',').next().unwrap_or_default().to_owned();
        return refused(format!("quota {rest}"), &format!("kubectl -n NS describe resourcequota {name}"));
    }
    if has("failed quota: ") {
        return refused(format!("quota {}", after("failed quota: ")), "kubectl -n NS describe resourcequota");
    }
    if has("serviceaccount \"") {
        let name = after("serviceaccount \"");
        let name = name.split('"').next().unwrap_or_default().to_owned();
        return refused(
            format!("its ServiceAccount {name} does not exist"),
            &format!("kubectl -n NS create serviceaccount {name}"),
        );
    }
    if has("violates PodSecurity") {
        return refused(
            format!("the namespace's Pod Security admission forbids it: {}", after("violates PodSecurity ")),
            "kubectl get namespace NS --show-labels",
        );
    }
    if has("ValidatingAdmissionPolicy") {
        return refused(
            format!("an admission policy forbids it: {}", after("ValidatingAdmissionPolicy ")),
            "kubectl get validatingadmissionpolicybindings",
        );
    }
    if has("admission webhook") {
        return refused(
            format!("an admission webhook forbids it: {}", after("admission webhook ")),
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        );
    }
    if has("failed calling webhook") {
        return refused(
            format!("an admission webhook does not answer: {}", after("failed calling webhook ")),
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
        );
    }
    if has(" usage per ") || has("cpu max limit") || has("max limit to request ratio") {
        let rest = after(" is forbidden: ");
        return refused(format!("a LimitRange forbids it: {rest}"), "kubectl -n NS describe limitrange");
    }
    if has("must be no more than 63") {
        return refused("a name or label is longer than 63 characters".to_owned(), "a shorter name is needed");
    }
    if has("is being deleted") {
        return refused(after(" failed error: "), "kubectl -n NS get persistentvolumeclaims");
    }
    refused(cause(message), "")
}

fn next(kind: &str, of: &Meta, why: &Refused, tried: Option<Timestamp>) -> String {
    let namespace = &of.namespace;
    let look = why.look.replace("NS", namespace);
    let look = if look.is_empty() {
        format!("kubectl -n {namespace} describe {} {}", kind.to_lowercase(), of.name)
    } else {
        look
    };
    let retry = tried.map_or_else(String::new, |at| format!(" (it last tried at {at})"));
    match kind {
        // A write re-queues it at once (facts); left alone it waits up to 16 min 40 s.
        "StatefulSet" => format!(
            "{look}\nkubectl -n {namespace} annotate statefulset {} touched=\"$(date +%s)\" --overwrite  # after the remedy: the controller may wait up to 1000 s before it tries again{retry}",
            of.name
        ),
        "CronJob" => format!(
            "{look}\nkubectl -n {namespace} annotate cronjob {} touched=\"$(date +%s)\" --overwrite  # after the remedy: left alone it goes on losing slots",
            of.name
        ),
        _ => format!("{look}  # the controller tries again at least once a minute"),
    }
}

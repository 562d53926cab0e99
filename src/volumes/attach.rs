//! Why a pod does not get its volume although the claim is bound: attachments, other holders, mounts.

use jiff::SignedDuration;

use super::modifiers::volume_of;
use super::{Index, Row, unused_since};
use crate::facts::{Attachment, Event, Pod, Volume};
use crate::findings::{Code, Severity, Verdict};
use crate::pods::VOLUME_PATIENCE;

/// How long a detach may take.
const DETACH: SignedDuration = SignedDuration::from_mins(6);

/// How long a driver's node plugin may take to register with a new node's kubelet.
const REGISTRATION: SignedDuration = SignedDuration::from_mins(2);

/// What holds the volume back, and attachments that nothing needs.
pub(super) fn verdicts(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let Some(volume) = volume_of(row) else { return Vec::new() };
    let attachments = index.attachments_of(&volume.meta.name);
    let mut all = Vec::new();
    // A pod that starts: it has a node, but no container of it runs.
    let starts =
        row.pod.filter(|pod| pod.live() && pod.meta.deleted().is_none() && !pod.ready && pod.containers.0 == 0);
    if let Some(pod) = starts.filter(|pod| uses(pod, &row.name)) {
        all.extend(held(row, pod, volume, index, attachments));
    }
    all.extend(leaked(row, index, attachments));
    all
}

/// Whether this is the claim's only access mode.
fn only(row: &Row<'_>, mode: &str) -> bool {
    row.claim.is_some_and(|claim| claim.spec.access_modes.len() == 1 && *claim.spec.access_modes[0] == *mode)
}

fn uses(pod: &Pod, claim: &str) -> bool {
    pod.claims.iter().any(|used| *used.claim == *claim)
}

fn held(row: &Row<'_>, pod: &Pod, volume: &Volume, index: &Index<'_>, attachments: &[&Attachment]) -> Option<Verdict> {
    let others: Vec<&Pod> = index
        .users
        .of(row.namespace, &row.name)
        .filter(|other| other.live() && !std::ptr::eq(*other, pod) && other.node.is_some())
        .collect();
    let Some(node) = pod.node.as_deref() else {
        let holder = others.first().filter(|_| only(row, "ReadWriteOncePod"))?;
        return Some(
            Verdict::new(
                Code::AccessModeConflict,
                format!(
                    "Pod {} can't be placed: pod {} holds the claim, and its mode lets one pod only use it.",
                    pod.meta.name, holder.meta.name
                ),
            )
            .because(format_args!("PersistentVolumeClaim/{}", row.name), "spec.accessModes", "ReadWriteOncePod")
            .because(
                format_args!("Pod/{}", holder.meta.name),
                "spec.nodeName",
                holder.node.as_deref().unwrap_or_default(),
            ),
        );
    };
    let elsewhere = others.iter().find(|other| other.node.as_deref() != Some(node));
    if let Some(other) = elsewhere.filter(|_| only(row, "ReadWriteOnce")) {
        // The event is written once and never again, so the other pod's spec decides.
        return Some(
            Verdict::new(
                Code::MultiAttach,
                format!(
                    "Pod {} waits on node {node}: pod {} holds the volume on node {}, and only one node may have it.",
                    pod.meta.name,
                    other.meta.name,
                    other.node.as_deref().unwrap_or_default()
                ),
            )
            .since(pod.meta.created())
            .because(
                format_args!("Pod/{}", other.meta.name),
                "spec.nodeName",
                other.node.as_deref().unwrap_or_default(),
            )
            .because(format_args!("Pod/{}", pod.meta.name), "spec.nodeName", node)
            .next(format!(
                "kubectl -n {} delete pod {}  # once its work is done; the volume then moves within seconds",
                row.namespace, other.meta.name
            )),
        );
    }
    let hanging =
        attachments.iter().find(|a| &*a.node != node && a.meta.deleted().is_some() && a.detach_error.is_some());
    if let Some(attachment) = hanging {
        let (error, since) = attachment.detach_error.as_ref().map(|(error, at)| (&**error, *at)).unwrap_or_default();
        return Some(
            Verdict::new(
                Code::MultiAttach,
                format!(
                    "Pod {} waits on node {node}: node {} does not let go of the volume: {error}",
                    pod.meta.name, attachment.node
                ),
            )
            .since(since)
            .because(format_args!("VolumeAttachment/{}", attachment.meta.name), "status.detachError.message", error)
            .next(format!("kubectl describe node {}  # is it alive?", attachment.node)),
        );
    }
    let own = attachments.iter().find(|a| &*a.node == node);
    if let Some(verdict) = without_driver(pod, node, volume, index, own.is_some()) {
        return Some(verdict);
    }
    if let Some((attachment, (error, since))) =
        own.and_then(|a| Some((a, a.attach_error.as_ref().filter(|_| !a.attached)?)))
    {
        return Some(
            Verdict::new(Code::AttachFailed, format!("Its volume can't be attached to node {node}: {error}"))
                .severity(lasting(pod, index, SignedDuration::from_secs(VOLUME_PATIENCE)))
                .since(*since)
                .because(format_args!("VolumeAttachment/{}", attachment.meta.name), "status.attachError.message", error)
                .next(format!("kubectl -n {} describe pod {}", row.namespace, pod.meta.name)),
        );
    }
    told(row, pod, index)
}

/// The kubelet of the pod's node knows no such driver: its node plugin does not run there, and neither attaching nor mounting can succeed.
fn without_driver(pod: &Pod, node: &str, volume: &Volume, index: &Index<'_>, attaches: bool) -> Option<Verdict> {
    let known = index.cluster.around.csi_nodes.items.iter().find(|known| *known.meta.name == *node)?;
    if !volume.spec.csi || known.drivers.contains(&volume.spec.driver) {
        return None;
    }
    // On a node that has just started, the plugin registers within moments.
    let young = pod.meta.created().is_none_or(|at| index.cluster.now.duration_since(at) < REGISTRATION);
    let drivers = if known.drivers.is_empty() { "none".to_owned() } else { known.drivers.join(", ") };
    Some(
        Verdict::new(
            if attaches { Code::AttachFailed } else { Code::MountFailed },
            format!(
                "Node {node} has no CSI driver {}: its node plugin does not run there, so the volume can't come to pod {}.",
                volume.spec.driver, pod.meta.name
            ),
        )
        .severity(if young { Severity::Waiting } else { Severity::Fault })
        .since(pod.meta.created())
        .because(format_args!("CSINode/{node}"), "spec.drivers[].name", drivers)
        .because(format_args!("PersistentVolume/{}", volume.meta.name), "spec.csi.driver", &volume.spec.driver)
        .next(format!("kubectl get pods -A -o wide --field-selector spec.nodeName={node}  # is the driver's node plugin among them, and ready?")),
    )
}

/// What fails is tried again at once, and succeeds as a rule: a Fault only when the pod has waited for longer.
fn lasting(pod: &Pod, index: &Index<'_>, patience: SignedDuration) -> Severity {
    let since = pod.detail.as_ref().and_then(|detail| detail.started).or(pod.meta.created());
    match since {
        Some(at) if index.cluster.now.duration_since(at) <= patience => Severity::Waiting,
        _ => Severity::Fault,
    }
}

/// What the pod's events say, where no object does.
fn told(row: &Row<'_>, pod: &Pod, index: &Index<'_>) -> Option<Verdict> {
    let volume = pod.claims.iter().find(|used| *used.claim == *row.name)?;
    let bound = row.claim.and_then(|claim| claim.volume.as_deref()).unwrap_or_default();
    let about = |event: &&Event| {
        pod.meta.uid == event.uid
            && (event.message.contains(&format!("\"{bound}\""))
                || event.message.contains(&format!("\"{}\"", volume.volume)))
    };
    let mut events = index.cluster.around.events_of(row.namespace, "Pod", &pod.meta.name).filter(about);
    let event = events.find(|event| matches!(&*event.reason, "FailedAttachVolume" | "FailedMount"))?;
    let code = if &*event.reason == "FailedMount" { Code::MountFailed } else { Code::AttachFailed };
    let what = if code == Code::MountFailed { "mounted" } else { "attached" };
    // A node plugin that has just started is not known to the kubelet yet (`csi_client.go`, newCsiDriverClient).
    let registers = event.message.contains("not found in the list of registered CSI drivers");
    let patience = if registers { REGISTRATION } else { SignedDuration::from_secs(VOLUME_PATIENCE) };
    Some(
        Verdict::new(code, format!("Its volume can't be {what}: {}", event.message))
            .severity(lasting(pod, index, patience))
            .since(event.last)
            .because(
                format_args!("Pod/{}", pod.meta.name),
                &format!("event {}", event.reason),
                format_args!("x{}: {}", event.count, event.message),
            )
            .next(format!("kubectl -n {} describe pod {}", row.namespace, pod.meta.name)),
    )
}

/// An attachment to a node that is gone, or where no pod uses the claim. Deleting one while another names the same volume and node would
/// take the disk from under a running pod.
fn leaked(row: &Row<'_>, index: &Index<'_>, attachments: &[&Attachment]) -> Vec<Verdict> {
    let cluster = index.cluster;
    if cluster.around.nodes.missing.is_some() || cluster.around.nodes.items.is_empty() || cluster.pods.missing.is_some()
    {
        return Vec::new();
    }
    let mut all = Vec::new();
    for attachment in attachments.iter().filter(|attachment| attachment.meta.deleted().is_none()) {
        let node = &*attachment.node;
        let gone = !cluster.around.nodes.items.iter().any(|known| *known.meta.name == *node);
        let used = index.users.of(row.namespace, &row.name).any(|pod| pod.node.as_deref() == Some(node));
        // The controller detaches some seconds after the last pod is gone.
        let young =
            attachment.meta.created().is_some_and(|at| cluster.now.duration_since(at) < SignedDuration::from_mins(1));
        let twin = attachments.iter().any(|other| !std::ptr::eq(*other, *attachment) && other.node == attachment.node);
        if used || (!gone && (young || !attachment.attached)) {
            continue;
        }
        let (why, severity) = if gone {
            (format!("node {node} does not exist"), Severity::Fault)
        } else {
            // A detach follows the last pod within seconds, and after a lost node within six minutes (attachdetach's
            // maxWaitForUnmountDuration): only what is known to have lasted longer is broken.
            let elsewhere = row.pod.filter(|pod| pod.live() && pod.ready && only(row, "ReadWriteOnce"));
            let unused = unused_since(row, index).or(elsewhere.and_then(Pod::ready_since));
            let long = unused.is_some_and(|since| cluster.now.duration_since(since) > DETACH);
            let severity = if long { Severity::Fault } else { Severity::Notice };
            (format!("no pod on node {node} uses the claim"), severity)
        };
        let verdict = Verdict::new(
            Code::AttachmentLeaked,
            format!(
                "VolumeAttachment {} holds the volume, but {why}: while it stands, pods elsewhere can't get the volume, and its deletion hangs.",
                attachment.meta.name
            ),
        )
        .severity(severity)
        .since(attachment.meta.created())
        .because(format_args!("VolumeAttachment/{}", attachment.meta.name), "spec.nodeName", node)
        .because(
            format_args!("VolumeAttachment/{}", attachment.meta.name),
            "status.attached",
            attachment.attached,
        );
        all.push(if twin || severity == Severity::Notice {
            verdict
        } else {
            verdict.next(format!("kubectl delete volumeattachment {}", attachment.meta.name))
        });
    }
    all
}

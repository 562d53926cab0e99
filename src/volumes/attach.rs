//! Why a pod does not get its volume although the claim is bound: attachments, other holders, mounts.

use super::modifiers::volume_of;
use super::{Index, Row};
use crate::facts::{Attachment, Event, Pod};
use crate::findings::{Code, Verdict};

/// What holds the volume back, and attachments that nothing needs.
pub(super) fn verdicts(row: &Row<'_>, index: &Index<'_>) -> Vec<Verdict> {
    let Some(volume) = volume_of(row) else { return Vec::new() };
    let attachments = index.attachments_of(&volume.meta.name);
    let mut all = Vec::new();
    // A pod that starts: it has a node, but no container of it runs.
    let starts = row.pod.filter(|pod| pod.live() && pod.meta.deleted.is_none() && !pod.ready && pod.containers.0 == 0);
    if let Some(pod) = starts.filter(|pod| uses(pod, &row.name)) {
        all.extend(held(row, pod, index, attachments));
    }
    all.extend(leaked(row, index, attachments));
    all
}

fn uses(pod: &Pod, claim: &str) -> bool {
    pod.claims.iter().any(|used| *used.claim == *claim)
}

fn held(row: &Row<'_>, pod: &Pod, index: &Index<'_>, attachments: &[&Attachment]) -> Option<Verdict> {
    let modes = row.claim.map(|claim| &claim.access_modes);
    let only = |mode: &str| modes.is_some_and(|modes| modes.len() == 1 && *modes[0] == *mode);
    let others: Vec<&Pod> = index
        .users
        .of(row.namespace, &row.name)
        .filter(|other| other.live() && !std::ptr::eq(*other, pod) && other.node.is_some())
        .collect();
    let Some(node) = pod.node.as_deref() else {
        let holder = others.first().filter(|_| only("ReadWriteOncePod"))?;
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
    if let Some(other) = elsewhere.filter(|_| only("ReadWriteOnce")) {
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
            .since(pod.meta.created)
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
    let hanging = attachments.iter().find(|a| &*a.node != node && a.meta.deleted.is_some() && a.detach_error.is_some());
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
    if let Some((attachment, (error, since))) =
        own.and_then(|a| Some((a, a.attach_error.as_ref().filter(|_| !a.attached)?)))
    {
        return Some(
            Verdict::new(Code::AttachFailed, format!("Its volume can't be attached to node {node}: {error}"))
                .since(*since)
                .because(format_args!("VolumeAttachment/{}", attachment.meta.name), "status.attachError.message", error)
                .next(format!("kubectl -n {} describe pod {}", row.namespace, pod.meta.name)),
        );
    }
    told(row, pod, index)
}

/// What the pod's events say, where no object does.
fn told(row: &Row<'_>, pod: &Pod, index: &Index<'_>) -> Option<Verdict> {
    let volume = pod.claims.iter().find(|used| *used.claim == *row.name)?;
    let bound = row.claim.and_then(|claim| claim.volume.as_deref()).unwrap_or_default();
    let about = |event: &&Event| {
        *event.uid == *pod.meta.uid
            && (event.message.contains(&format!("\"{bound}\""))
                || event.message.contains(&format!("\"{}\"", volume.volume)))
    };
    let mut events = index.cluster.around.events_of(row.namespace, "Pod", &pod.meta.name).filter(about);
    let event = events.find(|event| matches!(&*event.reason, "FailedAttachVolume" | "FailedMount"))?;
    let code = if &*event.reason == "FailedMount" { Code::MountFailed } else { Code::AttachFailed };
    let what = if code == Code::MountFailed { "mounted" } else { "attached" };
    Some(
        Verdict::new(code, format!("Its volume can't be {what}: {}", event.message))
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
    for attachment in attachments.iter().filter(|attachment| attachment.meta.deleted.is_none()) {
        let node = &*attachment.node;
        let gone = !cluster.around.nodes.items.iter().any(|known| *known.meta.name == *node);
        let used = index.users.of(row.namespace, &row.name).any(|pod| pod.node.as_deref() == Some(node));
        // The controller detaches some seconds after the last pod is gone.
        let young = attachment
            .meta
            .created
            .is_some_and(|at| cluster.now.duration_since(at) < jiff::SignedDuration::from_mins(1));
        let twin = attachments.iter().any(|other| !std::ptr::eq(*other, *attachment) && other.node == attachment.node);
        if used || (!gone && (young || !attachment.attached)) {
            continue;
        }
        let why =
            if gone { format!("node {node} does not exist") } else { format!("no pod on node {node} uses the claim") };
        let verdict = Verdict::new(
            Code::AttachmentLeaked,
            format!(
                "VolumeAttachment {} holds the volume, but {why}: pods elsewhere can't get it, and its deletion hangs.",
                attachment.meta.name
            ),
        )
        .since(attachment.meta.created)
        .because(format_args!("VolumeAttachment/{}", attachment.meta.name), "spec.nodeName", node)
        .because(
            format_args!("VolumeAttachment/{}", attachment.meta.name),
            "status.attached",
            attachment.attached,
        );
        all.push(if twin {
            verdict
        } else {
            verdict.next(format!("kubectl delete volumeattachment {}", attachment.meta.name))
        });
    }
    all
}

//! Volumes that are nearly full, by their kubelet's statistics; only where those were asked for.

use super::{Class, Index, Row};
use crate::facts::{Pod, Refusal, Room, VolumeUsage, format_bytes};
use crate::findings::{Code, Severity, Verdict};

/// Thousandths that are free: below the first nothing can be written soon, below the second it is time to act (kubernetes-mixin,
/// KubePersistentVolumeFillingUp; its forecast needs more than one measurement).
const FULL: u64 = 30;
const FILLING: u64 = 150;

/// What is known of how full a row's volume is.
#[derive(Debug, Clone, Copy)]
pub enum Fullness<'a> {
    /// Measured by a kubelet.
    Measured(&'a VolumeUsage),
    /// No kubelet told of it: it is mounted nowhere, or its driver does not measure.
    NotMeasured,
    /// Its node's kubelet could not be asked.
    Unread(&'a str, &'a Refusal),
}

/// How full the row's volume is; `None` where nobody asked.
pub fn fullness<'a>(row: &Row<'a>, index: &Index<'a>) -> Option<Fullness<'a>> {
    let usage = index.cluster.usage.as_ref()?;
    if let Some(measured) = usage.of(row.namespace, &row.name) {
        return Some(Fullness::Measured(measured));
    }
    let unread =
        index.users.of(row.namespace, &row.name).filter_map(node).find_map(|node| Some((node, usage.unread(node)?)));
    Some(unread.map_or(Fullness::NotMeasured, |(node, refusal)| Fullness::Unread(node, refusal)))
}

/// The nodes on which the volumes of these rows are mounted.
pub fn mounted_on<'a>(rows: &[Row<'a>], index: &Index<'a>) -> std::collections::BTreeSet<crate::facts::Text> {
    let users = rows.iter().flat_map(|row| index.users.of(row.namespace, &row.name));
    users.filter(|pod| pod.live()).filter_map(|pod| pod.node.clone()).collect()
}

fn node(pod: &Pod) -> Option<&str> {
    pod.node.as_deref().filter(|_| pod.live())
}

pub(super) fn verdict(row: &Row<'_>, index: &Index<'_>) -> Option<Verdict> {
    let claim = row.claim?;
    let usage = match fullness(row, index)? {
        Fullness::Measured(usage) => usage,
        Fullness::Unread(node, refusal) => {
            let used = matches!(row.class, Class::InUse(_) | Class::Borrowed(_) | Class::TerminatingMounted(_));
            return used.then(|| {
                Verdict::cannot_tell(&format!("how full it is: the kubelet of {node} was not heard"), refusal)
            });
        }
        Fullness::NotMeasured => return None,
    };
    // One that is only read is full by design.
    if claim.spec.access_modes.iter().all(|mode| &**mode == "ReadOnlyMany") {
        return None;
    }
    let rooms = [(Some(usage.bytes), "bytes"), (usage.inodes, "inodes")];
    let (room, what) = rooms
        .into_iter()
        .filter_map(|(room, what)| Some((room?, what)))
        .min_by_key(|(room, _)| room.free_per_mille())?;
    let free = room.free_per_mille();
    if free >= FILLING {
        return None;
    }
    let amount = |n: u64| if what == "bytes" { format_bytes(n) } else { n.to_string() };
    let unit = if what == "bytes" { "" } else { " inodes" };
    let says = if free < FULL {
        format!("Full but for {} of {}{unit} ({}).", amount(room.free), amount(room.total), room.free_words())
    } else {
        format!("{} of {}{unit} are free ({}).", amount(room.free), amount(room.total), room.free_words())
    };
    let object = format!("PersistentVolumeClaim/{}", row.name);
    Some(
        Verdict::new(Code::VolumeFilling, says)
            .severity(if free < FULL { Severity::Fault } else { Severity::Notice })
            .because(&object, &format!("kubelet {what} used"), amount(room.used))
            .because(&object, &format!("kubelet {what} free"), amount(room.free))
            .next(step(row, index, what, usage.bytes)),
    )
}

/// More room where the class can give it; inodes come with it in most file systems.
fn step(row: &Row<'_>, index: &Index<'_>, what: &str, bytes: Room) -> String {
    let class = row.claim.and_then(|claim| claim.spec.class.as_deref());
    let expandable = class.and_then(|class| index.cluster.class(class).read().flatten()).map(|class| class.expandable);
    let (namespace, name) = (row.namespace, &row.name);
    match expandable {
        Some(true) => format!(
            "kubectl -n {namespace} patch pvc {name} --type=merge -p '{{\"spec\":{{\"resources\":{{\"requests\":{{\"storage\":\"{}\"}}}}}}}}'  # a size of your choice: it can only grow, and the pod goes on",
            format_bytes(bytes.total.saturating_mul(2))
        ),
        Some(false) => format!(
            "its class {} allows no expansion: free {} by the application's own means, or move to a larger claim",
            class.unwrap_or_default(),
            if what == "bytes" { "space" } else { what }
        ),
        None => format!(
            "kubectl get storageclass {}  # ALLOWVOLUMEEXPANSION: can the claim grow?",
            class.unwrap_or_default()
        ),
    }
}

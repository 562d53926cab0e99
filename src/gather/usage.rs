//! What kubelets tell of the volumes that they mounted, through the API server's proxy.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use tokio::time::timeout;

use super::lists::{segment, why};
use super::page::decode;
use super::resource::{NODES, Need, Resource};
use super::wire::{Str, Time};
use crate::connect::{Client, Error};
use crate::facts::{Refusal, Room, Scope, Text, Usage, VolumeUsage, Why};

/// `nodes/proxy`.
pub const NODE_PROXY: Resource = Resource { plural: "nodes/proxy", name: "nodes/proxy", ..NODES };

/// So many kubelets are asked at once.
const AT_ONCE: usize = 16;
/// So long a kubelet has to answer: one that is gone must not hold up the others' rows.
const PATIENCE: Duration = Duration::from_secs(10);

/// What asking kubelets needs.
pub fn need() -> Need {
    Need {
        verb: "get",
        resource: &NODE_PROXY,
        scope: Scope::Cluster,
        required: false,
        tells: "how full volumes are; it is no mere reading: it lets its holder run commands in every pod",
    }
}

/// Asks the kubelets of these nodes. One that does not answer costs only what it would have told.
pub async fn read(client: &Client, nodes: &BTreeSet<Text>) -> Usage {
    let asked = stream::iter(nodes).map(|node| async move { (node, ask(client, node).await) });
    let answers: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
    let (mut volumes, mut unread) = (Vec::new(), Vec::new());
    for (node, answer) in answers {
        match answer {
            Ok(told) => volumes.extend(told),
            Err(why) => {
                unread.push((
                    node.clone(),
                    Refusal { verb: "get", resource: NODE_PROXY.name, scope: Scope::Cluster, why },
                ));
            }
        }
    }
    unread.sort_by(|a, b| a.0.cmp(&b.0));
    Usage::new(volumes, unread)
}

async fn ask(client: &Client, node: &str) -> Result<Vec<VolumeUsage>, Why> {
    let path = format!("{}/{}/proxy/stats/summary", NODES.path(None), segment(node));
    let answer = timeout(PATIENCE, client.get(&path, None)).await.map_err(|_| Why::TimedOut)?;
    answer.and_then(|answer| volumes(&answer.body)).map_err(|error| why(&error))
}

#[derive(Deserialize)]
struct Summary<'a> {
    #[serde(borrow, default)]
    pods: Option<Vec<PodStats<'a>>>,
}

#[derive(Deserialize)]
struct PodStats<'a> {
    #[serde(borrow, default)]
    volume: Option<Vec<VolumeStats<'a>>>,
}

/// `VolumeStats` (kubelet `pkg/apis/stats/v1alpha1`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeStats<'a> {
    #[serde(default)]
    time: Time,
    #[serde(borrow, default)]
    pvc_ref: Option<PvcRef<'a>>,
    #[serde(default)]
    capacity_bytes: Option<u64>,
    #[serde(default)]
    available_bytes: Option<u64>,
    #[serde(default)]
    used_bytes: Option<u64>,
    #[serde(default)]
    inodes: Option<u64>,
    #[serde(default)]
    inodes_free: Option<u64>,
    #[serde(default)]
    inodes_used: Option<u64>,
}

#[derive(Deserialize)]
struct PvcRef<'a> {
    #[serde(borrow, default)]
    namespace: Str<'a>,
    #[serde(borrow, default)]
    name: Str<'a>,
}

/// The claims' volumes among a kubelet's statistics. Several pods of a node may share one: it is told once.
fn volumes(summary: &[u8]) -> Result<Vec<VolumeUsage>, Error> {
    let summary: Summary<'_> = decode(summary)?;
    let mut all: Vec<VolumeUsage> = Vec::new();
    for stats in summary.pods.into_iter().flatten().flat_map(|pod| pod.volume.unwrap_or_default()) {
        let Some(claim) = &stats.pvc_ref else { continue };
        // A driver that does not measure tells nothing, or nought.
        let Some(bytes) = room(stats.capacity_bytes, stats.available_bytes, stats.used_bytes) else { continue };
        let seen = |it: &VolumeUsage| (&*it.namespace, &*it.claim) == (&*claim.namespace, &*claim.name);
        if !all.iter().any(seen) {
            all.push(VolumeUsage {
                namespace: (&*claim.namespace).into(),
                claim: (&*claim.name).into(),
                bytes,
                inodes: room(stats.inodes, stats.inodes_free, stats.inodes_used),
                measured: stats.time.0,
            });
        }
    }
    Ok(all)
}

fn room(total: Option<u64>, free: Option<u64>, used: Option<u64>) -> Option<Room> {
    let total = total.filter(|total| *total > 0)?;
    let free = free?;
    Some(Room { total, free, used: used.unwrap_or(total.saturating_sub(free)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_measured_volumes_of_claims_are_told_each_once() {
        let claim = |name: &str| serde_json::json!({"namespace": "shop", "name": name});
        let summary = serde_json::json!({"node": {"nodeName": "node1"}, "pods": [
            {"podRef": {"name": "web-0"}, "volume": [
                {"time": "2026-11-24T12:00:00Z", "name": "data", "pvcRef": claim("data-web-0"), "capacityBytes": 1000,
                 "availableBytes": 20, "usedBytes": 930, "inodes": 100, "inodesFree": 50, "inodesUsed": 50},
                {"name": "kube-api-access", "capacityBytes": 9, "availableBytes": 9},
                {"name": "block", "pvcRef": claim("block-web-0")},
                {"name": "silent", "pvcRef": claim("silent-web-0"), "capacityBytes": 0, "availableBytes": 0}]},
            {"podRef": {"name": "debug"}, "volume": [
                {"name": "d", "pvcRef": claim("data-web-0"), "capacityBytes": 1000, "availableBytes": 20}]},
            {"podRef": {"name": "bare"}}]});
        let told = volumes(summary.to_string().as_bytes()).unwrap();
        assert_eq!(
            told,
            [VolumeUsage {
                namespace: "shop".into(),
                claim: "data-web-0".into(),
                bytes: Room { total: 1000, free: 20, used: 930 },
                inodes: Some(Room { total: 100, free: 50, used: 50 }),
                measured: Some("2026-11-24T12:00:00Z".parse().unwrap()),
            }]
        );
        assert!(volumes(b"{}").unwrap().is_empty());
    }
}

//! What `volumes -A` costs without a server: reading 10,000 of each kind, judging, and laying out the table.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use workload_core::facts::Cluster;
use workload_core::gather::files::{Source, read};
use workload_core::volumes::{Index, Summary, View, rows, verdicts};

const SETS: usize = 1000;
const ORDINALS: usize = 10;

fn list() -> String {
    let mut items: Vec<Value> = Vec::new();
    for s in 0..SETS {
        let (set, uid) = (format!("set-{s:04}"), format!("set-uid-{s}"));
        items.push(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": set, "namespace": "bench", "uid": uid},
            "spec": {"replicas": ORDINALS - 1, "serviceName": set, "selector": {"matchLabels": {"app": set}},
                "template": {"metadata": {"labels": {"app": set}}, "spec": {"containers": [{"name": "main"}]}},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]},
            "status": {"replicas": ORDINALS - 1}}));
        for k in 0..ORDINALS {
            let (pod, claim) = (format!("{set}-{k}"), format!("data-{set}-{k}"));
            let owner =
                json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": set, "uid": uid, "controller": true}]);
            if k < ORDINALS - 1 {
                items.push(json!({"apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": pod, "namespace": "bench", "uid": format!("pod-{s}-{k}"), "ownerReferences": owner},
                    "spec": {"nodeName": "node1", "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]},
                    "status": {"phase": "Running"}}));
            }
            items.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim, "namespace": "bench", "uid": format!("claim-{s}-{k}")},
                "spec": {"volumeName": format!("pv-{s}-{k}"), "resources": {"requests": {"storage": "1Gi"}}}, "status": {"phase": "Bound"}}));
        }
    }
    json!({"kind": "List", "apiVersion": "v1", "items": items}).to_string()
}

fn facts(text: &str) -> Cluster {
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    read(&[Source::Stdin], false, None, "bench", now, &mut text.as_bytes()).unwrap().cluster
}

fn volumes(c: &mut Criterion) {
    let text = list();
    c.bench_function("read 20,000 objects", |b| b.iter(|| facts(&text)));
    let cluster = facts(&text);
    c.bench_function("judge 10,000 claims", |b| {
        b.iter_batched(
            || View { sets: cluster.sets.items.iter().collect(), all_claims: true, only: None },
            |view| {
                let index = Index::new(&cluster);
                Summary::of(&rows(&index, &view))
            },
            BatchSize::SmallInput,
        );
    });
    c.bench_function("explain 10,000 claims", |b| {
        let index = Index::new(&cluster);
        let rows = rows(&index, &View { sets: cluster.sets.items.iter().collect(), all_claims: true, only: None });
        b.iter(|| rows.iter().map(|row| verdicts(row, &index).len()).sum::<usize>());
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = volumes }
criterion_main!(benches);

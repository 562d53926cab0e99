//! Which claims are meant, and which of them may be deleted.

use workload_cli::{Failure, nearest};
use workload_core::facts::Known;
use workload_core::findings::{Code, Deletable};
use workload_core::volumes::{Index, OrphansView, Removal, orphans, row_of};

/// What was asked for, sorted out.
pub(super) struct Chosen {
    /// To be deleted.
    pub(super) plan: Vec<Removal>,
    /// Named, and not to be deleted: why.
    pub(super) refused: Vec<(String, String)>,
    /// Of the verdict, and not to be taken by it: why.
    pub(super) passed_over: Vec<(String, String)>,
}

pub(super) fn choose(index: &Index<'_>, names: &[String], codes: &[Code]) -> Result<Chosen, Failure> {
    let cluster = index.cluster;
    let namespace = cluster.namespace.as_deref().unwrap_or_default();
    let mut chosen = Chosen { plan: Vec::new(), refused: Vec::new(), passed_over: Vec::new() };
    for name in names {
        let name = claim_name(name)?;
        let claim = match cluster.claim(namespace, name) {
            Known::Read(Some(claim)) => claim,
            Known::Read(None) => {
                let near = nearest(name, cluster.claims.items.iter().map(|claim| &*claim.meta.name));
                let failure = Failure::not_found("persistentvolumeclaims", name);
                return Err(if near.is_empty() {
                    failure.hint(format!("kubectl sts orphans -n {namespace}"))
                } else {
                    failure.hint(format!("did you mean {}?", near.join(" or ")))
                });
            }
            Known::Refused(refusal) => {
                return Err(
                    Failure::error(refusal).hint("kubectl sts clean --check-permissions  # shows what is missing")
                );
            }
        };
        match Removal::plan(&row_of(claim, index), index) {
            Ok(removal) => chosen.add(removal),
            Err(why) => chosen.refused.push((name.to_owned(), why)),
        }
    }
    if !codes.is_empty() {
        let view = OrphansView { sets: cluster.sets.items.iter().collect(), of_gone_sets: true, all_claims: false };
        let (rows, _) = orphans(index, &view);
        for row in rows.iter().filter(|row| codes.contains(&row.class.code())) {
            match Removal::plan(row, index) {
                Ok(removal) if removal.deletable == Deletable::Bulk => chosen.add(removal),
                Ok(_) => {
                    let why = "it is deleted only when it is named: its data may come back, or be wanted".to_owned();
                    chosen.passed_over.push((row.name.to_string(), why));
                }
                Err(why) => chosen.passed_over.push((row.name.to_string(), why)),
            }
        }
    }
    Ok(chosen)
}

impl Chosen {
    fn add(&mut self, removal: Removal) {
        if !self.plan.iter().any(|planned| planned.uid == removal.uid) {
            self.plan.push(removal);
        }
    }
}

fn claim_name(argument: &str) -> Result<&str, Failure> {
    let Some((kind, name)) = argument.split_once('/') else { return Ok(argument) };
    let known =
        ["pvc", "persistentvolumeclaim", "persistentvolumeclaims"].contains(&kind.to_ascii_lowercase().as_str());
    if known && !name.is_empty() {
        return Ok(name);
    }
    let failure = Failure::error(format_args!("{kind:?} is not a type that this command deletes"));
    Err(if kind.starts_with("pv") || kind.starts_with("persistentvolume") {
        failure.hint("a volume whose policy is Retain is the only pointer to its data; the others go with their claims")
    } else {
        failure.hint("it takes pvc/NAME or NAME")
    })
}

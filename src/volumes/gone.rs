//! Claims that no live set makes: was it a set that is gone, or a template that is gone?
//!
//! A claim carries no mark of its maker: no set name, no UID, no ordinal. So everything here rests on evidence, and where the
//! evidence is thin the claim is nobody's business.

use std::collections::HashMap;

use super::Index;
use crate::facts::{Claim, Cluster, Labels, Maker, Revision, Service, StatefulSet, ordinal};

/// How sure it is that a set made the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Only what a set left behind points to it.
    Low,
    /// The controller manager made it.
    Medium,
    /// The controller manager made it, and siblings or leftovers agree.
    High,
}

impl Confidence {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What tells that a set made a claim.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    /// How sure it is.
    pub confidence: Confidence,
    /// Template and set together: the claim's name before its ordinal.
    pub stem: &'a str,
    /// The ordinal.
    pub ordinal: i32,
    /// Claims with the same stem and the same labels, this one not counted.
    pub siblings: usize,
    /// A ControllerRevision that the set left.
    pub revision: Option<&'a Revision>,
    /// A headless Service whose selector fits the claim's labels and no live set's pods.
    pub service: Option<&'a Service>,
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.confidence, self.stem, self.ordinal) == (other.confidence, other.stem, other.ordinal)
    }
}
impl Eq for Origin<'_> {}

/// How many claims share namespace, stem and labels.
#[derive(Debug, Default)]
pub struct Siblings<'a>(HashMap<(&'a str, &'a str), Vec<&'a Labels>>);

impl<'a> Siblings<'a> {
    /// Takes the claims that no live set makes; `made` says which are.
    pub fn new(cluster: &'a Cluster, made: impl Fn(&Claim) -> bool) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for claim in &cluster.claims.items {
            if let Some((stem, _)) = split(&claim.meta.name)
                && !made(claim)
            {
                all.entry((&*claim.meta.namespace, stem)).or_default().push(&claim.meta.labels);
            }
        }
        Self(all)
    }

    fn of(&self, claim: &Claim, stem: &str) -> usize {
        let like = self
            .0
            .get(&(&*claim.meta.namespace, stem))
            .map_or(0, |all| all.iter().filter(|labels| ***labels == claim.meta.labels).count());
        like.saturating_sub(1)
    }
}

/// The name before its ordinal, and the ordinal; a stem holds at least one dash, between template and set.
fn split(name: &str) -> Option<(&str, i32)> {
    let (stem, number) = name.rsplit_once('-')?;
    let parts = stem.split_once('-')?;
    (!parts.0.is_empty() && !parts.1.is_empty()).then_some((stem, ordinal(number)?))
}

/// Whether the name ends in digits that no controller writes: a leading zero, or more than an ordinal can be.
pub(super) fn non_canonical(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && ordinal(number).is_none()
    })
}

/// The set that made a claim from a template it no longer has: the claim carries its labels, and its name ends in the set's name
/// and an ordinal. Nothing where more than one set fits.
pub(super) fn template_gone<'a>(claim: &Claim, index: &Index<'a>) -> Option<(&'a StatefulSet, i32)> {
    if claim.maker == Maker::Other {
        return None;
    }
    let (stem, ordinal) = split(&claim.meta.name)?;
    let mut fits = index.cluster.sets_in(&claim.meta.namespace).iter().filter(|set| {
        let template = stem.strip_suffix(&*set.meta.name).and_then(|rest| rest.strip_suffix('-'));
        let wanted = set.selector.equalities();
        template.is_some_and(|template| !template.is_empty())
            && !wanted.is_empty()
            && claim.meta.labels.contain(&wanted)
    });
    match (fits.next(), fits.next()) {
        (Some(set), None) => Some((set, ordinal)),
        _ => None,
    }
}

/// The evidence that a set made the claim and is gone; `None` where there is too little. The caller has made sure that no live set
/// makes it and nothing uses it.
pub(super) fn origin<'a>(claim: &'a Claim, index: &Index<'a>) -> Option<Origin<'a>> {
    let (stem, ordinal) = split(&claim.meta.name)?;
    // What somebody else made is somebody else's, however its name looks.
    if claim.maker == Maker::Other || foreign_manager(&claim.meta.labels) {
        return None;
    }
    let cluster = index.cluster;
    let siblings = index.siblings.of(claim, stem);
    let namespace = &*claim.meta.namespace;
    let revision = cluster.revisions_in(namespace).iter().find(|revision| left_behind(revision, stem, cluster));
    let service = cluster.services_in(namespace).iter().find(|service| {
        &*service.cluster_ip == "None"
            && !service.selector.is_empty()
            && claim.meta.labels.contain(&service.selector)
            && !cluster.sets_in(&claim.meta.namespace).iter().any(|set| set.pod_labels.contain(&service.selector))
    });
    let confidence = match claim.maker {
        Maker::Controllers if siblings > 0 || revision.is_some() || service.is_some() => Confidence::High,
        Maker::Controllers => Confidence::Medium,
        _ if revision.is_some() => Confidence::Low,
        _ => return None,
    };
    Some(Origin { confidence, stem, ordinal, siblings, revision, service })
}

/// A revision is called after its set; one without an owner outlived it.
fn left_behind(revision: &Revision, stem: &str, cluster: &Cluster) -> bool {
    let Some((set, _)) = revision.meta.name.rsplit_once('-') else { return false };
    stem.strip_suffix(set).is_some_and(|template| template.ends_with('-') && template.len() > 1)
        && revision.meta.controller().is_none()
        && !cluster.sets_in(&revision.meta.namespace).iter().any(|live| *live.meta.name == *set)
}

/// Labels by which operators mark what is theirs; a package manager's are no such mark.
fn foreign_manager(labels: &Labels) -> bool {
    const PACKAGERS: [&str; 5] = ["Helm", "helm", "kustomize", "argocd", "flux"];
    labels.iter().any(|(key, value)| {
        let operators = ["strimzi.io/", "cnpg.io/", "k8s.elastic.co/", "kubevirt.io/", "kruise.io/", "jupyter"];
        operators.iter().any(|mark| key.contains(mark))
            || (key == "app.kubernetes.io/managed-by" && !PACKAGERS.contains(&value))
            || (key == "app" && value == "jupyterhub")
    })
}

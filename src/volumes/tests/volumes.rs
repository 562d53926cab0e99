//! Volumes without a claim of their own.

use super::*;
use crate::facts::fixture::time;
use crate::facts::{ClaimRef, Namespace, Volume, VolumePhase};
use crate::volumes::leftovers;

fn left(change: impl FnOnce(&mut Volume), facts: impl FnOnce(&mut Cluster)) -> Option<(String, Option<bool>)> {
    let mut one = volume(&claim("data-web-0"), "Retain");
    one.phase = VolumePhase::Released;
    one.since = Some(time("2026-11-21T11:00:00Z").into());
    change(&mut one);
    let mut cluster = cluster(vec![set("web", 1, &["data"])], vec![], vec![], vec![one]);
    cluster
        .around
        .namespaces
        .items
        .push(Namespace { meta: crate::facts::Meta { namespace: "".into(), ..meta("shop") } });
    facts(&mut cluster);
    cluster.sort();
    let index = Index::new(&cluster);
    let all = leftovers(&index);
    let one = all.first()?;
    for verdict in one.verdicts(&index) {
        assert!(!verdict.says.is_empty() && (verdict.code == Code::CannotTell || !verdict.evidence.is_empty()));
    }
    Some((one.class.code().word().to_owned(), one.namespace_gone))
}

#[test]
fn volumes_outlive_their_claims_in_different_ways() {
    let there = |code: &str| Some((code.to_owned(), Some(false)));
    assert_eq!(left(|_| {}, |_| {}), there("VolumeReleased"));
    assert_eq!(
        left(|_| {}, |facts| facts.around.namespaces.items.clear()),
        Some(("VolumeReleased".to_owned(), Some(true)))
    );
    let anew = |facts: &mut Cluster| {
        let mut new = claim("data-web-0");
        (new.meta.uid, new.volume) = ("uid-new".into(), Some("pv-new".into()));
        facts.claims.items.push(new);
    };
    assert_eq!(left(|_| {}, anew), there("VolumeSuperseded"));
    assert_eq!(left(|_| {}, |facts| facts.claims.items.push(claim("data-web-0"))), None, "its claim is there");
    assert_eq!(left(|v| v.spec_mut().reclaim = "Delete".into(), |_| {}), there("VolumeDeleteStuck"));
    let fresh = |v: &mut Volume| {
        v.spec_mut().reclaim = "Delete".into();
        v.since = Some(time("2026-11-21T11:58:00Z").into());
    };
    assert_eq!(left(fresh, |_| {}), None, "its deletion is under way");
    let reserved = |v: &mut Volume| {
        v.phase = VolumePhase::Available;
        v.claim = Some(ClaimRef { namespace: "shop".into(), name: "data-web-0".into(), uid: "".into() });
    };
    assert_eq!(left(reserved, |_| {}), there("VolumeReserved"));
    let free = |v: &mut Volume| (v.phase, v.claim) = (VolumePhase::Available, None);
    assert_eq!(left(free, |_| {}), None, "it belongs to no namespace");
    assert_eq!(left(free, |facts| facts.namespace = None), Some(("VolumeAvailable".to_owned(), None)));
    let blind = |facts: &mut Cluster| {
        facts.claims = Listed::refused(crate::gather::resource::CLAIMS.not_listed(None, Why::Forbidden));
    };
    assert_eq!(left(|_| {}, blind), there("CannotTell"));
}

#[test]
fn a_bound_volume_is_no_leftover_though_its_claim_may_not_be_read() {
    use crate::gather::resource::CLAIMS;
    let unread =
        |phase| left(|v| v.phase = phase, |f| f.claims = Listed::refused(CLAIMS.not_listed(None, Why::Forbidden)));
    assert_eq!(unread(VolumePhase::Bound), None);
    assert_eq!(unread(VolumePhase::Released), Some(("CannotTell".to_owned(), Some(false))));
}

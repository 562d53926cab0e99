use super::*;
use crate::facts::{Bystanders, Owner, Retention, Uid};
use crate::volumes::fate::{Disk, Fate, disk, mismatch, on_scale_down, on_set_delete};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    InRange,
    Condemned,
    Stranded,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ref {
    None,
    Set,
    Pod,
    Stale,
    Foreign,
}

/// The set `web` with one replica; ordinal 0 is in range, 1 is out of it, with its pod (condemned) or without (stranded).
fn cell(
    delete_with_set: bool,
    delete_when_scaled: bool,
    place: Place,
    of: Ref,
    reclaim: &'static str,
) -> (Cluster, usize) {
    let mut web = set("web", 1, &["data"]);
    web.retention = Retention { delete_with_set, delete_when_scaled };
    let ordinal = i32::from(place != Place::InRange);
    let name = format!("data-web-{ordinal}");
    let pod_name = format!("web-{ordinal}");
    let mut story = story(vec![web]);
    story.reclaim = reclaim;
    let story = if place == Place::Stranded { story } else { story.pod(0, ordinal) };
    let story = story.claim_with(&name, |claim| {
        claim.meta.owners = match of {
            Ref::None => std::sync::Arc::new([]),
            Ref::Set => std::sync::Arc::new([owner("StatefulSet", "web")]),
            Ref::Pod => std::sync::Arc::new([owner("Pod", &pod_name)]),
            Ref::Stale => std::sync::Arc::new([Owner { uid: "uid-earlier".into(), ..owner("StatefulSet", "web") }]),
            Ref::Foreign => std::sync::Arc::new([foreign("Cluster", "postgresql.cnpg.io/v1", true)]),
        };
    });
    (story.cluster(), 0)
}

#[test]
fn what_becomes_of_a_claim_is_read_from_its_references_in_every_cell() {
    let mut cells = 0;
    for (with_set, when_scaled) in [(false, false), (true, false), (false, true), (true, true)] {
        for place in [Place::InRange, Place::Condemned, Place::Stranded] {
            for of in [Ref::None, Ref::Set, Ref::Pod, Ref::Stale, Ref::Foreign] {
                for reclaim in ["Retain", "Delete"] {
                    let (facts, at) = cell(with_set, when_scaled, place, of, reclaim);
                    let (web, claim) = (&facts.sets.items[0], &facts.claims.items[at]);
                    let on_delete = match of {
                        Ref::None => Fate::Kept,
                        // The pod goes with the set; a pod that is gone leaves a dangling reference.
                        Ref::Pod if place == Place::Stranded => Fate::Going,
                        Ref::Set | Ref::Pod => Fate::Dies,
                        Ref::Stale => Fate::Going,
                        Ref::Foreign => Fate::ForItsController,
                    };
                    let told = format!("{with_set} {when_scaled} {place:?} {of:?} {reclaim}");
                    assert_eq!(on_set_delete(claim, web, &facts), on_delete, "{told}");
                    let on_scale = match of {
                        Ref::Foreign => Fate::ForItsController,
                        _ if when_scaled => Fate::Dies,
                        _ => Fate::Kept,
                    };
                    assert_eq!(on_scale_down(claim, web), on_scale, "{told}");
                    let contradicts = match on_delete {
                        Fate::Kept => with_set,
                        Fate::Dies => !with_set,
                        Fate::Going | Fate::ForItsController => false,
                    };
                    assert_eq!(mismatch(claim, web, &facts).is_some(), contradicts, "{told}");
                    let volume = facts.volume(claim.volume.as_deref().unwrap());
                    let dies = if reclaim == "Delete" { Disk::Dies } else { Disk::Kept };
                    assert_eq!(disk(claim, Some(&volume)), dies, "{told}");
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 120);
}

/// A Spark driver in a Deployment: of such a pod no more than the UID is kept.
#[test]
fn the_claim_of_a_pod_that_belongs_to_no_set_outlives_the_set() {
    let (mut facts, at) = cell(true, false, Place::Stranded, Ref::Pod, "Delete");
    let uid = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";
    let claim = &mut facts.claims.items[at];
    claim.meta.owners = [Owner { uid: uid.into(), ..claim.meta.owners[0].clone() }].into();
    assert_eq!(on_set_delete(&facts.claims.items[at], &facts.sets.items[0], &facts), Fate::Going);
    facts.bystanders = Bystanders::new(Uid::number(uid).into_iter().collect());
    assert_eq!(on_set_delete(&facts.claims.items[at], &facts.sets.items[0], &facts), Fate::Kept);
}

#[test]
fn a_policy_switched_after_stranding_is_told_both_ways() {
    let says = |with_set, of| {
        let (facts, at) = cell(with_set, false, Place::Stranded, of, "Delete");
        let index = Index::new(&facts);
        let row = row_of(&facts.claims.items[at], &index);
        let verdicts = verdicts(&row, &index);
        verdicts.iter().find(|v| v.code == Code::FateMismatch).map(|v| (v.says.clone(), v.next.is_some()))
    };
    assert_eq!(says(false, Ref::None), None);
    assert_eq!(says(true, Ref::Set), None);
    assert_eq!(
        says(true, Ref::None),
        Some(("Deleting set web leaves this claim behind, although its policy says Delete: the set has no reference on it.".to_owned(), false))
    );
    assert_eq!(
        says(false, Ref::Set),
        Some(("Deleting set web deletes this claim, although its policy says Retain: the reference to the set is from an earlier policy.".to_owned(), true))
    );
}

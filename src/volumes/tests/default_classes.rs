//! Several StorageClasses that are marked as default: what is told of claims that leave the choice to the cluster, and of which nothing.

use super::*;
use crate::facts::fixture::{class, time};
use crate::facts::{ClaimPhase, StorageClass};
use crate::findings::Verdict;
use crate::volumes::{Action, preview};

fn default(name: &str, created: &str) -> StorageClass {
    let class = class(name, true);
    StorageClass {
        default: true,
        meta: crate::facts::Meta { created: Some(time(created).into()), ..class.meta.clone() },
        ..class
    }
}

/// `slow` was the default when the cluster was new; `fast` and, in the same second, `faster` came with an add-on.
fn three() -> Vec<StorageClass> {
    vec![
        default("fast", "2026-11-10T00:00:00Z"),
        default("faster", "2026-11-10T00:00:00Z"),
        class("plain", true),
        default("slow", "2026-11-01T00:00:00Z"),
    ]
}

/// The set `web` of two, whose template names no class; it has its first ordinal.
fn web(classes: Vec<StorageClass>, template: Option<&'static str>) -> Story {
    let mut web = set("web", 2, &["data"]);
    web.templates[0].class = template.map(Into::into);
    story(vec![web]).pod(0, 0).claim_with("data-web-0", |claim| claim.spec_mut().class = Some("slow".into())).with(
        move |facts| {
            facts.classes = Listed::complete(classes.clone());
        },
    )
}

fn waits(class: Option<&'static str>) -> impl Fn(&mut Claim) {
    move |claim| {
        (claim.phase, claim.volume) = (Some(ClaimPhase::Pending), None);
        claim.spec_mut().class = class.map(Into::into);
    }
}

fn said(story: &Story, claim: &str) -> Option<Verdict> {
    let facts = story.cluster();
    let index = Index::new(&facts);
    let claim = facts.claims.items.iter().find(|it| *it.meta.name == *claim).unwrap();
    verdicts(&row_of(claim, &index), &index).into_iter().find(|it| it.code == Code::MultipleDefaultClasses)
}

fn lines(verdict: &Verdict) -> String {
    let evidence = verdict.evidence.iter().map(|it| format!("- {} {}: {}\n", it.object, it.field, it.value));
    format!("{}\n{}next: {}", verdict.says, evidence.collect::<String>(), verdict.next.as_deref().unwrap_or_default())
}

#[test]
fn a_claim_that_waits_says_which_of_several_defaults_it_got() {
    let got = web(three(), None).claim_with("data-web-1", waits(Some("fast")));
    insta::assert_snapshot!(lines(&said(&got, "data-web-1").unwrap()), @"
    Its template names no StorageClass, and 3 are marked as default: it got the newest, fast, and not faster or slow.
    - StatefulSet/web volumeClaimTemplates[data] class: absent
    - StorageClass/fast is-default-class: true, created 2026-11-10T00:00:00Z
    - StorageClass/faster is-default-class: true, created 2026-11-10T00:00:00Z
    - StorageClass/slow is-default-class: true, created 2026-11-01T00:00:00Z
    next: kubectl annotate storageclass fast storageclass.kubernetes.io/is-default-class=false --overwrite  # if it should be another; then delete this claim, which holds no data: it is made anew
    ");
    assert_eq!(said(&got, "data-web-0"), None, "the data of a bound claim is where it is");
    // Two classes came after this claim, which was given the only default of its day.
    let before = web(three(), None).claim_with("data-web-1", |claim| {
        waits(Some("slow"))(claim);
        claim.meta.created = Some(time("2026-11-05T00:00:00Z").into());
    });
    assert_eq!(said(&before, "data-web-1"), None);
}

#[test]
fn a_claim_to_come_says_which_it_will_get() {
    let none_yet = web(three(), None).claim_with("data-web-1", waits(None));
    insta::assert_snapshot!(lines(&said(&none_yet, "data-web-1").unwrap()), @"
    Its template names no StorageClass, and 3 are marked as default: it gets the newest, fast, and not faster or slow.
    - StatefulSet/web volumeClaimTemplates[data] class: absent
    - StorageClass/fast is-default-class: true, created 2026-11-10T00:00:00Z
    - StorageClass/faster is-default-class: true, created 2026-11-10T00:00:00Z
    - StorageClass/slow is-default-class: true, created 2026-11-01T00:00:00Z
    next: kubectl annotate storageclass faster slow storageclass.kubernetes.io/is-default-class=false --overwrite  # fast is then the only one; if it should be another, take the mark from fast instead
    ");
    let facts = web(three(), None).cluster();
    let index = Index::new(&facts);
    let rows = preview(&index, &facts.sets.items[0], Action::Scale { replicas: 3, start: 0 });
    let notes = |row: &crate::volumes::PreviewRow<'_>| row.notes.iter().map(lines).collect::<String>();
    let of_rows: Vec<_> = rows.iter().map(|row| (row.name.as_str(), notes(row))).collect();
    let comes = lines(&said(&none_yet, "data-web-1").unwrap());
    assert_eq!(
        of_rows,
        [("data-web-0", String::new()), ("data-web-1", comes.clone()), ("data-web-2", comes)],
        "the ordinals without a claim get a new one"
    );
}

#[test]
fn where_nothing_is_chosen_nothing_is_said() {
    let one = || vec![default("fast", "2026-11-10T00:00:00Z"), class("plain", true)];
    let silent =
        |classes, template| said(&web(classes, template).claim_with("data-web-1", waits(Some("fast"))), "data-web-1");
    assert_eq!(silent(one(), None), None, "one default");
    assert_eq!(silent(three(), Some("fast")), None, "the template names it");
    assert_eq!(silent(three(), Some("")), None, "the template wants none");
    let undated = three().into_iter().map(|mut class| {
        class.meta.created = None;
        class
    });
    assert_eq!(
        said(&web(undated.collect(), None).claim_with("data-web-1", waits(None)), "data-web-1"),
        None,
        "manifests"
    );
    let refused = web(Vec::new(), None).claim_with("data-web-1", waits(None)).with(|facts| {
        facts.classes =
            Listed { items: three(), missing: Some(crate::gather::resource::CLASSES.not_listed(None, Why::Forbidden)) };
    });
    assert_eq!(said(&refused, "data-web-1"), None, "a part of the classes");
}

//! Nothing that may be deleted is in use, expected, ambiguous, foreign, referenced, held or unknown: random clusters against a model
//! that is written the other way round.

use super::*;
use crate::facts::{ClaimPhase, Refusal};
use crate::findings::Deletable;
use crate::volumes::Removal;

/// A small generator of pseudo-random numbers (xorshift64*): a case is named by its seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn number(&mut self, below: i32) -> i32 {
        i32::try_from(self.below(usize::try_from(below).unwrap())).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

const SETS: [&str; 5] = ["web", "web-web", "api", "web-0", "a"];
const TEMPLATES: [&str; 4] = ["data", "data-web", "logs", "a-data"];

fn random(dice: &mut Dice) -> Cluster {
    let mut sets: Vec<StatefulSet> = Vec::new();
    for name in SETS {
        if dice.one_in(2) {
            continue;
        }
        let templates: Vec<&str> = TEMPLATES.iter().copied().filter(|_| dice.one_in(2)).collect();
        let mut of = set(name, dice.number(4), &templates);
        of.start = dice.number(3);
        of.retention.delete_with_set = dice.one_in(3);
        of.retention.delete_when_scaled = dice.one_in(3);
        if dice.one_in(12) {
            of.shared_claims = Box::new([name_of_claim(dice).into()]);
        }
        sets.push(of);
    }
    let mut pods: Vec<Pod> = Vec::new();
    for of in &sets {
        for ordinal in 0..6 {
            if dice.one_in(2) {
                continue;
            }
            let mut made = pod(of, ordinal);
            match dice.below(6) {
                0 => made.node = None,
                1 => made.phase = PodPhase::Failed,
                2 => made.meta.owners = std::sync::Arc::new([]),
                _ => {}
            }
            pods.push(made);
        }
    }
    for k in 0..dice.below(3) {
        let mut other = stranger(&format!("other-{k}"), &name_of_claim(dice));
        if dice.one_in(2) {
            other.phase = PodPhase::Succeeded;
        }
        if dice.one_in(4) {
            other.node = None;
        }
        pods.push(other);
    }
    let mut claims: Vec<Claim> = Vec::new();
    for _ in 0..6 + dice.below(12) {
        let made = random_claim(dice, &sets);
        if !claims.iter().any(|claim| claim.meta.name == made.meta.name) {
            claims.push(made);
        }
    }
    let volumes = claims.iter().filter(|claim| claim.volume.is_some()).map(|claim| volume(claim, "Delete")).collect();
    let mut facts = cluster(sets, pods, claims, volumes);
    around(dice, &mut facts);
    facts.sort();
    facts
}

fn name_of_claim(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => "scratch".to_owned(),
        1 => format!("data-old-{}", dice.below(3)),
        2 => format!("data-web-0{}", dice.below(3)),
        _ => format!("{}-{}-{}", dice.pick(&TEMPLATES), dice.pick(&SETS), dice.below(6)),
    }
}

fn random_claim(dice: &mut Dice, sets: &[StatefulSet]) -> Claim {
    let mut made = claim(&name_of_claim(dice));
    made.maker =
        *dice.pick(&[Maker::Controllers, Maker::Controllers, Maker::Controllers, Maker::Unknown, Maker::Other]);
    if dice.one_in(3) {
        made.meta.labels = labels(&[("app", *dice.pick(&SETS))]);
    }
    if dice.one_in(15) {
        made.meta.deleted = made.meta.created;
    }
    if dice.one_in(8) {
        made.phase = Some(*dice.pick(&[ClaimPhase::Pending, ClaimPhase::Lost]));
        made.volume = None;
    }
    let pod = format!("{}-{}", dice.pick(&SETS), dice.below(6));
    let owners: Vec<Owner> = match dice.below(12) {
        0 => {
            let set: &str = dice.pick::<&str>(&SETS);
            vec![owner("StatefulSet", set)]
        }
        1 => vec![owner("Pod", &pod)],
        2 => vec![Owner { uid: "uid-earlier".into(), ..owner("StatefulSet", "web") }],
        3 => vec![foreign("Cluster", "postgresql.cnpg.io/v1", true)],
        4 => vec![foreign("Kafka", "kafka.strimzi.io/v1", false)],
        5 => sets.first().map(|set| owner("StatefulSet", &set.meta.name)).into_iter().collect(),
        _ => Vec::new(),
    };
    made.meta.owners = owners.into();
    if dice.one_in(12) {
        made.source = Some(Box::new(("PersistentVolumeClaim".into(), name_of_claim(dice).into())));
    }
    made
}

fn around(dice: &mut Dice, facts: &mut Cluster) {
    use crate::gather::resource as r;
    if dice.one_in(2) {
        let kind = *dice.pick(&[ReferrerKind::CronJob, ReferrerKind::Deployment, ReferrerKind::Job]);
        facts.around.cron_jobs.items.push(referrer(kind, "needs", &name_of_claim(dice)));
    }
    if dice.one_in(3) {
        let snapshot = Snapshot {
            meta: meta("nightly"),
            claim: Some(name_of_claim(dice).into()),
            ready: dice.one_in(2),
            error: None,
        };
        facts.around.snapshots.items.push(snapshot);
    }
    if dice.one_in(4) {
        let why = || Why::Forbidden;
        match dice.below(7) {
            0 => facts.pods.missing = Some(r::PODS.not_listed(None, why())),
            1 => facts.sets.missing = Some(r::SETS.not_listed(None, why())),
            2 => facts.around.jobs.missing = Some(r::JOBS.not_listed(None, why())),
            3 => facts.around.cron_jobs.missing = Some(r::CRON_JOBS.not_listed(None, why())),
            4 => facts.around.snapshots.missing = Some(r::SNAPSHOTS.not_listed(None, why())),
            5 => facts.claims.missing = Some(r::CLAIMS.not_listed(None, why())),
            _ => facts.around.deployments.missing = Some(r::DEPLOYMENTS.not_listed(None, why())),
        }
    }
}

/// Why the claim must not be touched: by looking at everything there is, without any index.
fn must_stay(claim: &Claim, facts: &Cluster) -> Option<String> {
    let name = &*claim.meta.name;
    let unread: Vec<&Refusal> = facts.refusals().collect();
    if let Some(first) = unread.first() {
        return Some(format!("unknown: {first}"));
    }
    if claim.meta.deleted().is_some() {
        return Some("already going".to_owned());
    }
    for pod in &facts.pods.items {
        let ended = matches!(pod.phase, PodPhase::Succeeded | PodPhase::Failed);
        if !ended && pod.claims.iter().any(|used| &*used.claim == name) {
            return Some(format!("in use by {}", pod.meta.name));
        }
    }
    let mut makers = 0;
    for set in &facts.sets.items {
        for template in &set.templates {
            // The controller makes names; here it makes all that the random claims may have.
            for ordinal in 0..10 {
                if format!("{}-{}-{ordinal}", template.name, set.meta.name) == name {
                    makers += 1;
                    if ordinal >= set.start && ordinal < set.start + set.replicas {
                        return Some(format!("expected by {}-{ordinal}", set.meta.name));
                    }
                }
            }
        }
        if set.shared_claims.iter().any(|shared| &**shared == name) {
            return Some(format!("named by the template of {}", set.meta.name));
        }
    }
    if makers > 1 {
        return Some("ambiguous".to_owned());
    }
    if claim.meta.owners.iter().any(|of| !(of.kind[..] == *"Pod" || of.kind[..] == *"StatefulSet")) {
        return Some("owned by an operator".to_owned());
    }
    if facts.around.cron_jobs.items.iter().any(|of| of.claims.iter().any(|used| &**used == name)) {
        return Some("referenced".to_owned());
    }
    if facts.around.snapshots.items.iter().any(|of| !of.ready && of.claim.as_deref() == Some(name)) {
        return Some("a snapshot reads it".to_owned());
    }
    let clone =
        |of: &Claim| of.source.as_ref().is_some_and(|source| *source.1 == *name) && of.phase != Some(ClaimPhase::Bound);
    facts.claims.items.iter().any(clone).then(|| "a clone reads it".to_owned())
}

#[test]
fn nothing_that_may_be_deleted_is_needed_by_anything() {
    const CASES: u64 = 100_000;
    let parts = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    let (named, bulk) = std::thread::scope(|scope| {
        let each = |part: u64| scope.spawn(move || check(CASES * part / parts..CASES * (part + 1) / parts));
        let all: Vec<_> = (0..parts).map(each).collect();
        all.into_iter().map(|part| part.join().unwrap()).fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    });
    // The model would be content with a tool that never says yes.
    assert!(named > CASES / 2 && bulk > CASES / 100, "{named} named and {bulk} bulk");
}

/// How many claims are called deletable by name, and how many by their verdict.
fn check(seeds: std::ops::Range<u64>) -> (u64, u64) {
    let (mut named, mut bulk) = (0, 0);
    for seed in seeds {
        let facts = random(&mut Dice::new(seed));
        let index = Index::new(&facts);
        for claim in &facts.claims.items {
            let row = row_of(claim, &index);
            let verdict = deletable(&row, &index);
            match verdict {
                Deletable::Never => continue,
                Deletable::Named => named += 1,
                Deletable::Bulk => bulk += 1,
            }
            if let Some(why) = must_stay(claim, &facts) {
                panic!("seed {seed}: {} is called {verdict:?} ({:?}), but {why}", claim.meta.name, row.class.code());
            }
            let finished =
                facts.pods.items.iter().any(|pod| pod.claims.iter().any(|used| used.claim == claim.meta.name));
            assert!(!(finished && verdict == Deletable::Bulk), "seed {seed}: a finished pod holds {}", claim.meta.name);
        }
    }
    (named, bulk)
}

/// What others do between plan and deletion: pods come, claims are replaced or changed, sets scale, workloads appear.
fn meanwhile(dice: &mut Dice, facts: &mut Cluster) {
    for _ in 0..=dice.below(2) {
        match dice.below(8) {
            0 => {
                let name = facts.claims.items.get(dice.below(6)).map(|claim| claim.meta.name.to_string());
                facts.pods.items.push(stranger("newcomer", &name.unwrap_or_else(|| name_of_claim(dice))));
            }
            1 => {
                for claim in facts.claims.items.iter_mut().filter(|_| dice.one_in(2)) {
                    claim.meta.uid = "uid-of-another".into();
                }
            }
            2 => {
                for claim in facts.claims.items.iter_mut().filter(|_| dice.one_in(2)) {
                    claim.version = "2".into();
                }
            }
            3 => facts.sets.items.iter_mut().for_each(|set| set.replicas += 1 + dice.number(3)),
            4 => {
                let reader = referrer(ReferrerKind::Deployment, "reader", &name_of_claim(dice));
                facts.around.deployments.items.push(reader);
            }
            5 => facts.pods.missing = Some(crate::gather::resource::PODS.not_listed(None, Why::TimedOut)),
            6 => facts.claims.items.retain(|_| !dice.one_in(3)),
            _ => around(dice, facts),
        }
    }
    facts.sort();
}

#[test]
fn a_plan_that_something_overtook_is_not_carried_out() {
    let (mut held, mut broken) = (0u32, 0u32);
    for seed in 0..10_000 {
        let dice = &mut Dice::new(seed + 1_000_000);
        let facts = random(dice);
        let index = Index::new(&facts);
        let plans: Vec<Removal> =
            facts.claims.items.iter().filter_map(|claim| Removal::plan(&row_of(claim, &index), &index).ok()).collect();
        let mut later = facts.clone();
        meanwhile(dice, &mut later);
        let index = Index::new(&later);
        for plan in plans {
            if let Err(why) = plan.still_holds(&index) {
                assert!(!why.is_empty());
                broken += 1;
                continue;
            }
            held += 1;
            let now = later.claims.items.iter().find(|claim| *claim.meta.name == *plan.name).unwrap();
            assert_eq!(
                (now.meta.uid.to_string(), &*now.version),
                (plan.uid.clone(), &*plan.version),
                "seed {seed}: {}",
                plan.name
            );
            assert_eq!(must_stay(now, &later), None, "seed {seed}: {}", plan.name);
        }
    }
    assert!(held > 3_000 && broken > 3_000, "{held} held, {broken} did not");
}

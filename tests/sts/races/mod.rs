//! `clean` against a cluster that changes meanwhile: any plan, any change, at any request.
//!
//! Between the last look at everything and the deletion nothing can be seen any more; up to that look every change must keep its claim,
//! and a change of the claim itself must keep it to the very end.

mod event;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::{Value, json};
use workload_tests::{Action, Cluster, Fault, On, Output, Record, Requests, Running};

use self::event::{EVENTS, Event, Seen};
use crate::leftovers::{claim, clean};

/// So many in each run of the tests; `RACES=10000` for a long one, `FIRST_RACE=17 RACES=1` for that one.
const RACES: usize = 40;

/// Of a set that is gone: two that a verdict may choose; and one that its set would use again.
const OLD: [&str; 2] = ["data-old-0", "data-old-1"];
const RETAINED: &str = "redis-data-storage-redis-stset-2";
/// A CronJob needs it between its runs.
const NEEDED: &str = "backup-old-0";

/// The shop, which takes longer to parse than a race takes. Its claims lack the finalizer that no controller lifts here.
static SHOP: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop.yaml");
    let mut all: Vec<Value> =
        serde_saphyr::from_multiple(&std::fs::read_to_string(path).expect("the example")).expect("YAML");
    for claim in all.iter_mut().filter(|object| object["kind"] == "PersistentVolumeClaim") {
        claim["metadata"]["finalizers"] = json!([]);
    }
    all
});

/// Pseudo-random numbers (xorshift64*): a race is named by its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// How a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Internal,
    Reset,
    /// Carried out, and the answer lost.
    AnswerLost,
}

/// What happened: which event, to which claim, at which request; and its number among the events.
type Happened = (Event, &'static str, usize, usize);

struct Race {
    line: String,
    /// The claims that the line chooses.
    chosen: Vec<&'static str>,
    keep: bool,
    retain: Vec<&'static str>,
    plan: Vec<(usize, Event, &'static str)>,
    broken: Option<(usize, Broken)>,
}

impl Race {
    fn new(seed: u64) -> Self {
        let dice = &mut Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            dice.below(2);
        }
        let (line, chosen) = match dice.below(4) {
            0 => ("clean --verdict OrphanSetGone".to_owned(), OLD.to_vec()),
            1 => (format!("clean --verdict OrphanSetGone {RETAINED}"), vec![RETAINED, OLD[0], OLD[1]]),
            _ => {
                let mut names: Vec<_> = [OLD[0], RETAINED, OLD[1]].into_iter().filter(|_| !dice.one_in(3)).collect();
                if names.is_empty() {
                    names.push(RETAINED);
                }
                (format!("clean {}", names.join(" ")), names)
            }
        };
        let needed = dice.one_in(20);
        let keep = dice.one_in(3);
        let line = [&*line, if needed { NEEDED } else { "" }, if keep { "--retain-disk" } else { "" }].join(" ");
        // A plan for one claim takes some 65 requests, for three about 120: a few events come too late, as in life.
        let plan = (0..=dice.below(3)).map(|_| {
            let target = [OLD[0], OLD[1], RETAINED][dice.below(3)];
            (dice.below(130), EVENTS[dice.below(EVENTS.len())], target)
        });
        let plan = plan.collect();
        let broken = dice
            .one_in(4)
            .then(|| (dice.below(130), [Broken::Internal, Broken::Reset, Broken::AnswerLost][dice.below(3)]));
        Self {
            line: line.split_whitespace().collect::<Vec<_>>().join(" "),
            chosen: if needed { Vec::new() } else { chosen },
            keep,
            retain: [OLD[0], OLD[1], RETAINED].into_iter().filter(|_| dice.one_in(3)).collect(),
            plan,
            broken,
        }
    }

    fn cluster(&self) -> Cluster {
        let reclaim = |name: &str| if self.retain.contains(&name) { "Retain" } else { "Delete" };
        let needed = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "shop"},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": NEEDED}}]}}}}},
        });
        let mut shop = SHOP.clone();
        for volume in &mut shop {
            if volume["kind"] == "PersistentVolume" && volume["spec"]["claimRef"]["name"] == RETAINED {
                volume["spec"]["persistentVolumeReclaimPolicy"] = json!(reclaim(RETAINED));
            }
        }
        let old = OLD.map(|name| claim(name, reclaim(name))).into_iter().flatten();
        Cluster::new().objects(shop).objects(old).objects(claim(NEEDED, "Retain")).object(needed)
    }

    /// Runs it, and gives what happened, in order.
    fn run(&self) -> (Arc<Running>, Output, Vec<Happened>) {
        let cluster = Arc::new(self.cluster().start());
        let (shared, turn) = (Arc::clone(&cluster), AtomicUsize::new(0));
        let happened = Arc::new(Mutex::new(Vec::new()));
        let (log, plan, broken) = (Arc::clone(&happened), self.plan.clone(), self.broken);
        cluster.fault(
            On::any(),
            Fault::new(move |record| {
                let now = turn.fetch_add(1, Ordering::SeqCst);
                for (number, &(_, event, target)) in plan.iter().enumerate().filter(|(_, (at, ..))| *at == now) {
                    if event.happens(&shared, target, number) {
                        log.lock().expect("nobody panicked").push((event, target, now, number));
                    }
                }
                match broken.filter(|(at, _)| *at == now) {
                    None => Action::Pass,
                    Some((_, Broken::Internal)) => Fault::internal("no luck").decide(record),
                    Some((_, Broken::Reset)) => Action::Reset,
                    Some((_, Broken::AnswerLost)) => Action::After(Box::new(Action::Reset)),
                }
            }),
        );
        let ran = clean(&cluster, &self.line);
        cluster.heal();
        let happened = happened.lock().expect("nobody panicked").clone();
        (cluster, ran, happened)
    }

    /// What happened and what was seen, for whoever has to find out why.
    fn story(&self, seed: u64, requests: &Requests, happened: &[Happened], ran: &Output) -> String {
        let when = |at: usize| {
            let request = requests.get(at);
            request.map_or_else(String::new, |it| format!("{} {}", it.what(), it.name.as_deref().unwrap_or_default()))
        };
        let events =
            happened.iter().map(|(event, target, at, _)| format!("{event:?} of {target} at {at}: {}", when(*at)));
        let broken = self.broken.map(|(at, how)| format!("{how:?} at {at}: {}", when(at)));
        let events: Vec<String> = events.chain(broken).collect();
        format!("race {seed}: {}\nretain {:?}\n{}\n{}", self.line, self.retain, events.join("\n"), ran.whole())
    }
}

/// The first list of a kind: what was shown.
fn first_look(requests: &Requests, kind: &str) -> usize {
    let lists = |request: &Record| request.verb == "list" && request.resource == kind;
    requests.iter().position(lists).unwrap_or(usize::MAX)
}

fn uid(object: Option<&Value>) -> String {
    object.and_then(|object| object["metadata"]["uid"].as_str()).unwrap_or_default().to_owned()
}

/// The claim's UID before anything happens.
fn first_uid(name: &str) -> String {
    let of_claim = |object: &&Value| object["kind"] == "PersistentVolumeClaim" && object["metadata"]["name"] == *name;
    SHOP.iter().find(of_claim).map_or_else(|| format!("uid-{name}"), |object| uid(Some(object)))
}

fn volume_of(name: &str) -> String {
    let of_claim =
        |object: &&Value| object["kind"] == "PersistentVolume" && object["spec"]["claimRef"]["name"] == *name;
    let volume =
        SHOP.iter().find(of_claim).map(|volume| volume["metadata"]["name"].as_str().expect("a name").to_owned());
    volume.unwrap_or_else(|| format!("vol-{name}"))
}

/// The request that deletes a claim for real, counted from 0.
fn deletion(requests: &Requests, name: &str) -> Option<usize> {
    let deletes = |request: &Record| {
        request.verb == "delete" && request.name.as_deref() == Some(name) && request.parameter("dryRun").is_none()
    };
    requests.iter().position(deletes)
}

/// The last list of a kind before a request.
fn last_look(requests: &Requests, kind: &str, before: usize) -> usize {
    let lists = |request: &Record| request.verb == "list" && request.resource == kind;
    requests[..before].iter().rposition(lists).expect("everything is read before a deletion")
}

/// Whether an event came early enough to keep a claim from its deletion at this request, and too late to be part of what was shown.
fn must_keep(requests: &Requests, &(event, _, at, _): &Happened, end: usize) -> bool {
    match event.seen() {
        Seen::InTheClaim if event.leaves_it_deletable() && at <= first_look(requests, "persistentvolumeclaims") => {
            false
        }
        Seen::Listed(kind) if event.leaves_it_deletable() && at <= first_look(requests, kind) => false,
        Seen::InTheClaim => at <= end,
        Seen::Listed(kind) => at <= last_look(requests, kind, end),
    }
}

/// The claim's UID as it was shown; empty where it was not there.
fn shown_uid(requests: &Requests, befell: &[&Happened], name: &str) -> String {
    let shown = first_look(requests, "persistentvolumeclaims");
    befell.iter().filter(|(_, _, at, _)| *at <= shown).fold(first_uid(name), |uid, (event, _, _, number)| match event {
        Event::Replaced => format!("uid-new-{number}"),
        Event::Gone => String::new(),
        _ => uid,
    })
}

/// Runs one, and holds what came of it to what had happened by then. How many claims were deleted.
fn race(seed: u64) -> usize {
    let race = Race::new(seed);
    let (cluster, ran, happened) = race.run();
    let requests = cluster.requests();
    let story = || race.story(seed, &requests, &happened, &ran);
    let mut taken = 0;
    for name in [OLD[0], OLD[1], RETAINED] {
        let end = deletion(&requests, name);
        let befell: Vec<&Happened> =
            happened.iter().filter(|(event, target, ..)| event.concerns(target, name)).collect();
        let shown = shown_uid(&requests, &befell, name);
        let looked = first_look(&requests, "persistentvolumeclaims");
        let taken_before = befell.iter().any(|(event, _, at, _)| {
            matches!(event, Event::Replaced | Event::Gone) && *at > looked && end.is_none_or(|end| *at <= end)
        });
        let left = uid(cluster.object("persistentvolumeclaims", "shop", name).as_ref());
        // The server may have refused, and somebody else have taken it afterwards.
        let accepted = end.is_some_and(|end| {
            let lost = race.broken == Some((end, Broken::AnswerLost));
            lost || requests[end].status.is_some_and(|status| status < 300)
        });
        let died = accepted && !shown.is_empty() && !taken_before && left != shown;
        if died {
            taken += 1;
            assert!(race.chosen.contains(&name), "{name} was not chosen and is gone\n{}", story());
            let Some(end) = end else { panic!("{name} is gone without a request\n{}", story()) };
            // A disk matters where it was to stay.
            let spared = race.keep || race.retain.contains(&name);
            let counts = |event: &&&Happened| event.0 != Event::DiskDoomed || spared;
            let why = befell.iter().filter(counts).find(|event| must_keep(&requests, event, end));
            assert!(why.is_none(), "{name} was needed and is gone: {why:?}\n{}", story());
            let volume = cluster.object("persistentvolumes", "", &volume_of(name)).expect("a volume that is kept");
            let kept = volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain";
            let doomed = befell.iter().any(|(event, ..)| *event == Event::DiskDoomed);
            assert!(!race.keep || doomed || kept, "the disk of {name} dies\n{}", story());
        } else if race.chosen.contains(&name) {
            // Whoever stays although he was chosen does so for something that befell him, or for what ended the whole run; and a claim whose
            // like has gone is not surely a set's any more.
            let whole = ran.code == 3 || ran.stderr.contains("rror: ") || ran.stderr.contains("rror from server");
            let alike = |target: &str| OLD.contains(&name) && OLD.contains(&target) && race.line.contains("--verdict");
            let excused = !befell.is_empty() || happened.iter().any(|(_, target, ..)| alike(target));
            assert!(excused || race.broken.is_some() || whole, "{name} stayed without need\n{}", story());
        }
        let told = ran.stdout.contains(&format!("persistentvolumeclaim/{name} deleted"));
        assert!(told == died || (race.broken.is_some() && died), "{name} is told wrongly\n{}", story());
    }
    assert!(cluster.object("persistentvolumeclaims", "shop", NEEDED).is_some(), "{}", story());
    let writes = requests
        .iter()
        .any(|request| matches!(&*request.verb, "delete" | "patch") && request.parameter("dryRun").is_none());
    assert!(ran.code != 3 || !writes, "refused, and something was sent\n{}", story());
    assert!([0, 1, 3].contains(&ran.code), "{}", story());
    assert!(ran.code != 0 || !ran.stderr.contains("left as it is"), "{}", story());
    taken
}

#[test]
fn whatever_happens_meanwhile_nothing_is_deleted_that_is_needed_by_then() {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<usize>().ok());
    let (first, races) = (number("FIRST_RACE").unwrap_or(0), number("RACES").unwrap_or(RACES));
    let (next, taken, lost) = (AtomicUsize::new(first), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(seed) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|seed| *seed < first + races) {
                    match std::panic::catch_unwind(|| race(seed as u64)) {
                        Ok(claims) => drop(taken.fetch_add(claims, Ordering::SeqCst)),
                        Err(_) => lost.lock().expect("nobody panicked").push(seed),
                    }
                }
            });
        }
    });
    assert!(lost.lock().expect("nobody panicked").is_empty(), "lost: {lost:?}, as told above");
    // A program that never deletes would win all races.
    let taken = taken.into_inner();
    assert!(races < RACES || taken > races / 4, "{taken} claims were deleted in {races} races");
}

//! What happens when: drawn from the seed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::node::{Attempt, Fate, Pod, Record, World};
use crate::facts::PodPhase;

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    Write(usize),
    /// The container ends with this code.
    End(usize, i32),
    Start(usize),
    /// The API learns what the kubelet knew when this was drawn.
    Publish(usize, u64, Box<crate::facts::PodRun>),
    Rotate(usize),
    Cut,
    Stall,
    Trailer,
    Server(bool),
    Kubelet(bool),
    Watcher(bool),
    Busy(bool),
    Truncate(bool),
    WatchEnds,
    Compact,
    Clock(i64),
    /// The pod is deleted, with its grace or by force, and another takes its name.
    Delete(usize, bool),
    Remove(usize),
    /// The kubelet ends the container of a pod that was deleted.
    Kill(usize, i32),
    Replace(String, u32),
    OwnerGone,
}

struct Driver {
    world: Rc<World>,
    queue: RefCell<BTreeMap<(Instant, u64), Act>>,
    count: RefCell<u64>,
    /// When the last status of each pod was published: they come in order.
    published: RefCell<BTreeMap<usize, Instant>>,
}

/// Lets a schedule happen.
pub(super) async fn drive(world: Rc<World>, _seed: u64) {
    let driver = Driver { world, queue: RefCell::default(), count: RefCell::default(), published: RefCell::default() };
    driver.draw();
    loop {
        let next = driver.queue.borrow_mut().pop_first();
        let Some(((at, _), act)) = next else { break };
        assert!(at.duration_since(driver.world.begun) < Duration::from_hours(1), "a schedule without an end: {act:?}");
        sleep_until(at).await;
        driver.act(act);
        driver.world.wake();
    }
}

const SECOND: u64 = 1000;
const DAY: i64 = 86_400_000;

impl Driver {
    fn at(&self, after: u64, act: Act) {
        let when = Instant::now() + Duration::from_millis(after);
        self.put(when, act);
    }

    fn put(&self, when: Instant, act: Act) {
        let mut count = self.count.borrow_mut();
        *count += 1;
        self.queue.borrow_mut().insert((when, *count), act);
    }

    /// For how long a fault lasts: where nothing may be lost, shorter than an attempt.
    fn outage(&self) -> u64 {
        let most = if self.world.gentle.get() { 4 } else { 60 };
        200 + self.world.below(most * SECOND)
    }

    fn draw(&self) {
        let world = &self.world;
        let pods = 1 + world.below(2);
        for number in 0..pods {
            self.pod(format!("web-{number}"), 0);
        }
        let end = 60 * SECOND + world.below(60 * SECOND);
        let mut stepped = false;
        for _ in 0..world.below(10) {
            let when = world.below(end - 20 * SECOND);
            let lasts = self.outage();
            let both = |on: Act, off: Act| {
                self.at(when, on);
                self.at(when + lasts, off);
            };
            match world.below(15) {
                0 => both(Act::Server(true), Act::Server(false)),
                1 | 2 => both(Act::Kubelet(true), Act::Kubelet(false)),
                3 => both(Act::Watcher(true), Act::Watcher(false)),
                4 => both(Act::Busy(true), Act::Busy(false)),
                5 => both(Act::Truncate(true), Act::Truncate(false)),
                6 => self.at(when, Act::Compact),
                7 => self.at(when, Act::WatchEnds),
                8 => self.at(when, Act::Stall),
                9 => self.at(when, Act::Trailer),
                // Once at most: two steps of three seconds are more than an answer is asked to reach back.
                10 if !std::mem::replace(&mut stepped, true) => self.at(when, Act::Clock(-3_000)),
                11 if !world.gentle.get() => self.at(when, Act::Rotate(0)),
                12 if !world.gentle.get() => self.at(when, Act::Delete(0, world.chance(30))),
                _ => self.at(when, Act::Cut),
            }
        }
        if world.days {
            // Set ahead and right again, or set back. What is written between a step back and one ahead may be left out by a stream.
            let (first, ahead) = (world.below(end / 2), world.chance(50));
            self.at(first, Act::Clock(if ahead { DAY } else { -DAY }));
            if ahead {
                self.at(first + world.below(end / 2), Act::Clock(-DAY));
            }
        }
        let pods = usize::try_from(pods).unwrap();
        for number in 0..pods {
            self.at(end, Act::End(number, 0));
        }
        for off in
            [Act::Server(false), Act::Kubelet(false), Act::Watcher(false), Act::Busy(false), Act::Truncate(false)]
        {
            self.at(end - 10 * SECOND, off);
        }
        self.at(end + 60 * SECOND, Act::OwnerGone);
        self.at(end + 120 * SECOND, Act::Remove(usize::MAX));
    }

    fn pod(&self, name: String, generation: u32) {
        let number = {
            let mut state = self.world.state.borrow_mut();
            let uid = format!("{name}-{generation}");
            state.pods.push(Pod {
                name,
                uid,
                attempts: Vec::new(),
                exists: true,
                phase: PodPhase::Pending,
                deleting: false,
                published: None,
                last_report: 0,
            });
            state.pods.len() - 1
        };
        self.world.publish(number, self.world.status(number));
        self.at(100 + self.world.below(2 * SECOND), Act::Start(number));
    }

    /// The API learns of a pod's state a little later, and in order.
    fn report(&self, number: usize) {
        let run = self.world.status(number);
        let lag = if self.world.chance(60) { self.world.below(100) } else { self.world.below(1400) };
        let mut published = self.published.borrow_mut();
        let last = published.entry(number).or_insert_with(Instant::now);
        let when = (Instant::now() + Duration::from_millis(lag)).max(*last + Duration::from_nanos(1));
        *last = when;
        let sequence = *self.count.borrow() + 1;
        self.put(when, Act::Publish(number, sequence, Box::new(run)));
    }

    #[allow(clippy::too_many_lines, reason = "a case per fault")]
    fn act(&self, act: Act) {
        let world = &self.world;
        if !matches!(act, Act::Write(_)) {
            world.tell(format!("{act:?}").chars().take(90).collect::<String>());
        }
        // What only the kubelet does waits until it is back: it starts containers, ends those of deleted pods, and lets these go.
        let the_kubelets =
            matches!(act, Act::Start(_) | Act::Kill(..)) || matches!(act, Act::Remove(n) if n != usize::MAX);
        if the_kubelets && world.state.borrow().kubelet_down {
            self.at(700, act);
            return;
        }
        match act {
            Act::Write(number) => self.write(number),
            Act::Start(number) => self.start(number),
            Act::End(number, code) | Act::Kill(number, code) => self.end(number, code),
            Act::Publish(number, sequence, run) => {
                // A kubelet that does not run reports when it is back.
                if world.state.borrow().kubelet_down {
                    return;
                }
                // Of several reports it sends the newest.
                if world.state.borrow().pods[number].last_report > sequence {
                    return;
                }
                world.state.borrow_mut().pods[number].last_report = sequence;
                world.publish(number, *run);
            }
            Act::Rotate(number) => {
                let mut state = world.state.borrow_mut();
                let attempt = state.pods.get_mut(number).and_then(|pod| pod.attempts.last_mut());
                if let Some(attempt) = attempt.filter(|attempt| attempt.ended.is_none()) {
                    attempt.file = attempt.records.len();
                    attempt.rotated = true;
                }
            }
            Act::Cut => self.fates(|world| {
                let after = usize::try_from(world.below(60)).unwrap();
                if world.chance(60) { Fate::Eof(after) } else { Fate::Broken(after) }
            }),
            Act::Stall => self.fates(|_| Fate::Stalled),
            Act::Trailer => self.fates(|_| Fate::Text("rpc error: code = NotFound desc = container".to_owned())),
            Act::Server(down) => {
                world.state.borrow_mut().server_down = down;
                if down {
                    self.all_fates(|_| Fate::Broken(0));
                }
            }
            Act::Kubelet(down) => {
                world.state.borrow_mut().kubelet_down = down;
                if down {
                    self.all_fates(|world| Fate::Eof(usize::try_from(world.below(80)).unwrap()));
                } else {
                    let pods = world.state.borrow().pods.len();
                    (0..pods).for_each(|number| self.report(number));
                }
            }
            Act::Watcher(gone) => world.state.borrow_mut().no_watcher = gone,
            Act::Busy(busy) => world.state.borrow_mut().busy = busy,
            Act::Truncate(truncates) => world.state.borrow_mut().truncates = truncates,
            Act::WatchEnds => world.state.borrow_mut().watches_end += 1,
            Act::Compact => {
                let mut state = world.state.borrow_mut();
                state.compacted = state.version;
                state.watches_end += 1;
            }
            Act::Clock(by) => world.state.borrow_mut().clock += by * 1_000_000,
            Act::Delete(number, force) => self.delete(number, force),
            Act::Remove(usize::MAX) => {
                let pods = world.state.borrow().pods.len();
                (0..pods).for_each(|number| world.remove(number));
            }
            Act::Remove(number) => world.remove(number),
            Act::Replace(name, generation) => {
                if world.state.borrow().pods.iter().any(|pod| pod.exists && pod.name == name) {
                    self.at(500, Act::Replace(name, generation));
                    return;
                }
                let generation = generation + 1;
                self.pod(name, generation);
                // It lives until the end, like its predecessor would have.
                let number = world.state.borrow().pods.len() - 1;
                self.at(40 * SECOND, Act::End(number, 0));
            }
            Act::OwnerGone => world.state.borrow_mut().owner_gone = true,
        }
    }

    fn fates(&self, fate: impl Fn(&World) -> Fate) {
        let streams: Vec<u64> = self.world.state.borrow().streams.keys().copied().collect();
        if streams.is_empty() {
            return;
        }
        let one = streams[usize::try_from(self.world.below(streams.len() as u64)).unwrap()];
        let fate = fate(&self.world);
        if let Some(entry) = self.world.state.borrow_mut().streams.get_mut(&one) {
            entry.1 = fate;
        }
    }

    fn all_fates(&self, fate: impl Fn(&World) -> Fate) {
        let streams: Vec<u64> = self.world.state.borrow().streams.keys().copied().collect();
        for stream in streams {
            let fate = fate(&self.world);
            if let Some(entry) = self.world.state.borrow_mut().streams.get_mut(&stream) {
                entry.1 = fate;
            }
        }
    }

    fn start(&self, number: usize) {
        let world = &self.world;
        let now = world.now();
        {
            let mut state = world.state.borrow_mut();
            let pod = &mut state.pods[number];
            if pod.deleting || !pod.exists {
                return;
            }
            pod.phase = PodPhase::Running;
            let id = format!("containerd://{}-{}", pod.uid, pod.attempts.len());
            pod.attempts.push(Attempt { id, started: now, born: world.begun.elapsed(), ..Attempt::default() });
        }
        self.report(number);
        self.at(world.below(30), Act::Write(number));
        let attempts = world.state.borrow().pods[number].attempts.len();
        // The first may crash at once; a later one lives long enough to be read, unless anything goes.
        let lives = match (attempts, world.gentle.get()) {
            (1, _) if world.chance(40) => 30 + world.below(800),
            (_, true) => 22 * SECOND + world.below(20 * SECOND),
            (_, false) => 50 + world.below(25 * SECOND),
        };
        if attempts < 4 && world.chance(60) {
            self.at(lives, Act::End(number, 1));
        }
    }

    fn end(&self, number: usize, code: i32) {
        let world = &self.world;
        let (now, gentle) = (world.now(), world.gentle.get());
        let restarts = {
            let mut state = world.state.borrow_mut();
            let pod = &mut state.pods[number];
            let count = pod.attempts.len();
            let lived = |attempt: &Attempt| world.begun.elapsed().saturating_sub(attempt.born);
            let young = |attempt: &Attempt| gentle && code == 0 && lived(attempt) < Duration::from_secs(20);
            let Some(attempt) = pod.attempts.last_mut().filter(|attempt| attempt.ended.is_none() && !young(attempt))
            else {
                // Between two attempts, or too soon after a start: the last word comes when it runs again.
                let comes = pod.exists && !pod.deleting;
                drop(state);
                if code == 0 && comes {
                    self.at(12 * SECOND, Act::End(number, 0));
                }
                return;
            };
            attempt.ended = Some((now, code));
            if count > 1 {
                pod.attempts[count - 2].removed = true;
            }
            if code == 0 {
                pod.phase = PodPhase::Succeeded;
            }
            code != 0 && !pod.deleting
        };
        self.report(number);
        if restarts {
            let first = world.state.borrow().pods[number].attempts.len() == 1;
            self.at(if first { 100 + world.below(150) } else { 10 * SECOND }, Act::Start(number));
        }
    }

    fn delete(&self, number: usize, force: bool) {
        let (name, generation) = {
            let mut state = self.world.state.borrow_mut();
            let Some(pod) = state.pods.get_mut(number).filter(|pod| pod.exists && !pod.deleting) else { return };
            pod.deleting = true;
            (pod.name.clone(), 0)
        };
        self.report(number);
        if force {
            self.world.remove(number);
            self.at(self.world.below(5 * SECOND), Act::Kill(number, 137));
        } else {
            self.at(500, Act::Kill(number, 143));
            self.at(500 + 1400 + self.world.below(3 * SECOND), Act::Remove(number));
        }
        self.at(6 * SECOND, Act::Replace(name, generation));
    }

    fn write(&self, number: usize) {
        let world = &self.world;
        let now = world.now();
        let lines = 1 + world.below(6);
        let kind = world.below(12);
        {
            let texts: Vec<(i64, String, bool)> = (0..lines)
                .flat_map(|line| {
                    let at = world.state.borrow().pods[number].attempts.last().map_or(0, |a| a.records.len()) as u64;
                    let attempt = world.state.borrow().pods[number].attempts.len();
                    let id = format!("{}#{}", world.state.borrow().pods[number].uid, attempt.saturating_sub(1));
                    let name = format!("{id} line {}", at + line);
                    match kind {
                        // A burst of equal lines in one nanosecond.
                        0 => vec![(now, format!("{id} again"), true)],
                        // One in records, over the edge of a second.
                        1 => vec![
                            (now, format!("{name} begins"), false),
                            (now + 400_000_000, " goes on".to_owned(), false),
                            (now + 800_000_000, " ends".to_owned(), true),
                        ],
                        // The other stream's time is a little older.
                        2 if line % 2 == 1 => vec![(now - 2_000_000, name, true)],
                        3 => vec![(now, name, true)],
                        _ => vec![(now + i64::try_from(line).unwrap() * 1000, name, true)],
                    }
                })
                .collect();
            let mut state = world.state.borrow_mut();
            let Some(attempt) = state.pods[number].attempts.last_mut().filter(|attempt| attempt.ended.is_none()) else {
                return;
            };
            attempt.records.extend(texts.into_iter().map(|(time, text, full)| Record { time, text, full }));
        }
        let pause = match world.below(10) {
            0 => world.below(45 * SECOND),
            1..=4 => world.below(SECOND),
            _ => world.below(3 * SECOND),
        };
        self.at(1 + pause, Act::Write(number));
    }
}

//! Every command while the server, or what stands before it, fails in each of the ways that runbooks know (facts of nights: a rolling
//! restart, an overloaded server, a cut line): it ends, says so, and never passes off less for all.
// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use workload_tests::{Cluster, Fault, Normalise, On, Output, Running};

use crate::help::{each_that_asks, reference, run_on};

/// A fault by its name.
type Named = (&'static str, fn(Cluster) -> Cluster);

/// What passes: asked again, the server answers.
const PASSING: [Named; 11] = [
    ("410 in mid-paging", |cluster| cluster.fault(On::any().later_pages().first(1), Fault::gone())),
    ("429", |cluster| cluster.fault(On::any().first(2), Fault::too_many(1))),
    ("429 in plain text", |cluster| cluster.fault(On::any().first(2), Fault::throttled(1))),
    ("503 in a rolling restart", |cluster| cluster.fault(On::any().first(2), Fault::unavailable())),
    ("502 of a load balancer", |cluster| cluster.fault(On::any().first(2), Fault::bad_gateway())),
    ("reset", |cluster| cluster.fault(On::any().first(2), Fault::reset())),
    ("reset in mid-body", |cluster| cluster.fault(On::any().first(2), Fault::reset_after(40))),
    ("body cut off", |cluster| cluster.fault(On::any().first(2), Fault::cut_after(40))),
    ("GOAWAY", |cluster| cluster.fault(On::any(), Fault::go_away())),
    ("a slow body", |cluster| cluster.fault(On::any(), Fault::slow(1 << 14, Duration::from_millis(1)))),
    ("a clock ahead by a day", |cluster| cluster.fault(On::any(), Fault::date(86_400))),
];

/// What lasts.
const LASTING: [Named; 6] = [
    ("503 for good", |cluster| cluster.fault(On::any(), Fault::unavailable())),
    ("500 for good", |cluster| cluster.fault(On::any(), Fault::internal("etcdserver: no leader"))),
    ("502 for good", |cluster| cluster.fault(On::any(), Fault::bad_gateway())),
    ("reset for good", |cluster| cluster.fault(On::any(), Fault::reset())),
    ("silence", |cluster| cluster.fault(On::any(), Fault::silence())),
    ("a login page", |cluster| cluster.fault(On::any(), Fault::answer(200, "text/html", "<h1>Log in</h1>"))),
];

fn shown(cluster: &Running, seen: &Output) -> String {
    Normalise::new().cluster(cluster).ages().times().replace(r"pvc-[0-9a-f]{8}…", "pvc-[SHORT]…").whole(seen)
}

/// With pages of two objects, so that there are several of each list.
fn run(cluster: &Running, line: &str) -> Output {
    let name = format!("kubectl {} ", crate::NAME);
    run_on(cluster, &line.replacen(&name, &format!("{name}--request-timeout 1 "), 1))
}

/// What is wrong with how a command took a fault.
fn wrong(line: &str, healthy: &str, (fault, with): Named, lasts: bool) -> Option<String> {
    let cluster = with(crate::example()).start();
    let seen = run(&cluster, line);
    let told = shown(&cluster, &seen);
    let complaint = if told.contains("panicked") {
        "a panic"
    } else if lasts && seen.code == 0 {
        "success, though nothing could be read"
    } else if seen.code != 0 && seen.stderr.is_empty() {
        "a failure without a word"
    } else if seen.code == 0 && seen.stderr.is_empty() && !told.contains("? could not ") && told != healthy {
        "less than all, and no word of it"
    } else {
        return None;
    };
    Some(format!("== {line}, {fault}: {complaint}\n{told}\n-- healthy\n{healthy}"))
}

#[test]
fn no_command_passes_off_less_for_all_whatever_fails_on_the_way() {
    let reference = reference();
    // What is made anew each time can't be compared.
    let lines = VecDeque::from(each_that_asks(&reference));
    let work = Mutex::new(lines);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(line) = work.lock().unwrap().pop_front() else { break };
                    let cluster = crate::example().start();
                    let seen = run(&cluster, line);
                    assert!(cluster.requests().iter().next().is_some(), "{line} asks nothing");
                    let healthy = shown(&cluster, &seen);
                    let faults =
                        PASSING.map(|fault| (fault, false)).into_iter().chain(LASTING.map(|fault| (fault, true)));
                    let wrong = |(fault, lasts)| wrong(line, &healthy, fault, lasts);
                    let all: Vec<String> = faults.filter_map(wrong).collect();
                    found.lock().unwrap().extend(all);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "{} of them:\n{}", found.len(), found.join("\n"));
}

//! Chooses scenarios, runs them a few at a time, and says how each ended.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use super::command::Ran;
use super::{Lane, Scenario, checks};

const USAGE: &str = "usage: tests/cluster/run [--quick|--all] [--list] [--keep] [--jobs N] [FILTER...]
  --quick    the marked part (the default without FILTER)
  --all      every scenario
  --list     names them and ends
  --keep     leaves the namespaces of failed scenarios in the cluster
  --jobs N   so many at a time (default 3)
  FILTER     those whose name contains one of these";

struct Options {
    all: bool,
    list: bool,
    keep: bool,
    jobs: usize,
    filters: Vec<String>,
}

/// What all scenarios of this run share.
struct Run {
    /// Four characters that no other run has just now.
    id: String,
    folder: PathBuf,
    keep: bool,
}

thread_local! {
    /// What the panic of a scenario said, and where.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The program: runs the scenarios that the arguments choose, and ends with `N passed, N failed` on a line of its own.
pub(crate) fn run(scenarios: &[Scenario]) -> ExitCode {
    panic::set_hook(Box::new(|info| PANIC.set(Some(info.to_string()))));
    if let Err(panic) = panic::catch_unwind(|| checks::run(scenarios)) {
        say(&format!("the lane's own checks failed\n{}", indented(&message(&*panic))));
        return ExitCode::FAILURE;
    }
    if std::env::var_os("TESTBED").is_none() {
        say("The real-cluster lane needs a cluster: tests/cluster/run starts one and runs it.");
        return ExitCode::SUCCESS;
    }
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            say(&format!("{why}\n{USAGE}"));
            return ExitCode::FAILURE;
        }
    };
    let named = |s: &Scenario| options.filters.iter().any(|f| s.name.contains(f));
    let chosen = |s: &&Scenario| if options.filters.is_empty() { options.all || s.quick } else { named(s) };
    let chosen: Vec<Scenario> = scenarios.iter().filter(chosen).copied().collect();
    if options.list {
        for s in &chosen {
            say(&format!("{}{}{}", s.name, mark(s.quick, " (quick)"), mark(s.alone, " (alone)")));
        }
        return ExitCode::SUCCESS;
    }
    let start = Instant::now();
    let id = format!("{:04x}", std::process::id() & 0xffff);
    let folder = std::env::temp_dir().join(format!("cluster-lane-{id}"));
    std::fs::create_dir_all(&folder).expect("a folder for the kubeconfigs can be made");
    let run = Run { id, folder, keep: options.keep };

    let (last, first): (Vec<Scenario>, Vec<Scenario>) = chosen.iter().partition(|s| s.alone);
    let lock = lock_file();
    if lock.try_lock().is_ok() {
        take_away_leftovers();
        lock.unlock().expect("the lane's lock can be given back");
    }
    lock.lock_shared().expect("the lane's lock can be taken");
    let mut failed = at_once(first, options.jobs, &run);
    lock.unlock().expect("the lane's lock can be given back");
    if !last.is_empty() {
        lock.lock().expect("the lane's lock can be taken");
        failed += at_once(last, 1, &run);
    }
    drop(std::fs::remove_dir_all(&run.folder));
    say(&format!("in {} s", start.elapsed().as_secs()));
    say(&format!("{} passed, {failed} failed", chosen.len() - failed));
    if failed > 0 || chosen.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Shared by scenarios of every run on this machine that go well together, held alone by one that hurts a node.
fn lock_file() -> File {
    let state = std::env::var_os("TESTBED_STATE").expect("tests/cluster/run sets TESTBED_STATE");
    File::create(Path::new(&state).join("lane.lock")).expect("the lane's lock can be opened")
}

/// Deletes the namespaces of earlier runs that were interrupted or kept. Only while no other run is on its way.
fn take_away_leftovers() {
    let admin = std::env::var_os("KUBECONFIG").expect("the testbed sets KUBECONFIG");
    // A Job of a foreign controller and its pods keep finalizers that nobody takes away once its scenario was killed.
    let line = r#"kubectl delete namespace -l cluster-lane --wait=false
        for namespace in $(kubectl get namespace -l cluster-lane -o jsonpath='{.items[*].metadata.name}'); do
            kubectl -n "$namespace" get pods,jobs -o name | xargs -r kubectl -n "$namespace" patch --type=merge -p '{"metadata":{"finalizers":null}}'
        done"#;
    let ran = Ran::new(line, Path::new(&admin), None);
    assert!(ran.code == 0, "no leftovers can be taken away: {ran}");
}

/// Runs the scenarios on `jobs` threads; how many failed.
fn at_once(scenarios: Vec<Scenario>, jobs: usize, run: &Run) -> usize {
    let queue = Mutex::new(VecDeque::from(scenarios));
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let work = || {
        let mut failed = 0;
        while let Some(scenario) = next() {
            failed += usize::from(!passes(scenario, run));
        }
        failed
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().expect("a scenario's panic was caught")).sum()
    })
}

fn passes(scenario: Scenario, run: &Run) -> bool {
    let start = Instant::now();
    let mut lane = None;
    let ended = panic::catch_unwind(AssertUnwindSafe(|| {
        let lane = lane.insert(Lane::new(scenario.name, &run.id, &run.folder));
        (scenario.run)(lane);
    }));
    let passed = ended.is_ok();
    let took = start.elapsed().as_secs();
    let name = scenario.name;
    match ended {
        Ok(()) => say(&format!("ok     {name} ({took} s)")),
        Err(panic) => {
            let report = lane.as_ref().map(Lane::report).unwrap_or_default();
            say(&format!("FAILED {name} ({took} s)\n{}\n{report}", indented(&message(&*panic))));
        }
    }
    if let Some(lane) = lane.filter(|_| passed || !run.keep) {
        lane.clean();
    }
    passed
}

fn message(panic: &(dyn Any + Send)) -> String {
    let own = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    PANIC.take().or(own).unwrap_or_default()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| ["  ", line, "\n"].concat()).collect()
}

fn mark(set: bool, text: &str) -> &str {
    if set { text } else { "" }
}

fn options(args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { all: false, list: false, keep: false, jobs: 3, filters: Vec::new() };
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => options.all = false,
            "--all" => options.all = true,
            "--list" => (options.list, options.all) = (true, true),
            "--keep" => options.keep = true,
            "--jobs" => options.jobs = args.next().and_then(|n| n.parse().ok()).ok_or("--jobs takes a number")?,
            flag if flag.starts_with('-') => return Err(format!("unknown flag {flag}")),
            _ => options.filters.push(arg),
        }
    }
    Ok(options)
}

/// One write for all of it, so that what threads say doesn't mix.
pub(super) fn say(text: &str) {
    // Nobody reads the output any more: nothing to be done about that here.
    drop(io::stdout().lock().write_all(format!("{text}\n").as_bytes()));
}

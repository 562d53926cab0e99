//! Never twice: whatever becomes of the request and its answer, there is at most one Job, and what is said of it is true.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use workload_core::change::{Created, Creation, KEY, NotCreated};
use workload_core::connect::{Client, ConnectOptions, Environment, Silent};
use workload_tests::{Action, Cluster, Fault, On, Running};

/// What becomes of the POST, or of the look that follows.
const POSTS: usize = 15;
const LOOKS: usize = 7;

fn client(cluster: &Running, limit: &str) -> Client {
    let env = Environment::empty().with("KUBECONFIG", cluster.kubeconfig());
    let options = ConnectOptions { request_timeout: Some(limit.to_owned()), ..ConnectOptions::default() };
    Client::connect(&options, &env, Arc::new(Silent), 0).unwrap()
}

/// The fault of this number; bytes of an answer that come through.
fn fault(number: usize, bytes: usize) -> Option<Fault> {
    Some(match number {
        0 => return None,
        1 => Fault::reset(),
        2 => Fault::silence(),
        3 => Fault::timeout(),
        4 => Fault::storage_timeout(),
        5 => Fault::internal("etcdserver: leader changed"),
        6 => Fault::bad_gateway(),
        7 => Fault::unavailable(),
        8 => Fault::answer(200, "text/html", "<h1>Log in</h1>"),
        9 => Fault::cut_after(bytes),
        10 => Fault::reset_after(bytes),
        11 => Fault::stall_after(bytes),
        12 => Fault::broken_json(),
        13 => Fault::answer(408, "text/plain", "Request Timeout"),
        _ => Fault::answer(204, "application/json", ""),
    })
}

/// A proxy that sends a request a second time, and hands on the second answer.
fn sent_twice(answer: &str) -> Fault {
    let answer = answer.to_owned();
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": if answer == "quota" { 403 } else { 409 },
        "reason": if answer == "quota" { "Forbidden" } else { "AlreadyExists" }, "metadata": {},
        "message": if answer == "quota" { "exceeded quota: q" } else { "jobs.batch \"x\" already exists" }});
    let code = if answer == "quota" { 403 } else { 409 };
    Fault::answer(code, "application/json", &status.to_string()).after_commit()
}

/// Small, seeded, and the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

fn job(name: &str, key: Option<&str>) -> Value {
    let mut job =
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": {}}});
    if let Some(key) = key {
        job["metadata"]["annotations"][KEY] = key.into();
    }
    job
}

#[test]
fn a_thousand_faults_around_the_post_never_make_two_jobs_and_never_a_false_word() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut dice, mut told) = (Dice(0x9e37_79b9_7f4a_7c15), std::collections::BTreeMap::<&str, usize>::new());
    let mut cluster = Cluster::new().start();
    let mut clients = [client(&cluster, "10s"), client(&cluster, "50ms")];
    for case in 0..1000 {
        if case % 50 == 0 {
            cluster = Cluster::new().start();
            clients = [client(&cluster, "10s"), client(&cluster, "50ms")];
        }
        cluster.heal();
        cluster.forget_requests();
        let name = format!("job-{case}");
        let key = (dice.roll(4) == 0).then_some("ticket-7");
        // Somebody else's Job of that name, or an earlier one of this key.
        let before = match dice.roll(8) {
            0 => Some(job(&name, None)),
            1 if key.is_some() => Some(job(&name, key)),
            _ => None,
        };
        if let Some(mut before) = before.clone() {
            before["metadata"]["namespace"] = "shop".into();
            before["metadata"]["managedFields"] = json!([{"manager": "somebody", "operation": "Update"}]);
            cluster.apply(before);
        }
        let (commits, number, bytes) = (dice.roll(2) == 0, dice.roll(POSTS + 2), dice.roll(400));
        let post = match number {
            n if n == POSTS => Some(sent_twice("conflict")),
            n if n > POSTS => Some(sent_twice("quota")),
            n => fault(n, bytes).map(|fault| if commits { fault.after_commit() } else { fault }),
        };
        if let Some(fault) = post {
            cluster.fault(On::create("jobs"), fault);
        }
        let look = dice.roll(LOOKS);
        match look {
            0 => cluster.fault(On::get("jobs"), Fault::forbidden("no")),
            1 => cluster.fault(On::get("jobs").first(1), Fault::reset()),
            2 => cluster.fault(On::get("jobs"), Fault::internal("etcdserver: no leader")),
            // Done and pruned between the two.
            3 => cluster.fault(On::get("jobs"), Fault::not_found()),
            _ => {}
        }
        let namespace = "shop";
        let sent = job(&name, key);
        let token = format!("{case:016x}");
        let creation =
            Creation { namespace, job: &sent, token: &token, own_name: false, key, looks: &[Duration::from_millis(1)] };
        // Only where nothing answers is waiting cut short: elsewhere a slow machine must not look like a fault.
        let silent = [2, 11].contains(&number);
        let outcome = runtime.block_on(creation.send(&clients[usize::from(silent)]));

        let posts = cluster.requests().count("create jobs");
        assert!(posts <= 1, "case {case}: sent {posts} times");
        let stored = cluster.object("jobs", namespace, &name);
        let manager = format!("kubectl-job-{token}");
        let is_ours = |job: &Value| job["metadata"]["managedFields"][0]["manager"] == *manager;
        let ours = stored.as_ref().is_some_and(is_ours);
        let case = format!(
            "case {case}: post {number} commits {commits} bytes {bytes} look {look} before {}: {outcome:?}",
            before.is_some()
        );
        match &outcome {
            Ok(Created::Now(job) | Created::ReadBack(job, _)) => {
                assert!(ours && is_ours(job), "{case}");
                *told.entry("created").or_default() += 1;
            }
            Ok(Created::Before(job)) => {
                assert!(!ours && job["metadata"]["annotations"][KEY] == "ticket-7", "{case}");
                *told.entry("before").or_default() += 1;
            }
            Err(NotCreated::Refused(_) | NotCreated::Taken(_)) => {
                // That the last sender was refused is all that is said where nothing can be read.
                assert!(!ours || look == 0 || look == 2 || look == 3, "{case}");
                *told.entry("not created").or_default() += 1;
            }
            Err(NotCreated::Unknown { .. }) => {
                let blind = silent || look == 0 || look == 2 || look == 3;
                assert!(blind || stored.is_none(), "it could have been told: {case}");
                *told.entry("can't tell").or_default() += 1;
            }
        }
    }
    assert!(told.len() == 4 && told["created"] > 300 && told["not created"] > 50, "{told:?}");
}

#[test]
fn a_key_finds_its_job_again() {
    let cluster = super::nightly().start();
    let run = |key: &str| super::run(&cluster, &["nightly-backup", "--idempotency-key", key, "--if-active=refuse"]);
    let first = run("ticket-4711").assert_code(0);
    assert!(first.stdout.ends_with(" created\n"), "{}", first.whole());
    // It goes on, and is not in its own way.
    let second = run("ticket-4711").assert_code(0);
    assert_eq!(second.stdout, first.stdout.replace("created", "unchanged"));
    assert!(second.stderr.contains("was created before under this key"), "{}", second.stderr);
    assert_eq!(run("ticket-4712").code, 3, "another key is another run");
}

#[test]
fn a_lost_answer_is_told_as_it_is() {
    let cluster = super::nightly().fault(On::create("jobs"), Fault::reset().after_commit()).start();
    let seen = super::run(&cluster, &["nightly-backup"]);
    insta::assert_snapshot!(super::shown(&seen), @"
    exit code 0
    --- stdout
    job.batch/nightly-backup-manual-<random> created
    --- stderr
    note: the answer was lost, and the Job found by reading: it was created once (Unable to connect to the server: read: connection reset by peer)
    ");
    assert_eq!(cluster.requests().count("create jobs"), 1);

    let never = super::nightly().fault(On::create("jobs"), Fault::timeout()).start();
    let seen = super::run(&never, &["nightly-backup"]);
    insta::assert_snapshot!(super::shown(&seen), @"
    exit code 13
    --- stderr
    Error from server (Timeout): the server was unable to return a response in the time allotted, but may still be processing the request (post jobs.batch)
    Whether job nightly-backup-manual-<random> was created can't be told: there is no such Job now: either the request never reached the server, or is still on its way, or the Job has already ended and been removed.
    It was sent once, and not again.
    hint: kubectl get job nightly-backup-manual-<random> -n shop  # once more in a minute, before you run it anew; --idempotency-key makes a repeat safe
    ");
    assert_eq!(never.requests().count("create jobs"), 1);

    let refused = super::nightly().fault(On::create("jobs"), Fault::new(|_| Action::Answer(workload_tests::Answer::json(403,
        r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"jobs.batch is forbidden","code":403}"#)))).start();
    let seen = super::run(&refused, &["nightly-backup"]);
    insta::assert_snapshot!(super::shown(&seen), @"
    exit code 1
    --- stderr
    Error from server (Forbidden): jobs.batch is forbidden
    hint: what you may do says: kubectl auth can-i --list (with -n NAMESPACE where it matters)
    ");
}

//! A scenario's own corner of the cluster.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::command::Ran;
use super::normal::Names;

/// How long a condition may take: a node counts as dead after 50 s, and its pods a little later.
const LIMIT: Duration = Duration::from_mins(2);
/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(250);

/// A namespace, a kubeconfig whose context is in it, and a transcript of all that was run.
pub(crate) struct Lane {
    pub(crate) namespace: String,
    pub(crate) kubeconfig: PathBuf,
    names: RefCell<Names>,
    transcript: RefCell<Vec<Ran>>,
}

impl Lane {
    /// A fresh namespace `<scenario>-<run>`; `run` is four characters, so that tables stay aligned when they are replaced.
    pub(crate) fn new(scenario: &str, run: &str, folder: &Path) -> Self {
        let namespace = format!("{scenario}-{run}");
        let kubeconfig = folder.join(format!("{namespace}.kubeconfig"));
        let admin = std::env::var_os("KUBECONFIG").expect("the testbed sets KUBECONFIG");
        std::fs::copy(admin, &kubeconfig).expect("the admin's kubeconfig can be copied");
        let names = RefCell::new(Names::new(&namespace, &format!("{scenario}-test")));
        let lane = Self { namespace, kubeconfig, names, transcript: RefCell::default() };
        let namespace = &lane.namespace;
        lane.run(&format!(
            "kubectl create namespace {namespace} && kubectl label namespace {namespace} cluster-lane={run}"
        ));
        lane.run(&format!("kubectl config set-context --current --namespace={namespace}"));
        // A pod made before its ServiceAccount is refused, and the set then waits without need.
        until("the namespace's ServiceAccount", || lane.find("serviceaccount/default").map(drop));
        lane
    }

    /// Runs a command line as the user would type it, whatever its exit code.
    pub(crate) fn try_run(&self, line: &str) -> Ran {
        let ran = Ran::new(line, &self.kubeconfig, None);
        self.transcript.borrow_mut().push(ran.clone());
        ran
    }

    /// Runs a command line that must succeed; its standard output without the last line break.
    pub(crate) fn run(&self, line: &str) -> String {
        succeeded(&self.try_run(line))
    }

    /// Tells whoever runs the lane a figure that was measured.
    pub(crate) fn say(&self, text: &str) {
        super::runner::say(&format!("{}: {text}", self.namespace));
    }

    /// Runs a command line; its standard output, or what it said instead. For [`until`].
    pub(crate) fn attempt(&self, line: &str) -> Result<String, String> {
        let ran = self.try_run(line);
        if ran.code == 0 { Ok(ran.stdout.trim_end().to_owned()) } else { Err(format!("{}{}", ran.stdout, ran.stderr)) }
    }

    /// What a command shows, made comparable: both streams and the exit code, with names that differ from run to run
    /// replaced by stable ones ([`Names`]).
    pub(crate) fn shows(&self, line: &str) -> String {
        let ran = self.try_run(line);
        let stderr = if ran.stderr.is_empty() { String::new() } else { format!("--- stderr\n{}", ran.stderr) };
        let code = if ran.code == 0 { String::new() } else { format!("--- exit code {}\n", ran.code) };
        self.names.borrow_mut().stable(&[ran.stdout, stderr, code].concat())
    }

    /// Carries out the next step of the first verdict on a set, as a reader would who copies it into a shell.
    pub(crate) fn take_next_step(&self, set: &str) {
        let report = self.run(&format!("kubectl sts status {set} -o json"));
        let report: Value = serde_json::from_str(&report).expect("-o json prints JSON");
        self.run(&text(report.pointer("/items/0/verdicts/0/next")));
    }

    /// Has [`Lane::shows`] leave out on which node something runs, where the scheduler is free to choose.
    pub(crate) fn any_node(&self) {
        self.names.borrow_mut().hide_nodes();
    }

    /// Applies manifests given as text.
    pub(crate) fn apply(&self, manifests: &str) {
        let ran = Ran::new("kubectl apply -f -", &self.kubeconfig, Some(manifests));
        self.transcript.borrow_mut().push(ran.clone());
        succeeded(&ran);
    }

    /// The object, or why it can't be had. `what` is what `kubectl get` takes: `pvc/data-web-0`, `pods -l app=web`.
    pub(crate) fn find(&self, what: &str) -> Result<Value, String> {
        let ran = Ran::new(&format!("kubectl get {what} -o json"), &self.kubeconfig, None);
        if ran.code != 0 {
            return Err(ran.stderr.trim().to_owned());
        }
        serde_json::from_str(&ran.stdout).map_err(|e| format!("kubectl get {what}: {e}"))
    }

    /// One value of an object that must be there: `field("pvc/data-web-0", "/spec/volumeName")`; "" when it is absent.
    pub(crate) fn field(&self, what: &str, pointer: &str) -> String {
        let object = self.find(what).unwrap_or_else(|why| panic!("{what}: {why}"));
        text(object.pointer(pointer))
    }

    /// Waits until an object's field has this value.
    pub(crate) fn until_field(&self, what: &str, pointer: &str, value: &str) {
        until(&format!("{what} {pointer} = {value:?}"), || {
            let found = text(self.find(what)?.pointer(pointer));
            if found == value { Ok(()) } else { Err(format!("it is {found:?}")) }
        });
    }

    /// Waits until an object, or every object of a list, is no longer there.
    pub(crate) fn until_gone(&self, what: &str) {
        until(&format!("{what} to be gone"), || match self.find(what) {
            Ok(list) if list["items"].as_array().is_some_and(Vec::is_empty) => Ok(()),
            Ok(_) => Err("it is there".to_owned()),
            Err(why) if why.contains("NotFound") => Ok(()),
            Err(why) => Err(why),
        });
    }

    /// Waits until these pods are Ready, one after another.
    pub(crate) fn until_ready(&self, pods: &[&str]) {
        for pod in pods {
            self.until_condition(&format!("pod/{pod}"), "Ready", "True");
        }
    }

    /// The same for a pod that may take longer than most.
    pub(crate) fn until_ready_within(&self, limit: Duration, pod: &str) {
        self.until_condition_within(limit, &format!("pod/{pod}"), "Ready", "True");
    }

    /// Waits until an object that isn't being deleted has a condition with this status.
    pub(crate) fn until_condition(&self, what: &str, kind: &str, status: &str) {
        self.until_condition_within(LIMIT, what, kind, status);
    }

    fn until_condition_within(&self, limit: Duration, what: &str, kind: &str, status: &str) {
        until_within(limit, &format!("{what} to be {kind}={status}"), || {
            let object = self.find(what)?;
            let conditions = &object["status"]["conditions"];
            let holds = |c: &Value| c["type"] == kind && c["status"] == status;
            if !object["metadata"]["deletionTimestamp"].is_null() {
                Err("it is being deleted".to_owned())
            } else if conditions.as_array().is_some_and(|all| all.iter().any(holds)) {
                Ok(())
            } else {
                Err(conditions.to_string())
            }
        });
    }

    /// Kills a node with all its containers; it comes back when the guard is dropped.
    pub(crate) fn stop_node(&self, number: u8) -> Stopped<'_> {
        self.stop(format!("node {number}"))
    }

    /// Stops a node's kubelet, its containers run on; it comes back when the guard is dropped.
    pub(crate) fn stop_kubelet(&self, number: u8) -> Stopped<'_> {
        self.stop(format!("kubelet {number}"))
    }

    /// Stops the controllers of the whole cluster; they come back when the guard is dropped.
    pub(crate) fn stop_controllers(&self) -> Stopped<'_> {
        self.stop("controllers".to_owned())
    }

    fn stop(&self, what: String) -> Stopped<'_> {
        self.run(&format!("$TESTBED stop {what}"));
        Stopped { lane: self, what }
    }

    /// SIGKILL to the first container of each of these pods, as fast as can be.
    pub(crate) fn kill_containers(&self, pods: &[&str]) {
        let kill = |pod: &&str| {
            let object = self.find(&format!("pod/{pod}")).unwrap_or_else(|why| panic!("{pod}: {why}"));
            let node = text(object.pointer("/spec/nodeName"));
            format!("$TESTBED kill {node} {}", text(object.pointer("/status/containerStatuses/0/containerID")))
        };
        let kills: Vec<String> = pods.iter().map(kill).collect();
        self.run(&format!("{}; wait", kills.join(" & ")));
    }

    /// The last commands and the state of the namespace, for whoever has to find out why a scenario failed.
    pub(crate) fn report(&self) -> String {
        let transcript = self.transcript.borrow();
        let last = transcript.iter().skip(transcript.len().saturating_sub(4)).map(ToString::to_string);
        let state = [
            "kubectl get statefulsets,pods,pvc,services -o wide",
            &format!("kubectl get pv | grep -E ' {}/|^NAME'", self.namespace),
            "kubectl get events --sort-by=.lastTimestamp | tail -n 25",
            "kubectl get nodes",
        ]
        .map(|line| Ran::new(line, &self.kubeconfig, None).to_string());
        last.chain(["--- the cluster now\n".to_owned()]).chain(state).collect()
    }

    /// Takes the namespace away, and the volumes that would outlive it; what remains goes on by itself.
    pub(crate) fn clean(&self) {
        let namespace = &self.namespace;
        let volumes = self.find("pv").map(|list| list["items"].clone()).unwrap_or_default();
        let ours = |v: &&Value| v["spec"]["claimRef"]["namespace"] == **namespace;
        self.try_run(&format!("kubectl delete namespace {namespace} --wait=false"));
        for volume in volumes.as_array().into_iter().flatten().filter(ours) {
            if volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain" {
                self.try_run(&format!("kubectl delete pv {} --wait=false", text(volume.pointer("/metadata/name"))));
            }
        }
    }
}

/// A node, a kubelet or the controllers: down.
pub(crate) struct Stopped<'a> {
    lane: &'a Lane,
    what: String,
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        // Also on the way out of a failed scenario, where another panic would end the whole run.
        self.lane.try_run(&format!("$TESTBED start {}", self.what));
    }
}

/// Waits until a condition holds and gives its value; a failure says what was awaited and the last answer.
pub(crate) fn until<T>(what: &str, condition: impl FnMut() -> Result<T, String>) -> T {
    until_within(LIMIT, what, condition)
}

/// The same for what takes longer by its nature.
pub(crate) fn until_within<T>(limit: Duration, what: &str, mut condition: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        let why = match condition() {
            Ok(value) => return value,
            Err(why) => why,
        };
        assert!(start.elapsed() < limit, "waited {} s for {what}; at last: {why}", limit.as_secs());
        std::thread::sleep(PAUSE);
    }
}

fn succeeded(ran: &Ran) -> String {
    assert!(ran.code == 0, "exit code {}: {}\n{}{}", ran.code, ran.line, ran.stdout, ran.stderr);
    ran.stdout.trim_end_matches('\n').to_owned()
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

//! The way to the server: connections that are cut in the middle of a line, and connections on which nothing comes any more.

use crate::lane::{Lane, Scenario, until};

use super::{Following, PADDING, counting, set};

pub(crate) const SCENARIOS: &[Scenario] =
    &[Scenario::new("logs-half-open", half_open), Scenario::new("logs-cut-mid-line", cut_mid_line)];

/// A way to the API server of the scenario's own, through the testbed's TCP proxy.
pub(super) struct Way<'l> {
    lane: &'l Lane,
    port: String,
    pub(super) kubeconfig: String,
}

impl<'l> Way<'l> {
    pub(super) fn new(lane: &'l Lane) -> Self {
        lane.run("$TESTBED start toxiproxy");
        until("the TCP proxy", || lane.attempt("curl -sf localhost:8474/version"));
        let proxy =
            format!("{{\"name\":\"{}\",\"listen\":\"127.0.0.1:0\",\"upstream\":\"127.0.0.1:6443\"}}", lane.namespace);
        let made = lane.run(&format!("curl -sf localhost:8474/proxies -d '{proxy}'"));
        let made: serde_json::Value = serde_json::from_str(&made).expect("the proxy answers in JSON");
        let port = made["listen"].as_str().and_then(|listen| listen.rsplit(':').next()).expect("a port").to_owned();
        let kubeconfig = format!("{}.way", lane.kubeconfig.display());
        lane.run(&format!("sed 's#https://127.0.0.1:6443#https://127.0.0.1:{port}#' $KUBECONFIG >{kubeconfig}"));
        Self { lane, port, kubeconfig }
    }

    /// Each connection ends after so many bytes of answers.
    fn cut_after(&self, bytes: usize) {
        let toxic =
            format!("{{\"type\":\"limit_data\",\"stream\":\"downstream\",\"attributes\":{{\"bytes\":{bytes}}}}}");
        self.lane.run(&format!("curl -sf localhost:8474/proxies/{}/toxics -d '{toxic}'", self.lane.namespace));
    }

    /// From now on nothing passes on the connections that are open, in either direction, and nobody is told.
    fn drop_packets(&self) -> Dropped<'l> {
        let open = self.lane.run(&format!("ss -Htn state established dport = :{} | awk '{{print $3}}'", self.port));
        let ports: Vec<&str> = open.lines().filter_map(|address| address.rsplit(':').next()).collect();
        assert!(!ports.is_empty(), "no connection is open");
        let both = |port: &&str| {
            [
                format!("OUTPUT -p tcp --sport {port} --dport {} -j DROP", self.port),
                format!("OUTPUT -p tcp --sport {} --dport {port} -j DROP", self.port),
            ]
        };
        let dropped = Dropped { lane: self.lane, rules: ports.iter().flat_map(both).collect() };
        for rule in &dropped.rules {
            self.lane.run(&format!("iptables -w -I {rule}"));
        }
        dropped
    }

    /// Nothing gets through until the answer is dropped: connections are cut and new ones refused.
    pub(super) fn closed(&self) -> Closed<'_, 'l> {
        self.lane.run(&format!("curl -sf localhost:8474/proxies/{} -d '{{\"enabled\":false}}'", self.lane.namespace));
        Closed(self)
    }
}

/// A way that is closed.
pub(super) struct Closed<'w, 'l>(&'w Way<'l>);

impl Drop for Closed<'_, '_> {
    fn drop(&mut self) {
        let Way { lane, .. } = self.0;
        lane.try_run(&format!("curl -sf localhost:8474/proxies/{} -d '{{\"enabled\":true}}'", lane.namespace));
    }
}

impl Drop for Way<'_> {
    fn drop(&mut self) {
        self.lane.try_run(&format!("curl -sf -X DELETE localhost:8474/proxies/{}", self.lane.namespace));
    }
}

/// Connections whose packets are dropped until this is.
struct Dropped<'l> {
    lane: &'l Lane,
    rules: Vec<String>,
}

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        for rule in &self.rules {
            self.lane.try_run(&format!("iptables -w -D {rule}"));
        }
    }
}

/// A laptop that slept, a NAT that forgot: the connection looks open for ever.
fn half_open(lane: &Lane) {
    let way = Way::new(lane);
    lane.apply(&set(2, "node1", &counting(100_000, 0)));
    lane.until_ready(&["web-0", "web-1"]);
    let following = Following::with(lane, &way.kubeconfig, "kubectl sts logs web -f");
    following.until_lines(2, 40);
    let dropped = way.drop_packets();
    let (before, since) = (following.most(), std::time::Instant::now());
    following.until_lines(2, before + 100);
    lane.say(&format!("a half-open connection: reading goes on after {} s", since.elapsed().as_secs()));
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    drop(dropped);
    following.assert_whole();
    assert!(following.reconnects() >= 2, "{}", following.said());
}

/// Lines of 100 KiB, over connections that end after every three megabytes: hardly ever between two lines.
fn cut_mid_line(lane: &Lane) {
    let way = Way::new(lane);
    way.cut_after(3_000_000);
    let command = format!(
        "p=$(head -c {PADDING} /dev/zero | tr \"\\000\" x); n=0; while :; do n=$((n+1)); echo \"line $n $p\"; sleep 0.5; done"
    );
    lane.apply(&set(1, "node1", &command));
    lane.until_ready(&["web-0"]);
    let following = Following::with(lane, &way.kubeconfig, "kubectl sts logs web -f");
    following.until_lines(1, 80);
    lane.run("kubectl delete sts web");
    assert_eq!(following.code(), "0");
    following.assert_whole();
    lane.say(&format!("lines of 100 KiB: {} reconnects", following.reconnects()));
    assert!(following.reconnects() >= 2, "{}", following.said());
}

//! The way to the server and what a shell asks for: held to the real kubectl.

use std::time::{Duration, Instant};

use crate::lane::{Background, Lane, Scenario, set, until};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("differential", differential),
    Scenario::new("proxies", proxies).quick(),
    Scenario::new("plugin", plugin).quick(),
    Scenario::new("completion", completion).quick(),
    Scenario::new("completion-1000", completion_of_a_thousand).alone(),
    Scenario::new("columns", columns).quick(),
    Scenario::new("cells", cells),
    Scenario::new("watching", watching).quick(),
];

/// The record that the hermetic differential tests stand on is what this kubectl does.
fn differential(lane: &Lane) {
    let ran = lane.try_run("differential check kubectl");
    assert!(ran.code == 0 && ran.stdout.contains(" cases are as recorded"), "{ran}");
}

/// Debian's tinyproxy and microsocks, by the kubeconfig and by the environment.
fn proxies(lane: &Lane) {
    lane.apply(&set("web").with_replicas(0).to_string());
    let folder = lane.kubeconfig.with_extension("proxies");
    let at = folder.display();
    let _running = Background::start(
        lane,
        &format!(
            "mkdir -p {at}; printf 'Port 18888\\nListen 127.0.0.1\\nAllow 127.0.0.1\\nLogFile \"{at}/log\"\\nLogLevel Connect\\nConnectPort 6443\\n' > {at}/conf; \
             tinyproxy -d -c {at}/conf & microsocks -i 127.0.0.1 -p 18889"
        ),
    );
    until("both proxies", || lane.attempt("(exec 3<>/dev/tcp/127.0.0.1/18888) && (exec 3<>/dev/tcp/127.0.0.1/18889)"));
    let plain = lane.run("kubectl sts status");
    for proxy in ["http://127.0.0.1:18888", "socks5://127.0.0.1:18889"] {
        lane.run(&format!("kubectl config set-cluster testbed --proxy-url={proxy}"));
        assert_eq!(names(&lane.run("kubectl sts status")), names(&plain), "{proxy}");
        assert_eq!(lane.run("kubectl get statefulsets -o name"), "statefulset.apps/web", "{proxy}");
    }
    let log = lane.run(&format!("grep -c CONNECT {at}/log"));
    assert!(log.parse::<u32>().is_ok_and(|connects| connects > 0), "tinyproxy saw {log} tunnels");
    lane.run("kubectl config set-cluster testbed --proxy-url=");
    // By the environment: not for this machine's own address, but for another of it.
    let host = "--server https://192.168.77.1:6443";
    for (variables, tunnels) in [
        ("HTTPS_PROXY=http://127.0.0.1:18888", true),
        ("HTTPS_PROXY=http://127.0.0.1:18888 NO_PROXY=192.168.0.0/16", false),
        ("HTTPS_PROXY=socks5://127.0.0.1:18889", false),
        ("HTTP_PROXY=http://127.0.0.1:18888", false),
    ] {
        lane.run(&format!("truncate -s 0 {at}/log"));
        for command in ["kubectl sts status", "kubectl get statefulsets"] {
            let before = lane.attempt(&format!("grep -c CONNECT {at}/log")).unwrap_or_default();
            let ran = lane.try_run(&format!("{variables} {command} {host}"));
            assert!(ran.code == 0 && ran.stdout.contains("web "), "{ran}");
            let after = lane.attempt(&format!("grep -c CONNECT {at}/log")).unwrap_or_default();
            assert_eq!(before != after, tunnels, "{variables} {command}");
        }
    }
}

/// The names in a table: what does not change from one second to the next.
fn names(table: &str) -> Vec<&str> {
    table.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

/// A plugin that hands out real tokens: run once by each program, and once more after a 401.
fn plugin(lane: &Lane) {
    lane.apply(&set("web").with_replicas(0).to_string());
    lane.run("kubectl create role reader --verb=get,list --resource=statefulsets.apps,pods,persistentvolumeclaims,services,endpointslices.discovery.k8s.io");
    lane.run("kubectl create serviceaccount ci && kubectl create rolebinding reader --role=reader --serviceaccount=$(kubectl config view --minify -o jsonpath={..namespace}):ci");
    let admin = lane.kubeconfig.with_extension("admin");
    // In a folder of its own: `kubectl config` would write a file beside the kubeconfig as a bare name, which is looked for on PATH.
    let plugin = lane.kubeconfig.with_extension("plugins").join("token");
    let (at, admin) = (plugin.display(), admin.display());
    lane.run(&format!("cp $KUBECONFIG {admin}"));
    lane.run(&format!(
        "mkdir -p $(dirname {at}); cat > {at} <<'EOF'\n#!/bin/sh\necho ran >> {at}.runs\ntoken=$(cat {at}.token 2>/dev/null || kubectl --kubeconfig {admin} create token ci)\nrm -f {at}.token\n\
         echo '{{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{{\"token\":\"'$token'\"}}}}'\nEOF\nchmod +x {at}"
    ));
    lane.run(&format!(
        "kubectl config set-credentials ci --exec-api-version=client.authentication.k8s.io/v1 --exec-command={at} --exec-interactive-mode=Never && kubectl config set-context --current --user=ci"
    ));
    let runs = || lane.attempt(&format!("grep -c ran {at}.runs; rm -f {at}.runs")).unwrap_or_default();
    runs();
    for command in ["kubectl get statefulsets", "kubectl sts status", "kubectl sts volumes"] {
        let ran = lane.try_run(command);
        assert!(ran.code == 0, "{ran}");
        assert_eq!(runs(), "1", "{command}");
    }
    lane.run(&format!("echo no-longer-valid > {at}.token"));
    let ran = lane.try_run("kubectl sts status");
    assert!(ran.code == 0 && ran.stdout.contains("web "), "{ran}");
    assert_eq!(runs(), "2", "once, and once more after the 401");
}

/// TAB through the real kubectl.
fn completion(lane: &Lane) {
    lane.apply(&set("web").with_replicas(2).with_start(3).to_string());
    lane.apply(&set("webapp").with_replicas(0).to_string());
    let folder = lane.kubeconfig.with_extension("bin");
    let at = folder.display();
    let path = format!("PATH={at}:$PATH");
    lane.run(&format!("kubectl sts completion install --dir {at} && kubectl job completion install --dir {at}"));
    let completed = |words: &str| {
        let ran = lane.try_run(&format!("{path} kubectl __complete {words}"));
        assert!(ran.code == 0, "{ran}");
        ran.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(completed("sts volumes \"\""), "web webapp :4");
    assert_eq!(completed("sts volumes webapp"), "webapp :4");
    assert_eq!(completed("sts volumes web \"\""), "3 4 :4");
    assert_eq!(completed("sts volumes -o \"\""), "json yaml name wide :4");
    assert_eq!(completed("sts status sts/web"), "sts/web sts/webapp :4");
    assert_eq!(completed("sts vol"), "volumes :4");
    assert_eq!(completed("job vers"), "version :4");
    assert_eq!(completed("sts status -f \"\""), ":0");
    let namespace = &lane.namespace;
    assert_eq!(completed(&format!("sts volumes -n {namespace}")), format!("{namespace} :4"));
    assert_eq!(completed("sts -n kube-system volumes \"\""), ":4");
    // What the server's own table says stands beside a name.
    let shown = lane.run(&format!("{path} kubectl __complete sts volumes webapp"));
    assert!(shown.contains("webapp\tready 0/0, age "), "{shown}");
    // A server that is not there, one that does not answer, one that refuses.
    let admin = lane.kubeconfig.display();
    for flags in ["--server https://127.0.0.1:1", "--server https://192.0.2.1", "--as nobody"] {
        let start = Instant::now();
        let ran = lane.try_run(&format!("{path} kubectl __complete sts volumes {flags} --kubeconfig {admin} \"\""));
        let took = start.elapsed();
        // kubectl's own lines about what it does are all that stands on standard error.
        let said: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| !line.starts_with("Completion ended") && !line.starts_with("[Debug] "))
            .collect();
        assert!(ran.code == 0 && ran.stdout == ":4\n" && said.is_empty(), "{flags}: {ran}");
        // TAB has a limit of its own, under a second; the client's is 30 s. Between them stands what a busy machine takes.
        assert!(took < Duration::from_secs(10), "{flags}: {took:?}");
    }
    // No word is evaluated, in whichever place.
    for word in ["$(touch x)", "`touch x`", ";touch x", "|touch x"] {
        for words in [format!("sts '{word}'"), format!("sts volumes '{word}'"), format!("sts volumes -n '{word}' ''")] {
            let ran = lane.try_run(&format!("cd {at} && {path} kubectl __complete {words}"));
            assert!(ran.code == 0, "{ran}");
        }
    }
    lane.run(&format!("test ! -e {at}/x"));
    lane.run(&format!("kubectl sts completion uninstall --dir {at} && test ! -e {at}/kubectl_complete-sts"));
}

/// 1,000 sets are all there; what a TAB takes is said, kubectl's part aside.
fn completion_of_a_thousand(lane: &Lane) {
    let one = |k: u32| {
        format!(
            "{{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"metadata\":{{\"name\":\"set-{k:04}\"}},\"spec\":{{\"serviceName\":\"s\",\"replicas\":0,\
             \"selector\":{{\"matchLabels\":{{\"a\":\"b\"}}}},\"template\":{{\"metadata\":{{\"labels\":{{\"a\":\"b\"}}}},\"spec\":{{\"containers\":[{{\"name\":\"c\",\"image\":\"i\"}}]}}}}}}}}\n"
        )
    };
    let all: String = (0..1000).map(one).collect();
    let file = lane.kubeconfig.with_extension("sets");
    std::fs::write(&file, all).expect("the sets can be written");
    lane.run(&format!("kubectl create --validate=false -f {} > /dev/null", file.display()));
    let at = lane.kubeconfig.with_extension("bin");
    let path = format!("PATH={}:$PATH", at.display());
    lane.run(&format!("kubectl sts completion install --dir {}", at.display()));
    let timed = |line: &str| {
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let start = Instant::now();
                lane.run(line);
                start.elapsed()
            })
            .collect();
        times.sort();
        times[2]
    };
    let seen = lane.run(&format!("{path} kubectl __complete sts volumes \"\""));
    assert_eq!(seen.lines().count(), 1001);
    let through = timed(&format!("{path} kubectl __complete sts volumes \"\" >/dev/null"));
    let direct = timed("kubectl-sts __complete volumes \"\" >/dev/null");
    let kubectl = timed("kubectl __complete config \"\" >/dev/null");
    lane.say(&format!(
        "TAB at 1,000 sets: {through:?} through kubectl, {direct:?} directly; kubectl alone {kubectl:?}"
    ));
    lane.run("kubectl delete statefulsets --all --wait=false > /dev/null");
}

/// Columns that kubectl has too are the same bytes.
fn columns(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.apply(&set("a-set-with-a-longer-name").with_replicas(0).to_string());
    lane.run("kubectl label sts web tier=db app.kubernetes.io/name=web");
    lane.until_ready(&["web-0", "web-1"]);
    // Ages move on between two commands: until both fell into one second.
    until("the same columns", || {
        let theirs = lane.run("kubectl get statefulsets -A --show-labels");
        let ours = lane.run("kubectl sts status -A --show-labels");
        let cut = |table: &str, from: &str, to: &str| -> Vec<String> {
            let header = table.lines().next().unwrap_or_default();
            let start = header.find(from).unwrap_or(0);
            let end = header.find(to).filter(|_| !to.is_empty());
            let part = |line: &str| match end {
                Some(end) => line.chars().skip(start).take(end - start).collect(),
                None => line.chars().skip(start).collect(),
            };
            // Scenarios play beside this one, and a set of theirs that is not well stands first in our table.
            let shown = |line: &&str| line.starts_with("NAMESPACE ") || line.starts_with(&lane.namespace);
            table.lines().filter(shown).map(part).collect()
        };
        let same = cut(&theirs, "NAMESPACE", "READY") == cut(&ours, "NAMESPACE", "DESIRED")
            && cut(&theirs, "AGE", "") == cut(&ours, "AGE", "");
        if same { Ok(()) } else { Err(format!("{theirs}\n{ours}")) }
    });
    until("the same names", || {
        let (theirs, ours) = (lane.run("kubectl get statefulsets -o name"), lane.run("kubectl sts status -o name"));
        if theirs == ours { Ok(()) } else { Err(format!("{theirs}\n{ours}")) }
    });
    let nothing = |command: &str| {
        let ran = lane.try_run(&format!("{command} -n default"));
        (ran.code, ran.stdout, ran.stderr)
    };
    assert_eq!(nothing("kubectl get statefulsets"), nothing("kubectl sts status"));
}

/// The columns of a table by their names; a cell for each.
fn cells_of(table: &str, names: &[&str]) -> Vec<Vec<String>> {
    let mut lines = table.lines().take_while(|line| !line.is_empty());
    let header = lines.next().unwrap_or_default();
    let places: Vec<(usize, usize)> = names
        .iter()
        .filter_map(|name| {
            // A whole word: STORAGECLASS has AGE in it.
            let (start, _) = format!(" {header} ").match_indices(&format!(" {name} ")).next()?;
            let rest = &header[start + name.len()..];
            let blank = rest.len() - rest.trim_start().len();
            Some((start, if blank == rest.len() { usize::MAX } else { start + name.len() + blank }))
        })
        .collect();
    assert_eq!(places.len(), names.len(), "{header}");
    let cell = |line: &str, (start, end): (usize, usize)| -> String {
        line.chars().skip(start).take(end - start).collect::<String>().trim_end().to_owned()
    };
    lines.map(|line| places.iter().map(|place| cell(line, *place)).collect()).collect()
}

/// What kubectl shows of pods, claims and Jobs, ours shows in the same words: of pods in every state that a kubelet brings about.
fn cells(lane: &Lane) {
    for (name, pod) in [
        ("crashes", "containers: [{name: main, image: 'busybox:1.36', command: [sh, -c, exit 3]}]"),
        (
            "sidecar",
            "initContainers: [{name: side, image: 'busybox:1.36', restartPolicy: Always, command: [sh, -c, exit 1]}], \
                     containers: [{name: main, image: 'busybox:1.36', command: [sleep, infinity]}]",
        ),
        (
            "init",
            "initContainers: [{name: first, image: 'busybox:1.36', command: [sh, -c, exit 4]}], \
                  containers: [{name: main, image: 'busybox:1.36'}]",
        ),
        ("image", "containers: [{name: main, image: 'registry.invalid/none:1'}]"),
        ("pending", "nodeSelector: {no: such-node}, containers: [{name: main, image: 'busybox:1.36'}]"),
        ("ends", "containers: [{name: main, image: 'busybox:1.36', command: [sh, -c, sleep 2]}]"),
        (
            "two",
            "containers: [{name: a, image: 'busybox:1.36', command: [sleep, infinity]}, {name: b, image: 'busybox:1.36', command: [sh, -c, exit 1]}]",
        ),
    ] {
        lane.apply(&format!(
            "{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: {name}}}, spec: {{serviceName: '', selector: {{matchLabels: {{app: {name}}}}}, \
             template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{terminationGracePeriodSeconds: 0, {pod}}}}}}}}}"
        ));
    }
    lane.apply(&set("web").with_replicas(2).to_string());
    lane.apply(
        "{apiVersion: batch/v1, kind: Job, metadata: {name: three}, spec: {completions: 3, parallelism: 2, template: {spec: {restartPolicy: Never, \
         containers: [{name: main, image: 'busybox:1.36', command: ['true']}]}}}}",
    );
    lane.until_ready(&["web-0", "web-1"]);
    lane.until_condition("job/three", "Complete", "True");
    until("a second restart", || {
        lane.attempt("kubectl get pod crashes-0 sidecar-0 init-0 two-0 | grep -c '[2-9] (.* ago)' | grep 4")
    });
    // States and ages move on between two commands: until both fell into one moment.
    for name in ["crashes", "sidecar", "init", "image", "pending", "ends", "two"] {
        let names = ["READY", "STATUS", "RESTARTS", "AGE"];
        until("the same cells of pods", || {
            let theirs = cells_of(&lane.run(&format!("kubectl get pods -l app={name}")), &names);
            let screen = lane.run(&format!("kubectl sts status {name}"));
            let table = screen.split_once("\n\n").map_or("", |(_, rest)| rest);
            let ours = cells_of(table, &names);
            if theirs == ours { Ok(()) } else { Err(format!("{theirs:?}\n{ours:?}")) }
        });
    }
    until("the same cells of claims", || {
        let theirs = lane.run("kubectl get persistentvolumeclaims");
        let theirs = cells_of(&theirs, &["NAME", "CAPACITY", "STORAGECLASS", "AGE"]);
        let ours = cells_of(&lane.run("kubectl sts volumes web"), &["CLAIM", "SIZE", "CLASS", "AGE"]);
        if theirs == ours { Ok(()) } else { Err(format!("{theirs:?}\n{ours:?}")) }
    });
    until("the same cells of Jobs", || {
        let theirs = cells_of(&lane.run("kubectl get jobs"), &["COMPLETIONS", "DURATION", "AGE"]);
        let ours = cells_of(&lane.run("kubectl job status"), &["COMPLETIONS", "DURATION", "AGE"]);
        if theirs == ours { Ok(()) } else { Err(format!("{theirs:?}\n{ours:?}")) }
    });
}

/// Rows as they change, by the real watch.
fn watching(lane: &Lane) {
    lane.any_node();
    lane.apply(&set("web").with_replicas(1).to_string());
    lane.until_ready(&["web-0"]);
    let out = lane.kubeconfig.with_extension("watched");
    let at = out.display();
    let _running = Background::start(lane, &format!("exec kubectl sts status -w > {at} 2>&1"));
    let last = |what: &str| until(what, || lane.attempt(&format!("tail -n 1 {at} | grep -E '{what}'")));
    last("^web +1 +1 ");
    lane.run("kubectl scale sts web --replicas 2");
    last("^web +2 +2 ");
    lane.run("kubectl scale sts web --replicas 1");
    last("^web +1 +1 +1 +1 +1 ");
    lane.run("kubectl delete sts web");
    last("/statefulset.apps/web is gone$");
    let repeated = lane.run(&format!("sed 's/ [^ ]*$//' {at} | uniq -d"));
    assert_eq!(repeated, "", "no row stands there twice in a row");
}

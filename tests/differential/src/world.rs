//! A folder, a server, and a program run in both.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use tempfile::TempDir;

use crate::Who;
use crate::cases::Case;
use crate::certificates::Certificates;
use crate::outcome::Outcome;
use crate::server::Server;

/// Credential plugins by the names that the vendors' kubeconfigs call them; each is told what it is told, and hands out a token.
const PLUGINS: &[&str] = &[
    "aws",
    "aws-iam-authenticator",
    "gke-gcloud-auth-plugin",
    "kubelogin",
    "rancher",
    "doctl",
    "oci",
    "tsh",
    "pinniped",
    "kubectl-oidc_login",
    "plugin",
];

const PLUGIN: &str = "#!/bin/sh
{ printf '%s ' \"${0##*/}\" \"$@\"; printf '%s' \"$KUBERNETES_EXEC_INFO\"; echo; } >> \"$TOLD\"
case $KUBERNETES_EXEC_INFO in *v1beta1*) v=v1beta1 ;; *) v=v1 ;; esac
echo \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"apiVersion\\\":\\\"client.authentication.k8s.io/$v\\\",\\\"status\\\":{\\\"token\\\":\\\"by-plugin\\\"}}\"
";

pub(crate) struct World {
    certificates: Certificates,
    server: Server,
}

impl World {
    pub(crate) fn new() -> Self {
        let certificates = Certificates::new();
        let server = Server::start(&certificates.server);
        Self { certificates, server }
    }

    /// Runs a case.
    pub(crate) fn run(&self, case: &Case, who: &Who) -> Outcome {
        let folder = tempfile::Builder::new().prefix("differential-").tempdir().unwrap();
        self.furnish(&folder, case);
        self.server.log.lock().unwrap().clear();
        let raw = self.command(case, who, &folder, &["get", "--raw", case.path]);
        let requests = self.server.log.lock().unwrap().clone();
        let told = std::fs::read_to_string(folder.path().join("told")).unwrap_or_default();
        let namespace =
            (case.asks_namespace && raw.status.success()).then(|| self.namespace(case, who, &folder)).flatten();
        let says = String::from_utf8_lossy(&raw.stderr).into_owned();
        let same = |text: &str| self.same(text, folder.path());
        Outcome {
            requests: requests
                .into_iter()
                .map(|request| crate::Request { line: same(&request.line), ..request })
                .collect(),
            exit: raw.status.code().unwrap_or(-1),
            // Hints are ours alone, the log's lines kubectl's.
            says: says
                .trim_end()
                .lines()
                .filter(|line| !line.starts_with("hint: ") && !is_log(line))
                .map(same)
                .collect(),
            plugin: told.lines().filter(|line| !line.is_empty()).map(same).collect(),
            namespace,
        }
    }

    fn namespace(&self, case: &Case, who: &Who, folder: &TempDir) -> Option<String> {
        let words: &[&str] = match who {
            Who::Kubectl(_) => &["config", "view", "--minify", "-o", "jsonpath={..namespace}"],
            Who::Ours(_) => &["namespace"],
        };
        let seen = self.command(case, who, folder, words);
        let text = String::from_utf8_lossy(&seen.stdout).trim().to_owned();
        let found = if text.is_empty() { "default".to_owned() } else { text };
        seen.status.success().then_some(found)
    }

    fn command(&self, case: &Case, who: &Who, folder: &TempDir, words: &[&str]) -> Output {
        let (Who::Kubectl(program) | Who::Ours(program)) = who;
        let folder = folder.path();
        let mut command = Command::new(program);
        command.args(words);
        if !case.arguments.iter().any(|word| word == "--kubeconfig")
            && !case.environment.iter().any(|(name, _)| *name == "KUBECONFIG")
        {
            command.args(["--kubeconfig", "config"]);
        }
        command
            .args(case.arguments.iter().map(|word| self.filled(word, folder)))
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", folder.join("bin").display()))
            .env("HOME", folder)
            .env("TOLD", folder.join("told"))
            .envs(case.environment.iter().map(|(name, value)| (name, self.filled(value, folder))))
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
    }

    /// The case's folder: kubeconfig, certificates, tokens, plugins.
    fn furnish(&self, folder: &TempDir, case: &Case) {
        let folder = folder.path();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
        let text = String::from_utf8(case.kubeconfig.clone()).map(|text| self.filled(&text, folder).into_bytes());
        write("config", &text.unwrap_or_else(std::string::FromUtf8Error::into_bytes));
        let certificates = &self.certificates;
        write("ca.pem", certificates.authority.as_bytes());
        write("client.pem", certificates.client.0.as_bytes());
        write("client.key", certificates.client.1.as_bytes());
        write("client-both.pem", format!("{}{}", certificates.client.0, certificates.client.1).as_bytes());
        write("other.pem", certificates.stranger.0.as_bytes());
        write("other.key", certificates.stranger.1.as_bytes());
        write("token", b"from-file\n");
        write("empty", b" \n");
        std::fs::create_dir(folder.join("bin")).unwrap();
        let script = |name: &str, text: &str| {
            let file = folder.join("bin").join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        for name in PLUGINS {
            script(name, PLUGIN);
        }
        script("fails", "#!/bin/sh\nexit 7\n");
        script("nonsense", "#!/bin/sh\necho nonsense\n");
    }

    fn filled(&self, text: &str, folder: &Path) -> String {
        let b64 = |text: &str| STANDARD.encode(text);
        let certificates = &self.certificates;
        let mut filled = text.to_owned();
        for (name, value) in [
            ("[SERVER]", format!("https://127.0.0.1:{}", self.server.tls)),
            ("[PLAIN]", format!("http://127.0.0.1:{}", self.server.plain)),
            ("[PROXY]", format!("http://127.0.0.1:{}", self.server.proxy)),
            ("[PORT]", self.server.tls.to_string()),
            ("[PLAINPORT]", self.server.plain.to_string()),
            ("[PROXYPORT]", self.server.proxy.to_string()),
            ("[CA]", b64(&certificates.authority)),
            ("[CERT]", b64(&certificates.client.0)),
            ("[KEY]", b64(&certificates.client.1)),
            ("[OTHER]", b64(&certificates.stranger.0)),
            ("[FOLDER]", folder.display().to_string()),
        ] {
            if filled.contains(name) {
                filled = filled.replace(name, &value);
            }
        }
        filled
    }

    /// Without what differs from run to run.
    fn same(&self, text: &str, folder: &Path) -> String {
        let text = text.replace(&folder.display().to_string(), "[FOLDER]");
        let text = text.replace(&STANDARD.encode(&self.certificates.authority), "[CA]");
        let ports =
            [(self.server.tls, "[PORT]"), (self.server.plain, "[PLAINPORT]"), (self.server.proxy, "[PROXYPORT]")];
        let text = ports.iter().fold(text, |text, (port, name)| {
            Regex::new(&format!(r"\b{port}\b")).unwrap().replace_all(&text, *name).into_owned()
        });
        // Whether Go's reader or its writer meets the end of a connection first is chance.
        let text = text.replace("readLoopPeekFailLocked: ", "");
        // The resolver's own address and words.
        Regex::new(r"(lookup \S+?)( on \S+)?: .*").unwrap().replace(&text, "$1: [WHY]").into_owned()
    }
}

/// A line of klog's.
fn is_log(line: &str) -> bool {
    Regex::new(r"^[EIW]\d{4} \S+ +\d+ \S+\] ").unwrap().is_match(line)
}

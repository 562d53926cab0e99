//! Asks from inside a pod of the set: its resolv.conf, and whatever resolver its image has. Nothing is created; a process runs for a
//! moment in a container that runs already.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams};
use tokio::io::AsyncReadExt;

use super::ask::Trouble;
use super::question::{Outcome, Question, Rcode, RecordKind, Reply};
use super::search::ResolvConf;
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{Refusal, Scope, Why};
use crate::gather::resource::EXEC;

/// How long the process may take: a libc waits five seconds for each of its servers, twice.
const DEADLINE: Duration = Duration::from_secs(30);
/// Names in one command line.
const BATCH: usize = 500;

/// Prints resolv.conf, which tool there is, and per name what it answers.
const SCRIPT: &str = r#"cat /etc/resolv.conf; if command -v getent >/dev/null 2>&1; then t=getent; elif command -v nslookup >/dev/null 2>&1; then t=nslookup; else t=none; fi; echo "== $t"; for n in "$@"; do echo "=  $n"; case $t in getent) getent ahosts "$n";; nslookup) nslookup "$n" 2>&1;; esac; done; exit 0"#;

/// A pod that is asked from.
pub struct Inside {
    client: Client,
    namespace: String,
    pod: String,
    /// What its resolv.conf says, once it was read.
    pub conf: Option<ResolvConf>,
    /// The tool that answered: `getent`, `nslookup`.
    pub tool: Option<String>,
    /// What went wrong, when something did.
    pub trouble: Option<Trouble>,
}

impl Inside {
    /// A pod that was not asked yet.
    pub fn new(client: &Client, namespace: &str, pod: &str) -> Self {
        let (client, namespace, pod) = (client.clone(), namespace.to_owned(), pod.to_owned());
        Self { client, namespace, pod, conf: None, tool: None, trouble: None }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        format!("in {}", self.pod)
    }

    /// With what it was asked, and which servers it asks itself.
    pub fn sentence(&self) -> Option<String> {
        let (tool, conf) = (self.tool.as_ref()?, self.conf.as_ref()?);
        let servers = conf.servers.join(", ");
        Some(format!("In pod {}: asked with {tool}; nameserver {servers}.", self.pod))
    }

    /// Asks for the addresses; other records need a tool that images don't have.
    pub async fn ask(&mut self, questions: &[Question]) -> Vec<Outcome> {
        let mut names: Vec<&str> = questions
            .iter()
            .filter(|question| question.record == RecordKind::A)
            .map(|question| question.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut found: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for batch in names.chunks(BATCH) {
            if self.trouble.is_none() {
                match self.run(batch).await {
                    Ok(output) => found.extend(self.read(&output)),
                    Err(trouble) => self.trouble = Some(trouble),
                }
            }
        }
        questions.iter().map(|question| outcome(question, &found)).collect()
    }

    async fn run(&self, names: &[&str]) -> Result<String, Trouble> {
        let pods: Api<Pod> = Api::namespaced(self.client.websocket(), &self.namespace);
        let command = ["sh", "-c", SCRIPT, "sh"].into_iter().chain(names.iter().copied());
        let container = self.container().await?;
        let mut how = AttachParams::default().stdout(true).stderr(false);
        how.container = container;
        let exec = async {
            let mut process = pods.exec(&self.pod, command, &how).await.map_err(|error| self.refused(error))?;
            let status = process.take_status();
            let mut output = Vec::new();
            if let Some(mut stdout) = process.stdout() {
                // Bounded: a container can print for ever.
                let mut limited = (&mut stdout).take(1 << 22);
                limited.read_to_end(&mut output).await.map_err(|why| Trouble::Failed(why.to_string()))?;
            }
            if let Some(status) = status
                && let Some(status) = status.await
                && status.status.as_deref() == Some("Failure")
            {
                let message = status.message.unwrap_or_default();
                let no_shell = message.contains("executable file not found") || message.contains("no such file");
                return Err(Trouble::Failed(if no_shell {
                    "the container has no shell, so nothing can be asked from inside it".to_owned()
                } else {
                    message
                }));
            }
            Ok(String::from_utf8_lossy(&output).into_owned())
        };
        let late = || Trouble::Failed(format!("the command in the pod did not end within {} s", DEADLINE.as_secs()));
        tokio::time::timeout(DEADLINE, exec).await.unwrap_or_else(|_| Err(late()))
    }

    /// The first container: the API wants one named where there are several.
    async fn container(&self) -> Result<Option<String>, Trouble> {
        let path = format!("/api/v1/namespaces/{}/pods/{}", self.namespace, self.pod);
        match self.client.get(&path, None).await {
            Ok(answer) => {
                let pod: serde_json::Value = answer.json().map_err(|error| Trouble::Failed(error.message))?;
                let preferred = pod.pointer("/metadata/annotations/kubectl.kubernetes.io~1default-container");
                let first = pod.pointer("/spec/containers/0/name");
                Ok(preferred.or(first).and_then(serde_json::Value::as_str).map(str::to_owned))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Err(Trouble::Failed(error.message)),
            // Whoever may not read pods may still be allowed to run a command in one.
            Err(_) => Ok(None),
        }
    }

    fn refused(&self, error: kube::Error) -> Trouble {
        let error = Error::from(error);
        if error.kind != ErrorKind::Forbidden {
            return Trouble::Failed(error.message);
        }
        let scope = Scope::Namespace(self.namespace.as_str().into());
        Trouble::Refused(Refusal { verb: "get and create", resource: EXEC.name, scope, why: Why::Forbidden })
    }

    /// Reads what the script printed: addresses per name that was asked for.
    fn read(&mut self, output: &str) -> HashMap<String, Vec<IpAddr>> {
        let (conf, rest) = output.split_once("\n== ").unwrap_or((output, "none\n"));
        self.conf = Some(ResolvConf::parse(conf));
        let (tool, rest) = rest.split_once('\n').unwrap_or((rest, ""));
        if tool == "none" {
            self.trouble = Some(Trouble::Failed("the container has neither getent nor nslookup".to_owned()));
            return HashMap::new();
        }
        self.tool = Some(tool.to_owned());
        answers(tool, rest)
    }
}

/// The addresses in a tool's output, per name.
fn answers(tool: &str, output: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut found: HashMap<String, Vec<IpAddr>> = HashMap::new();
    let (mut name, mut answering) = (None, false);
    for line in output.lines() {
        if let Some(next) = line.strip_prefix("=  ") {
            found.insert(next.to_owned(), Vec::new());
            (name, answering) = (Some(next.to_owned()), tool == "getent");
            continue;
        }
        let Some(addresses) = name.as_ref().and_then(|name| found.get_mut(name)) else { continue };
        // nslookup names the server first, with an address of its own.
        if line.starts_with("Name:") {
            answering = true;
            continue;
        }
        let word = match tool {
            "getent" => line.split_whitespace().next(),
            _ => line
                .strip_prefix("Address")
                .and_then(|rest| rest.split_whitespace().find(|word| word.parse::<IpAddr>().is_ok())),
        };
        if let Some(address) = word.filter(|_| answering).and_then(|word| word.parse::<IpAddr>().ok())
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    found
}

fn outcome(question: &Question, found: &HashMap<String, Vec<IpAddr>>) -> Outcome {
    let (Some(all), RecordKind::A | RecordKind::Aaaa) = (found.get(&question.name), question.record) else {
        return Outcome::Lost;
    };
    let wanted = |address: &&IpAddr| address.is_ipv4() == (question.record == RecordKind::A);
    let addresses: Vec<IpAddr> = all.iter().filter(wanted).copied().collect();
    // These tools tell no response code: a name without any address may exist all the same.
    let rcode = if all.is_empty() { Rcode::NxDomain } else { Rcode::NoError };
    Outcome::Answered(
        Reply { rcode, truncated: false, addresses, targets: Vec::new(), alias: None, ttl: None, soa: None },
        0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_either_tool() {
        let getent = "=  a.\n10.1.0.1       STREAM a\n10.1.0.1       DGRAM\nfd00::1 STREAM\n=  b.\n";
        let found = answers("getent", getent);
        assert_eq!(found["a."], ["10.1.0.1".parse::<IpAddr>().unwrap(), "fd00::1".parse().unwrap()]);
        assert_eq!(found["b."], [] as [IpAddr; 0]);

        let busybox = "=  a.\nServer:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\ta\nAddress: 10.1.0.1\n\n=  b.\nServer:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n** server can't find b: NXDOMAIN\n";
        let found = answers("nslookup", busybox);
        assert_eq!(found["a."], ["10.1.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(found["b."], [] as [IpAddr; 0]);
    }
}

//! What a run changes of the Job that it is made from: environment, image, command, limits.

use serde_json::{Value, json};

/// One change of a container's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvChange {
    /// `NAME=VALUE`: set, in the place of whatever it was.
    Set(String, String),
    /// `NAME-`: left out.
    Remove(String),
}

/// An image, and the container that it is for; without one the container of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageChange {
    /// The container, an init container too.
    pub container: Option<String>,
    /// The image.
    pub image: String,
}

/// Everything that flags change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-c`.
    pub container: Option<String>,
    /// `--env`, `--env-file`, in their order.
    pub env: Vec<EnvChange>,
    /// `--image`.
    pub images: Vec<ImageChange>,
    /// `-- COMMAND…`: the command, with no arguments beside it.
    pub command: Vec<String>,
    /// `--args`.
    pub args: Vec<String>,
    /// `--deadline`, seconds.
    pub deadline: Option<u64>,
    /// `--backoff-limit`.
    pub backoff_limit: Option<u32>,
    /// `--ttl`, seconds.
    pub ttl: Option<u64>,
    /// `--suspend`.
    pub suspend: Option<bool>,
    /// `--scheduled-time`, as it is to stand in the annotation.
    pub scheduled_time: Option<String>,
}

impl EnvChange {
    /// Reads `NAME=VALUE` or `NAME-`, as `kubectl set env` does.
    pub fn parse(text: &str) -> Result<Self, String> {
        let change = match text.split_once('=') {
            Some((name, value)) => Self::Set(name.to_owned(), value.to_owned()),
            None => match text.strip_suffix('-') {
                Some(name) => Self::Remove(name.to_owned()),
                None => return Err(format!("{text:?} is neither NAME=VALUE nor NAME-")),
            },
        };
        let (Self::Set(name, _) | Self::Remove(name)) = &change;
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(format!("{text:?} does not begin with the name of a variable"));
        }
        Ok(change)
    }

    /// Reads a file of `NAME=VALUE` lines as kubectl does: comments and empty lines are skipped, blanks before a name too, and a
    /// name alone takes its value from this process' environment (kubectl, `util/env_file.go`).
    pub fn parse_file(text: &str, own: impl Fn(&str) -> Option<String>) -> Result<Vec<Self>, String> {
        let mut all = Vec::new();
        for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = match line.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (line.trim_end(), own(line.trim_end())),
            };
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(format!("line {}: {line:?} is neither NAME=VALUE nor NAME", at + 1));
            }
            all.extend(value.map(|value| Self::Set(name.to_owned(), value)));
        }
        Ok(all)
    }
}

impl ImageChange {
    /// Reads `[CONTAINER=]IMAGE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (container, image) = match text.split_once('=') {
            Some((container, image)) => (Some(container.to_owned()), image),
            None => (None, text),
        };
        if image.is_empty() || container.as_deref() == Some("") {
            return Err(format!("{text:?} is not [CONTAINER=]IMAGE"));
        }
        Ok(Self { container, image: image.to_owned() })
    }
}

impl Overrides {
    /// Whether one container's own fields are changed, so that it must be clear which.
    fn of_a_container(&self) -> bool {
        self.container.is_some()
            || !self.env.is_empty()
            || !self.args.is_empty()
            || !self.command.is_empty()
            || self.images.iter().any(|change| change.container.is_none())
    }

    /// Changes the Job. The error says what is wrong and which containers there are; the Job may then be changed in part.
    pub fn apply(&self, job: &mut Value) -> Result<(), String> {
        if self.of_a_container() {
            let name = main_container(job, self.container.as_deref())?;
            let container = container_mut(job, &name)?;
            for change in &self.env {
                set_env(container, change);
            }
            if !self.command.is_empty() {
                container["command"] = json!(self.command);
                remove(container, "args");
            }
            if !self.args.is_empty() {
                container["args"] = json!(self.args);
            }
            for change in self.images.iter().filter(|change| change.container.is_none()) {
                container["image"] = json!(change.image);
            }
        }
        for change in &self.images {
            if let Some(name) = &change.container {
                container_mut(job, name)?["image"] = json!(change.image);
            }
        }
        let fields = [
            ("activeDeadlineSeconds", self.deadline.map(Value::from)),
            ("backoffLimit", self.backoff_limit.map(Value::from)),
            ("ttlSecondsAfterFinished", self.ttl.map(Value::from)),
            ("suspend", self.suspend.map(Value::from)),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                job["spec"][field] = value;
            }
        }
        if let Some(time) = &self.scheduled_time {
            job["metadata"]["annotations"][super::template::SCHEDULED] = json!(time);
        }
        Ok(())
    }
}

/// A container of any sort by its name.
fn container_mut<'j>(job: &'j mut Value, name: &str) -> Result<&'j mut Value, String> {
    let known = names(job);
    let spec = &mut job["spec"]["template"]["spec"];
    let spec = spec.as_object_mut().ok_or_else(|| "the Job has no pod template".to_owned())?;
    spec.iter_mut()
        .filter(|(field, _)| *field == "containers" || *field == "initContainers")
        .flat_map(|(_, list)| list.as_array_mut().into_iter().flatten())
        .find(|container| container["name"] == name)
        .ok_or_else(|| format!("container {name} is not valid for this Job; it has: {known}"))
}

/// `main, sidecar (init)`.
fn names(job: &Value) -> String {
    let spec = &job["spec"]["template"]["spec"];
    let of = |field: &str| spec[field].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str());
    let mut all: Vec<String> = of("containers").map(str::to_owned).collect();
    all.extend(of("initContainers").map(|name| format!("{name} (init)")));
    all.join(", ")
}

/// The container that a run's flags are about: the named one, the one that the template's author chose
/// (`kubectl.kubernetes.io/default-container`), or the only one.
pub fn main_container(job: &Value, named: Option<&str>) -> Result<String, String> {
    let spec = &job["spec"]["template"]["spec"];
    let of = |field: &str| spec[field].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str());
    if let Some(name) = named {
        let is_there = of("containers").chain(of("initContainers")).any(|it| it == name);
        return if is_there {
            Ok(name.to_owned())
        } else {
            Err(format!("container {name} is not valid for this Job; it has: {}", names(job)))
        };
    }
    let chosen = job["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].as_str();
    if let Some(chosen) = chosen.filter(|chosen| of("containers").any(|it| it == *chosen)) {
        return Ok(chosen.to_owned());
    }
    let mut containers = of("containers");
    match (containers.next(), containers.next()) {
        (Some(only), None) => Ok(only.to_owned()),
        (None, _) => Err("the Job has no container".to_owned()),
        _ => Err(format!("a container name must be specified, choose one of: {}", names(job))),
    }
}

/// Sets a variable where it stands, so that what refers to it by `$(NAME)` behind it still does.
fn set_env(container: &mut Value, change: &EnvChange) {
    if !container["env"].is_array() {
        container["env"] = json!([]);
    }
    let Some(list) = container["env"].as_array_mut() else { return };
    match change {
        EnvChange::Remove(name) => list.retain(|entry| entry["name"] != *name),
        EnvChange::Set(name, value) => {
            let entry = json!({"name": name, "value": value});
            // Of entries with one name the last counts.
            match list.iter_mut().rev().find(|entry| entry["name"] == *name) {
                Some(found) => *found = entry,
                None => list.push(entry),
            }
        }
    }
    if list.is_empty() {
        remove(container, "env");
    }
}

fn remove(object: &mut Value, field: &str) {
    if let Some(map) = object.as_object_mut() {
        map.remove(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(containers: &Value) -> Value {
        json!({
            "metadata": {"name": "n", "annotations": {"cronjob.kubernetes.io/instantiate": "manual"}},
            "spec": {"backoffLimit": 6, "template": {"spec": {"containers": containers}}},
        })
    }

    fn set(name: &str, value: &str) -> EnvChange {
        EnvChange::Set(name.into(), value.into())
    }

    #[test]
    fn a_run_with_another_mode_image_and_limits() {
        let mut job = job(&json!([{
            "name": "main", "image": "backup:1", "command": ["backup"], "args": ["--full"],
            "env": [{"name": "MODE", "value": "full"}, {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "t"}}},
                    {"name": "URL", "value": "http://$(MODE)"}],
        }]));
        let overrides = Overrides {
            env: vec![set("MODE", "quick"), set("NEW", "a=b"), EnvChange::Remove("TOKEN".into())],
            images: vec![ImageChange::parse("backup:2").unwrap()],
            args: vec!["--quick".into()],
            deadline: Some(60),
            backoff_limit: Some(0),
            ttl: Some(3600),
            suspend: Some(false),
            scheduled_time: Some("2026-11-24T03:00:00Z".into()),
            ..Overrides::default()
        };
        overrides.apply(&mut job).unwrap();
        assert_eq!(
            job,
            json!({
                "metadata": {"name": "n", "annotations": {
                    "cronjob.kubernetes.io/instantiate": "manual",
                    "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-24T03:00:00Z",
                }},
                "spec": {
                    "backoffLimit": 0, "activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 3600, "suspend": false,
                    "template": {"spec": {"containers": [{
                        "name": "main", "image": "backup:2", "command": ["backup"], "args": ["--quick"],
                        "env": [{"name": "MODE", "value": "quick"}, {"name": "URL", "value": "http://$(MODE)"},
                                {"name": "NEW", "value": "a=b"}],
                    }]}},
                },
            })
        );
    }

    #[test]
    fn a_command_stands_without_the_arguments_of_the_old_one() {
        let mut job =
            job(&json!([{"name": "main", "command": ["backup"], "args": ["--full"], "env": [{"name": "A"}]}]));
        let overrides = Overrides {
            command: vec!["sh".into(), "-c".into(), "ls".into()],
            env: vec![EnvChange::Remove("A".into())],
            ..Overrides::default()
        };
        overrides.apply(&mut job).unwrap();
        let containers = json!([{"name": "main", "command": ["sh", "-c", "ls"]}]);
        assert_eq!(job["spec"]["template"]["spec"]["containers"], containers);
    }

    #[test]
    fn which_container_is_meant_is_never_guessed() {
        let two = json!([{"name": "main"}, {"name": "proxy"}]);
        let mut plain = job(&two);
        plain["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "migrate"}]);
        let env = |container: Option<&str>| Overrides {
            container: container.map(str::to_owned),
            env: vec![set("A", "b")],
            ..Overrides::default()
        };
        assert_eq!(
            env(None).apply(&mut plain.clone()).unwrap_err(),
            "a container name must be specified, choose one of: main, proxy, migrate (init)"
        );
        assert_eq!(
            env(Some("nope")).apply(&mut plain.clone()).unwrap_err(),
            "container nope is not valid for this Job; it has: main, proxy, migrate (init)"
        );
        env(Some("migrate")).apply(&mut plain).unwrap();
        let mut chosen = job(&two);
        chosen["spec"]["template"]["metadata"] =
            json!({"annotations": {"kubectl.kubernetes.io/default-container": "proxy"}});
        env(None).apply(&mut chosen).unwrap();
        assert_eq!(chosen["spec"]["template"]["spec"]["containers"][1]["env"][0]["name"], "A");
        // Fields of the Job itself and named images need no choice.
        let image = Overrides {
            images: vec![ImageChange::parse("proxy=p:2").unwrap()],
            deadline: Some(1),
            ..Overrides::default()
        };
        let mut two = job(&two);
        image.apply(&mut two).unwrap();
        assert_eq!(two["spec"]["template"]["spec"]["containers"][1]["image"], "p:2");
    }

    #[test]
    fn flags_and_files_are_read_as_kubectl_reads_them() {
        assert_eq!(EnvChange::parse("A=b=c"), Ok(set("A", "b=c")));
        assert_eq!(EnvChange::parse("A="), Ok(set("A", "")));
        assert_eq!(EnvChange::parse("A-"), Ok(EnvChange::Remove("A".into())));
        assert!(EnvChange::parse("A").is_err() && EnvChange::parse("=x").is_err() && EnvChange::parse("-").is_err());
        let file = "\u{feff}# comment\n\n  A=1\nB= two words \nHOME\nNOT_THERE\r\n";
        let own = |name: &str| (name == "HOME").then(|| "/root".to_owned());
        assert_eq!(
            EnvChange::parse_file(file, own),
            Ok(vec![set("A", "1"), set("B", " two words "), set("HOME", "/root")])
        );
        assert!(EnvChange::parse_file("A=1\nno name=x", |_| None).unwrap_err().starts_with("line 2: "));
        assert!(ImageChange::parse("=x").is_err() && ImageChange::parse("").is_err());
        let digest = ImageChange::parse("r.example:5000/a/b@sha256:0").unwrap();
        assert_eq!((digest.container, &*digest.image), (None, "r.example:5000/a/b@sha256:0"));
    }
}

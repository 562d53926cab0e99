//! Logs that lie in files: the folder of `kubectl cluster-info dump --output-directory`, and OpenShift's must-gather.
//!
//! kubectl writes `NAMESPACE/POD/logs.txt`, a section per container, and asks for no times
//! (`pkg/cmd/clusterinfo/clusterinfo_dump.go`); a must-gather has
//! `namespaces/NAMESPACE/pods/POD/CONTAINER/CONTAINER/logs/{current,previous}.log`, with times (oc, `pkg/cli/admin/inspect/pod.go`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Broken, objects, read_object, walk::io_sentence};
use crate::facts::{CronJob, Job, Meta, PodRun, Text};
use crate::gather::intern::Interner;
use crate::gather::kind::Kind;

/// What files hold of logs, and of those who wrote them.
#[derive(Debug, Default)]
pub struct Dump {
    /// Pods, each once.
    pub pods: Vec<Arc<PodRun>>,
    /// Jobs, each once.
    pub jobs: Vec<Job>,
    /// CronJobs, each once.
    pub cron_jobs: Vec<CronJob>,
    /// Their logs.
    pub logs: Vec<DumpedLog>,
    /// What could not be read.
    pub broken: Vec<Broken>,
    /// Pods (namespace and name) that have logs and no object: whose they are can't be told.
    pub strangers: Vec<PodName>,
    /// Pods that have older files of logs too, which are not read (`logs/rotated`, in the runtime's own form).
    pub rotated: BTreeSet<PodName>,
}

/// The log of one attempt of a container.
#[derive(Debug)]
pub struct DumpedLog {
    /// Its pod.
    pub pod: Arc<PodRun>,
    /// Its container's name.
    pub container: Text,
    /// Of the attempt before the one that was the present one.
    pub previous: bool,
    /// Whether each line begins with its time.
    pub timed: bool,
    file: PathBuf,
}

impl DumpedLog {
    /// Its bytes, from the first.
    ///
    /// Fails where the file can't be opened, with a sentence that names it.
    pub fn open(&self) -> Result<Box<dyn Read>, String> {
        let failed = |error: &io::Error| format!("{}: {}", self.file.display(), io_sentence(error));
        let file = File::open(&self.file).map_err(|error| failed(&error))?;
        if self.timed {
            return Ok(Box::new(file));
        }
        let marker = |which: &str| {
            let PodRun { meta, .. } = &*self.pod;
            let (container, namespace, pod) = (&self.container, &meta.namespace, &meta.name);
            format!("==== {which} logs for container {container} of pod {namespace}/{pod} ====\n").into_bytes()
        };
        let section = Section::find(BufReader::new(file), &marker("START"), marker("END"));
        Ok(Box::new(section.map_err(|error| failed(&error))?))
    }
}

/// A part of a file, up to a line that ends with a marker. A log is a few megabytes at most (`containerLogMaxSize`), and so is a line.
struct Section {
    file: BufReader<File>,
    end: Vec<u8>,
    line: Vec<u8>,
    given: usize,
    over: bool,
}

impl Section {
    fn find(mut file: BufReader<File>, start: &[u8], end: Vec<u8>) -> io::Result<Self> {
        let mut line = Vec::new();
        while file.read_until(b'\n', &mut line)? > 0 && line != start {
            line.clear();
        }
        // Nothing at all where the marker is not there.
        let over = line.is_empty();
        line.clear();
        Ok(Self { file, end, line, given: 0, over })
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.line.len() {
            if self.over {
                return Ok(0);
            }
            (self.given, self.over) = (0, false);
            self.line.clear();
            if self.file.read_until(b'\n', &mut self.line)? == 0 {
                self.over = true;
            } else if self.line.ends_with(&self.end) {
                // A log whose last line has no end has the marker behind it.
                self.line.truncate(self.line.len() - self.end.len());
                self.over = true;
            }
        }
        let count = (&self.line[self.given..]).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}

/// Reads what folders hold of pods, Jobs and CronJobs, and finds their logs; of one namespace only, where one is named.
///
/// Fails where a folder can't be read, with a sentence that names it.
pub fn read_logs(folders: &[PathBuf], namespace: Option<&str>) -> Result<Dump, String> {
    let mut found = Found::default();
    for folder in folders {
        let shown = folder.display();
        let kind = std::fs::metadata(folder).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("the path \"{shown}\" does not exist"),
            _ => format!("the path \"{shown}\" cannot be accessed: {}", io_sentence(&error)),
        })?;
        if !kind.is_dir() {
            return Err(format!(
                "{shown} is not a folder: logs are read from the folder of kubectl cluster-info dump --output-directory, or of a must-gather"
            ));
        }
        found.walk(folder).map_err(|(at, error)| format!("{}: {}", at.display(), io_sentence(&error)))?;
    }
    Ok(found.dump(namespace))
}

/// Namespace and pod.
pub type PodName = (String, String);

#[derive(Default)]
struct Found {
    objects: Vec<PathBuf>,
    sections: BTreeMap<PodName, PathBuf>,
    files: BTreeMap<(PodName, String, bool), PathBuf>,
    rotated: BTreeSet<PodName>,
}

impl Found {
    fn walk(&mut self, folder: &Path) -> Result<(), (PathBuf, io::Error)> {
        let failed = |error| (folder.to_owned(), error);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            // A link to a folder may lead back up.
            if path.is_dir() && !path.is_symlink() {
                self.walk(&path)?;
            } else {
                self.file(path);
            }
        }
        Ok(())
    }

    /// What a file is, by its place.
    fn file(&mut self, path: PathBuf) {
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match (&*parts, ending) {
            ([.., namespace, pod, "logs.txt"], _) => {
                self.sections.insert(((*namespace).to_owned(), (*pod).to_owned()), path);
            }
            ([.., "namespaces", namespace, "pods", pod, container, _, "logs", name], "log") => {
                let previous = name.starts_with("previous");
                if !previous && !name.starts_with("current") {
                    return;
                }
                let key = (((*namespace).to_owned(), (*pod).to_owned()), (*container).to_owned(), previous);
                // Where the kubelet's certificate was not trusted the log is in `current.insecure.log`, beside an empty one.
                let empty = |path: &Path| path.metadata().is_ok_and(|file| file.len() == 0);
                if self.files.get(&key).is_none_or(|known| empty(known)) {
                    self.files.insert(key, path);
                }
            }
            ([.., "namespaces", namespace, "pods", pod, _, _, "logs", "rotated", _], _) => {
                self.rotated.insert(((*namespace).to_owned(), (*pod).to_owned()));
            }
            ([.., parent, _], "json" | "yaml" | "yml")
                if matches!(stem, "pods" | "jobs" | "cronjobs") || *parent == stem =>
            {
                self.objects.push(path);
            }
            _ => {}
        }
    }

    fn dump(mut self, namespace: Option<&str>) -> Dump {
        let mut dump = Dump::default();
        let (mut pods, mut jobs, mut cron_jobs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut intern = Interner::default();
        self.objects.sort();
        for path in &self.objects {
            let name = path.display().to_string();
            let all = File::open(path)
                .map_err(|error| Broken { file: name.clone(), line: 0, says: io_sentence(&error) })
                .and_then(|mut file| objects(&mut file, &name));
            let all = match all {
                Ok(all) => all,
                Err(broken) => {
                    dump.broken.push(broken);
                    continue;
                }
            };
            let list = match path.file_stem().and_then(|stem| stem.to_str()) {
                Some("pods") => "Pod",
                Some("jobs") => "Job",
                Some("cronjobs") => "CronJob",
                _ => "",
            };
            for object in all {
                // Items of a typed list carry no kind of their own.
                let kind = object["kind"].as_str().unwrap_or(list).to_owned();
                let text = object.to_string();
                let kept = match &*kind {
                    "Pod" => keep(&mut pods, &text, &mut intern, |pod: &PodRun| &pod.meta),
                    "Job" => keep(&mut jobs, &text, &mut intern, |job: &Job| &job.meta),
                    "CronJob" => keep(&mut cron_jobs, &text, &mut intern, |cron: &CronJob| &cron.meta),
                    _ => Ok(()),
                };
                if let Err(says) = kept {
                    dump.broken.push(Broken { file: name.clone(), line: 0, says: format!("{kind}: {says}") });
                }
            }
        }
        let ours = |of: &str| namespace.is_none_or(|namespace| namespace == of);
        let pods: BTreeMap<PodName, Arc<PodRun>> =
            pods.into_iter().filter(|((of, _), _)| ours(of)).map(|(name, pod)| (name, Arc::new(pod))).collect();
        let mut strangers: Vec<&PodName> = Vec::new();
        for (name, file) in &self.sections {
            let Some(pod) = pods.get(name) else {
                strangers.push(name);
                continue;
            };
            for container in &pod.containers {
                let (pod, container, file) = (pod.clone(), container.name.clone(), file.clone());
                dump.logs.push(DumpedLog { pod, container, previous: false, timed: false, file });
            }
        }
        for ((name, container, previous), file) in &self.files {
            let Some(pod) = pods.get(name) else {
                strangers.push(name);
                continue;
            };
            let (pod, container, file) = (pod.clone(), Text::from(&**container), file.clone());
            dump.logs.push(DumpedLog { pod, container, previous: *previous, timed: true, file });
        }
        strangers.dedup();
        dump.strangers = strangers.into_iter().filter(|(of, _)| ours(of)).cloned().collect();
        dump.pods = pods.into_values().collect();
        dump.jobs = jobs.into_values().filter(|job: &Job| ours(&job.meta.namespace)).collect();
        dump.cron_jobs = cron_jobs.into_values().filter(|cron: &CronJob| ours(&cron.meta.namespace)).collect();
        dump.rotated = self.rotated;
        dump
    }
}

/// An object may stand in several files: it counts once, as it was read last.
fn keep<K: Kind>(
    all: &mut BTreeMap<PodName, K>,
    text: &str,
    intern: &mut Interner,
    meta: fn(&K) -> &Meta,
) -> Result<(), String> {
    let object: K = read_object(text, intern).map_err(|error| super::collect::without_position(&error))?;
    let name = (meta(&object).namespace.to_string(), meta(&object).name.to_string());
    all.insert(name, object);
    Ok(())
}

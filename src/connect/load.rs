//! Which kubeconfig files are read, and how several become one (client-go, `ClientConfigLoadingRules`).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::ErrorKind as Io,
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

use super::{
    env::Environment,
    error::{Error, ErrorKind},
    kubeconfig::{Cluster, Context, File, User, parse},
    options::ConnectOptions,
};

/// All files as one. The first file that names a cluster, context or user decides all of it; so does the first with a current context.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) current_context: Option<String>,
    pub(crate) clusters: BTreeMap<String, Cluster>,
    pub(crate) contexts: BTreeMap<String, Context>,
    pub(crate) users: BTreeMap<String, User>,
    /// Files that `KUBECONFIG` names and that are not there.
    pub(crate) missing: Vec<PathBuf>,
}

/// Reads `--kubeconfig` alone, else the list in `KUBECONFIG`, else `~/.kube/config`. Only the file of the flag must exist.
pub(crate) fn load(options: &ConnectOptions, env: &Environment) -> Result<Loaded, Error> {
    let explicit = options.kubeconfig.as_deref().filter(|path| !path.as_os_str().is_empty());
    let files = match (explicit, env.raw("KUBECONFIG")) {
        (Some(path), _) => vec![path.to_owned()],
        (None, Some(list)) => distinct(std::env::split_paths(list)),
        (None, None) => vec![env.home().join(".kube").join("config")],
    };
    let mut loaded = Loaded::default();
    let mut faults = Vec::new();
    for path in files {
        let file = env.absolute(&path);
        match std::fs::read(&file) {
            Ok(bytes) => match parse(&bytes).and_then(|parsed| merge(&mut loaded, parsed, &file)) {
                Ok(()) => {}
                Err(fault) => faults.push(load_error(&path, &fault)),
            },
            Err(why) if why.kind() == Io::NotFound => match explicit {
                Some(path) => {
                    return Err(Error::config(format!("stat {}: no such file or directory", path.display()))
                        .with_hint("--kubeconfig names one file that must exist; leave it out to use KUBECONFIG or ~/.kube/config"));
                }
                None => loaded.missing.push(path),
            },
            Err(why) => {
                // A folder can be opened; it is reading it that fails.
                let step = if why.kind() == Io::IsADirectory { "read" } else { "open" };
                faults.push(load_error(&path, &format!("{step} {}: {}", path.display(), io_reason(&why))));
            }
        }
    }
    match faults.as_slice() {
        [] => Ok(loaded),
        [one] => Err(Error::config(one).with_hint("kubectl config view shows what kubectl makes of the file")),
        several => Err(Error::new(ErrorKind::Config, several.join("\n"))),
    }
}

fn load_error(path: &Path, fault: &str) -> String {
    format!("error loading config file \"{}\": {fault}", path.display())
}

fn distinct(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in paths.filter(|path| !path.as_os_str().is_empty()) {
        if !kept.contains(&path) {
            kept.push(path);
        }
    }
    kept
}

/// Adds a file to what was read before it. Within one file a name may occur once.
fn merge(into: &mut Loaded, file: File, path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let resolve = |text: &mut Option<String>| {
        if let Some(relative) = text.as_mut() {
            *relative = folder.join(&*relative).to_string_lossy().into_owned();
        }
    };
    let mut clusters = BTreeMap::new();
    for named in file.clusters {
        let mut cluster = named.cluster;
        resolve(&mut cluster.certificate_authority);
        once(&mut clusters, named.name, cluster, "cluster")?;
    }
    let mut users = BTreeMap::new();
    for named in file.users {
        let mut user = named.user;
        user.origin = Some(path.to_owned());
        resolve(&mut user.client_certificate);
        resolve(&mut user.client_key);
        resolve(&mut user.token_file);
        if let Some(exec) = &mut user.exec
            && exec.command.as_ref().is_some_and(|command| command.contains(MAIN_SEPARATOR))
        {
            // A bare name is looked up on PATH; anything with a separator is a path beside the kubeconfig.
            resolve(&mut exec.command);
        }
        once(&mut users, named.name, user, "user")?;
    }
    let mut contexts = BTreeMap::new();
    for named in file.contexts {
        once(&mut contexts, named.name, named.context, "context")?;
    }
    into.current_context = into.current_context.take().or(file.current_context);
    first_wins(&mut into.clusters, clusters);
    first_wins(&mut into.users, users);
    first_wins(&mut into.contexts, contexts);
    Ok(())
}

fn once<T>(map: &mut BTreeMap<String, T>, name: String, value: T, what: &str) -> Result<(), String> {
    match map.entry(name) {
        Entry::Vacant(slot) => {
            slot.insert(value);
            Ok(())
        }
        Entry::Occupied(slot) => Err(format!("duplicate name {:?} in the list of {what}s", slot.key())),
    }
}

fn first_wins<T>(into: &mut BTreeMap<String, T>, from: BTreeMap<String, T>) {
    for (name, value) in from {
        into.entry(name).or_insert(value);
    }
}

/// An I/O failure in Go's words, without Rust's "(os error 13)".
pub(crate) fn io_reason(why: &std::io::Error) -> String {
    match why.kind() {
        Io::NotFound => "no such file or directory".to_owned(),
        Io::PermissionDenied => "permission denied".to_owned(),
        Io::IsADirectory => "is a directory".to_owned(),
        Io::NotADirectory => "not a directory".to_owned(),
        Io::ConnectionRefused => "connection refused".to_owned(),
        Io::ConnectionReset => "connection reset by peer".to_owned(),
        Io::BrokenPipe => "broken pipe".to_owned(),
        Io::TimedOut => "i/o timeout".to_owned(),
        Io::HostUnreachable => "no route to host".to_owned(),
        Io::NetworkUnreachable => "network is unreachable".to_owned(),
        Io::UnexpectedEof => "EOF".to_owned(),
        _ => {
            let text = why.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn list(paths: &[&Path]) -> Environment {
        Environment::empty().with("KUBECONFIG", std::env::join_paths(paths).unwrap())
    }

    #[test]
    fn the_first_file_decides_and_missing_ones_are_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let a = write(dir.path(), "a", "current-context: ''\nclusters:\n- {name: c, cluster: {server: 'https://a'}}\n");
        let b = write(
            dir.path(),
            "b",
            "current-context: two\nclusters:\n- {name: c, cluster: {server: 'https://b', proxy-url: 'http://p'}}\n- {name: d, cluster: {server: 'https://d'}}\n",
        );
        let c = write(dir.path(), "c", "kind: Config\ncurrent-context: three\n");
        let gone = dir.path().join("gone");
        let loaded = load(&ConnectOptions::default(), &list(&[&gone, &a, &gone, &b, &a, &c])).unwrap();
        assert_eq!(loaded.current_context.as_deref(), Some("two"));
        assert_eq!(loaded.clusters["c"].server.as_deref(), Some("https://a"));
        assert_eq!(loaded.clusters["c"].proxy_url, None, "the second file's fields don't mix into the first's");
        assert_eq!(loaded.clusters["d"].server.as_deref(), Some("https://d"));
        assert_eq!(loaded.missing, [gone]);
    }

    #[test]
    fn paths_are_relative_to_their_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(
            dir.path(),
            "sub/k",
            "clusters:\n- {name: c, cluster: {certificate-authority: ca.pem}}\nusers:\n\
             - {name: u, user: {client-certificate: c.pem, client-key: /abs/k.pem, tokenFile: t, exec: {command: bin/x}}}\n\
             - {name: v, user: {exec: {command: aws}}}\n",
        );
        let loaded =
            load(&ConnectOptions { kubeconfig: Some(path.clone()), ..Default::default() }, &Environment::empty())
                .unwrap();
        let beside = |name: &str| Some(path.parent().unwrap().join(name).to_string_lossy().into_owned());
        let user = &loaded.users["u"];
        assert_eq!(loaded.clusters["c"].certificate_authority, beside("ca.pem"));
        assert_eq!(user.client_certificate, beside("c.pem"));
        assert_eq!(user.client_key.as_deref(), Some("/abs/k.pem"));
        assert_eq!(user.token_file, beside("t"));
        assert_eq!(user.exec.as_ref().unwrap().command, beside("bin/x"));
        assert_eq!(loaded.users["v"].exec.as_ref().unwrap().command.as_deref(), Some("aws"));
    }

    #[test]
    fn the_home_file_is_the_default_and_need_not_exist() {
        let dir = tempfile::tempdir().unwrap();
        let env = Environment::empty().with("HOME", dir.path());
        assert_eq!(load(&ConnectOptions::default(), &env).unwrap().current_context, None);
        write(dir.path(), ".kube/config", "current-context: home\n");
        assert_eq!(load(&ConnectOptions::default(), &env).unwrap().current_context.as_deref(), Some("home"));
    }

    #[test]
    fn faults_name_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let say = |name: &str, text: &str| {
            let path = write(dir.path(), name, text);
            load(&ConnectOptions::default(), &list(&[&path])).unwrap_err().message
        };
        assert!(say("bad", "a: [").starts_with("error: error loading config file \""));
        assert!(say("twice", "users:\n- name: u\n- name: u\n").contains("duplicate name \"u\" in the list of users"));
        let folder = load(&ConnectOptions::default(), &list(&[dir.path()])).unwrap_err().message;
        assert!(folder.ends_with("is a directory"), "{folder}");
        let options = ConnectOptions { kubeconfig: Some("/no/such".into()), ..Default::default() };
        let missing = load(&options, &Environment::empty()).unwrap_err().message;
        assert_eq!(missing, "error: stat /no/such: no such file or directory");
    }
}

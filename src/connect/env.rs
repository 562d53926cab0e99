//! Everything that is read from the process: the only place of the library that does so.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// What the process provides: variables, folders, and whether somebody sits at the terminal.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// The folder that relative paths of flags are relative to.
    pub current_dir: PathBuf,
    /// Where a pod finds its token, CA and namespace.
    pub service_account_dir: PathBuf,
}

impl Environment {
    /// What this process has.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            variables: std::env::vars_os().map(|(name, value)| (canonical(&name), value)).collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            current_dir: std::env::current_dir().unwrap_or_default(),
            ..Self::empty()
        }
    }

    /// No variables and no terminal: to be filled by [`Self::with`].
    #[must_use]
    pub fn empty() -> Self {
        Self {
            variables: BTreeMap::new(),
            stdin_is_terminal: false,
            current_dir: PathBuf::from("."),
            service_account_dir: PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount"),
        }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(canonical(OsStr::new(name)), value.into());
        self
    }

    /// A variable's text; `None` when it is unset, empty, or not Unicode.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).and_then(OsStr::to_str)
    }

    /// The first of these variables that is set and not empty, as Go programs look up proxies.
    pub(crate) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A variable as the system has it; `None` when it is unset or empty.
    pub(crate) fn raw(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(&canonical(OsStr::new(name))).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// All variables, for a child process.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.variables.iter()
    }

    /// The home folder as kubectl finds it (client-go, `util/homedir`): `HOME`, on Windows the first of three that holds a kubeconfig.
    pub(crate) fn home(&self) -> PathBuf {
        let home = self.raw("HOME").map(PathBuf::from);
        if !cfg!(windows) {
            return home.unwrap_or_default();
        }
        let drive = match (self.raw("HOMEDRIVE"), self.raw("HOMEPATH")) {
            (Some(drive), Some(path)) => {
                let mut joined = drive.to_owned();
                joined.push(path);
                Some(PathBuf::from(joined))
            }
            _ => None,
        };
        windows_home([home, drive, self.raw("USERPROFILE").map(PathBuf::from)])
    }

    /// A path from a flag, made absolute.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        self.current_dir.join(path)
    }
}

/// Prefers a folder that already holds a kubeconfig, then one that exists, then one that is named at all.
fn windows_home([home, drive, profile]: [Option<PathBuf>; 3]) -> PathBuf {
    let holding =
        [&home, &drive, &profile].into_iter().flatten().find(|path| path.join(".kube").join("config").exists());
    let by_order = [&home, &profile, &drive];
    let existing = by_order.into_iter().flatten().find(|path| path.is_dir());
    let named = by_order.into_iter().flatten().next();
    holding.or(existing).or(named).cloned().unwrap_or_default()
}

/// Windows ignores the case of variables' names.
fn canonical(name: &OsStr) -> OsString {
    if cfg!(windows) { name.to_ascii_uppercase() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_unset() {
        let env = Environment::empty().with("https_proxy", "p:1").with("HTTPS_PROXY", "");
        assert_eq!(env.any(&["HTTPS_PROXY", "https_proxy"]), Some("p:1"));
        assert_eq!(env.text("HTTPS_PROXY"), None);
    }

    #[test]
    fn windows_prefers_the_home_that_holds_a_kubeconfig() {
        let dir = tempfile::tempdir().unwrap();
        let (drive, profile) = (dir.path().join("drive"), dir.path().join("profile"));
        std::fs::create_dir_all(profile.join(".kube")).unwrap();
        std::fs::create_dir_all(&drive).unwrap();
        let missing = dir.path().join("missing");
        let home = |drive: &PathBuf, profile: &PathBuf| {
            windows_home([&missing, drive, profile].map(|path| Some(path.clone())))
        };
        assert_eq!(home(&drive, &profile), profile);
        std::fs::create_dir_all(drive.join(".kube")).unwrap();
        std::fs::write(drive.join(".kube/config"), "").unwrap();
        assert_eq!(home(&drive, &profile), drive);
        assert_eq!(windows_home([Some(missing.clone()), None, None]), missing);
        assert_eq!(windows_home([None, None, None]), PathBuf::new());
    }
}

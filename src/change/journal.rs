//! What died, as it was: the file from which it can be made anew, and its disk found again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use crate::connect::Environment;

/// A file of YAML documents that only its owner can read. Each document is on disk before its object is deleted.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Makes a new file; one that exists, or a link in its place, is never written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        Ok(Self { file: options.open(path)?, path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an object, and returns when it is on disk. What a full disk took only in part is taken back, so that the documents before and
    /// after it stay readable. The error names the file.
    pub fn add(&mut self, object: &Value) -> Result<(), String> {
        let told = |error: io::Error| format!("the journal {} can't be written: {error}", self.path.display());
        let text = serde_saphyr::to_string(object).map_err(|error| told(io::Error::other(error)))?;
        let before = self.file.metadata().map_err(told)?.len();
        let document = format!("---\n{}\n", text.trim_end());
        let written = self.file.write_all(document.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            let _ = self.file.set_len(before);
            told(error)
        })
    }
}

/// Where a journal goes if nothing else is said: the user's folder for state, else the present folder.
pub fn default_path(environment: &Environment, program: &str, now: Timestamp) -> PathBuf {
    let state = environment.text("XDG_STATE_HOME").map(PathBuf::from);
    let home = || environment.text("HOME").map(|home| PathBuf::from(home).join(".local").join("state"));
    let folder = state.or_else(home).map(|folder| folder.join(program));
    let file = format!("clean-{}-{}.yaml", now.strftime("%Y%m%dT%H%M%SZ"), std::process::id());
    folder.map_or_else(|| environment.current_dir.join(&file), |folder| folder.join(&file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_its_owners_and_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("clean.yaml");
        let mut journal = Journal::create(&path).unwrap();
        journal.add(&serde_json::json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data-web-1"}})).unwrap();
        journal.add(&serde_json::json!({"kind": "PersistentVolume"})).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "---\nkind: PersistentVolumeClaim\nmetadata:\n  name: data-web-1\n---\nkind: PersistentVolume\n"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(Journal::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}

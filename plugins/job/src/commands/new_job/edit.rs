//! `--edit`: the Job in the user's editor.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use workload_cli::{Context, Failure};
use workload_core::gather::files::objects;

const HEAD: &str = "# The Job as it will be created. An empty file creates nothing.\n";

/// Removes the file again, whatever happens.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// The Job as the user leaves it.
pub(super) fn edit(context: &Context<'_>, job: &Value, token: &str) -> Result<Value, Failure> {
    let path = std::env::temp_dir().join(format!("kubectl-job-{token}.yaml"));
    let failed = |what: &str, why: std::io::Error| Failure::error(format_args!("--edit: {what}: {why}"));
    let text = serde_saphyr_text(job)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&path).map_err(|why| failed(&path.display().to_string(), why))?;
    let file_of = Temporary(path);
    file.write_all(HEAD.as_bytes()).and_then(|()| file.write_all(&text)).map_err(|why| failed("writing", why))?;
    drop(file);
    let named = ["KUBE_EDITOR", "EDITOR"].iter().find_map(|name| context.environment.text(name));
    let editor = named.filter(|text| !text.is_empty()).unwrap_or(if cfg!(windows) { "notepad" } else { "vi" });
    let status = command(editor, &file_of.0).status().map_err(|why| failed(editor, why))?;
    if !status.success() {
        return Err(Failure::error(format_args!("--edit: {editor} ended with {status}: nothing was created")));
    }
    let edited = std::fs::read_to_string(&file_of.0).map_err(|why| failed("reading it again", why))?;
    let mut all = objects(&mut edited.as_bytes(), "the edited Job")
        .map_err(|broken| Failure::error(format_args!("--edit: {broken}: nothing was created")))?;
    match (all.pop(), all.is_empty()) {
        (Some(job), true) => Ok(job),
        (None, _) => Err(Failure::error("--edit: the file is empty: nothing was created")),
        _ => Err(Failure::error("--edit: the file holds more than one object: nothing was created")),
    }
}

fn serde_saphyr_text(job: &Value) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    workload_core::render::write_yaml(&mut text, job)?;
    Ok(text)
}

/// An editor may be several words, as the shell reads them (kubectl, `util/editor`).
fn command(editor: &str, file: &Path) -> Command {
    if cfg!(windows) {
        let mut words = editor.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or("notepad"));
        command.args(words).arg(file);
        return command;
    }
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(file);
    command
}

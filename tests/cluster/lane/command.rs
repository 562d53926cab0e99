//! One command line run to its end, and what is kept of it for a failure's report.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any command here takes; what hangs is ended, and reads as exit code 124.
const LIMIT: Duration = Duration::from_mins(2);

/// A command that ended.
#[derive(Clone)]
pub(crate) struct Ran {
    pub(crate) line: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    took: Duration,
}

impl Ran {
    /// Runs `line` in bash with this kubeconfig, as a user would type it; `input` is its standard input.
    pub(crate) fn new(line: &str, kubeconfig: &Path, input: Option<&str>) -> Self {
        let start = Instant::now();
        let limit = LIMIT.as_secs().to_string();
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", &limit, "bash", "-o", "pipefail", "-c", line])
            .env("KUBECONFIG", kubeconfig)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("timeout and bash are on PATH");
        let writer = input.map(str::to_owned).zip(child.stdin.take()).map(|(text, mut stdin)| {
            // A command that ends without reading its input closes the pipe; its exit code tells the story.
            std::thread::spawn(move || drop(std::io::Write::write_all(&mut stdin, text.as_bytes())))
        });
        let output = child.wait_with_output().expect("a command's output can be read");
        if let Some(writer) = writer {
            writer.join().expect("the writer doesn't panic");
        }
        Self {
            line: line.to_owned(),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: start.elapsed(),
        }
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}    ({:.1} s, exit code {})", self.line, self.took.as_secs_f32(), self.code)?;
        for (name, text) in [("", &self.stdout), ("stderr: ", &self.stderr)] {
            for line in text.lines() {
                writeln!(f, "  {name}{line}")?;
            }
        }
        Ok(())
    }
}

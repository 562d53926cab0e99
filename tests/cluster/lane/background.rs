//! A command that runs beside the others.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};

use super::Lane;

/// Runs until it is dropped, with all that it has started.
pub(crate) struct Background(Child);

impl Background {
    /// Starts a line of bash, whose output goes nowhere but where it sends it itself.
    pub(crate) fn start(lane: &Lane, script: &str) -> Self {
        // Where the lane itself runs in the background of a shell, SIGINT is ignored, and children inherit that.
        let mut command = Command::new("env");
        command
            .args(["--default-signal=INT", "bash", "-c", script])
            .env("KUBECONFIG", &lane.kubeconfig)
            .process_group(0)
            .stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("bash is on PATH"))
    }

    /// Ctrl-C, as a terminal sends it: to the whole group. Waits for the end, and gives the signal that ended it or its exit code
    /// as a shell would show it.
    pub(crate) fn interrupt(mut self) -> i32 {
        self.signal("-INT");
        let status = self.0.wait().expect("a child can be waited for");
        status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
    }

    fn signal(&self, which: &str) {
        drop(Command::new("kill").args([which, "--", &format!("-{}", self.0.id())]).stderr(Stdio::null()).status());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Its whole group: what bash started as well.
        self.signal("-TERM");
        drop(self.0.wait());
    }
}

//! Running a compiled program as a user would, in a world of its own.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::running::Running;

/// A program about to run: no variables of the machine reach it but PATH; HOME is a folder of its own.
#[must_use]
pub struct Program {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
    limit: Duration,
    home: TempDir,
}

/// What a program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Bytes that are no UTF-8 are replaced; `raw` has them.
    pub stdout: String,
    pub stderr: String,
    /// The exit code; 128 + the signal's number where one ended it.
    pub code: i32,
    /// stdout as it came.
    pub raw: Vec<u8>,
    pub time: Duration,
}

impl Program {
    /// A compiled binary: `Program::new(env!("CARGO_BIN_EXE_kubectl-sts"))`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let home = tempfile::Builder::new().prefix("home-").tempdir().unwrap();
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            stdin: Vec::new(),
            limit: Duration::from_mins(1),
            home,
        }
    }

    /// A binary of this workspace by its name, where the test lies in another package than the program: it stands
    /// beside the test once the workspace is built.
    #[track_caller]
    pub fn built(name: &str) -> Self {
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).expect("tests run from target/PROFILE/deps");
        let program = folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
        assert!(program.exists(), "{} is not built: run `cargo test --workspace`", program.display());
        Self::new(program)
    }

    /// Against this cluster: KUBECONFIG is its kubeconfig.
    pub fn cluster(self, cluster: &Running) -> Self {
        self.env("KUBECONFIG", cluster.kubeconfig())
    }

    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// A program that takes longer is ended, and the test fails (60 s otherwise).
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The folder that is HOME.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command as it would be run: for tests that hold the process themselves.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear();
        for kept in ["PATH", "SystemRoot", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
            .args(&self.arguments)
            .env("HOME", self.home.path())
            .env("USERPROFILE", self.home.path())
            .env("TMPDIR", self.home.path())
            .env("COLUMNS", "120")
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it; HOME stays as long as this `Program`.
    #[track_caller]
    pub fn spawn(&self) -> Child {
        let start = Instant::now();
        loop {
            match self.command().spawn() {
                // A test that has just written the file may have lent its descriptor to another thread's child, until that
                // child has become its program.
                Err(it) if it.kind() == ErrorKind::ExecutableFileBusy && start.elapsed() < self.limit => {
                    std::thread::yield_now();
                }
                started => return started.unwrap_or_else(|it| panic!("{}: {it}", self.program.display())),
            }
        }
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn run(self) -> Output {
        let start = Instant::now();
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = self.stdin.clone();
        // A program need not read what it is given.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > self.limit {
                let _ = child.kill();
                let _ = child.wait();
                panic!(
                    "{} {:?} still ran after {:?}\nstdout: {}\nstderr: {}",
                    self.program.display(),
                    self.arguments,
                    self.limit,
                    String::from_utf8_lossy(&stdout.join().unwrap()),
                    String::from_utf8_lossy(&stderr.join().unwrap()),
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let time = start.elapsed();
        let _ = writer.join();
        let raw = stdout.join().unwrap();
        let text = String::from_utf8_lossy(&raw).into_owned();
        assert_eq!(crate::schema::breaches(&text), [""; 0], "{:?} breaks docs/schemas", self.arguments);
        Output {
            stdout: text,
            stderr: String::from_utf8_lossy(&stderr.join().unwrap()).into_owned(),
            code: code(status),
            raw,
            time,
        }
    }
}

impl Output {
    /// Code, stdout and stderr in one text, for a snapshot of all that a user sees.
    pub fn whole(&self) -> String {
        let mut text = format!("exit code {}\n", self.code);
        for (name, part) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !part.is_empty() {
                write!(text, "--- {name}\n{part}").unwrap();
                if !part.ends_with('\n') {
                    text.push_str("(no newline)\n");
                }
            }
        }
        text
    }

    /// stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|it| panic!("stdout is no JSON ({it}):\n{}", self.whole()))
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn assert_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.whole());
        self
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

#[cfg(unix)]
pub(crate) fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|it| 128 + it)).unwrap_or(-1)
}

#[cfg(not(unix))]
pub(crate) fn code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

//! A terminal of a program's own: what stands on it, how wide it is, and what is typed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::run::{Output, Program, code};

/// A terminal of 24 rows, at first of 80 columns. Its clones are the same one.
#[derive(Clone)]
pub struct Terminal(Arc<OwnedFd>);

/// A program that runs on a terminal.
pub struct OnTerminal {
    program: Program,
    child: Child,
    bytes: Receiver<Vec<u8>>,
    text: Vec<u8>,
    start: Instant,
}

/// For how long something to come is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
const FLAGS: OpenptFlags = OpenptFlags::RDWR.union(OpenptFlags::NOCTTY).union(OpenptFlags::CLOEXEC);

impl Default for Terminal {
    fn default() -> Self {
        let controller = openpt(FLAGS).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let terminal = Self(Arc::new(controller));
        terminal.resize(80);
        terminal
    }
}

impl Terminal {
    /// A program that takes a terminal for its own when it is started on one. Ctrl-C ends it even where the tests run in the background
    /// of a shell, which ignores it for all of them.
    pub fn program(path: &str) -> Program {
        Program::new("/usr/bin/env").args(["--default-signal=INT", "/usr/bin/setsid", "--ctty", path])
    }

    /// Gives it another width. The program whose own it is gets SIGWINCH.
    pub fn resize(&self, columns: u16) {
        tcsetwinsize(&*self.0, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    }

    /// Types; `\u{3}` is Ctrl-C.
    pub fn press(&self, keys: &str) {
        self.file().write_all(keys.as_bytes()).unwrap();
    }

    fn file(&self) -> File {
        self.0.try_clone().unwrap().into()
    }
}

impl Program {
    /// Starts it on a terminal; see [`Terminal::program`].
    #[track_caller]
    pub fn on(self, terminal: &Terminal) -> OnTerminal {
        let stream = || Stdio::from(ioctl_tiocgptpeer(&*terminal.0, FLAGS).unwrap());
        let child = self.command().stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        let (tell, bytes) = channel();
        let mut shown = terminal.file();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Once the last of its programs is gone, reading a terminal is an error.
            while let Ok(count @ 1..) = shown.read(&mut buffer) {
                if tell.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        OnTerminal { program: self, child, bytes, text: Vec::new(), start: Instant::now() }
    }
}

impl OnTerminal {
    /// Waits until this stands on it.
    #[track_caller]
    pub fn until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.text).contains(text) {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.text.extend(bytes),
                Err(why) => panic!("{text:?} does not come: {why}\n{}", String::from_utf8_lossy(&self.text)),
            }
        }
    }

    /// Waits for the program's end; what stands on the terminal is its standard output.
    #[track_caller]
    pub fn end(mut self) -> Output {
        loop {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(bytes) => self.text.extend(bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    panic!("it does not end\n{}", String::from_utf8_lossy(&self.text));
                }
            }
        }
        let status = self.child.wait().unwrap();
        drop(self.program);
        Output {
            stdout: String::from_utf8_lossy(&self.text).replace("\r\n", "\n"),
            stderr: String::new(),
            code: code(status),
            raw: self.text,
            time: self.start.elapsed(),
        }
    }
}

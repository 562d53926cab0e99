//! Where lines for the user go: this library prints nothing itself.

/// Takes the lines that belong on stderr: the server's warnings, waits, clock skew, request traces. Lines hold no credential, but text
/// of remote origin, so whoever prints them escapes them.
///
/// Any `Fn(&str)` that is `Send + Sync` is one.
pub trait Notices: Send + Sync {
    /// One line, without its newline.
    fn notice(&self, line: &str);

    /// A warning of the server's, which `--warnings-as-errors` counts; told as kubectl tells it.
    fn warning(&self, text: &str) {
        self.notice(&format!("Warning: {text}"));
    }

    /// Asks the user for a text, hidden while typed when `secret`. `None` where nobody can be asked, which is the default.
    fn ask(&self, label: &str, secret: bool) -> Option<String> {
        let _ = (label, secret);
        None
    }
}

impl<F: Fn(&str) + Send + Sync> Notices for F {
    fn notice(&self, line: &str) {
        self(line);
    }
}

/// Drops every line: for completion, which must stay silent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Notices for Silent {
    fn notice(&self, _: &str) {}
}

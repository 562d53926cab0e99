//! The server's `Warning:` headers, shown once each (client-go, `rest/warnings.go`; RFC 7234 section 5.5).

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use http::{HeaderMap, header::WARNING};

use super::notices::Notices;

/// Remembers what was shown.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<HashSet<String>>);

impl Warnings {
    /// Passes on what is new among an answer's warnings, as kubectl prints it.
    pub(crate) fn pass_on(&self, headers: &HeaderMap, notices: &dyn Notices) {
        for value in headers.get_all(WARNING) {
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else { continue };
            for warning in parse(text) {
                if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(warning.clone()) {
                    notices.warning(&warning);
                }
            }
        }
    }
}

/// The texts of a header's warnings with code 299, up to the first that is malformed. Text with control characters is no warning.
fn parse(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = header.trim();
    while let Some((code, text, after)) = next(rest) {
        if code == "299" && !text.is_empty() {
            texts.push(text);
        }
        rest = after;
    }
    texts
}

/// `299 agent "text" "date", …`: the code, the text, and what follows the comma.
fn next(header: &str) -> Option<(&str, String, &str)> {
    let mut parts = header.splitn(3, ' ');
    let (code, agent, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) || agent.is_empty() {
        return None;
    }
    let (text, rest) = quoted(rest)?;
    if text.chars().any(char::is_control) {
        return None;
    }
    let rest = match rest.strip_prefix('"') {
        Some(date) => date.split_once('"')?.1.trim(),
        None => rest,
    };
    match rest.strip_prefix(',') {
        Some(rest) => Some((code, text, rest.trim())),
        None if rest.is_empty() => Some((code, text, "")),
        None => None,
    }
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.strip_prefix('"')?.char_indices() {
        match c {
            _ if escaped => {
                escaped = false;
                out.push(c);
            }
            '\\' => escaped = true,
            '"' => return Some((out, text[at + 2..].trim())),
            _ => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_client_go_reads_them() {
        for (header, texts) in [
            (r#"299 - "a is deprecated""#, &["a is deprecated"][..]),
            (r#"299 - "say \"hi\" \\ there""#, &[r#"say "hi" \ there"#]),
            (r#"299 - "one", 299 - "two" "Wed, 21 Oct 2026 07:28:00 GMT",299 x "three""#, &["one", "two", "three"]),
            (r#"199 - "other code", 299 - "kept""#, &["kept"]),
            (r#"299 - "one", nonsense"#, &["one"]),
            (r#"299 "no agent""#, &[]),
            (r#"29 - "short""#, &[]),
            (r#"299 - "unterminated"#, &[]),
            ("299 - \"esc\u{1b}[31m\"", &[]),
            (r#"299 - """#, &[]),
            ("", &[]),
            (r#"299 - "ü""#, &["ü"]),
        ] {
            assert_eq!(parse(header), texts, "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(header in "(299 - |\"|\\\\|,|ü|[a-z]){0,20}") {
            let _ = parse(&header);
        }
    }
}

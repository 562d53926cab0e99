//! What ends a command early, in kubectl's words.

use std::io;

use workload_core::connect;

/// A failure: one sentence, and one line on what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The sentence, prefix included: `error: …`, `Error from server (NotFound): …`. May have several lines.
    pub message: String,
    /// The next step.
    pub hint: Option<String>,
    /// The reader of our output went away (`| head`): nothing is wrong, and nothing is said.
    pub(crate) silent: bool,
}

impl Failure {
    /// An error of ours, told as kubectl tells its own.
    pub fn error(sentence: impl std::fmt::Display) -> Self {
        Self { message: format!("error: {sentence}"), hint: None, silent: false }
    }

    /// The server's sentence for an object that is not there.
    pub fn not_found(resource: &str, name: &str) -> Self {
        Self {
            message: format!("Error from server (NotFound): {resource} \"{name}\" not found"),
            hint: None,
            silent: false,
        }
    }

    /// With a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<connect::Error> for Failure {
    fn from(error: connect::Error) -> Self {
        Self { message: error.message, hint: error.hint, silent: false }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            silent: error.kind() == io::ErrorKind::BrokenPipe,
            ..Self::error(format_args!("writing the output: {error}"))
        }
    }
}

/// The names that a mistyped one may have meant, nearest first; at most three.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(distance, name)| *distance <= (wanted.len().max(name.len()) / 3).max(1))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_its_neighbours_and_nothing_far() {
        let names = ["web", "web-api", "redis-stset", "postgres-ss"];
        assert_eq!(nearest("wbe", names.into_iter()), ["web"]);
        assert_eq!(nearest("redis-sts", names.into_iter()), ["redis-stset"]);
        assert_eq!(nearest("kafka", names.into_iter()), [""; 0]);
    }
}

//! Whether words may be coloured.

use workload_core::connect::Environment;

/// Only on a terminal that knows colours and whose user wants them: `NO_COLOR` (no-color.org) and `TERM=dumb` say no,
/// `CLICOLOR_FORCE` (bixense.com/clicolors) says yes even to a pipe. On Windows kubectl asks for `WT_SESSION`, and so do we.
pub(crate) fn wanted(env: &Environment, is_terminal: bool) -> bool {
    if env.text("NO_COLOR").is_some() {
        return false;
    }
    if env.text("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let knows = if cfg!(windows) {
        env.text("WT_SESSION").is_some()
    } else {
        env.text("TERM").is_some_and(|term| term != "dumb")
    };
    is_terminal && knows && env.text("CLICOLOR") != Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_and_for_those_who_want_it() {
        let env = |pairs: &[(&str, &str)]| {
            pairs.iter().fold(Environment::empty().with("WT_SESSION", "x"), |env, (name, value)| env.with(name, *value))
        };
        let xterm = ("TERM", "xterm");
        assert!(wanted(&env(&[xterm]), true));
        assert!(!wanted(&env(&[xterm]), false));
        assert!(!wanted(&env(&[xterm, ("NO_COLOR", "1")]), true));
        assert!(wanted(&env(&[xterm, ("NO_COLOR", "")]), true));
        assert!(wanted(&env(&[("CLICOLOR_FORCE", "1")]), false));
        assert!(!wanted(&env(&[("CLICOLOR_FORCE", "0")]), false));
        assert!(!wanted(&env(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), true));
        assert!(!wanted(&env(&[xterm, ("CLICOLOR", "0")]), true));
        if !cfg!(windows) {
            assert!(!wanted(&env(&[("TERM", "dumb")]), true));
            assert!(!wanted(&env(&[]), true));
        }
    }
}

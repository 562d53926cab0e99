//! Durations as Go writes and reads them: `--request-timeout` and the `timeout` parameter of a request.

use std::time::Duration;

pub use crate::facts::{format_go, parse_go};

use super::error::Error;

/// Reads `--request-timeout` (client-go, `ParseTimeout`): a whole number of seconds, or a Go duration. `None` means no limit, which is
/// what `0` says; a negative duration sets no limit either.
pub fn parse_timeout(text: &str) -> Result<Option<Duration>, Error> {
    let limit = match text.parse::<i64>() {
        Ok(seconds) if seconds >= 0 => Some(Duration::from_secs(seconds.unsigned_abs())),
        _ => match parse_go(text) {
            Some((false, duration)) => Some(duration),
            Some((true, _)) => None,
            None => {
                return Err(Error::config(
                    "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
                ));
            }
        },
    };
    Ok(limit.filter(|duration| !duration.is_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_kubectl_reads_them() {
        let ok = |text| parse_timeout(text).unwrap();
        for none in ["0", "0s", "-5s", "+0", "-1h"] {
            assert_eq!(ok(none), None, "{none}");
        }
        for (text, millis) in [
            ("5", 5_000),
            ("+5", 5_000),
            ("5s", 5_000),
            ("1.5s", 1_500),
            (".5s", 500),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("250ms", 250),
            ("1h1m1s1ms", 3_661_001),
        ] {
            assert_eq!(ok(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "-5", "5x", "s", "1", "five", "1s ", " 1s", "1..s", ".s", "9999999999h", "1d", "-", "1,5s"] {
            if bad == "1" {
                continue;
            }
            let error = parse_timeout(bad).unwrap_err();
            assert!(
                error.message.starts_with("error: Invalid timeout value. Timeout must be a single integer"),
                "{bad}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,20}") {
            let _ = parse_timeout(&text);
        }
    }
}

//! Durations as Go writes and reads them: in flags, in requests, in `@every` of a schedule.

use std::{fmt::Write, time::Duration};

/// Reads a Go duration such as `1h2m`, `1.5s` or `-3ms`: whether it is negative, and how long. `None` when it is not one, or is longer
/// than Go can hold (some 292 years).
#[must_use]
pub fn parse_go(text: &str) -> Option<(bool, Duration)> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some((false, Duration::ZERO));
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let nanos = unit_nanos(unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total += u128::from(whole) * u128::from(nanos) + fraction_nanos(fraction, nanos);
        if total > u128::from(i64::MAX.unsigned_abs()) {
            return None;
        }
        rest = after;
    }
    Some((negative, Duration::from_nanos(u64::try_from(total).ok()?)))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn fraction_nanos(fraction: &str, unit: u64) -> u128 {
    // Beyond 18 digits nothing is left of a nanosecond, even of an hour.
    let kept = &fraction[..fraction.len().min(18)];
    let scale = 10_u128.pow(u32::try_from(kept.len()).unwrap_or(0));
    kept.parse::<u128>().map_or(0, |value| value * u128::from(unit) / scale)
}

/// Writes a duration as Go does (`time.Duration.String`): `5s`, `1m30s`, `2h0m0s`, `1.5s`, `250ms`.
#[must_use]
pub fn format_go(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => with_fraction(nanos, 1_000, "µs"),
        1_000_000..1_000_000_000 => with_fraction(nanos, 1_000_000, "ms"),
        _ => {
            let (hours, minutes) = (duration.as_secs() / 3600, duration.as_secs() / 60 % 60);
            let mut out = String::new();
            if hours > 0 {
                let _ = write!(out, "{hours}h");
            }
            if hours > 0 || minutes > 0 {
                let _ = write!(out, "{minutes}m");
            }
            out + &with_fraction(nanos % 60_000_000_000, 1_000_000_000, "s")
        }
    }
}

fn with_fraction(nanos: u128, unit: u128, name: &str) -> String {
    let (whole, part) = (nanos / unit, nanos % unit);
    if part == 0 {
        return format!("{whole}{name}");
    }
    let width = unit.to_string().len() - 1;
    format!("{whole}.{}{name}", format!("{part:0width$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (millis, text) in [
            (0, "0s"),
            (5_000, "5s"),
            (90_000, "1m30s"),
            (60_000, "1m0s"),
            (3_600_000, "1h0m0s"),
            (1_500, "1.5s"),
            (250, "250ms"),
        ] {
            assert_eq!(format_go(Duration::from_millis(millis)), text);
        }
        assert_eq!(format_go(Duration::from_nanos(1_050)), "1.05µs");
        assert_eq!(format_go(Duration::from_nanos(7)), "7ns");
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in 0_u64..(1 << 62)) {
            let duration = Duration::from_nanos(nanos);
            proptest::prop_assert_eq!(parse_go(&format_go(duration)), Some((false, duration)));
        }
    }
}

//! Ages as kubectl prints them.

use jiff::{SignedDuration, Timestamp};

/// The time from `since` to `now` in kubectl's short form (apimachinery `pkg/util/duration`, HumanDuration): two units while
/// the first is small, then one. A moment in the future within two seconds counts as now; beyond, it is `<invalid>`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    human(seconds.max(0))
}

fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let pair = |large: i64, name: &str, rest: i64, small: &str| match rest {
        0 => format!("{large}{name}"),
        _ => format!("{large}{name}{rest}{small}"),
    };
    match seconds {
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => pair(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => pair(s / HOUR, "h", s / MINUTE % 60, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => pair(s / DAY, "d", s / HOUR % 24, "h"),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => pair(s / YEAR, "y", s / DAY % 365, "d"),
        s => format!("{}y", s / YEAR),
    }
}

/// A time in UTC to the second: `2026-11-21T12:00:00Z`.
pub fn utc(time: Timestamp) -> String {
    let whole = time.round(jiff::Unit::Second).unwrap_or(time);
    // Rounding half a second up would show a time that has not come.
    let whole = if whole > time { whole - SignedDuration::from_secs(1) } else { whole };
    whole.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_kubectls() {
        for (seconds, shown) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_460, "3h11m"),
            (28_799, "7h59m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (691_199, "7d23h"),
            (691_200, "8d"),
            (63_071_999, "729d"),
            (63_072_000, "2y"),
            (70_000_000, "2y80d"),
            (252_288_000, "8y"),
        ] {
            assert_eq!(human(seconds), shown, "{seconds}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_is_not_an_age() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(age("2026-11-21T12:00:01Z".parse().unwrap(), now), "0s");
        assert_eq!(age("2026-11-21T12:00:05Z".parse().unwrap(), now), "<invalid>");
        assert_eq!(utc("2026-11-21T12:00:00.9Z".parse().unwrap()), "2026-11-21T12:00:00Z");
    }
}

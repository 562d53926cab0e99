//! The server's clock against ours: ages are counted by the server's.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use http::{HeaderMap, header::DATE};
use jiff::{SignedDuration, Timestamp};

use super::notices::Notices;

/// More than this is told: leases, tokens and ages go wrong by it.
const TOLD_SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Less than this can't be told from the header's whole seconds and the way there and back.
const NOISE: SignedDuration = SignedDuration::from_secs(2);

/// What is known of the difference.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: Mutex<SignedDuration>,
    told: AtomicBool,
}

impl Clock {
    /// Notes the `Date` of an answer that was asked for at `sent` and came at `received`.
    pub(crate) fn note(
        &self,
        headers: &HeaderMap,
        sent: Timestamp,
        received: Timestamp,
        notices: &dyn Notices,
    ) -> Option<Timestamp> {
        let date = date(headers)?;
        // Between the two moments the server wrote the header, in whole seconds.
        let earliest = date.duration_since(received);
        let latest = date.duration_since(sent) + SignedDuration::from_secs(1);
        let ahead = if earliest > NOISE {
            earliest
        } else if latest < -NOISE {
            latest
        } else {
            SignedDuration::ZERO
        };
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
        if ahead.abs() > TOLD_SKEW && !self.told.swap(true, Ordering::Relaxed) {
            let seconds = ahead.abs().as_secs();
            let side = if ahead.is_positive() { "behind" } else { "ahead of" };
            notices.notice(&format!(
                "this machine's clock is {seconds} s {side} the server's; ages are counted by the server's"
            ));
        }
        Some(date)
    }

    /// How far the server's clock is ahead of ours; zero within the noise of the measurement.
    pub(crate) fn server_ahead(&self) -> SignedDuration {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the server wrote an answer.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(DATE)?.to_str().ok()?)
}

/// An HTTP date (RFC 9110, IMF-fixdate).
fn parse_date(text: &str) -> Option<Timestamp> {
    let gmt = text.strip_suffix("GMT")?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(format!("{gmt}+0000")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(clock: &Clock, date: &str, ours: &str, lines: &Mutex<Vec<String>>) -> Option<Timestamp> {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, date.parse().unwrap());
        let ours: Timestamp = ours.parse().unwrap();
        let notices = |line: &str| lines.lock().unwrap().push(line.to_owned());
        clock.note(&headers, ours - SignedDuration::from_millis(100), ours, &notices)
    }

    #[test]
    fn skew_is_measured_and_told_once() {
        let (clock, lines) = (Clock::default(), Mutex::default());
        let date = note(&clock, "Tue, 24 Nov 2026 12:00:00 GMT", "2026-11-24T12:00:00.7Z", &lines);
        assert_eq!(date, Some("2026-11-24T12:00:00Z".parse().unwrap()));
        assert_eq!(clock.server_ahead(), SignedDuration::ZERO);
        note(&clock, "Tue, 24 Nov 2026 12:00:20 GMT", "2026-11-24T12:00:00Z", &lines);
        assert_eq!(clock.server_ahead().as_secs(), 20);
        assert!(lines.lock().unwrap().is_empty());
        note(&clock, "Tue, 24 Nov 2026 12:01:00 GMT", "2026-11-24T12:00:00Z", &lines);
        note(&clock, "Tue, 24 Nov 2026 12:02:00 GMT", "2026-11-24T12:00:00Z", &lines);
        assert_eq!(
            *lines.lock().unwrap(),
            ["this machine's clock is 60 s behind the server's; ages are counted by the server's"]
        );
        note(&clock, "Tue, 24 Nov 2026 11:00:00 GMT", "2026-11-24T12:00:00Z", &lines);
        assert!(clock.server_ahead().is_negative());
    }

    #[test]
    fn nonsense_dates_are_no_dates() {
        for bad in ["", "GMT", "yesterday", "2026-11-24T12:00:00Z", "Tue, 99 Nov 2026 12:00:00 GMT"] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }
}

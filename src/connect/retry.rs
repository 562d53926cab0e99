//! When a read is sent again: after a broken connection, or when the server says when to come back. Nothing else is ever sent twice.

use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

/// How often a read is tried again; client-go tries ten times.
pub(crate) const MAX_RETRIES: u32 = 4;

/// A longer wait than this is told.
pub(crate) const TOLD_WAIT: Duration = Duration::from_secs(2);

/// The wait after a connection broke under the request, by how often it has been tried again.
pub(crate) fn after_break(retries: u32) -> Duration {
    Duration::from_millis(match retries {
        0 => 50,
        1 => 500,
        _ => 1000,
    })
}

/// How long the server asks to wait: only with 429 and 5xx, and only as a number of seconds, as client-go reads it.
pub(crate) fn asked_wait(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
        return None;
    }
    let seconds: i64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

/// What is left of the time that a request may take. Time that a credential plugin spends does not count: the user may have to log in.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    /// As it was set; `None` is no limit.
    pub(crate) limit: Option<Duration>,
    pub(crate) left: Option<Duration>,
}

impl Budget {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit, left: limit }
    }

    /// Waits for something, at most as long as is left. `None` when the time ran out.
    pub(crate) async fn run<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let Some(left) = self.left else { return Some(future.await) };
        let started = Instant::now();
        let result = tokio::time::timeout(left, future).await.ok();
        self.left = Some(if result.is_some() { left.saturating_sub(started.elapsed()) } else { Duration::ZERO });
        result
    }

    /// Whether a wait still leaves time for an answer.
    pub(crate) fn allows(&self, wait: Duration) -> bool {
        self.left.is_none_or(|left| wait < left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_overload_with_a_number_is_waited_for() {
        let wait = |status: u16, value: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(RETRY_AFTER, value.parse().unwrap());
            }
            asked_wait(StatusCode::from_u16(status).unwrap(), &headers).map(|wait| wait.as_secs())
        };
        for (status, value, expected) in [
            (429, Some("1"), Some(1)),
            (503, Some("10"), Some(10)),
            (504, Some(" 3 "), Some(3)),
            (500, Some("0"), Some(0)),
            (503, Some("-4"), Some(0)),
            (503, None, None),
            (429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), None),
            (404, Some("1"), None),
            (200, Some("1"), None),
            (503, Some("99999999999999999999"), None),
        ] {
            assert_eq!(wait(status, value), expected, "{status} {value:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_is_for_all_attempts_together() {
        let mut budget = Budget::new(Some(Duration::from_secs(10)));
        assert!(budget.run(tokio::time::sleep(Duration::from_secs(11))).await.is_none());
        assert!(!budget.allows(Duration::from_millis(1)));
        let mut unlimited = Budget::new(None);
        assert!(unlimited.run(tokio::time::sleep(Duration::from_secs(1_000_000))).await.is_some());
        assert!(unlimited.allows(Duration::from_secs(1_000_000)));
    }
}

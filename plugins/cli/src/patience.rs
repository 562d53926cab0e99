//! A word to whoever waits.

use std::io::{self, Write};
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

/// Nobody wonders before.
pub(crate) const TOLD: Duration = Duration::from_secs(2);

/// Waits for what may take long. After a while that is said, where somebody sees it: rows are sorted and stand in columns of equal
/// width, so none can be shown before the last page is read.
pub(crate) async fn patiently<T>(
    seen: Option<&mut dyn Write>,
    after: Duration,
    reading: impl Future<Output = T>,
) -> io::Result<T> {
    let mut reading = pin!(reading);
    if let Some(terminal) = seen {
        if let Ok(done) = timeout(after, &mut reading).await {
            return Ok(done);
        }
        writeln!(terminal, "Still reading the cluster: rows are shown when all of it is read.")?;
    }
    Ok(reading.await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_long_wait_is_told_and_only_to_a_terminal() {
        let mut said = Vec::new();
        patiently(Some(&mut said), Duration::ZERO, async {}).await.unwrap();
        assert_eq!(said, b"");
        patiently(Some(&mut said), Duration::ZERO, tokio::task::yield_now()).await.unwrap();
        assert_eq!(said, b"Still reading the cluster: rows are shown when all of it is read.\n");
        patiently(None, Duration::ZERO, tokio::task::yield_now()).await.unwrap();
    }
}

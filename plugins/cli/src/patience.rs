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
    use tokio::sync::oneshot;

    use super::*;

    /// A terminal whose user is answered as soon as a line was written.
    struct Terminal(Vec<u8>, Option<oneshot::Sender<()>>);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(bytes);
            if bytes.ends_with(b"\n") {
                drop(self.1.take());
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn only_a_long_wait_is_told_and_only_to_a_terminal() {
        let (told, reading) = oneshot::channel();
        let mut terminal = Terminal(Vec::new(), Some(told));
        patiently(Some(&mut terminal), TOLD, async {}).await.unwrap();
        assert_eq!(terminal.0, b"");
        assert!(patiently(Some(&mut terminal), Duration::ZERO, reading).await.unwrap().is_err());
        assert_eq!(terminal.0, b"Still reading the cluster: rows are shown when all of it is read.\n");
        patiently(None, Duration::ZERO, tokio::task::yield_now()).await.unwrap();
    }
}

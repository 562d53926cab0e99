//! Whether a stream's reader keeps up with its log.
//!
//! Where lines are not taken, the kubelet waits in the file that it reads, however often the log is rotated meanwhile. Then it reads
//! that file to its end and goes on in the newest: files in between are left out without a word, and the newest may come twice, once for
//! each rotation that it has not yet heard of (cri-client `pkg/logs/logs.go`, `ReadLogs` and `waitLogs`).

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::api::{Api, From};
use super::event::{Closed, Event, Gap, Sink};
use super::follow::Follower;
use super::intake::Reading;
use super::stamp::Stamp;
use super::stream::{ANSWER, within};
use super::whose::Beginning;

/// Between two rotations lie three seconds at least (`containerLogMonitorInterval`, ten by default).
const ROTATES: Duration = Duration::from_secs(3);
/// Who had to wait for so long had everything that was there.
const WAITED: Duration = Duration::from_millis(1);

/// How a stream's reader keeps up.
pub(super) struct Pace {
    /// When everything that was there had been read.
    caught_up: Instant,
    /// The last line then.
    line: Option<Stamp>,
    /// The log was rotated since then: the stream may leave lines out, or repeat them.
    pub(super) suspect: bool,
}

impl Pace {
    pub(super) fn new(reading: &Reading) -> Self {
        Self { caught_up: Instant::now(), line: reading.cursor.last(), suspect: false }
    }

    /// Bytes came that had been waited for since `asked`; whether the reader has caught up.
    pub(super) fn came(&mut self, reading: &Reading, asked: Instant) -> bool {
        let caught_up = asked.elapsed() > WAITED;
        if caught_up {
            (self.caught_up, self.line) = (Instant::now(), reading.cursor.last());
        }
        caught_up
    }
}

impl<A: Api, S: Sink> Follower<'_, A, S> {
    /// Where the reader has been behind for long enough: whether the log was rotated meanwhile. Then lines may be missing from here on.
    pub(super) async fn check_pace(&mut self, reading: &mut Reading, pace: &mut Pace) {
        let Some(line) = pace.line.filter(|_| !pace.suspect && pace.caught_up.elapsed() > ROTATES) else { return };
        let read = self.read(false, false, From::Start);
        match self.beginning(&read).await {
            Ok(Beginning::Line(first)) if first.time() > line => {
                pace.suspect = true;
                reading.doubt = reading.cursor.last();
            }
            // The file that is read is still the present one.
            Ok(Beginning::Line(_)) => (pace.caught_up, pace.line) = (Instant::now(), reading.cursor.last()),
            // It is asked again with the next bytes.
            Ok(Beginning::Empty | Beginning::Unclear) | Err(_) => {}
        }
    }

    /// Says that lines may be missing, where no gap has shown itself since.
    pub(super) async fn tell_doubt(&mut self, reading: &mut Reading) -> Result<(), Closed> {
        let Some(after) = reading.doubt.take() else { return Ok(()) };
        reading.tally.gaps += 1;
        let why = "the log was rotated while its lines were not taken: some may be missing";
        let gap = Gap { after: Some(after), before: reading.cursor.last(), why };
        self.shared.sink.send(Event::Gap(reading.attempt.clone(), gap)).await
    }

    /// Whether a silent stream misses lines: the log's last record is none that was handed on.
    pub(super) async fn probe(&mut self, reading: &mut Reading) -> bool {
        let read = self.read(false, false, From::Tail(1));
        match timeout(ANSWER / 3, self.last_mark(&read)).await {
            Ok(Ok(Some(mark))) if reading.cursor.is_out_of_reach(mark) => {
                reading.cursor.ask_for_all();
                true
            }
            Ok(Ok(Some(mark))) => {
                let behind = reading.cursor.highest().is_none_or(|highest| mark.time() > highest);
                behind && !reading.cursor.knows(mark)
            }
            // Nobody answers at all: then the stream is no better.
            Err(_) => true,
            _ => false,
        }
    }

    /// Whether the log's last line lies before all that an answer is asked for, because the clock was set back: then the next is asked for all
    /// of it.
    pub(super) async fn was_set_back(&mut self, reading: &mut Reading, previous: bool) -> bool {
        let read = self.read(false, previous, From::Tail(1));
        let last = within(self.last_mark(&read)).await;
        let back = matches!(last, Ok(Some(mark)) if reading.cursor.is_out_of_reach(mark));
        if back {
            reading.cursor.ask_for_all();
        }
        back
    }
}

#[cfg(test)]
mod tests;

//! The thread that writes: a reader that does not read holds back the streams, and never the program.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use workload_core::logs::event::{Closed, Event, Sink};
use workload_core::logs::report::{Reporter, Style, Summary};

/// How many bytes may be on their way to the thread.
const ROOM: usize = 8 * 1024 * 1024;
/// So much is written at once.
const BLOCK: usize = 64 * 1024;
/// Where lines keep coming in smaller pieces, they are gathered for so long.
const GATHER: Duration = Duration::from_millis(2);

enum Message {
    Event(u32, Event),
    Finish { follow: bool, cut_short: Option<String> },
}

/// The way to the thread.
pub(super) struct Channel {
    send: mpsc::UnboundedSender<Message>,
    room: Arc<Semaphore>,
}

/// What the thread came to.
pub(super) struct Written {
    pub(super) summary: Summary,
    /// Why writing failed.
    pub(super) error: Option<io::Error>,
}

impl Sink for Channel {
    async fn send(&self, event: Event) -> Result<(), Closed> {
        let bytes = match &event {
            Event::Lines(batch) => batch.weight(),
            _ => 256,
        };
        let cost = u32::try_from(bytes.clamp(1, ROOM)).unwrap_or(1);
        self.room.acquire_many(cost).await.map_err(|_| Closed)?.forget();
        self.send.send(Message::Event(cost, event)).map_err(|_| Closed)
    }
}

impl Channel {
    /// Starts the thread. What it came to is received once it has written everything.
    pub(super) fn start(
        style: Style,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
    ) -> io::Result<(Self, tokio::sync::oneshot::Receiver<Written>)> {
        let (send, receive) = mpsc::unbounded_channel();
        let (done, written) = tokio::sync::oneshot::channel();
        let room = Arc::new(Semaphore::new(ROOM));
        let thread_room = room.clone();
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            drop(done.send(write(Reporter::new(style), receive, &thread_room, out, err)));
            thread_room.close();
        })?;
        Ok((Self { send, room }, written))
    }

    /// Nothing more comes: the summary is written.
    pub(super) fn finish(&self, follow: bool, cut_short: Option<String>) {
        drop(self.send.send(Message::Finish { follow, cut_short }));
    }
}

fn write(
    mut reporter: Reporter,
    mut receive: mpsc::UnboundedReceiver<Message>,
    room: &Semaphore,
    mut out: Box<dyn Write + Send>,
    mut err: Box<dyn Write + Send>,
) -> Written {
    let (mut error, mut gathered) = (None, None::<Instant>);
    'all: while let Some(message) = receive.blocking_recv() {
        if let Some(left) = gathered.and_then(|since| GATHER.checked_sub(since.elapsed())) {
            std::thread::sleep(left);
        }
        let mut message = Some(message);
        while let Some(this) = message {
            let (ended, cost) = match this {
                Message::Event(cost, event) => {
                    reporter.event(&event);
                    (false, cost)
                }
                Message::Finish { follow, cut_short } => {
                    reporter.finish(follow, cut_short.as_deref());
                    (true, 0)
                }
            };
            room.add_permits(cost as usize);
            if !ended && reporter.out.len() < BLOCK && reporter.err.is_empty() {
                message = receive.try_recv().ok();
                if message.is_some() {
                    continue;
                }
            }
            gathered = (reporter.out.len() < BLOCK).then(Instant::now);
            let written = out.write_all(&reporter.out).and_then(|()| out.flush());
            reporter.out.clear();
            // Nobody reads the sentences: the lines still matter.
            drop(err.write_all(&reporter.err).and_then(|()| err.flush()));
            reporter.err.clear();
            if let Err(why) = written {
                error = Some(why);
                break 'all;
            }
            if ended {
                break 'all;
            }
            message = receive.try_recv().ok();
        }
    }
    Written { summary: reporter.summary, error }
}

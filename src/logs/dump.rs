//! Logs out of a dump: files in the place of a server. What stands in them is handed on; whether it is all nobody can say.

use std::io::Read as _;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::Finished;
use super::api::From;
use super::attempts::{Reach, reach};
use super::event::{Attempt, Closed, DUMPED, End, Event, Sink};
use super::intake::{Found, Intake, Reading, unended};
use super::lines::{Block, Lines, Part};
use super::merge::Merge;
use super::plan::{Attempts, Order, Plan};
use super::resume::{Cursor, Mark};
use crate::facts::{AttemptEnd, RunState, Text};
use crate::gather::files::logs::DumpedLog;

/// So much of a file is read at once.
const CHUNK: usize = 64 * 1024;
/// kubectl's words in the place of a log that it could not have (`clusterinfo_dump.go`).
const KUBECTLS: [&[u8]; 2] = [b"Request log error: ", b"Create log request error: "];

/// Hands on what the plan says, out of these logs.
pub async fn run<S: Sink>(logs: &[DumpedLog], plan: &Plan, sink: &S) -> Finished {
    let mut chosen: Vec<(Arc<Attempt>, &DumpedLog)> = Vec::new();
    let mut containers: Vec<Text> = Vec::new();
    for log in logs.iter().filter(|log| plan.selection.takes(&log.pod)) {
        containers.push(log.container.clone());
        let twice = plan.attempts == Attempts::All && log.previous && is_also_current(log, logs);
        if wanted(log, plan) && !twice {
            let (id, number) = attempt(log);
            chosen.push((plan.selection.attempt(&log.pod, &log.container, &id, number), log));
        }
    }
    if chosen.is_empty() {
        containers.sort();
        containers.dedup();
        return Finished::Nothing { containers };
    }
    chosen.sort_by_cached_key(|(attempt, log)| {
        let pod = (attempt.ordinal.or(attempt.index), log.pod.meta.created(), log.pod.meta.name.clone());
        (pod, attempt.place, attempt.number)
    });
    let handed_on = match plan.order {
        Order::Time if chosen.len() > 1 && chosen.iter().all(|(_, log)| log.timed) => {
            by_time(&chosen, plan, sink).await
        }
        _ => one_by_one(&chosen, plan, sink).await,
    };
    handed_on.map_or(Finished::Closed, |()| Finished::Done(None))
}

/// Whether the plan means this log.
pub fn wanted(log: &DumpedLog, plan: &Plan) -> bool {
    let attempt = match plan.attempts {
        Attempts::Present => !log.previous,
        Attempts::Previous => log.previous,
        Attempts::All => true,
    };
    let container = log.pod.container(&log.container);
    attempt && plan.selection.takes(&log.pod) && container.is_some_and(|it| plan.selection.takes_container(it))
}

/// Which attempt it is, by the pod's status: its container's ID, and its number.
fn attempt(log: &DumpedLog) -> (Text, u32) {
    let Some(container) = log.pod.container(&log.container) else { return (Text::default(), 0) };
    let last = || container.last.as_ref().map(|last| last.id.clone()).unwrap_or_default();
    if log.previous {
        let runs = matches!(container.state, RunState::Running { .. });
        return (last(), container.restarts.saturating_sub(u32::from(runs)));
    }
    let id = match &container.state {
        RunState::Running { id, .. } => id.clone(),
        RunState::Ended(ended) => ended.id.clone(),
        RunState::Waiting { .. } | RunState::Unknown => last(),
    };
    (id, container.restarts)
}

/// Between two attempts the kubelet gives one log under both names.
fn is_also_current(previous: &DumpedLog, logs: &[DumpedLog]) -> bool {
    let same = |log: &&DumpedLog| {
        !log.previous && log.container == previous.container && log.pod.meta.uid == previous.pod.meta.uid
    };
    let Some(current) = logs.iter().find(same) else { return false };
    let first = first_line(previous);
    first.is_some() && first == first_line(current)
}

fn first_line(log: &DumpedLog) -> Option<Mark> {
    let (mut source, mut lines) = (log.open().ok()?, Lines::default());
    loop {
        source.by_ref().take(CHUNK as u64).read_to_end(lines.room()).ok().filter(|count| *count > 0)?;
        if let Some(block) = lines.take() {
            let line = block.lines.first()?;
            return Some(Mark::of(line.time?, block.text(line)));
        }
    }
}

async fn one_by_one<S: Sink>(logs: &[(Arc<Attempt>, &DumpedLog)], plan: &Plan, sink: &S) -> Result<(), Closed> {
    for (attempt, log) in logs {
        hand_on(attempt, log, plan, sink).await?;
    }
    Ok(())
}

/// The attempts of a container follow each other; containers are merged.
async fn by_time<S: Sink>(logs: &[(Arc<Attempt>, &DumpedLog)], plan: &Plan, sink: &S) -> Result<(), Closed> {
    let of_one = |a: &(Arc<Attempt>, &DumpedLog), b: &(Arc<Attempt>, &DumpedLog)| {
        a.0.uid == b.0.uid && a.0.container == b.0.container
    };
    let groups: Vec<_> = logs.chunk_by(of_one).collect();
    let merge = Merge::new(sink, groups.len(), groups.len());
    let entrances: Vec<_> = (0..groups.len()).map(|number| merge.entrance(number)).collect();
    let mut readers: FuturesUnordered<_> = groups
        .iter()
        .zip(&entrances)
        .map(|(group, entrance)| async move {
            let read = one_by_one(group, plan, entrance).await;
            entrance.close();
            read
        })
        .collect();
    let merging = async { merge.run().await };
    let reading = async {
        while let Some(read) = readers.next().await {
            read?;
        }
        Ok(())
    };
    futures_util::try_join!(merging, reading).map(drop)
}

/// One attempt's log, whole.
async fn hand_on<S: Sink>(attempt: &Arc<Attempt>, log: &DumpedLog, plan: &Plan, sink: &S) -> Result<(), Closed> {
    sink.send(Event::Start(attempt.clone())).await?;
    let mut reading = Reading::new(attempt.clone(), Cursor::default(), plan.limits);
    let read = match (log.timed, plan.from) {
        (true, from) => timed(log, from, &mut reading, sink).await?,
        (false, from) => plain(log, from, &mut reading, sink).await?,
    };
    let unverified = Some(read.err().unwrap_or_else(|| DUMPED.to_owned()));
    let ended = ended(log, &attempt.id);
    let end = End { attempt: attempt.clone(), tally: reading.tally, unverified, refused: false, ended };
    sink.send(Event::End(end)).await
}

fn ended(log: &DumpedLog, id: &str) -> Option<AttemptEnd> {
    match reach(log.pod.container(&log.container)?, id) {
        Reach::Current(ended) | Reach::Previous(ended) => Some(ended),
        Reach::Running | Reach::Lost => None,
    }
}

/// What went wrong with the files, not with the output.
type ReadSoFar = Result<Result<(), String>, Closed>;

/// A log as the kubelet gave it, each line with its time.
async fn timed<S: Sink>(log: &DumpedLog, from: From, reading: &mut Reading, sink: &S) -> ReadSoFar {
    let mut skip = match from {
        From::Tail(count) => match lines_of(log) {
            Ok(lines) => lines.saturating_sub(count),
            Err(why) => return Ok(Err(why)),
        },
        _ => 0,
    };
    let mut source = match log.open() {
        Ok(source) => source,
        Err(why) => return Ok(Err(why)),
    };
    let (mut intake, mut chunk) = (Intake::new(reading, None), vec![0; CHUNK]);
    while !reading.enough {
        let count = match source.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let mut bytes = &chunk[..count];
        while skip > 0
            && let Some(end) = memchr::memchr(b'\n', bytes)
        {
            bytes = &bytes[end + 1..];
            skip -= 1;
        }
        if skip > 0 {
            continue;
        }
        intake.room().extend_from_slice(bytes);
        let (block, found) = match intake.take(reading) {
            Ok(block) => (block, None),
            Err((block, found)) => (block, Some(found)),
        };
        if let Some(block) = block {
            sink.send(Event::lines(&reading.attempt, block)).await?;
        }
        if let Some(Found::Text(text)) = found {
            return Ok(Err(text.trim_end().to_owned()));
        }
    }
    let (text, torn) = intake.finish(reading);
    if let Some((time, text)) = torn.filter(|_| !reading.enough) {
        let block = unended(reading, time, &text);
        sink.send(Event::lines(&reading.attempt, block)).await?;
    }
    Ok(text.map_or(Ok(()), |text| Err(text.trim_end().to_owned())))
}

/// How many lines there are, the last one without an end included.
fn lines_of(log: &DumpedLog) -> Result<u64, String> {
    let (mut source, mut chunk) = (log.open()?, vec![0; CHUNK]);
    let (mut count, mut open) = (0, false);
    loop {
        let read = source.read(&mut chunk).map_err(|error| error.to_string())?;
        let Some(last) = chunk[..read].last() else { return Ok(count + u64::from(open)) };
        open = *last != b'\n';
        count += memchr::memchr_iter(b'\n', &chunk[..read]).count() as u64;
    }
}

/// A log whose lines have no times.
async fn plain<S: Sink>(log: &DumpedLog, from: From, reading: &mut Reading, sink: &S) -> ReadSoFar {
    let mut bytes = Vec::new();
    let read = log.open().and_then(|mut source| source.read_to_end(&mut bytes).map_err(|error| error.to_string()));
    if let Err(why) = read {
        return Ok(Err(why));
    }
    let one_line = memchr::memchr(b'\n', &bytes).is_none_or(|end| end + 1 == bytes.len());
    if one_line && KUBECTLS.iter().any(|words| bytes.starts_with(words)) {
        return Ok(Err(format!("kubectl wrote: {}", String::from_utf8_lossy(&bytes).trim_end())));
    }
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    if let From::Tail(count) = from {
        lines.drain(..lines.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX)));
    }
    let mut left = reading.limits.bytes.unwrap_or(u64::MAX);
    for some in lines.chunks(1000) {
        let mut block = Block::default();
        for line in some {
            let (text, part) = match line.strip_suffix(b"\n") {
                Some(text) => (text, Part::Whole),
                None => (*line, Part::Unended),
            };
            if left == 0 {
                break;
            }
            let (text, part) = match usize::try_from(left) {
                Ok(left) if left < text.len() => (&text[..left], Part::Unended),
                _ => (text, part),
            };
            left -= text.len() as u64;
            reading.tally.lines += 1;
            reading.tally.bytes += text.len() as u64;
            block.push(None, text, part);
        }
        sink.send(Event::lines(&reading.attempt, block)).await?;
    }
    Ok(Ok(()))
}

//! Attempts of a container: which of them can be read, at which address, and which is next.
//!
//! The log endpoint knows two: the present one, and with `previous` the one before. Which attempt either of them is follows from the
//! container's status alone (kubelet, `validateContainerLogStatus`): while one runs, `previous` is the one before it; between two, both
//! are the one that ended; and when an attempt has ended, the one before it is already removed from the node.

use std::ops::Range;

use jiff::Timestamp;

use crate::facts::{AttemptEnd, ContainerRun, RunState, Text};

/// Where an attempt's log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It runs: it can be followed.
    Running,
    /// It has ended, and nothing has been started in its place.
    Current(AttemptEnd),
    /// It has ended and its successor runs: `previous` reads it.
    Previous(AttemptEnd),
    /// No request reads it any more.
    Lost,
}

/// Where the log of the attempt with this container ID is.
pub fn reach(container: &ContainerRun, id: &str) -> Reach {
    let last = container.last.as_ref().filter(|last| *last.id == *id);
    match (&container.state, last) {
        (RunState::Running { id: running, .. }, _) if **running == *id => Reach::Running,
        (RunState::Ended(ended), _) if *ended.id == *id => Reach::Current(ended.clone()),
        (RunState::Running { .. }, Some(last)) => Reach::Previous(last.clone()),
        (RunState::Waiting { .. } | RunState::Unknown, Some(last)) => Reach::Current(last.clone()),
        _ => Reach::Lost,
    }
}

/// When the attempt with this container ID was started, as far as the status tells.
pub fn started(container: &ContainerRun, id: &str) -> Option<Timestamp> {
    let last = container.last.as_ref().filter(|last| *last.id == *id);
    match &container.state {
        RunState::Running { id: running, started } if **running == *id => *started,
        RunState::Ended(ended) if *ended.id == *id => ended.started,
        _ => last.and_then(|last| last.started),
    }
}

/// When the attempts that the status names were started, but for the one with this container ID; empty where one is not known.
pub fn others_started(container: &ContainerRun, id: &str) -> Vec<Timestamp> {
    let running = match &container.state {
        RunState::Running { id: running, started } => Some((running, *started)),
        RunState::Ended(ended) => Some((&ended.id, ended.started)),
        RunState::Waiting { .. } | RunState::Unknown => None,
    };
    let last = container.last.as_ref().map(|last| (&last.id, last.started));
    let others = running.into_iter().chain(last).filter(|(other, _)| ***other != *id);
    others.map(|(_, started)| started).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Attempts that have been dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Their container IDs: a status that is older than what was seen may come late.
    pub ids: Vec<Text>,
    /// The number of the last one.
    pub number: u32,
}

impl Done {
    /// One more.
    pub fn push(&mut self, id: Text, number: u32) {
        self.ids.push(id);
        self.number = number;
    }

    fn has(&self, id: &str) -> bool {
        self.ids.iter().any(|done| **done == *id)
    }
}

/// The attempt to read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Its container ID.
    pub id: Text,
    /// Its number, counted from 0.
    pub number: u32,
    /// Where it is.
    pub reach: Reach,
    /// Attempts before it that can't be read any more.
    pub missed: Range<u32>,
}

/// What is to be read after `done`; without it, what is to be read first: with `earlier` from the oldest attempt that is kept.
pub fn next(container: &ContainerRun, done: Option<&Done>, earlier: bool) -> Option<Next> {
    let named = |ended: &AttemptEnd| (!ended.id.is_empty()).then(|| ended.clone());
    let last = container.last.as_ref().and_then(named);
    let (id, reach) = match &container.state {
        RunState::Running { id, .. } if !id.is_empty() => (id.clone(), Reach::Running),
        RunState::Ended(ended) if !ended.id.is_empty() => (ended.id.clone(), Reach::Current(ended.clone())),
        RunState::Waiting { .. } | RunState::Unknown => {
            let last = last.clone()?;
            (last.id.clone(), Reach::Current(last))
        }
        _ => return None,
    };
    let number = container.restarts;
    if done.is_some_and(|done| done.has(&id)) {
        return None;
    }
    let first = done.map_or(if earlier { 0 } else { number }, |done| done.number + 1);
    // While an attempt runs, the one before it can still be read.
    if let (Reach::Running, Some(last)) = (&reach, last)
        && number > first
        && last.id != id
        && done.is_none_or(|done| !done.has(&last.id))
    {
        let before = number - 1;
        return Some(Next { id: last.id.clone(), number: before, reach: Reach::Previous(last), missed: first..before });
    }
    Some(Next { id, number, reach, missed: first.min(number)..number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Role;

    fn ended(id: &str) -> AttemptEnd {
        AttemptEnd { id: id.into(), exit_code: 1, signal: 0, reason: "Error".into(), started: None, finished: None }
    }

    fn container(restarts: u32, state: RunState, last: Option<&str>) -> ContainerRun {
        ContainerRun { name: "main".into(), role: Role::Main, restarts, state, last: last.map(ended) }
    }

    fn running(id: &str) -> RunState {
        RunState::Running { id: id.into(), started: None }
    }

    fn waiting() -> RunState {
        RunState::Waiting { reason: "CrashLoopBackOff".into(), message: "".into() }
    }

    fn done(id: &str, number: u32) -> Done {
        Done { ids: vec![id.into()], number }
    }

    /// `number@where, missed`
    fn shown(next: Option<Next>) -> String {
        let Some(next) = next else { return "nothing".to_owned() };
        let place = match next.reach {
            Reach::Running => "running",
            Reach::Current(_) => "current",
            Reach::Previous(_) => "previous",
            Reach::Lost => "lost",
        };
        let missed = if next.missed.is_empty() { String::new() } else { format!(", missed {:?}", next.missed) };
        format!("{} {}@{place}{missed}", next.id, next.number)
    }

    #[test]
    fn an_attempt_is_where_the_status_says() {
        assert_eq!(reach(&container(0, running("a"), None), "a"), Reach::Running);
        assert_eq!(reach(&container(0, RunState::Ended(ended("a")), None), "a"), Reach::Current(ended("a")));
        assert_eq!(reach(&container(1, running("b"), Some("a")), "a"), Reach::Previous(ended("a")));
        assert_eq!(reach(&container(1, waiting(), Some("a")), "a"), Reach::Current(ended("a")), "previous == current");
        let crashed_again = container(1, RunState::Ended(ended("b")), Some("a"));
        assert_eq!(reach(&crashed_again, "a"), Reach::Lost, "removed when its successor ended");
        assert_eq!(reach(&container(3, running("d"), Some("c")), "a"), Reach::Lost);
    }

    #[test]
    fn a_status_tells_when_its_attempts_were_started() {
        let at = |second: i64| Some(Timestamp::from_second(second).unwrap());
        let before = AttemptEnd { started: at(1), ..ended("a") };
        let container = ContainerRun {
            last: Some(before),
            ..container(1, RunState::Running { id: "b".into(), started: at(5) }, None)
        };
        assert_eq!(
            (started(&container, "a"), started(&container, "b"), started(&container, "c")),
            (at(1), at(5), None)
        );
        assert_eq!(others_started(&container, "a"), [at(5).unwrap()]);
        assert_eq!(others_started(&container, "c"), [at(5).unwrap(), at(1).unwrap()]);
        let untold = ContainerRun { state: running("b"), ..container };
        assert_eq!(others_started(&untold, "c"), [], "one is not known: nothing can be said of all");
    }

    #[test]
    fn at_the_start_the_oldest_kept_attempt_comes_first_where_all_are_wanted() {
        let restarted = container(3, running("d"), Some("c"));
        assert_eq!(shown(next(&restarted, None, true)), "c 2@previous, missed 0..2");
        assert_eq!(shown(next(&restarted, None, false)), "d 3@running");
        assert_eq!(shown(next(&container(2, waiting(), Some("c")), None, true)), "c 2@current, missed 0..2");
        assert_eq!(shown(next(&container(0, RunState::Unknown, None), None, true)), "nothing");
    }

    #[test]
    fn after_an_attempt_comes_the_next_one_and_what_fell_between_is_named() {
        let after = |number: u32, state, last| shown(next(&container(number, state, last), Some(&done("a", 0)), true));
        assert_eq!(after(0, running("a"), None), "nothing");
        assert_eq!(after(0, RunState::Ended(ended("a")), None), "nothing");
        assert_eq!(after(0, waiting(), Some("a")), "nothing");
        assert_eq!(after(1, running("b"), Some("a")), "b 1@running");
        assert_eq!(after(1, RunState::Ended(ended("b")), Some("a")), "b 1@current");
        assert_eq!(after(2, running("c"), Some("b")), "b 1@previous");
        assert_eq!(after(5, running("f"), Some("e")), "e 4@previous, missed 1..4");
        assert_eq!(after(5, waiting(), Some("f")), "f 5@current, missed 1..5");
    }
}

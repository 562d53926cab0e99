//! What one server says about one name: its answers for both address families as one.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::question::{Outcome, Rcode, Reply, Soa};

/// What one server says about one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What came back.
    pub state: State,
    /// All addresses, of both families.
    pub addresses: BTreeSet<IpAddr>,
    /// The shortest lifetime of the addresses, in seconds.
    pub ttl: Option<u32>,
    /// The start of authority of an answer without addresses.
    pub soa: Option<Soa>,
    /// The slower of both answers, in microseconds.
    pub took: Option<u64>,
}

/// What came back for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// An answer: of both families the one that tells more.
    Answered(Rcode),
    /// No answer in time, twice.
    TimedOut,
    /// The way to the server ended.
    Lost,
}

impl Seen {
    /// Both answers as one.
    pub fn of(v4: &Outcome, v6: &Outcome) -> Self {
        let replies: Vec<(&Reply, u64)> = [v4, v6]
            .into_iter()
            .filter_map(|outcome| match outcome {
                Outcome::Answered(reply, took) => Some((reply, *took)),
                _ => None,
            })
            .collect();
        let state = match (v4, v6) {
            (Outcome::Answered(one, _), Outcome::Answered(other, _)) => State::Answered(graver(one.rcode, other.rcode)),
            (Outcome::TimedOut, _) | (_, Outcome::TimedOut) => State::TimedOut,
            _ => State::Lost,
        };
        Self {
            state,
            addresses: replies.iter().flat_map(|(reply, _)| reply.addresses.iter().copied()).collect(),
            ttl: replies
                .iter()
                .filter(|(reply, _)| !reply.addresses.is_empty())
                .filter_map(|(reply, _)| reply.ttl)
                .min(),
            // Of two negative answers the one that will be remembered longer.
            soa: replies
                .iter()
                .filter(|(reply, _)| reply.addresses.is_empty())
                .filter_map(|(reply, _)| reply.soa)
                .max_by_key(|soa| (soa.ttl, std::cmp::Reverse(soa.serial))),
            // A look-up inside a pod is not timed.
            took: replies.iter().map(|(_, took)| *took).max().filter(|took| *took > 0),
        }
    }

    /// Whether it is an answer that says what the server knows.
    pub fn answered(&self) -> bool {
        matches!(self.state, State::Answered(Rcode::NoError | Rcode::NxDomain))
    }

    /// What a table shows: the addresses, or what came instead of them.
    pub fn word(&self) -> String {
        match self.state {
            State::TimedOut => "timeout".to_owned(),
            State::Lost => "no answer".to_owned(),
            State::Answered(Rcode::NoError) if self.addresses.is_empty() => "NODATA".to_owned(),
            State::Answered(rcode) if self.addresses.is_empty() => rcode.word(),
            State::Answered(_) => shown(&self.addresses),
        }
    }
}

/// Addresses in one cell: all of them while they are few.
pub fn shown(addresses: &BTreeSet<IpAddr>) -> String {
    let few: Vec<String> = addresses.iter().take(3).map(ToString::to_string).collect();
    match addresses.len() {
        0 => "<none>".to_owned(),
        1..=3 => few.join(","),
        more => format!("{},+{}", few.join(","), more - 3),
    }
}

/// A failure outweighs an answer; that the name exists outweighs that it does not.
fn graver(one: Rcode, other: Rcode) -> Rcode {
    let weight = |rcode| match rcode {
        Rcode::NxDomain => 0,
        Rcode::NoError => 1,
        Rcode::Other(_) => 2,
        Rcode::Refused => 3,
        Rcode::ServFail => 4,
    };
    if weight(one) >= weight(other) { one } else { other }
}

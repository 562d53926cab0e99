//! What is asked of a DNS server, and what is kept of its answer.

use std::net::IpAddr;

/// A question: an absolute name and a record type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Question {
    /// The name, with its last dot: no search list ever applies to it.
    pub name: String,
    /// What is asked for.
    pub record: RecordKind,
}

impl Question {
    /// A question about a name, which gets its last dot if it has none.
    pub fn new(name: impl Into<String>, record: RecordKind) -> Self {
        let mut name = name.into();
        if !name.ends_with('.') {
            name.push('.');
        }
        Self { name, record }
    }
}

/// The record types that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Hosts and ports of a service.
    Srv,
    /// The name of an address.
    Ptr,
}

/// How a server answered, as far as names are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rcode {
    /// The name exists, with or without records of the type.
    NoError,
    /// The name does not exist.
    NxDomain,
    /// The server failed.
    ServFail,
    /// The server does not answer the one who asks.
    Refused,
    /// Any other code.
    Other(u16),
}

impl Rcode {
    /// As `dig` writes it.
    pub fn word(self) -> String {
        match self {
            Self::NoError => "NOERROR".to_owned(),
            Self::NxDomain => "NXDOMAIN".to_owned(),
            Self::ServFail => "SERVFAIL".to_owned(),
            Self::Refused => "REFUSED".to_owned(),
            Self::Other(code) => format!("RCODE{code}"),
        }
    }
}

/// What an answer's start-of-authority record tells. CoreDNS' serial is the Unix second of the last change that it has seen
/// (coredns `plugin/kubernetes`, `Serial`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soa {
    /// The zone's serial.
    pub serial: u32,
    /// How long a negative answer may be remembered, in seconds (RFC 2308).
    pub minimum: u32,
    /// How long this very record may still be remembered: less than `minimum` when the answer comes out of a cache.
    pub ttl: u32,
}

/// What is kept of an answer. A message of its own would be a hundred times as large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The response code.
    pub rcode: Rcode,
    /// Whether the server left something out.
    pub truncated: bool,
    /// Addresses, in the answer's order.
    pub addresses: Vec<IpAddr>,
    /// Targets and ports of SRV records; names of PTR records, with port 0.
    pub targets: Vec<(String, u16)>,
    /// Where an alias leads.
    pub alias: Option<String>,
    /// The shortest lifetime among the answer's records, in seconds.
    pub ttl: Option<u32>,
    /// The start of authority, which negative answers carry.
    pub soa: Option<Soa>,
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, so many microseconds after it was sent.
    Answered(Reply, u64),
    /// It was sent twice and not answered within two seconds each time.
    TimedOut,
    /// It was not answered because the way to the server ended.
    Lost,
}

impl Outcome {
    /// The answer, if there is one.
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Answered(reply, _) => Some(reply),
            _ => None,
        }
    }
}

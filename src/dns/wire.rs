//! DNS messages over a stream: each after its length in two bytes (RFC 1035 section 4.2.2). No I/O here.

use std::net::IpAddr;

use bytes::{Buf, Bytes, BytesMut};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::question::{Question, Rcode, RecordKind, Reply, Soa};

impl RecordKind {
    pub(super) fn wire(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Srv => RecordType::SRV,
            Self::Ptr => RecordType::PTR,
        }
    }
}

/// A question ready to be sent, its length before it; `None` where the name is none that DNS can hold.
pub fn encode(id: u16, question: &Question) -> Option<Vec<u8>> {
    // The parser wants the last dot, or the name would never equal the one that the server repeats.
    let name = Name::from_ascii(&question.name).ok().filter(Name::is_fqdn)?;
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, question.record.wire()));
    let body = message.to_vec().ok()?;
    let length = u16::try_from(body.len()).ok()?;
    Some([&length.to_be_bytes()[..], &body].concat())
}

/// Takes the first whole message out of what has been received, leaving the rest.
pub fn next_frame(received: &mut BytesMut) -> Option<Bytes> {
    let length = usize::from(u16::from_be_bytes([*received.first()?, *received.get(1)?]));
    if received.len() < 2 + length {
        return None;
    }
    received.advance(2);
    Some(received.split_to(length).freeze())
}

/// Reads an answer: its id, the question that it repeats, and what is kept of it. `None` for anything else than a well-formed
/// answer to exactly one question, which a client must drop (RFC 5452 section 9.1).
pub fn decode(frame: &[u8]) -> Option<(u16, Question, Reply)> {
    let message = Message::from_vec(frame).ok()?;
    let [query] = &message.queries[..] else { return None };
    if message.metadata.message_type != MessageType::Response {
        return None;
    }
    let record = match query.query_type {
        RecordType::A => RecordKind::A,
        RecordType::AAAA => RecordKind::Aaaa,
        RecordType::SRV => RecordKind::Srv,
        RecordType::PTR => RecordKind::Ptr,
        _ => return None,
    };
    let question = Question { name: query.name.to_ascii(), record };
    let mut reply = Reply { truncated: message.metadata.truncation, ..empty(message.metadata.response_code) };
    take_answers(&mut reply, &query.name, &message.answers);
    reply.soa = message.authorities.iter().find_map(authority);
    Some((message.metadata.id, question, reply))
}

/// An answer without records.
pub(super) fn empty(code: ResponseCode) -> Reply {
    Reply {
        rcode: rcode(code),
        truncated: false,
        addresses: Vec::new(),
        targets: Vec::new(),
        alias: None,
        ttl: None,
        soa: None,
    }
}

/// Keeps of the records what answers the question.
pub(super) fn take_answers(reply: &mut Reply, asked: &Name, answers: &[Record]) {
    // Only what the chain of aliases leads to is an answer to the question.
    let mut owner = asked.clone();
    for answer in answers {
        if answer.name != owner {
            continue;
        }
        match &answer.data {
            RData::A(address) => reply.addresses.push(IpAddr::V4(address.0)),
            RData::AAAA(address) => reply.addresses.push(IpAddr::V6(address.0)),
            RData::SRV(srv) => reply.targets.push((srv.target.to_ascii(), srv.port)),
            RData::PTR(name) => reply.targets.push((name.0.to_ascii(), 0)),
            RData::CNAME(name) => {
                owner = name.0.clone();
                reply.alias = Some(owner.to_ascii());
            }
            _ => continue,
        }
        reply.ttl = Some(reply.ttl.map_or(answer.ttl, |ttl| ttl.min(answer.ttl)));
    }
}

/// The start of authority, if the record is one.
fn authority(record: &Record) -> Option<Soa> {
    match &record.data {
        RData::SOA(soa) => Some(Soa { serial: soa.serial, minimum: soa.minimum, ttl: record.ttl }),
        _ => None,
    }
}

/// Whether an answer repeats the question that was asked: names compare without regard to case (RFC 4343).
pub fn same(asked: &Question, repeated: &Question) -> bool {
    asked.record == repeated.record && asked.name.eq_ignore_ascii_case(&repeated.name)
}

fn rcode(code: ResponseCode) -> Rcode {
    match code {
        ResponseCode::NoError => Rcode::NoError,
        ResponseCode::NXDomain => Rcode::NxDomain,
        ResponseCode::ServFail => Rcode::ServFail,
        ResponseCode::Refused => Rcode::Refused,
        other => Rcode::Other(other.into()),
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

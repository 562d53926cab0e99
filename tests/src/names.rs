//! A DNS server behind a port-forward: a table of names, and what goes wrong with it on purpose.

use std::collections::HashMap;
use std::net::IpAddr;

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, PTR, SOA, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// What a DNS replica answers. Names that it does not hold do not exist.
#[derive(Debug, Clone, Default)]
pub struct Names {
    records: HashMap<String, Vec<RData>>,
    serial: u32,
    ttl: u32,
    silent: bool,
    closes_after: Option<usize>,
    refused: Option<String>,
    rcode: Option<u16>,
    garbage: bool,
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).expect("a name")
}

impl Names {
    /// A server of `cluster.local` that has just seen its last change, and knows its own Service's address 10.96.0.10.
    pub fn new() -> Self {
        let serial = u32::try_from(jiff::Timestamp::now().as_second()).expect("before 2106");
        let empty = Self { serial, ttl: 30, ..Self::default() };
        empty.zone("cluster.local")
    }

    /// Another domain.
    pub fn zone(mut self, zone: &str) -> Self {
        let target = RData::PTR(PTR(name(&format!("kube-dns.kube-system.svc.{zone}"))));
        self.records.insert("10.0.96.10.in-addr.arpa".into(), vec![target]);
        self
    }

    /// An address, of either family.
    pub fn address(mut self, host: &str, address: &str) -> Self {
        let data = match address.parse().expect("an address") {
            IpAddr::V4(v4) => RData::A(A(v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
        };
        self.records.entry(host.to_ascii_lowercase()).or_default().push(data);
        self
    }

    /// A named port of a Service.
    pub fn port(mut self, label: &str, target: &str, port: u16) -> Self {
        let data = RData::SRV(SRV::new(0, 100, port, name(target)));
        self.records.entry(label.to_ascii_lowercase()).or_default().push(data);
        self
    }

    /// The Unix second of the last change that it has seen.
    pub fn serial(mut self, seconds: i64) -> Self {
        self.serial = u32::try_from(seconds).expect("before 2106");
        self
    }

    /// Takes questions and never answers, as a frozen process.
    pub fn silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Ends each stream after so many answers.
    pub fn closes_after(mut self, answers: usize) -> Self {
        self.closes_after = Some(answers);
        self
    }

    /// Nothing listens: the stream ends at once, and the error channel says why.
    pub fn refused(mut self, why: &str) -> Self {
        self.refused = Some(why.into());
        self
    }

    /// Answers every question with this response code.
    pub fn rcode(mut self, code: u16) -> Self {
        self.rcode = Some(code);
        self
    }

    /// Sends, before each answer, messages that answer nothing: noise, a wrong id, another question.
    pub fn garbage(mut self) -> Self {
        self.garbage = true;
        self
    }

    pub(crate) fn why_refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    pub(crate) fn ends_after(&self) -> Option<usize> {
        self.closes_after
    }

    /// The bytes that come back for a question, each message after its length.
    pub(crate) fn answer(&self, question: &[u8]) -> Vec<u8> {
        let Ok(asked) = Message::from_vec(question) else { return Vec::new() };
        if self.silent {
            return Vec::new();
        }
        let answer = self.reply(&asked);
        let mut bytes = Vec::new();
        if self.garbage {
            let mut stranger = answer.clone();
            stranger.metadata.id = asked.metadata.id.wrapping_add(20_000);
            let mut other = answer.clone();
            other.queries = vec![Query::query(name("other.example"), RecordType::A)];
            let looping = [&question[..12], &[0xc0, 0x0c, 0, 1, 0, 1]].concat();
            for noise in [vec![], vec![0xff; 700], looping, encoded(&stranger), encoded(&other)] {
                push(&mut bytes, &noise);
            }
        }
        push(&mut bytes, &encoded(&answer));
        bytes
    }

    fn reply(&self, asked: &Message) -> Message {
        let mut answer = asked.clone();
        answer.metadata.message_type = MessageType::Response;
        answer.metadata.authoritative = true;
        let Some(query) = asked.queries.first() else { return answer };
        if let Some(code) = self.rcode {
            answer.metadata.response_code = ResponseCode::from(0, u8::try_from(code).expect("a code"));
            return answer;
        }
        let known = self.records.get(query.name.to_ascii().trim_end_matches('.').to_ascii_lowercase().as_str());
        let of_type = |data: &&RData| data.record_type() == query.query_type;
        let record = |data: &RData| Record::from_rdata(query.name.clone(), self.ttl, data.clone());
        answer.answers = known.into_iter().flatten().filter(of_type).map(record).collect();
        if answer.answers.is_empty() {
            let code = if known.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain };
            answer.metadata.response_code = code;
            let zone = name("cluster.local");
            let (host, mail) = (name("ns.dns.cluster.local"), name("hostmaster.cluster.local"));
            let soa = SOA::new(host, mail, self.serial, 7200, 1800, 86400, self.ttl);
            answer.authorities = vec![Record::from_rdata(zone, self.ttl, RData::SOA(soa))];
        }
        answer
    }
}

fn encoded(message: &Message) -> Vec<u8> {
    message.to_vec().expect("a message that can be sent")
}

fn push(bytes: &mut Vec<u8>, message: &[u8]) {
    bytes.extend(u16::try_from(message.len()).expect("a message of 64 KiB").to_be_bytes());
    bytes.extend(message);
}

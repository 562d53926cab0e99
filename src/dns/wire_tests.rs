use hickory_proto::op::{Message, MessageType};
use hickory_proto::rr::rdata::{A, CNAME, SOA};
use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// An answer to a question, changed.
fn answer(question: &Question, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    let sent = encode(7, question).unwrap();
    let mut message = Message::from_vec(&sent[2..]).unwrap();
    message.metadata.message_type = MessageType::Response;
    change(&mut message);
    message.to_vec().unwrap()
}

fn web() -> Question {
    Question::new("web-0.web.shop.svc.cluster.local", RecordKind::A)
}

#[test]
fn an_answer_is_read_as_it_was_sent() {
    let bytes = answer(&web(), |message| {
        let records = ["10.0.0.1", "10.0.0.2"].map(|address| RData::A(A(address.parse().unwrap())));
        let ttls = [30, 12];
        message.answers =
            records.into_iter().zip(ttls).map(|(data, ttl)| Record::from_rdata(name(&web().name), ttl, data)).collect();
    });
    let (id, question, reply) = decode(&bytes).unwrap();
    assert_eq!((id, &question), (7, &web()));
    assert_eq!(reply.addresses, ["10.0.0.1".parse::<IpAddr>().unwrap(), "10.0.0.2".parse().unwrap()]);
    assert_eq!((reply.rcode, reply.ttl, reply.soa), (Rcode::NoError, Some(12), None));
}

#[test]
fn a_negative_answer_tells_when_the_servers_view_is_of() {
    let bytes = answer(&web(), |message| {
        message.metadata.response_code = ResponseCode::NXDomain;
        let soa =
            SOA::new(name("ns.dns.cluster.local."), name("h.cluster.local."), 1_795_504_999, 7200, 1800, 86400, 30);
        message.authorities = vec![Record::from_rdata(name("cluster.local."), 17, RData::SOA(soa))];
    });
    let reply = decode(&bytes).unwrap().2;
    assert_eq!(reply.rcode, Rcode::NxDomain);
    assert_eq!(reply.soa, Some(Soa { serial: 1_795_504_999, minimum: 30, ttl: 17 }));
}

#[test]
fn only_what_an_alias_leads_to_is_an_answer() {
    let bytes = answer(&web(), |message| {
        let record = |owner: &str, data| Record::from_rdata(name(owner), 30, data);
        message.answers = vec![
            record(&web().name, RData::CNAME(CNAME(name("db.example.")))),
            record("db.example.", RData::A(A("192.0.2.1".parse().unwrap()))),
            record("stranger.example.", RData::A(A("192.0.2.66".parse().unwrap()))),
        ];
    });
    let reply = decode(&bytes).unwrap().2;
    assert_eq!(reply.addresses, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
    assert_eq!(reply.alias.as_deref(), Some("db.example."));
}

#[test]
fn questions_no_server_can_be_asked_are_not_sent_and_what_is_no_answer_is_dropped() {
    assert_eq!(encode(1, &Question::new("a".repeat(64), RecordKind::A)), None);
    assert_eq!(encode(1, &Question::new(vec!["a".repeat(60); 5].join("."), RecordKind::A)), None);
    let question = encode(1, &web()).unwrap();
    // A question, not an answer; two questions; a name that points at itself; nothing.
    assert_eq!(decode(&question[2..]), None);
    assert_eq!(decode(&answer(&web(), |message| message.queries.push(message.queries[0].clone()))), None);
    assert_eq!(decode(&[&question[2..14], &[0xc0, 0x0c, 0, 1, 0, 1]].concat()), None);
    assert_eq!(decode(&[]), None);
}

#[test]
fn names_compare_without_regard_to_case() {
    let shouted = Question { name: web().name.to_uppercase(), record: RecordKind::A };
    assert!(same(&web(), &shouted));
    assert!(!same(&web(), &Question { record: RecordKind::Aaaa, ..web() }));
}

#[test]
fn frames_are_cut_wherever_the_stream_was() {
    let whole = [&[0, 3, 1, 2, 3][..], &[0, 0], &[0, 1, 9]].concat();
    let mut received = BytesMut::new();
    let mut frames = Vec::new();
    for byte in whole {
        received.extend_from_slice(&[byte]);
        while let Some(frame) = next_frame(&mut received) {
            frames.push(frame.to_vec());
        }
    }
    assert_eq!(frames, [vec![1, 2, 3], vec![], vec![9]]);
}

proptest! {
    /// Whatever a server sends: no panic, and nothing is taken for an answer that is none.
    #[test]
    fn hostile_bytes_are_read_or_dropped(bytes in prop::collection::vec(any::<u8>(), 0..600), cut in 0usize..600) {
        let _ = decode(&bytes);
        let mut real = answer(&web(), |_| {});
        for (at, byte) in bytes.iter().enumerate().take(4) {
            let place = (cut + at * 7) % real.len();
            real[place] ^= byte;
        }
        let _ = decode(&real);
        real.truncate(cut);
        let _ = decode(&real);
        let mut received = BytesMut::from(&bytes[..]);
        while next_frame(&mut received).is_some() {}
    }
}

#[test]
fn the_longest_message_is_read_or_dropped() {
    let mut long = answer(&web(), |_| {});
    long.resize(65_535, 0xff);
    let _ = decode(&long);
    assert_eq!(decode(&vec![0xc0; 65_535]), None);
}

/// The fuzzer's seeds: every frame is `read` or `drop`ped as the file's name says; of `rest` there is no whole frame.
#[test]
fn the_fuzzers_seeds_are_what_they_are_named_after() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/dns_answers");
    let mut sorts = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        let mut bytes = BytesMut::from(&std::fs::read(file.path()).unwrap()[..]);
        let mut read = Vec::new();
        while let Some(frame) = next_frame(&mut bytes) {
            read.push(decode(&frame).is_some());
        }
        let sort = name.split('-').next().unwrap().to_owned();
        match &*sort {
            "read" => assert!(!read.is_empty() && read.iter().all(|read| *read) && bytes.is_empty(), "{name}"),
            "drop" => assert!(!read.is_empty() && !read.iter().any(|read| *read) && bytes.is_empty(), "{name}"),
            "rest" => assert!(read.is_empty() && !bytes.is_empty(), "{name}"),
            other => panic!("{other}"),
        }
        *sorts.entry(sort).or_insert(0) += 1;
    }
    assert_eq!(sorts.into_iter().collect::<Vec<_>>(), [("drop".into(), 9), ("read".into(), 14), ("rest".into(), 2)]);
}

#[test]
fn names_from_a_server_do_not_act_on_a_terminal() {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/dns_answers/read-hostile-names");
    let mut bytes = BytesMut::from(&std::fs::read(seed).unwrap()[..]);
    let (_, question, reply) = decode(&next_frame(&mut bytes).unwrap()).unwrap();
    let names = [question.name, reply.targets[0].0.clone(), reply.alias.unwrap()];
    for name in names {
        let shown = crate::render::escape(&name);
        assert!(shown.contains("red") && shown.chars().all(|c| c.is_ascii_graphic()), "{shown}");
    }
}

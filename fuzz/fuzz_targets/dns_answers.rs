//! Whatever a DNS server sends over a stream (cut short, compressed in a loop, another id, another question, 65,535 bytes): read or
//! dropped, never a panic, no message twice, nothing taken for the answer to a question that it does not repeat, and no name in it
//! acts on a terminal.
#![no_main]

use std::time::Instant;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use workload_core::dns::pipeline::Pipeline;
use workload_core::dns::wire::{decode, encode, next_frame, same};
use workload_core::dns::{Outcome, Question, RecordKind};
use workload_core::render::escape;

fuzz_target!(|bytes: &[u8]| {
    let asked = [RecordKind::A, RecordKind::Aaaa].map(|record| Question::new("web-0.web.shop.svc.cluster.local", record));
    // They get the ids 0 and 1.
    let (mut pipeline, now) = (Pipeline::new(asked.to_vec()), Instant::now());
    while pipeline.next_message(now).is_some() {}
    let mut first = [const { None }; 2];

    let mut received = BytesMut::from(bytes);
    let mut taken = 0;
    while let Some(frame) = next_frame(&mut received) {
        taken += 2 + frame.len();
        pipeline.received(&frame, now);
        let Some((id, question, reply)) = decode(&frame) else { continue };
        let names = reply.targets.iter().map(|(name, _)| name).chain(&reply.alias).chain([&question.name]);
        for name in names {
            assert!(!escape(name).chars().any(char::is_control), "{name:?}");
        }
        // What could be asked is asked as it was read.
        if let Some(sent) = encode(id, &question) {
            assert_eq!(usize::from(u16::from_be_bytes([sent[0], sent[1]])), sent.len() - 2);
            assert!(decode(&sent[2..]).is_none(), "a question is no answer");
        }
        assert!(same(&question, &question));
        let at = usize::from(id);
        if asked.get(at).is_some_and(|asked| same(asked, &question)) && first[at].is_none() {
            first[at] = Some(Outcome::Answered(reply, 0));
        }
    }
    assert_eq!(taken + received.len(), bytes.len());
    // The first message with the id and the question is the answer, and nothing else is.
    let expected = first.map(|answer| answer.unwrap_or(Outcome::Lost));
    assert_eq!(pipeline.finish(&Outcome::Lost), expected);
});

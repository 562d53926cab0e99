//! Whatever a DNS server sends over a stream (cut short, compressed in a loop, somebody else's answer, 65,535 bytes): read or
//! dropped, never a panic, no message twice, and no name in it acts on a terminal.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use workload_core::dns::wire::{decode, encode, next_frame, same};
use workload_core::render::escape;

fuzz_target!(|bytes: &[u8]| {
    let mut received = BytesMut::from(bytes);
    let mut taken = 0;
    while let Some(frame) = next_frame(&mut received) {
        taken += 2 + frame.len();
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
    }
    assert_eq!(taken + received.len(), bytes.len());
});

//! An answer of any bytes: read or refused, never a panic, and the same however it comes in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workload_core::gather::read_page;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, answer) = input;
    assert_eq!(read_page(answer, usize::from(piece) + 1), read_page(answer, usize::MAX));
});

//! Values of flags with units: durations and quantities. Never a panic; what is written is read back as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workload_core::connect::duration::{format_go, parse_go, parse_timeout};
use workload_core::facts::{Quantity, format_bytes, ordinal};

fuzz_target!(|text: &str| {
    if let Some((_, duration)) = parse_go(text) {
        assert_eq!(parse_go(&format_go(duration)), Some((false, duration)), "{text:?}");
    }
    let _ = parse_timeout(text);
    if let Some(number) = ordinal(text) {
        assert_eq!(number.to_string(), text);
    }
    if let Some(bytes) = Quantity::new(text).bytes() {
        let _ = format_bytes(bytes);
    }
});

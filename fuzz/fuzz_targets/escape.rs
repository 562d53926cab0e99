//! The escape function: no character that a terminal acts on survives it, and harmless text stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use workload_core::render::{escape, escape_lines};

fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

fuzz_target!(|text: &str| {
    let shown = escape(text);
    assert!(!shown.contains(acts), "{shown:?}");
    assert!(!escape_lines(text).contains(|c| acts(c) && c != '\n'));
    // Nothing is hidden, and what is shown once is not shown otherwise the second time.
    assert_eq!(escape(&shown), shown);
    if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        assert_eq!(shown, text);
    }
    assert!(!text.is_empty() == !shown.is_empty());
});

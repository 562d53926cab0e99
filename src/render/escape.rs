//! The one function that every string of a cluster, a DNS server, a log or a file passes before a human sees it.

use std::borrow::Cow;
use std::fmt::Write;

/// Makes visible what a terminal would act on or a reader would be deceived by: C0 and C1 controls, DEL, bidirectional and
/// invisible formatting characters. Newlines and tabs too: the text stays on its line.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_but(text, |_| false)
}

/// As [`escape`], but newlines stay: for texts that have lines of their own, such as a manifest.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_but(text, |c| c == '\n')
}

fn escape_but(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hostile = |c: char| is_hostile(c) && !keeps(c);
    // Nearly every text is plain, and most of a large table's time would go into looking at its characters one by one.
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !hostile(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // As kubectl shows it.
            '\u{1b}' => shown.push_str("^["),
            c if u32::from(c) < 0x100 => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(shown)
}

/// Whether it is printable ASCII alone: nothing to escape, and as wide as it is long.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a terminal acts on it, or it changes how other characters look (Unicode TR36: bidi; zero width; tags).
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_is_shown_not_obeyed() {
        for (text, shown) in [
            ("web-0", "web-0"),
            ("größe 大", "größe 大"),
            ("\u{1b}[2J", "^[[2J"),
            ("a\rb", "a\\rb"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u{7f}\u{9b}31m", "\\x7f\\x9b31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(escape_lines("a\nb\r"), "a\nb\\r");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_acts_on_survives(text in any::<String>()) {
            prop_assert!(!escape(&text).contains(is_hostile));
            prop_assert!(!escape_lines(&text).contains(|c| is_hostile(c) && c != '\n'));
        }
    }
}

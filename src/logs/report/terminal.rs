//! A container's bytes on a terminal: colours stay colours, whatever else a terminal would act on is shown.

use crate::render::is_hostile;

/// Ends every colour.
const RESET: &[u8] = b"\x1b[0m";

/// Writes a line's bytes so that a terminal only ever colours them (SGR, ECMA-48 8.3.117).
pub(super) fn safe(text: &[u8], out: &mut Vec<u8>) {
    // A carriage return before the newline changes nothing.
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\t') {
        out.extend_from_slice(text);
        return;
    }
    let mut coloured = false;
    for chunk in text.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(|c: char| is_hostile(c) && c != '\t') {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            rest = &rest[at..];
            if let Some(length) = colour(rest.as_bytes()) {
                out.extend_from_slice(&rest.as_bytes()[..length]);
                rest = &rest[length..];
                coloured = true;
            } else {
                let length = rest.chars().next().map_or(0, char::len_utf8);
                out.extend_from_slice(crate::render::escape(&rest[..length]).as_bytes());
                rest = &rest[length..];
            }
        }
        out.extend_from_slice(rest.as_bytes());
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    if coloured {
        out.extend_from_slice(RESET);
    }
}

/// The length of a colour sequence at the start: `ESC [`, digits, semicolons and colons, `m`.
fn colour(text: &[u8]) -> Option<usize> {
    let body = text.strip_prefix(b"\x1b[")?;
    let length = body.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    (body[length] == b'm' && length < 64).then_some(length + 3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &[u8]) -> String {
        let mut out = Vec::new();
        safe(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn colours_stay_and_nothing_else_is_obeyed() {
        for (text, expected) in [
            (&b"plain\ttext"[..], "plain\ttext"),
            (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m\x1b[0m"),
            (b"\x1b[2Jgone", "^[[2Jgone"),
            (b"\x1b]0;title\x07", "^[]0;title\\x07"),
            (b"over\rwritten", "over\\rwritten"),
            (b"dos\r", "dos"),
            (b"nul\x00 \xff\xfe", "nul\\x00 \\xff\\xfe"),
            ("größe \u{202e}x".as_bytes(), "größe \\u{202e}x"),
            (b"\x9b31m", "\\x9b31m"),
            ("\u{9b}31m".as_bytes(), "\\x9b31m"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_a_terminal_only_colours(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut rest = shown(&text);
            while let Some(at) = rest.find('\u{1b}') {
                let length = colour(&rest.as_bytes()[at..]);
                prop_assert!(length.is_some());
                rest.replace_range(at..at + length.unwrap_or(1), "");
            }
            prop_assert!(!rest.contains(|c| is_hostile(c) && c != '\t'));
        }
    }
}

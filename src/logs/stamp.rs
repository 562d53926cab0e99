//! The time before each line, as the kubelet writes it: RFC 3339 with nine digits of fraction, in UTC or with the node's offset.

use jiff::Timestamp;

/// Nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(pub i64);

/// Nanoseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

impl Stamp {
    /// Reads the time at the start of a line; gives it and the length of it with the space behind it. `None` where the line does
    /// not start with one: then the kubelet itself speaks, or a line goes on that was cut.
    #[inline]
    pub fn read(line: &[u8]) -> Option<(Self, usize)> {
        // 2026-11-21T12:00:00.000000000Z, or +02:00 in the place of Z where the node's zone is not UTC.
        let b: &[u8; 31] = line.get(..31)?.try_into().ok()?;
        if b[4] != b'-' || b[7] != b'-' || b[10] != b'T' || b[13] != b':' || b[16] != b':' || b[19] != b'.' {
            return None;
        }
        let two = |at: usize| -> Option<i64> { Some(digit(b[at])? * 10 + digit(b[at + 1])?) };
        let year = two(0)? * 100 + two(2)?;
        let (month, day) = (two(5)?, two(8)?);
        let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
        let mut nanos = 0;
        for &byte in &b[20..29] {
            nanos = nanos * 10 + digit(byte)?;
        }
        let (offset, length) = match b[29] {
            b'Z' if b[30] == b' ' => (0, 31),
            sign @ (b'+' | b'-') => {
                let rest = line.get(30..36)?;
                if rest[2] != b':' || rest[5] != b' ' {
                    return None;
                }
                let hours = digit(rest[0])? * 10 + digit(rest[1])?;
                let minutes = digit(rest[3])? * 10 + digit(rest[4])?;
                let offset = hours * 3600 + minutes * 60;
                (if sign == b'+' { offset } else { -offset }, 36)
            }
            _ => return None,
        };
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
        Some((Self(seconds.checked_mul(SECOND)?.checked_add(nanos)?), length))
    }

    /// Whether this may be the beginning of a line's time, cut off before its end.
    pub fn begins(text: &[u8]) -> bool {
        const UTC: &[u8] = b"0000-00-00T00:00:00.000000000Z ";
        const ZONED: &[u8] = b"0000-00-00T00:00:00.000000000+00:00 ";
        let fits = |form: &[u8]| {
            text.len() < form.len()
                && text.iter().zip(form).all(|(byte, place)| match place {
                    b'0' => byte.is_ascii_digit(),
                    b'+' => matches!(byte, b'+' | b'-'),
                    place => byte == place,
                })
        };
        fits(UTC) || fits(ZONED)
    }

    /// The second that it lies in: what `sinceTime` must be given, because the API server cuts the fraction off and a client that
    /// rounds loses up to half a second of lines.
    pub fn floor_second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// As a time of the calendar.
    pub fn time(self) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Out of a time of the calendar.
    pub fn of(time: Timestamp) -> Self {
        Self(i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX))
    }
}

/// Reads the times of one log's lines. Most lines lie in the second of the line before: then only the fraction is read.
#[derive(Debug, Default)]
pub struct Stamps {
    /// The last time that was read, up to its fraction.
    second: [u8; 20],
    /// What it stands for.
    base: i64,
}

impl Stamps {
    /// The same as [`Stamp::read`].
    #[inline]
    pub fn read(&mut self, line: &[u8]) -> Option<(Stamp, usize)> {
        if let Some(head) = line.first_chunk::<31>()
            && head[..20] == self.second
            && head[29..] == *b"Z "
            && let Some(nanos) = fraction(head)
        {
            return Some((Stamp(self.base + nanos), 31));
        }
        let (stamp, length) = Stamp::read(line)?;
        if let Some((head, 31)) = line.first_chunk::<20>().zip(Some(length)) {
            (self.second, self.base) = (*head, stamp.floor_second() * SECOND);
        }
        Some((stamp, length))
    }
}

/// The nine digits behind the point, eight of them at once.
#[inline]
fn fraction(head: &[u8; 31]) -> Option<i64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    let (eight, rest) = head[20..].split_first_chunk::<8>()?;
    let eight = u64::from_le_bytes(*eight);
    // A byte is a digit if its upper half is 3 and stays 3 when 6 is added.
    if eight & HIGH != ZEROS || eight.wrapping_add(0x0606_0606_0606_0606) & HIGH != ZEROS {
        return None;
    }
    // Neighbours are joined: to numbers of two digits, of four, of eight.
    let twos = (eight - ZEROS).wrapping_mul(10 << 8 | 1) >> 8 & 0x00FF_00FF_00FF_00FF;
    let fours = twos.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_FFFF_0000_FFFF;
    let number = fours.wrapping_mul(10_000 << 32 | 1) >> 32;
    Some(i64::try_from(number).ok()? * 10 + digit(rest[0])?)
}

#[inline]
fn digit(byte: u8) -> Option<i64> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(i64::from(value))
}

/// Days since 1970 of a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
#[inline]
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_in_utc_and_with_an_offset() {
        let (utc, length) = Stamp::read(b"2026-11-21T12:00:00.123456789Z hello").unwrap();
        assert_eq!((utc.time().to_string().as_str(), length), ("2026-11-21T12:00:00.123456789Z", 31));
        assert_eq!(Stamp::read(b"2026-11-21T14:00:00.123456789+02:00 hello").unwrap(), (utc, 36));
        assert_eq!(Stamp::read(b"2026-11-21T12:00:00.123456789Z "), Some((utc, 31)), "an empty line");
    }

    #[test]
    fn what_the_kubelet_says_itself_is_no_line() {
        for text in [
            &b"failed to create fsnotify watcher: too many open files"[..],
            b"unable to retrieve container logs for containerd://0a1b2c",
            b"2026-11-21T12:00:00Z too short a fraction for the API",
            b"2026-11-21T12:00:00.123456789Z",
            b"",
        ] {
            assert_eq!(Stamp::read(text), None, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn times_of_a_log_are_read_as_single_ones_are() {
        let mut stamps = Stamps::default();
        for line in [
            &b"2026-11-21T12:00:00.123456789Z one"[..],
            b"2026-11-21T12:00:00.999999999Z the same second",
            b"2026-11-21T12:00:00.00000000:Z no digit",
            b"2026-11-21T12:00:00.0000/0000Z no digit",
            b"2026-11-21T12:00:00.000000000+02:00 another zone",
            b"2026-11-21T12:00:00.000000000Z",
            b"2026-11-21T12:00:01.000000000Z ",
            b"1969-12-31T23:59:59.999999999Z before 1970",
            b"1969-12-31T23:59:59.000000001Z the same second",
        ] {
            assert_eq!(stamps.read(line), Stamp::read(line), "{}", String::from_utf8_lossy(line));
        }
    }

    proptest! {
        #[test]
        fn every_time_of_a_second_is_read_as_it_was_written(times in proptest::collection::vec(0i64..3_000_000_000, 1..20)) {
            let mut stamps = Stamps::default();
            for nanos in times {
                let line = format!("{:.9} x", Stamp(nanos).time());
                prop_assert_eq!(stamps.read(line.as_bytes()), Some((Stamp(nanos), 31)));
            }
        }

        #[test]
        fn every_time_is_read_as_it_was_written(nanos in -2_000_000_000_000_000_000i64..8_000_000_000_000_000_000) {
            let line = format!("{:.9} x", Stamp(nanos).time());
            prop_assert_eq!(Stamp::read(line.as_bytes()), Some((Stamp(nanos), 31)));
            prop_assert!(Stamp(nanos).floor_second() * SECOND <= nanos);
        }
    }
}

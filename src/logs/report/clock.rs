//! The times of lines as text. Most lines lie in the second of the line before, and only the fraction is written anew.

use jiff::tz::TimeZone;

use crate::logs::stamp::{SECOND, Stamp};

/// Writes times.
#[derive(Default)]
pub(super) struct Clock {
    /// A second, and its text before and behind the fraction.
    second: Option<(i64, String, String)>,
}

impl Clock {
    /// RFC 3339 with nine digits, as kubectl shows it; in a zone with its offset. The zone must always be the same.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, zone: &TimeZone, time: Stamp) {
        let second = time.floor_second();
        if self.second.as_ref().is_none_or(|(known, ..)| *known != second) {
            let zoned = Stamp(second * SECOND).time().to_zoned(zone.clone());
            let whole = zoned.strftime("%Y-%m-%dT%H:%M:%S.").to_string();
            let offset = if zoned.offset().is_zero() { "Z".to_owned() } else { zoned.strftime("%:z").to_string() };
            self.second = Some((second, whole, offset));
        }
        if let Some((_, whole, offset)) = &self.second {
            out.extend_from_slice(whole.as_bytes());
            out.extend_from_slice(&digits(time.0.rem_euclid(SECOND)));
            out.extend_from_slice(offset.as_bytes());
        }
    }
}

#[expect(clippy::cast_sign_loss, reason = "a digit")]
fn digits(mut number: i64) -> [u8; 9] {
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_any_order_of_seconds() {
        let (mut clock, mut out) = (Clock::default(), Vec::new());
        for nanos in [0, 1, 999_999_999, 1_000_000_000, -1, 1_795_262_400_123_456_789] {
            clock.write(&mut out, &TimeZone::UTC, Stamp(nanos));
            out.push(b'\n');
        }
        let shown = "1970-01-01T00:00:00.000000000Z\n1970-01-01T00:00:00.000000001Z\n1970-01-01T00:00:00.999999999Z\n\
            1970-01-01T00:00:01.000000000Z\n1969-12-31T23:59:59.999999999Z\n2026-11-21T12:00:00.123456789Z\n";
        assert_eq!(String::from_utf8(out).unwrap(), shown);
        let (mut clock, mut out) = (Clock::default(), Vec::new());
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        clock.write(&mut out, &zone, Stamp(5));
        assert_eq!(out, b"1970-01-01T02:00:00.000000005+02:00");
    }
}

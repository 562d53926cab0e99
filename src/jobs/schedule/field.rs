//! One field of a schedule: which minutes, hours, days or months it names.

/// What a field may hold.
pub(super) struct Bounds {
    /// The field's name, for errors.
    name: &'static str,
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

pub(super) const MINUTE: Bounds = Bounds { name: "minute", min: 0, max: 59, names: &[] };
pub(super) const HOUR: Bounds = Bounds { name: "hour", min: 0, max: 23, names: &[] };
pub(super) const DAY: Bounds = Bounds { name: "day of month", min: 1, max: 31, names: &[] };
pub(super) const MONTH: Bounds = Bounds {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
pub(super) const WEEKDAY: Bounds =
    Bounds { name: "day of week", min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// The values that a field names, a bit each, and whether it was a star.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    /// `*`, `?` and `*/1` set it, `*/2` does not: it decides how the two day fields combine (robfig/cron, `spec.go`, `dayMatches`).
    pub(super) star: bool,
}

impl Field {
    pub(super) const fn only(value: u64) -> Self {
        Self { bits: 1 << value, star: false }
    }

    pub(super) const fn all(bounds: &Bounds) -> Self {
        Self { bits: span(bounds.min, bounds.max), star: true }
    }

    pub(super) fn has(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits >> value & 1 == 1)
    }

    /// Whether it names all that there is.
    pub(super) fn covers(self, bounds: &Bounds) -> bool {
        self.bits == span(bounds.min, bounds.max)
    }

    /// A field of commas alone is accepted, and names nothing.
    pub(super) fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// A comma-separated list of `a`, `a-b`, `*`, `?`, each with an optional `/step` (robfig/cron, `parser.go`, `getField`).
    pub(super) fn parse(text: &str, bounds: &Bounds) -> Result<Self, String> {
        let mut field = Self { bits: 0, star: false };
        for item in text.split(',').filter(|item| !item.is_empty()) {
            let (bits, star) = range(item, bounds).map_err(|why| format!("{} {item:?}: {why}", bounds.name))?;
            field.bits |= bits;
            field.star |= star;
        }
        Ok(field)
    }
}

const fn span(min: u64, max: u64) -> u64 {
    (u64::MAX >> (63 - max)) & (u64::MAX << min)
}

fn range(item: &str, bounds: &Bounds) -> Result<(u64, bool), String> {
    let (range, step) = match item.split_once('/') {
        None => (item, None),
        Some((_, rest)) if rest.contains('/') => return Err("too many slashes".to_owned()),
        Some((range, step)) => (range, Some(step)),
    };
    let (low, high) = match range.split_once('-') {
        None => (range, None),
        Some((low, high)) => (low, Some(high)),
    };
    let mut star = low == "*" || low == "?";
    let (start, mut end) = if star {
        // Whatever follows a star's hyphen is not looked at.
        (bounds.min, bounds.max)
    } else {
        let start = number_or_name(low, bounds)?;
        match high {
            None => (start, start),
            Some(high) if high.contains('-') => return Err("too many hyphens".to_owned()),
            Some(high) => (start, number_or_name(high, bounds)?),
        }
    };
    let step = match step {
        None => 1,
        Some(step) => {
            let step = number(step)?;
            if high.is_none() {
                end = bounds.max;
            }
            star &= step <= 1;
            step
        }
    };
    if start < bounds.min {
        return Err(format!("{start} is below the minimum, {}", bounds.min));
    }
    if end > bounds.max {
        return Err(format!("{end} is above the maximum, {}", bounds.max));
    }
    if start > end {
        return Err(format!("it begins at {start}, after its end at {end}"));
    }
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    if step == 0 {
        return Err("the step must be at least 1".to_owned());
    }
    Ok(((start..=end).step_by(step).fold(0, |bits, value| bits | 1 << value), star))
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u64, String> {
    // Go's lower case is one character for one.
    let lower: String = text.chars().filter_map(|c| c.to_lowercase().next()).collect();
    match (bounds.min..).zip(bounds.names).find(|(_, name)| **name == lower) {
        Some((value, _)) => Ok(value),
        None => number(text),
    }
}

/// A number as Go's `strconv.Atoi` reads it: a sign is allowed.
fn number(text: &str) -> Result<u64, String> {
    let number: i64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    u64::try_from(number).map_err(|_| format!("{number} is negative"))
}

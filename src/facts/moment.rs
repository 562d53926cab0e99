//! Times as objects carry them.

use std::num::NonZeroI64;

use jiff::Timestamp;

/// A time in whole seconds, as objects state theirs (apimachinery, `metav1.Time`). Where it may be absent it takes a third of what a
/// Timestamp does, and a large cluster has hundreds of thousands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(NonZeroI64);

/// Before every Timestamp, so that none counts as nothing.
const BEFORE_ALL: i64 = i64::MIN / 2;

impl Moment {
    pub(crate) fn at(self) -> Timestamp {
        Timestamp::from_second(self.0.get() + BEFORE_ALL).unwrap_or_default()
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self(NonZeroI64::new(time.as_second() - BEFORE_ALL).unwrap_or(NonZeroI64::MIN))
    }
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.at().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_comes_back_to_the_second() {
        for time in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let second = Timestamp::from_second(time.as_second()).expect("in range");
            assert_eq!(Moment::from(time).at(), second);
        }
        assert_eq!(size_of::<Option<Moment>>(), 8);
    }
}

//! Sizes as Kubernetes writes them.

use std::fmt;

use super::Text;

/// A resource quantity as the object gives it: `10Gi`, `500M`, `1e9` (apimachinery `pkg/api/resource/quantity.go`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quantity(Text);

impl From<Text> for Quantity {
    fn from(text: Text) -> Self {
        Self(text)
    }
}

const SUFFIXES: [(&str, f64); 16] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("", 1.0),
];

impl Quantity {
    /// Keeps the text as it is; whether it is a number shows when [`bytes`](Self::bytes) is asked.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// In bytes, rounded up; `None` when it is no quantity.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "negative is refused; beyond u64 saturates"
    )]
    pub fn bytes(&self) -> Option<u64> {
        let bytes = self.amount()?.ceil();
        (bytes >= 0.0).then_some(bytes as u64)
    }

    /// In thousandths, in which sums and comparisons are exact; `None` when it is no quantity.
    #[expect(clippy::cast_possible_truncation, reason = "beyond i128 saturates")]
    pub fn milli(&self) -> Option<i128> {
        Some((self.amount()? * 1000.0).round() as i128)
    }

    /// As a number, fractions kept: `250m` is 0.25. `None` when it is no quantity.
    pub fn amount(&self) -> Option<f64> {
        let text = self.0.trim();
        let (number, factor) = match text.parse::<f64>() {
            Ok(number) => (number, 1.0),
            Err(_) => SUFFIXES.iter().find_map(|(suffix, factor)| {
                let number = text.strip_suffix(suffix)?;
                Some((number.parse::<f64>().ok()?, *factor))
            })?,
        };
        let amount = number * factor;
        amount.is_finite().then_some(amount)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes in the largest binary unit that leaves no fraction, else with one decimal: `300Mi`, `1.5Gi`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let mut unit = "";
    let mut size = 1u64;
    for next in UNITS {
        let Some(larger) = size.checked_mul(1024) else { break };
        if bytes < larger {
            break;
        }
        (unit, size) = (next, larger);
    }
    if bytes.is_multiple_of(size) {
        format!("{}{unit}", bytes / size)
    } else {
        format!("{:.1}{unit}", bytes as f64 / size as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_every_notation_of_the_api() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("100Mi", Some(104_857_600)),
            ("1.5Gi", Some(1_610_612_736)),
            ("500M", Some(500_000_000)),
            ("1e3", Some(1000)),
            ("12E6", Some(12_000_000)),
            ("1500m", Some(2)),
            ("128974848", Some(128_974_848)),
            ("", None),
            ("ten", None),
            ("-1Gi", None),
            ("1Qi", None),
        ] {
            assert_eq!(Quantity::new(text).bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn totals_are_written_as_kubernetes_would() {
        assert_eq!(format_bytes(0), "0");
        assert_eq!(format_bytes(1023), "1023");
        assert_eq!(format_bytes(300 << 20), "300Mi");
        assert_eq!(format_bytes((1 << 30) + (1 << 29)), "1.5Gi");
        assert_eq!(format_bytes(u64::MAX), "16.0Ei");
    }
}

//! Pods that have nothing to do with claims.

/// The UIDs of pods that name no claim and belong to no StatefulSet: a large cluster has many, and where only claims are asked about
/// nothing else of them is kept. A claim may still name one as its owner (a Spark driver owns its executors' claims), and must not
/// pass for orphaned then.
#[derive(Debug, Clone, Default)]
pub struct Bystanders(Vec<u128>);

impl Bystanders {
    /// Takes them in any order.
    pub fn new(mut uids: Vec<u128>) -> Self {
        uids.sort_unstable();
        Self(uids)
    }

    /// Whether one of them has this UID.
    pub fn contain(&self, uid: &str) -> bool {
        Self::uid(uid).is_some_and(|uid| self.0.binary_search(&uid).is_ok())
    }

    /// A UID as the API server makes them (RFC 9562 in lower case, apimachinery `uuid.NewUUID`); `None` for any other text, so that no two
    /// texts come to the same number.
    pub fn uid(text: &str) -> Option<u128> {
        const DASHES: [usize; 4] = [8, 13, 18, 23];
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut halves = [0_u64; 2];
        for (at, byte) in bytes.iter().enumerate() {
            let dash = DASHES.contains(&at);
            let digit = match byte {
                b'-' if dash => continue,
                b'0'..=b'9' if !dash => byte - b'0',
                b'a'..=b'f' if !dash => byte - b'a' + 10,
                _ => return None,
            };
            let half = &mut halves[usize::from(at > DASHES[2])];
            *half = *half << 4 | u64::from(digit);
        }
        Some(u128::from(halves[0]) << 64 | u128::from(halves[1]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_found_and_no_other_text_passes_for_it() {
        let known = "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33";
        let bystanders = Bystanders::new(vec![7, Bystanders::uid(known).expect("a UID")]);
        assert!(bystanders.contain(known));
        for other in [
            "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c34",
            "0B1F9C1E-3B0A-4C57-9F42-6A1D7F0E2C33",
            "0b1f9c1e3b0a-4c57-9f42-6a1d7f0e2c33-",
            "0b1f9c1e-3b0a-4c57-9f42-6a1d7f0e2c33 ",
            "7",
            "",
        ] {
            assert!(!bystanders.contain(other), "{other}");
        }
    }
}

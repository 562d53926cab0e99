//! What a Job is called. A name is chosen before anything is sent, so that a lost answer is resolved by reading.

use serde_json::Value;

/// A Job's name becomes a label of its pods (`validateJobSpec`).
const LONGEST: usize = 63;
/// Of Kubernetes' own names for generated parts: no vowels and no look-alikes (apimachinery, `util/rand`).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Random characters of a name: 387 million of them.
const RANDOM: u32 = 6;
/// Characters made of a key: two keys share one in some hundred million million, and the key itself is compared as well.
const KEYED: u32 = 11;

/// `<base>-<word>-<unique>`, the base cut so that the unique part never is, and the pods of an Indexed Job have valid host names.
/// Ends in a letter of the unique part, so it never is the `<cronjob>-<8 digits>` of a scheduled run.
pub fn choose(base: &str, word: &str, job_spec: &Value, random: u64) -> String {
    assemble(base, word, job_spec, &letters(random, RANDOM))
}

/// As [`choose`], the same for the same key.
pub fn of_key(base: &str, word: &str, job_spec: &Value, key: &str) -> String {
    // FNV-1a: what a key becomes must be the same in every release.
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    assemble(base, word, job_spec, &letters(hash, KEYED))
}

fn assemble(base: &str, word: &str, job_spec: &Value, unique: &str) -> String {
    let room = LONGEST - index_suffix(job_spec) - word.len() - unique.len() - 2;
    let cut = base.char_indices().take_while(|(at, c)| at + c.len_utf8() <= room).map(|(_, c)| c).collect::<String>();
    format!("{}-{word}-{unique}", cut.trim_end_matches(['-', '.']))
}

fn letters(mut number: u64, count: u32) -> String {
    let size = ALPHABET.len() as u64;
    let mut text: String = (0..count)
        .map(|_| {
            let letter = ALPHABET[usize::try_from(number % size).unwrap_or(0)];
            number /= size;
            char::from(letter)
        })
        .collect();
    if text.ends_with(|c: char| c.is_ascii_digit()) {
        text.pop();
        text.push('z');
    }
    text
}

/// What the host name of an Indexed Job's last pod adds to the Job's name: `-<completions-1>`.
fn index_suffix(job_spec: &Value) -> usize {
    if job_spec["completionMode"] != "Indexed" {
        return 0;
    }
    job_spec["completions"].as_i64().map_or(0, |n| format!("-{}", n.saturating_sub(1).max(0)).len())
}

/// Why a name that a user gave can't be a Job's; `None` where nothing speaks against it.
pub fn fault(name: &str, cron_job: Option<&str>, job_spec: &Value) -> Option<String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label =
        |label: &str| label.starts_with(good) && label.ends_with(good) && label.chars().all(|c| good(c) || c == '-');
    if !name.split('.').all(label) {
        return Some(format!(
            "{name:?} is no name of a Job: lower case letters, digits, '-' and '.' make one, and a letter or digit begins and ends it"
        ));
    }
    if name.len() > LONGEST {
        return Some(format!("the name {name} has {} characters: a Job's has at most {LONGEST}", name.len()));
    }
    let suffix = index_suffix(job_spec);
    if name.len() + suffix > LONGEST {
        return Some(format!(
            "the name {name} is too long for an Indexed Job of {} completions: with its index it would have {} characters, of at most {LONGEST}",
            job_spec["completions"],
            name.len() + suffix
        ));
    }
    let slot = cron_job.and_then(|cron| name.strip_prefix(cron)).and_then(|rest| rest.strip_prefix('-'));
    if slot.is_some_and(|slot| slot.len() == 8 && slot.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some(format!("{name} is the name of a scheduled run: the controller would take this Job for that run"));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_tell_what_they_are_of() {
        assert_eq!(choose("nightly", "manual", &json!({}), 42), "nightly-manual-tcbbbb");
        assert_eq!(of_key("nightly", "manual", &json!({}), "INC-7"), of_key("nightly", "manual", &json!({}), "INC-7"));
        assert_ne!(of_key("nightly", "manual", &json!({}), "INC-7"), of_key("nightly", "manual", &json!({}), "INC-8"));
        let long = "a".repeat(47) + "-....";
        assert_eq!(choose(&long, "manual", &json!({}), 0), format!("{}-manual-bbbbbb", "a".repeat(47)));
    }

    #[test]
    fn what_no_job_may_be_called() {
        let nothing = json!({});
        let indexed = json!({"completionMode": "Indexed", "completions": 11});
        for (name, spec, told) in [
            ("backup-now", &nothing, None),
            ("a.b", &nothing, None),
            ("Bad_Name", &nothing, Some("no name of a Job")),
            ("-a", &nothing, Some("no name of a Job")),
            ("", &nothing, Some("no name of a Job")),
            ("nightly-29388180", &nothing, Some("a scheduled run")),
            ("nightly-2938818", &nothing, None),
            ("other-29388180", &nothing, None),
            (&"x".repeat(63), &nothing, None),
            (&"x".repeat(64), &nothing, Some("at most 63")),
            (&"x".repeat(60), &indexed, None),
            (&"x".repeat(61), &indexed, Some("with its index")),
        ] {
            let fault = fault(name, Some("nightly"), spec);
            assert_eq!(fault.is_some(), told.is_some(), "{name}: {fault:?}");
            assert!(fault.unwrap_or_default().contains(told.unwrap_or_default()), "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn every_name_is_valid_and_never_a_scheduled_runs(
            cron in "[a-z0-9]([a-z0-9-]{0,15}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,15}[a-z0-9])?){0,2}",
            random: u64, indexed: bool, completions in 1..1_000_000_i64, key in ".{0,20}",
        ) {
            let cron = &cron[..cron.len().min(52)];
            let cron = cron.trim_end_matches(['-', '.']);
            let mode = if indexed { "Indexed" } else { "NonIndexed" };
            let spec = json!({"completionMode": mode, "completions": completions});
            for name in [choose(cron, "manual", &spec, random), of_key(cron, "manual", &spec, &key)] {
                prop_assert_eq!(fault(&name, Some(cron), &spec), None, "{}", name);
            }
            let unique = letters(random, RANDOM);
            prop_assert!(choose(cron, "manual", &spec, random).ends_with(&unique));
        }
    }
}

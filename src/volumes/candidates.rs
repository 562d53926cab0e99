//! Which sets and templates make a claim of a given name.
//!
//! The controller finds a claim by name alone: `<template>-<set>-<ordinal>` (`stateful_set_utils.go`,
//! getPersistentVolumeClaimName). Template and set may both hold dashes and digits, so the name can't be split into them; it is
//! matched forward instead: every live set and template gives the part before the ordinal. The ordinal itself holds no dash,
//! so cutting it off at the last one is safe. Two sets can share a name (kubernetes#41153).

use std::collections::HashMap;

use crate::facts::{ClaimTemplate, StatefulSet, ordinal};

/// A set, one of its templates and an ordinal, whose claim has the name in question.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The set.
    pub set: &'a StatefulSet,
    /// The template.
    pub template: &'a ClaimTemplate,
    /// The ordinal, in the set's range or not.
    pub ordinal: i32,
}

impl Candidate<'_> {
    /// Whether the set shall have a pod of this ordinal.
    pub fn in_range(&self) -> bool {
        self.set.range().contains(&self.ordinal)
    }
}

/// What makes a claim, by the part of its name before the ordinal.
type Makers<'a> = HashMap<String, Vec<(&'a StatefulSet, &'a ClaimTemplate)>>;

/// All templates of all sets, by the part of the claim's name before its ordinal.
#[derive(Debug, Default)]
pub struct Candidates<'a> {
    by_namespace: HashMap<&'a str, Makers<'a>>,
}

impl<'a> Candidates<'a> {
    /// Takes every live set; leaving one out would hide an ambiguity.
    pub fn new(sets: &'a [StatefulSet]) -> Self {
        let mut all = Self::default();
        for set in sets {
            let names = all.by_namespace.entry(&set.meta.namespace).or_default();
            for template in &set.templates {
                names.entry(format!("{}-{}", template.name, set.meta.name)).or_default().push((set, template));
            }
        }
        all
    }

    /// Every candidate for a claim's name. Empty also for ordinals that no controller writes, such as `data-web-007`.
    pub fn of(&self, namespace: &str, claim: &str) -> Vec<Candidate<'a>> {
        let Some((before, number)) = claim.rsplit_once('-') else { return Vec::new() };
        let Some(ordinal) = ordinal(number) else { return Vec::new() };
        let Some(makers) = self.by_namespace.get(namespace).and_then(|names| names.get(before)) else {
            return Vec::new();
        };
        makers.iter().map(|&(set, template)| Candidate { set, template, ordinal }).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::fixture::set;

    fn found(sets: &[StatefulSet], claim: &str) -> Vec<String> {
        let of = Candidates::new(sets).of("shop", claim);
        of.iter().map(|c| format!("{}/{}/{}", c.set.meta.name, c.template.name, c.ordinal)).collect()
    }

    #[test]
    fn a_set_is_not_confused_with_one_whose_name_it_begins() {
        let sets = [set("web", 2, &["data"]), set("web-api", 2, &["data"])];
        assert_eq!(found(&sets, "data-web-1"), ["web/data/1"]);
        assert_eq!(found(&sets, "data-web-api-1"), ["web-api/data/1"]);
        assert_eq!(found(&sets[..1], "data-web-api-1"), [""; 0]);
    }

    #[test]
    fn a_name_that_two_sets_make_has_two_candidates() {
        let sets = [set("web", 2, &["data-web"]), set("web-web", 2, &["data"])];
        assert_eq!(found(&sets, "data-web-web-0"), ["web/data-web/0", "web-web/data/0"]);
    }

    #[test]
    fn ordinals_that_no_controller_writes_belong_to_no_set() {
        let sets = [set("web", 2, &["data"])];
        for claim in ["data-web-00", "data-web-2147483648", "data-web-", "data-web", "data-web-1x", "web-0"] {
            assert_eq!(found(&sets, claim), [""; 0], "{claim}");
        }
        assert_eq!(found(&sets, "data-web-2147483647"), ["web/data/2147483647"]);
    }

    /// The controller's own naming, written down a second time and in the other direction.
    fn model(sets: &[StatefulSet], claim: &str) -> Vec<String> {
        let mut all = Vec::new();
        for set in sets {
            for template in &set.templates {
                let Some(number) = claim.strip_prefix(&format!("{}-{}-", template.name, set.meta.name)) else {
                    continue;
                };
                if let Ok(ordinal) = number.parse::<i32>()
                    && ordinal.to_string() == number
                {
                    all.push(format!("{}/{}/{ordinal}", set.meta.name, template.name));
                }
            }
        }
        all
    }

    /// Names of letters, digits and dashes that often begin or end like one another, out of one number.
    fn name(mut seed: u64) -> String {
        const PARTS: [&str; 8] = ["a", "b", "web", "0", "1", "-", "-a", "-0"];
        let mut name = PARTS[(seed % 5) as usize].to_owned();
        for _ in 0..seed / 5 % 4 {
            seed /= 8;
            name.push_str(PARTS[(seed % 8) as usize]);
        }
        name.trim_end_matches('-').to_owned()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn matching_agrees_with_the_controllers_naming(
            seeds in prop::array::uniform5(0..1_000_000u64),
            start in 0..50i32,
            replicas in 0..20i32,
            offset in 0..30i32,
        ) {
            let names = seeds.map(name);
            let mut sets = vec![set(&names[0], replicas, &[&names[1]]), set(&names[2], replicas, &[&names[3], &names[4]])];
            if names[0] == names[2] {
                sets.pop();
            }
            for set in &mut sets {
                set.start = start;
            }
            let owner = &sets[usize::try_from(seeds[0]).unwrap() % sets.len()];
            let claim = owner.claim_name(&owner.templates[0], start + offset);
            let of = Candidates::new(&sets).of("shop", &claim);
            let mut ours: Vec<String> =
                of.iter().map(|c| format!("{}/{}/{}", c.set.meta.name, c.template.name, c.ordinal)).collect();
            let mut truth = model(&sets, &claim);
            ours.sort();
            truth.sort();
            prop_assert_eq!(ours, truth);
            for candidate in of {
                prop_assert_eq!(candidate.in_range(), offset < replicas);
            }
        }
    }
}

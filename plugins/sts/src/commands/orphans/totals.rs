//! The line below the tables: how much, of what, of which class.

use std::collections::BTreeMap;

use workload_core::facts::{Quantity, format_bytes};
use workload_core::findings::Code;

use super::columns::{Left, Shown};

pub(super) fn line(claims: &[Shown<'_>], volumes: &[Left<'_>]) -> String {
    let mut by_code: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    let mut by_class: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    let add = |code, class: Option<&'_ str>, bytes: Option<u64>| (code, class.map(str::to_owned), bytes.unwrap_or(0));
    let of_claims = claims.iter().filter_map(|shown| Some((shown, shown.row.claim?)));
    let mut all: Vec<(&str, Option<String>, u64)> = of_claims
        .map(|(shown, claim)| add(shown.row.class.code().word(), claim.spec.class.as_deref(), claim.bytes()))
        .collect();
    all.extend(volumes.iter().map(|left| {
        let volume = left.left.volume;
        add(
            left.left.class.code().word(),
            volume.spec.class.as_deref(),
            volume.spec.capacity.as_ref().and_then(Quantity::bytes),
        )
    }));
    let before = all.len();
    all.retain(|(code, ..)| *code != Code::CannotTell.word());
    let unknown = match before - all.len() {
        0 => String::new(),
        n => format!("\nOf {n} more it can't be told."),
    };
    let mut total = (0, 0u64);
    for (code, class, bytes) in &all {
        let class = class.as_deref().filter(|class| !class.is_empty()).unwrap_or("no class");
        for sum in [by_code.entry(code).or_default(), by_class.entry(class).or_default(), &mut total] {
            sum.0 += 1;
            sum.1 = sum.1.saturating_add(*bytes);
        }
    }
    let list = |sums: &BTreeMap<&str, (usize, u64)>| {
        let parts: Vec<String> =
            sums.iter().map(|(name, (n, bytes))| format!("{name} {n} ({})", format_bytes(*bytes))).collect();
        parts.join(", ")
    };
    if all.is_empty() {
        return unknown.trim_start().to_owned();
    }
    format!(
        "{} left behind ({}): {}.\nBy class: {}.{unknown}",
        total.0,
        format_bytes(total.1),
        list(&by_code),
        list(&by_class)
    )
}

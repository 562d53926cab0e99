//! The table, and what is said below it.

use std::collections::BTreeMap;

use workload_cli::{Context, Failure, Format, OutputFlags};
use workload_core::dns::ask::Trouble;
use workload_core::dns::inquiry::Asked;
use workload_core::dns::look::Judged;
use workload_core::dns::overview::sentences;
use workload_core::dns::seen::{Seen, State};
use workload_core::facts::{Known, Uid};
use workload_core::findings::{Code, ObjectRef, Severity, Verdict};
use workload_core::render::{Table, escape, write_findings};

use super::columns::{Row, columns};
use super::scene::{Scene, View};

/// Names in a finding that concerns several rows.
const FEW: usize = 3;

pub(super) fn write(
    context: &mut Context<'_>,
    scene: &Scene,
    view: &View<'_>,
    output: &OutputFlags,
) -> Result<(), Failure> {
    let zone = &scene.inquiry.zone;
    let mut rows: Vec<Row<'_>> = view.rows.iter().map(|row| Row::new(row, zone, &view.services)).collect();
    let columns = columns();
    output.sort(&columns, &mut rows)?;
    if scene.plan.format == Format::Name {
        for row in &rows {
            if let Known::Read(Some(pod)) = row.judged.name.pod {
                writeln!(context.out, "pod/{}", escape(&pod.meta.name))?;
            }
        }
        return Ok(());
    }
    let target = scene.plan.target.as_ref();
    if let (Some(ordinal), true, [set]) = (target.and_then(|target| target.ordinal), rows.is_empty(), &scene.sets()[..])
    {
        let (name, replicas, start) = (&set.meta.name, set.replicas, set.start);
        return context.note(&format!(
            "StatefulSet {name} has no ordinal {ordinal}: spec.replicas is {replicas}, from ordinal {start}."
        ));
    }
    if rows.is_empty() && view.findings.is_empty() || scene.sets().is_empty() {
        let nothing = match &scene.cluster.namespace {
            Some(namespace) => format!("No resources found in {namespace} namespace."),
            None => "No resources found".to_owned(),
        };
        return context.note(&nothing);
    }
    let headers = output.headers();
    let mut table = Table::new(&columns, scene.plan.format == Format::Wide, headers);
    if !scene.plan.selection.all_namespaces && one_namespace(view) {
        table = table.without("NAMESPACE");
    }
    if scene.sets().len() == 1 {
        table = table.without("SET");
    }
    let asked = &scene.inquiry.asked;
    if asked.is_empty() || scene.inquiry.not_asked.is_some() {
        table = table.without("ANSWER");
    } else if !agree(&view.rows) {
        let names: Vec<&str> = asked.iter().map(|asked| asked.name.as_str()).collect();
        for (at, name) in short(&names).into_iter().enumerate() {
            table = table.insert("VERDICT", name.to_uppercase(), move |row: &Row<'_>| row.answer(at));
        }
        table = table.without("ANSWER");
    }
    table.write(rows.iter(), context.out)?;
    if headers {
        writeln!(context.out)?;
        let first = view.rows.first().and_then(|row| scene.inquiry.search_sentence(&row.name.short()));
        let inside = scene.inquiry.inside_sentence();
        for sentence in sentences(&scene.inquiry, &view.services).into_iter().chain(inside).chain(first) {
            writeln!(context.out, "{}", escape(&sentence))?;
        }
    }
    let findings = told(view, &scene.inquiry.asked);
    if !findings.is_empty() {
        writeln!(context.out)?;
        write_findings(context.out, &findings, scene.cluster.now, context.colour)?;
    }
    Ok(())
}

fn one_namespace(view: &View<'_>) -> bool {
    view.rows.windows(2).all(|pair| pair[0].name.set.meta.namespace == pair[1].name.set.meta.namespace)
}

/// Whether all servers say the same about every name.
fn agree(rows: &[Judged<'_>]) -> bool {
    let alike = |a: &Seen, b: &Seen| a.state == b.state && a.addresses == b.addresses;
    rows.iter().all(|row| row.seen.windows(2).all(|pair| alike(&pair[0], &pair[1])))
}

/// The part of each server's name that tells it from the others: of pods of one Deployment what follows the last dash. A pod that is
/// asked from inside is `in web-0`, whole.
fn short<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let tail = |name: &'n str| if name.contains(' ') { name } else { name.rsplit('-').next().unwrap_or(name) };
    let tails: Vec<&str> = names.iter().map(|name| tail(name)).collect();
    let distinct = |tail: &&str| tails.iter().filter(|other| *other == tail).count() == 1 && !tail.is_empty();
    if tails.iter().all(distinct) { tails } else { names.to_vec() }
}

/// What is told below the table: what was found about sets and the run, and each kind of row verdict once; worst first.
fn told(view: &View<'_>, asked: &[Asked]) -> Vec<Verdict> {
    // A server that says nothing at all has a finding of its own.
    let silent = |row: &Judged<'_>| {
        let mut all = row.seen.iter().zip(asked);
        all.all(|(seen, asked)| seen.state != State::TimedOut || asked.trouble == Some(Trouble::Silent))
    };
    let mut found = view.findings.clone();
    let known: Vec<Code> = found.iter().map(|verdict| verdict.code).collect();
    let mut groups: BTreeMap<Code, (Verdict, Vec<&str>)> = BTreeMap::new();
    for row in &view.rows {
        for verdict in row.verdicts.iter().filter(|verdict| verdict.severity != Severity::Ok) {
            // Told once for the set or the run already.
            let again = match verdict.code {
                Code::CannotTell => false,
                Code::DnsTimeout => silent(row),
                code => known.contains(&code),
            };
            if again {
                continue;
            }
            let host = row.name.host.as_str();
            let group = groups.entry(verdict.code).or_insert_with(|| {
                let object = ObjectRef {
                    kind: "Pod",
                    namespace: row.name.set.meta.namespace.to_string(),
                    name: host.to_owned(),
                    uid: Uid::default(),
                };
                (verdict.clone().about(object), Vec::new())
            });
            // The worst of a kind stands for it.
            if verdict.severity > group.0.severity {
                group.0.severity = verdict.severity;
            }
            group.1.push(host);
        }
    }
    for (mut verdict, hosts) in groups.into_values() {
        if hosts.len() > 1 {
            let few: Vec<&str> = hosts[1..].iter().take(FEW).copied().collect();
            let more = match hosts.len() - 1 - few.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            verdict.says = format!("{} The same: {}{more}.", verdict.says, few.join(", "));
        }
        found.push(verdict);
    }
    found.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    found
}

/// The names that resolve on every server that was asked; where none was asked those that should.
pub(super) fn resolving(scene: &Scene, view: &View<'_>) -> Vec<String> {
    let zone = &scene.inquiry.zone;
    let everywhere =
        |seen: &[Seen]| !seen.is_empty() && seen.iter().all(|seen| seen.answered() && !seen.addresses.is_empty());
    let predicted = scene.inquiry.not_asked.is_some();
    let mut names: Vec<String> = Vec::new();
    for row in &view.rows {
        let expected = row.name.expected.as_ref().is_some_and(|expected| !expected.is_empty());
        if everywhere(&row.seen) || predicted && expected {
            names.push(row.name.full(zone));
        }
    }
    for service in view.services.iter().filter(|service| everywhere(&service.seen)) {
        names.push(service.name.full(zone));
    }
    names
}

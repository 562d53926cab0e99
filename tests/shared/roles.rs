//! The ClusterRoles of docs/permissions are what the commands declare, and all that they use.

// A panic in a test's own helper is a failed test.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use workload_tests::Normalise;

use crate::help::{commands, reference, run_on, went};
use crate::{NAME, NAMESPACE, example, program};

/// A permission as `--check-permissions` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Need {
    verb: String,
    /// With its group behind the first dot.
    resource: String,
    place: Place,
    required: bool,
    tells: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// The namespace that the command looks in.
    Own,
    Cluster,
    /// A namespace of its own: the DNS servers'.
    Other(String),
}

impl Need {
    fn group(&self) -> &str {
        self.resource.split_once('.').map_or("", |(_, group)| group)
    }

    fn plural(&self) -> &str {
        self.resource.split('.').next().unwrap()
    }
}

/// The command that a help is about, where it has permissions: `dns`, `preview`.
fn guarded(reference: &str) -> BTreeSet<String> {
    let guarded = commands(reference).into_iter().filter(|(_, help)| help.contains("--check-permissions\n"));
    guarded.filter_map(|(name, _)| name.split(' ').nth(1).map(str::to_owned)).collect()
}

/// What the command lines need together: each permission once.
fn needs<'l>(lines: impl Iterator<Item = &'l &'l str>) -> Vec<Need> {
    let cluster = example().start();
    let mut needs: Vec<Need> = Vec::new();
    for line in lines {
        let words = line.split(' ').chain(["--check-permissions", "-n", NAMESPACE]);
        let seen = program().cluster(&cluster).args(words).run();
        assert!(seen.stdout.starts_with("VERB "), "{line}: {}", seen.whole());
        for row in seen.stdout.lines().skip(1) {
            let cells: Vec<&str> = row.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let [verb, resource, scope, required, _, tells] = cells[..] else { panic!("{row}") };
            let place = match scope.strip_prefix("in namespace ") {
                Some(NAMESPACE) => Place::Own,
                Some(other) => Place::Other(other.to_owned()),
                None => Place::Cluster,
            };
            let need = Need {
                verb: verb.to_owned(),
                resource: resource.to_owned(),
                place,
                required: required == "yes",
                tells: tells.to_owned(),
            };
            let same = |it: &&Need| (&it.verb, &it.resource, &it.place) == (&need.verb, &need.resource, &need.place);
            if !needs.iter().any(|it| same(&it)) {
                needs.push(need);
            }
        }
    }
    needs
}

/// A ClusterRole for the needs in one place; nothing where there are none.
fn role(text: &mut String, name: &str, about: &str, needs: &[&Need]) {
    if needs.is_empty() {
        return;
    }
    writeln!(text, "---\n# {about}").unwrap();
    writeln!(text, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:").unwrap();
    writeln!(text, "  name: kubectl-{NAME}-{name}\nrules:").unwrap();
    let mut done: Vec<&str> = Vec::new();
    for need in needs {
        if done.contains(&&*need.resource) {
            continue;
        }
        done.push(&need.resource);
        let same: Vec<&&Need> = needs.iter().filter(|it| it.resource == need.resource).collect();
        let verbs: Vec<&str> = same.iter().map(|it| &*it.verb).collect();
        let group = if need.group().is_empty() { "\"\"" } else { need.group() };
        let required = if same.iter().any(|it| it.required) { " (required)" } else { "" };
        writeln!(text, "  # {}{required}", need.tells).unwrap();
        let (plural, verbs) = (need.plural(), verbs.join(", "));
        writeln!(text, "  - {{apiGroups: [{group}], resources: [{plural}], verbs: [{verbs}]}}").unwrap();
    }
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/permissions/kubectl-{NAME}.yaml"))
}

#[test]
fn the_roles_are_what_the_commands_declare() {
    let mut text =
        format!("# What kubectl {NAME} needs, a command at a time: README.md beside this says how to bind it.\n");
    for command in guarded(&reference()) {
        assert!(crate::ROLES.iter().any(|(of, ..)| *of == command), "{command} needs permissions: add it to ROLES");
    }
    for (command, suffix, lines) in crate::ROLES {
        // A role beside the command's own holds only what is more than that.
        let own = crate::ROLES.iter().filter(|(of, own, _)| of == command && own.is_empty() && !suffix.is_empty());
        let given = needs(own.flat_map(|(.., lines)| lines.iter()));
        let mut needs = needs(lines.iter());
        needs.retain(|need| !given.contains(need));
        let of = |place: &Place| needs.iter().filter(|need| need.place == *place).collect::<Vec<_>>();
        let name = format!("{command}{suffix}");
        role(&mut text, &name, "in the namespaces that it looks in", &of(&Place::Own));
        role(&mut text, &format!("{name}-cluster"), "what belongs to no namespace, or to all", &of(&Place::Cluster));
        let other = |need: &Need| if let Place::Other(name) = &need.place { Some(name.clone()) } else { None };
        for other in needs.iter().filter_map(other).collect::<BTreeSet<_>>() {
            role(
                &mut text,
                &format!("{name}-{other}"),
                &format!("in namespace {other}"),
                &of(&Place::Other(other.clone())),
            );
        }
    }
    if std::env::var_os("UPDATE_ROLES").is_some() {
        std::fs::write(file(), &text).unwrap();
    }
    let there = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(there == text, "docs/permissions is out of date: UPDATE_ROLES=1 cargo test -p kubectl-{NAME} roles");
}

#[test]
fn with_its_roles_alone_no_request_of_a_command_is_refused() {
    let reference = reference();
    let mut refused = Vec::new();
    for command in guarded(&reference) {
        let roles = crate::ROLES.iter().filter(|(of, ..)| *of == command);
        let needs = needs(roles.flat_map(|(.., lines)| lines.iter()));
        let examples = crate::help::examples(&reference);
        for line in examples.into_iter().filter(|line| line.split(' ').nth(2) == Some(&*command)) {
            let cluster = needs.iter().fold(example(), |cluster, need| match &need.place {
                Place::Other(namespace) => cluster.allow_in(namespace, &need.verb, need.plural()),
                _ => cluster.allow(&need.verb, need.plural()),
            });
            let cluster = cluster.start();
            let seen = run_on(&cluster, line);
            for request in cluster.requests().iter().filter(|request| request.status == Some(403)) {
                refused.push(format!("{line}: {} {}", request.what(), request.path));
            }
            assert!(went(&seen), "{line}: {}", seen.whole());
        }
    }
    assert!(refused.is_empty(), "asked for without being declared:\n{}", refused.join("\n"));
}

/// Each command's first example, under its role without one of its rules at a time: the answer is the same, or what was refused is said.
#[test]
fn with_a_rule_less_what_is_missing_is_said() {
    let reference = reference();
    let all = crate::help::examples(&reference);
    let mut silent = Vec::new();
    for command in guarded(&reference) {
        let of = |line: &&&str| {
            line.split(' ').nth(2) == Some(&*command) && !line.contains("--filename") && !line.contains(" -f ")
        };
        let Some(line) = all.iter().find(of) else { continue };
        let needs = needs(crate::ROLES.iter().filter(|(of, ..)| *of == command).flat_map(|(.., lines)| lines.iter()));
        let without = |left_out: usize| {
            let given = needs.iter().enumerate().filter(|(at, _)| *at != left_out);
            let cluster = given.fold(example(), |cluster, (_, need)| match &need.place {
                Place::Other(namespace) => cluster.allow_in(namespace, &need.verb, need.plural()),
                _ => cluster.allow(&need.verb, need.plural()),
            });
            let cluster = cluster.start();
            let seen = run_on(&cluster, line);
            let refused: BTreeSet<String> = cluster
                .requests()
                .iter()
                .filter(|request| request.status == Some(403))
                .map(|request| request.resource.clone())
                .collect();
            let told = seen.whole().to_lowercase();
            let unsaid = |resource: &&String| !(told.contains("forbidden") && told.contains(resource.as_str()));
            (Normalise::new().cluster(&cluster).ages().times().whole(&seen), refused.iter().find(unsaid).cloned())
        };
        let (with_all, _) = without(needs.len());
        let without = &without;
        let seen: Vec<_> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..needs.len()).map(|at| scope.spawn(move || without(at))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for (need, (shown, unsaid)) in needs.iter().zip(seen) {
            let Some(unsaid) = unsaid.filter(|_| shown != with_all) else { continue };
            silent.push(format!("{line}, without {} of {}: {unsaid}\n{shown}", need.verb, need.resource));
        }
    }
    assert!(silent.is_empty(), "refused without a word:\n{}", silent.join("\n"));
}

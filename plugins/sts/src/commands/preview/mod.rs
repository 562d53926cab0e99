//! `kubectl sts preview`: what a scaling or a deletion would do.

mod report;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use workload_cli::{Context, Exit, Failure, FileFlags, Format, OutputFlags, Target, check_permissions};
use workload_core::facts::{StatefulSet, Text, format_bytes};
use workload_core::gather::cluster::{Ask, NameSources, needs};
use workload_core::gather::resource::{
    BUDGETS, CRON_JOBS, DAEMON_SETS, DEPLOYMENTS, JOBS, NODES, QUOTAS, REPLICA_SETS, Resource,
};
use workload_core::render::Show::{Always, Wide};
use workload_core::render::{Cell, Column, Items, Report, Table, age, escape, write_findings};
use workload_core::volumes::fate::Disk;
use workload_core::volumes::{Action, Effect, Index, PodEffect, PreviewRow, limits, order, preview};

use self::report::Item;

/// Who else needs a claim, where its volume can go, and which limits a scaling meets.
const ALSO: &[&Resource] = &[&DEPLOYMENTS, &REPLICA_SETS, &DAEMON_SETS, &JOBS, &CRON_JOBS, &NODES, &QUOTAS, &BUDGETS];

/// Show what scaling or deleting a set would do to its pods, claims and disks; nothing is changed
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # What would come back, and how old its data is
  kubectl sts preview scale redis-stset --replicas 5

  # What the deletion of a set would destroy
  kubectl sts preview delete redis-stset

  # And without its pods
  kubectl sts preview delete redis-stset --cascade=orphan")]
pub(crate) struct PreviewArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Show what another number of replicas, or another start ordinal, would do
    Scale(ScaleArgs),
    /// Show what deleting the set would do
    Delete(DeleteArgs),
}

#[derive(Debug, Clone, Args)]
struct ScaleArgs {
    /// The set: NAME or statefulset/NAME
    #[arg(value_name = "NAME")]
    name: String,
    /// The number of replicas; the present one without it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(0..))]
    replicas: Option<i32>,
    /// The first ordinal; the present one without it
    #[arg(long, value_name = "K", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(0..))]
    start: Option<i32>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Clone, Args)]
struct DeleteArgs {
    /// The set: NAME or statefulset/NAME
    #[arg(value_name = "NAME")]
    name: String,
    /// As kubectl delete's: what becomes of the pods
    #[arg(long, value_enum, default_value = "background")]
    cascade: Cascade,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cascade {
    Background,
    Foreground,
    Orphan,
}

#[derive(Debug, Clone, Args)]
struct CommonArgs {
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// A row and the time that its ages are counted to.
struct Shown<'r, 'a> {
    row: &'r PreviewRow<'a>,
    now: Timestamp,
}

impl PreviewArgs {
    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let (name, common) = match &self.what {
            What::Scale(args) => (&args.name, &args.common),
            What::Delete(args) => (&args.name, &args.common),
        };
        if let What::Scale(args) = &self.what
            && args.replicas.is_none()
            && args.start.is_none()
        {
            return Err(Failure::error("say what is to change: --replicas, --start, or both"));
        }
        let target = Target::parse(name)?;
        let format = common.output.format()?;
        let ask = Ask {
            namespace: None,
            set: Some(target.set.clone()),
            all_claims: false,
            names: NameSources::Unread,
            chunk: 500,
            also: ALSO,
            pod_names: true,
            all_volumes: false,
        };
        if common.check_permissions {
            let needs = |namespace: &str| needs(&Ask { namespace: Some(Text::from(namespace)), ..ask });
            return check_permissions(context, format, common.output.headers(), needs).await;
        }
        let facts = common.files.read(context, ask, false).await?;
        let index = Index::new(&facts.cluster);
        let mut named = facts.cluster.sets.items.iter().filter(|set| *set.meta.name == *target.set);
        let Some(set) = named.next() else { return Err(facts.set_not_found(&target).await) };
        if named.next().is_some() {
            return Err(
                Failure::error(format_args!("more than one set is called {name:?}")).hint("name its namespace with -n")
            );
        }
        let action = self.what.action(set);
        let rows = preview(&index, set, action);
        write(context, &index, set, action, &rows, common, format)?;
        Ok(facts.exit)
    }
}

impl What {
    fn action(&self, set: &StatefulSet) -> Action {
        match self {
            Self::Scale(args) => Action::Scale {
                replicas: args.replicas.unwrap_or(set.replicas),
                start: args.start.unwrap_or(set.start),
            },
            Self::Delete(args) => Action::Delete { orphan: args.cascade == Cascade::Orphan },
        }
    }
}

fn write(
    context: &mut Context<'_>,
    index: &Index<'_>,
    set: &StatefulSet,
    action: Action,
    rows: &[PreviewRow<'_>],
    common: &CommonArgs,
    format: Format,
) -> Result<(), Failure> {
    let limits = limits(index.cluster, set, rows);
    let order = order(set, rows, matches!(action, Action::Delete { .. }));
    let items = Items(|| rows.iter().map(|row| Item::new(row)));
    let report = Report::new("PreviewReport", index.cluster, items)
        .with("order", serde_json::json!(order))
        .with("limits", serde_json::json!(limits));
    if context.report(format, &report)? {
        return Ok(());
    }
    if format == Format::Name {
        for row in rows.iter().filter(|row| row.claim.is_some()) {
            writeln!(context.out, "persistentvolumeclaim/{}", escape(&row.name))?;
        }
        return Ok(());
    }
    let headers = common.output.headers();
    if headers {
        writeln!(context.out, "{}", headline(set, action))?;
    }
    if rows.is_empty() {
        return context.note("The set has no claim templates and no claims: only its pods are concerned.");
    }
    if headers {
        writeln!(context.out)?;
    }
    let mut shown: Vec<Shown<'_, '_>> = rows.iter().map(|row| Shown { row, now: index.cluster.now }).collect();
    common.output.sort(&columns(), &mut shown)?;
    let of_rows = columns();
    Table::new(&of_rows, format == Format::Wide, headers).write(shown.iter(), context.out)?;
    if headers {
        writeln!(context.out, "\n{}", summary(rows))?;
        for line in order.into_iter().chain(limits) {
            writeln!(context.out, "{}", escape(&line))?;
        }
    }
    let notes: Vec<_> = rows
        .iter()
        .flat_map(|row| {
            row.notes.iter().cloned().map(|note| {
                let uid = row.claim.map(|claim| claim.meta.uid.clone()).unwrap_or_default();
                note.about(workload_core::findings::ObjectRef {
                    kind: "PersistentVolumeClaim",
                    namespace: set.meta.namespace.to_string(),
                    name: row.name.clone(),
                    uid,
                })
            })
        })
        .collect();
    if !notes.is_empty() {
        writeln!(context.out)?;
        write_findings(context.out, &notes, index.cluster.now, context.colour)?;
    }
    crate::commands::note_not_in_files(context, index.cluster)
}

fn headline(set: &StatefulSet, action: Action) -> String {
    let name = format!("StatefulSet {}/{}", escape(&set.meta.namespace), escape(&set.meta.name));
    match action {
        Action::Delete { orphan: true } => format!("{name}: if it were deleted without its pods"),
        Action::Delete { orphan: false } => format!("{name}: if it were deleted"),
        Action::Scale { replicas, start } => {
            let from = |start: i32, replicas: i32| match (start, replicas) {
                (_, 0) => "none".to_owned(),
                (start, 1) => format!("ordinal {start}"),
                (start, n) => format!("ordinals {start} to {}", start.saturating_add(n - 1)),
            };
            format!("{name}: from {} to {}", from(set.start, set.replicas), from(start, replicas))
        }
    }
}

fn columns<'r, 'a>() -> [Column<Shown<'r, 'a>>; 10] {
    let column = |name, show, cell| Column { name, show, cell };
    [
        column("ORD", Always, |s: &Shown<'r, 'a>| {
            Cell::ranked(s.row.at.ordinal.to_string(), f64::from(s.row.at.ordinal))
        }),
        column("POD", Always, |s| Cell::text(pod_word(s.row.pod_effect))),
        column("CLAIM", Always, |s| Cell::text(&*s.row.name)),
        column("THEN", Always, |s| Cell::text(s.row.effect.word())),
        column("SIZE", Always, |s| {
            let own = s.row.claim.and_then(|claim| claim.capacity.as_ref().or(claim.spec.request.as_ref()));
            let size = own.or(s.row.at.template.request.as_ref());
            size.map_or_else(Cell::none, |size| Cell::text(size.to_string()))
        }),
        column("DISK", Always, |s| {
            Cell::text(match s.row.disk {
                Some(Disk::Dies) => "dies too",
                Some(Disk::Kept) => "stays",
                Some(Disk::None) => "none",
                Some(Disk::CannotTell) => "?",
                None => "-",
            })
        }),
        column("DATA SINCE", Always, |s| {
            let made =
                s.row.claim.and_then(|claim| claim.meta.created()).filter(|_| s.row.effect != Effect::CreatedBlank);
            made.map_or_else(|| Cell::text("-"), |at| Cell::text(age(at, s.now)))
        }),
        column("NOTES", Always, |s| {
            let codes: Vec<&str> = s.row.notes.iter().map(|note| note.code.word()).collect();
            Cell::text(if codes.is_empty() { "-".to_owned() } else { codes.join(",") })
        }),
        column("TEMPLATE", Wide, |s| Cell::text(&*s.row.at.template.name)),
        column("VOLUME", Wide, |s| {
            s.row.claim.and_then(|claim| claim.volume.as_deref()).map_or_else(Cell::none, Cell::text)
        }),
    ]
}

pub(super) fn pod_word(effect: PodEffect) -> &'static str {
    match effect {
        PodEffect::Stays => "stays",
        PodEffect::Comes => "comes",
        PodEffect::Goes => "goes",
        PodEffect::None => "none",
    }
}

fn summary(rows: &[PreviewRow<'_>]) -> String {
    let count = |effect: Effect| rows.iter().filter(|row| row.effect == effect).count();
    let disks: u64 = rows
        .iter()
        .filter(|row| row.disk == Some(Disk::Dies))
        .filter_map(|row| row.claim?.bytes())
        .fold(0, u64::saturating_add);
    let parts: Vec<String> = [
        (Effect::Destroyed, "destroyed"),
        (Effect::Kept, "kept"),
        (Effect::AttachedAgain, "attached again with its data"),
        (Effect::CreatedBlank, "created blank"),
        (Effect::WaitsForDeletion, "waiting for a deletion"),
        (Effect::Unchanged, "unchanged"),
        (Effect::StaysBehind, "left as it is"),
        (Effect::ForItsController, "for its controller to decide"),
        (Effect::CannotTell, "that can't be told"),
    ]
    .into_iter()
    .filter(|(effect, _)| count(*effect) > 0)
    .map(|(effect, words)| format!("{} {words}", count(effect)))
    .collect();
    let dies = if disks > 0 { format!("; {} of disk die", format_bytes(disks)) } else { String::new() };
    format!("Claims: {}{dies}.", parts.join(", "))
}

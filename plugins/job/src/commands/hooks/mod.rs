//! `kubectl job hooks`: the hooks of Helm's releases and Argo CD's applications, and which one is stuck.

mod columns;
mod report;

use clap::Args;
use workload_cli::{
    Context, Exit, Facts, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, check_permissions, nearest,
};
use workload_core::facts::{Cluster, Pod, Text};
use workload_core::findings::{Code, Severity, Verdict};
use workload_core::gather::cluster::namespace_exists;
use workload_core::gather::hooks::{Ask, needs};
use workload_core::gather::log_tail;
use workload_core::jobs::hooks::{Group, Live, groups};
use workload_core::pods::{Circumstances, LogTail};
use workload_core::render::{Column, Items, Report, Table, age, escape, utc, write_findings};

use self::columns::{Shown, columns};
use self::report::Item;

/// Show the hooks of Helm releases and Argo CD applications in the order in which they run, and which one is stuck and why
///
/// How far Helm has come stands in its record of the release, a Secret: of it the hooks are read and nothing else, and of other Secrets nothing.
/// Without permission for that, and for Argo CD, the annotations of the Jobs and pods that are there tell what they can.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # All hooks of the namespace, what is stuck first
  kubectl job hooks

  # Where is this release, which hook is stuck, and what is the safe way out?
  kubectl job hooks shop

  # In the whole cluster, those of releases in the middle of an upgrade
  kubectl job hooks -A -l status=pending-upgrade

  # In which order a chart's Jobs will run: of what helm template prints
  kubectl job hooks -f examples/hooks.yaml")]
pub(crate) struct HooksArgs {
    /// The release or application
    #[arg(value_name = "RELEASE")]
    release: Option<String>,
    /// Do not ask for Helm's records, which are Secrets: the objects that are there tell what they can
    #[arg(long)]
    without_records: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    /// End with 10 where a Fault is found, with 14 where none is and something could not be read
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// What is to be done, checked before anything is read.
struct Plan {
    release: Option<String>,
    selection: Selection,
    format: Format,
}

impl Plan {
    /// Whether a group is asked for. A selector is about the record's labels, or those of the objects without one.
    fn shows(&self, group: &Group<'_>) -> bool {
        let named = self.release.as_deref().is_none_or(|name| group.name == name);
        let mut metas = group.rows.iter().filter_map(|row| row.live).map(Live::meta);
        named
            && match group.record {
                Some(record) => {
                    let idle = group.rows.is_empty() && group.verdicts.is_empty() && !record.pending();
                    self.selection.shows(&record.meta) && !(idle && self.release.is_none())
                }
                None => metas.any(|meta| self.selection.shows(meta)),
            }
    }
}

impl HooksArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let release = self.release.clone();
        if release.as_deref().is_some_and(|name| name.is_empty() || name.contains('/')) {
            return Err(Failure::error("the argument is the name of a release, without a type"));
        }
        Ok(Plan { release, selection: self.select.selection()?, format: self.output.format()? })
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        let all_namespaces = plan.selection.all_namespaces;
        let ask = Ask {
            namespace: None,
            release: plan.release.clone(),
            records: !self.without_records,
            chunk: plan.selection.chunk,
        };
        if self.check_permissions {
            let needs = |namespace: &str| {
                let namespace = (!all_namespaces).then(|| Text::from(namespace));
                let logs = log_tail::need(namespace.as_ref());
                [needs(&Ask { namespace, ..ask }), vec![logs]].concat()
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        let facts = self.files.read(context, ask, all_namespaces).await?;
        let cluster = &facts.cluster;
        let logs = self.logs(context, &plan, &facts).await?;
        let mut shown = groups(cluster, &Circumstances::of(cluster, &logs));
        shown.retain(|group| plan.shows(group));
        if let (Some(name), true) = (&plan.release, shown.is_empty()) {
            return Err(not_found(&facts, name).await);
        }
        let exit = if self.exit_code {
            let unread = cluster.refusals().map(|_| Severity::Unknown);
            facts.exit.by_severity(shown.iter().map(Group::worst).chain(unread))
        } else {
            facts.exit
        };
        self.write(context, &plan, cluster, &shown)?;
        Ok(exit)
    }

    /// The last lines of what failed or is stuck, where a release is named: they need a turn of their own.
    async fn logs(&self, context: &mut Context<'_>, plan: &Plan, facts: &Facts) -> Result<Vec<LogTail>, Failure> {
        let Some(client) = facts.client().filter(|_| plan.release.is_some()) else { return Ok(Vec::new()) };
        let cluster = &facts.cluster;
        let all = groups(cluster, &Circumstances::of(cluster, &[]));
        let rows = all.iter().filter(|group| plan.shows(group)).flat_map(|group| &group.rows);
        let faulty = rows.filter(|row| row.worst() == Severity::Fault).filter_map(|row| row.live);
        let mut pods: Vec<&Pod> = faulty.flat_map(|live| live.pods(cluster)).collect();
        pods.sort_by_key(|pod| std::cmp::Reverse(pod.meta.created()));
        let (tails, refused) = log_tail::tails(client, pods.into_iter()).await;
        if let Some(refusal) = refused {
            context.note(&format!("note: {refusal}: can't tell what the container wrote"))?;
        }
        Ok(tails)
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        cluster: &Cluster,
        shown: &[Group<'_>],
    ) -> Result<(), Failure> {
        let items = Items(|| shown.iter().map(Item::new));
        if context.report(plan.format, &Report::new("HookReport", cluster, items))? {
            return Ok(());
        }
        if shown.is_empty() {
            return context.note(&match &cluster.namespace {
                Some(namespace) => format!("No hooks found in {namespace} namespace."),
                None => "No hooks found".to_owned(),
            });
        }
        if plan.format == Format::Name {
            for live in shown.iter().flat_map(|group| &group.rows).filter_map(|row| row.live) {
                let kind = if live.kind() == "Job" { "job.batch" } else { "pod" };
                writeln!(context.out, "{kind}/{}", escape(&live.meta().name))?;
            }
            return Ok(());
        }
        let headers = self.output.headers();
        let columns = columns();
        if plan.release.is_none() {
            let mut rows: Vec<Shown<'_>> = shown.iter().flat_map(|group| Shown::of(group, cluster.now)).collect();
            self.output.sort(&columns, &mut rows)?;
            self.table(plan, &columns, shown).write(rows.iter(), context.out)?;
            let stuck: Vec<Verdict> = shown.iter().flat_map(stuck).collect();
            if headers && !stuck.is_empty() {
                writeln!(context.out)?;
                write_findings(context.out, &stuck, cluster.now, context.colour)?;
            }
            return Ok(());
        }
        for (at, group) in shown.iter().enumerate() {
            if at > 0 {
                writeln!(context.out)?;
            }
            let mut rows: Vec<Shown<'_>> = Shown::of(group, cluster.now);
            self.output.sort(&columns, &mut rows)?;
            if headers {
                writeln!(context.out, "{}\n", headline(group, cluster))?;
            }
            if !group.rows.is_empty() {
                self.table(plan, &columns, std::slice::from_ref(group)).write(rows.iter(), context.out)?;
            }
            let findings = findings(group);
            if headers && !findings.is_empty() {
                if !group.rows.is_empty() {
                    writeln!(context.out)?;
                }
                write_findings(context.out, &findings, cluster.now, context.colour)?;
            }
        }
        Ok(())
    }

    fn table<'t, 'g>(
        &self,
        plan: &Plan,
        columns: &'t [Column<Shown<'g>>],
        shown: &[Group<'_>],
    ) -> Table<'t, Shown<'g>> {
        let mut table = Table::new(columns, plan.format == Format::Wide, self.output.headers());
        if !plan.selection.all_namespaces && shown.windows(2).all(|pair| pair[0].namespace == pair[1].namespace) {
            table = table.without("NAMESPACE");
        }
        if plan.release.is_some() {
            table = table.without("RELEASE").without("STATUS");
        }
        if plan.selection.show_labels {
            table = table.and(columns, "LABELS");
        }
        table
    }
}

/// `Release shop/web, revision 4: pending-upgrade since …`.
fn headline(group: &Group<'_>, cluster: &Cluster) -> String {
    let name = if group.name.is_empty() { "<none>".to_owned() } else { escape(group.name).into_owned() };
    let namespace = escape(group.namespace);
    match group.record {
        Some(record) => {
            let since = record
                .saved
                .map_or_else(String::new, |at| format!(", written {} ({} ago)", utc(at), age(at, cluster.now)));
            let none = if group.rows.is_empty() && group.verdicts.is_empty() { ": no hooks" } else { "" };
            format!("Release {namespace}/{name}, revision {}: {}{since}{none}", record.revision, escape(&record.status))
        }
        None if group.argo => format!("Argo CD application {name}, in {namespace}: by annotations"),
        None => format!("Release {namespace}/{name}: by annotations, without a record"),
    }
}

/// All that is said of a group: of the release first, then of each hook, each verdict about its object.
fn findings(group: &Group<'_>) -> Vec<Verdict> {
    let of_rows = group.rows.iter().flat_map(|row| {
        row.verdicts.iter().filter(|verdict| verdict.severity != Severity::Ok).map(|verdict| {
            let mut verdict = verdict.clone();
            if verdict.object.is_none() {
                verdict.object = row.object();
            }
            verdict
        })
    });
    group.verdicts.iter().cloned().chain(of_rows).collect()
}

/// What must not be missed in the list of all.
fn stuck(group: &Group<'_>) -> Vec<Verdict> {
    let stuck = |verdict: &Verdict| verdict.code == Code::HookStuck;
    findings(group).into_iter().filter(stuck).collect()
}

async fn not_found(facts: &Facts, name: &str) -> Failure {
    let cluster = &facts.cluster;
    let around = Circumstances::of(cluster, &[]);
    let all = groups(cluster, &around);
    let near = nearest(name, all.iter().map(|group| group.name).filter(|name| !name.is_empty()));
    let did_you_mean = format!("did you mean {}?", near.join(" or "));
    let Some(client) = facts.client() else {
        let failure = Failure::error(format_args!("release {name:?} not found in the files"));
        return if near.is_empty() { failure } else { failure.hint(did_you_mean) };
    };
    let namespace = cluster.namespace.as_deref().unwrap_or("<all>");
    if cluster.jobs.items.is_empty() && cluster.namespace.is_some() && !namespace_exists(client, namespace).await {
        return Failure::not_found("namespaces", namespace).hint("kubectl get namespaces");
    }
    let failure = Failure::error(format_args!("release {name:?} not found in namespace {namespace}"));
    failure.hint(match (&cluster.around.releases.missing, near.is_empty()) {
        (Some(refusal), _) => format!("{refusal}: only releases with a hook that is there can be seen"),
        (None, true) => format!("helm list -a -n {namespace}  # -A looks in all namespaces"),
        (None, false) => did_you_mean,
    })
}

//! `kubectl job status`: how Jobs and CronJobs are, and why one does not start, run or end.

mod columns;
mod report;
mod screen;
mod view;
mod watch;

use clap::Args;
use workload_cli::{
    Context, Exit, Facts, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, WatchFlags,
    check_permissions, nearest,
};
use workload_core::facts::{Pod, Text};
use workload_core::findings::Severity;
use workload_core::gather::cluster::namespace_exists;
use workload_core::gather::jobs::{Ask, needs};
use workload_core::gather::{limits, log_tail};
use workload_core::jobs::cause;
use workload_core::render::{Items, Report, Table, escape, write_findings};

use self::columns::columns;
use self::report::Item;
use self::view::{Scene, View};
use super::target::{Kind, Target};

/// Show why Jobs and CronJobs do not start, run or end: without a name a row each, worst first, with one its cause chain
///
/// A Job has ended only when its own condition says so. Each verdict states its evidence and one next step.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  # A row per Job and CronJob of the namespace, worst first
  kubectl job status

  # Why did this Job fail, or not start?
  kubectl job status migrate

  # Why did this CronJob not run?
  kubectl job status cronjob/nightly-backup

  # For a script: exit code 10 where a Job is at fault
  kubectl job status -l app=backup --exit-code

  # From files, without a cluster
  kubectl job status -f examples/jobs.yaml")]
pub(crate) struct StatusArgs {
    /// The Jobs and CronJobs: NAME, job/NAME or cronjob/NAME
    #[arg(value_name = "NAME")]
    names: Vec<String>,
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
    watch: WatchFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// What is to be done, checked before anything is read.
struct Plan {
    targets: Vec<Target>,
    selection: Selection,
    format: Format,
}

impl StatusArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let plan = Plan {
            targets: self.names.iter().map(|name| Target::parse(name)).collect::<Result<_, _>>()?,
            selection: self.select.selection()?,
            format: self.output.format()?,
        };
        if !plan.targets.is_empty() && plan.selection.all_namespaces {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        Ok(plan)
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        let all_namespaces = plan.selection.all_namespaces;
        let ask = Ask { namespace: None, chunk: plan.selection.chunk };
        if self.check_permissions {
            let needs = |namespace: &str| {
                let namespace = (!all_namespaces).then(|| Text::from(namespace));
                let watched = self.watch.needs(ask.clone(), namespace.as_ref());
                let logs = log_tail::need(namespace.as_ref());
                let limits = limits::needs(namespace.as_ref());
                [needs(&Ask { namespace, ..ask }), vec![logs], limits, watched].concat()
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        if self.watch.given(self.files.given())? {
            return self.watch(context, &plan, ask).await;
        }
        let mut facts = self.files.read(context, ask, all_namespaces).await?;
        let cluster = &facts.cluster;
        let lacking = cluster.pods.missing.is_none()
            && cluster.jobs.items.iter().any(|job| cause::lacks_pods(job, &cause::pods_of(job, cluster)));
        facts.read_limits(context, lacking, plan.selection.chunk).await?;
        let logs = plan.logs(context, &facts).await?;
        let scene = Scene::new(&facts.cluster, &logs);
        let views = plan.views(&scene);
        for target in &plan.targets {
            if views.iter().any(|view| *view.meta().name == *target.name) {
                continue;
            }
            return self.gone(context, &plan, &facts, target).await;
        }
        let exit = if self.exit_code {
            let found = views.iter().map(View::worst);
            let unread = facts.cluster.refusals().map(|_| Severity::Unknown);
            facts.exit.by_severity(found.chain(unread))
        } else {
            facts.exit
        };
        self.write(context, &plan, &scene, views)?;
        Ok(exit)
    }

    fn write(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        scene: &Scene<'_>,
        mut views: Vec<View<'_>>,
    ) -> Result<(), Failure> {
        let cluster = scene.cluster;
        if plan.targets.is_empty() {
            self.output.sort(&columns(), &mut views)?;
        }
        let findings = if plan.targets.is_empty() { cause::left_counted(cluster, &scene.around) } else { Vec::new() };
        let items = Items(|| views.iter().map(Item::new));
        let report = Report::new("JobReport", cluster, items).with_findings(findings.clone());
        if context.report(plan.format, &report)? {
            return Ok(());
        }
        if views.is_empty() && findings.is_empty() {
            return context.note(&match &cluster.namespace {
                Some(namespace) => format!("No resources found in {namespace} namespace."),
                None => "No resources found".to_owned(),
            });
        }
        if plan.format == Format::Name {
            for view in &views {
                writeln!(context.out, "{}", escape(&view.full_name()))?;
            }
            return Ok(());
        }
        let (wide, headers) = (plan.format == Format::Wide, self.output.headers());
        if plan.targets.is_empty() {
            let columns = columns();
            let mut table = Table::new(&columns, wide, headers);
            let one_namespace = views.windows(2).all(|pair| pair[0].meta().namespace == pair[1].meta().namespace);
            if !plan.selection.all_namespaces && one_namespace {
                table = table.without("NAMESPACE");
            }
            if plan.selection.show_labels {
                table = table.and(&columns, "LABELS");
            }
            table.write(views.iter(), context.out)?;
            if !findings.is_empty() {
                writeln!(context.out)?;
                write_findings(context.out, &findings, cluster.now, context.colour)?;
            }
            return Ok(());
        }
        for (at, view) in views.iter().enumerate() {
            if at > 0 {
                writeln!(context.out)?;
            }
            screen::write(context.out, view, wide, headers, context.colour)?;
        }
        Ok(())
    }

    /// One that was named is not there: what its events still tell, else that it is not found.
    async fn gone(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        facts: &Facts,
        target: &Target,
    ) -> Result<Exit, Failure> {
        let cluster = &facts.cluster;
        let namespace = cluster.namespace.as_deref().unwrap_or_default();
        let expired = (target.kind != Some(Kind::CronJob))
            .then(|| cause::expired(namespace, &target.name, &cluster.around.events.items))
            .flatten();
        if let Some(verdict) = expired {
            let report = Report::new("JobReport", cluster, [(); 0]).with_findings(vec![verdict.clone()]);
            if !context.report(plan.format, &report)? {
                write_findings(context.out, &[verdict], cluster.now, context.colour)?;
            }
            return Ok(Exit::Error);
        }
        let names = cluster.jobs.items.iter().map(|job| &*job.meta.name);
        let near = nearest(&target.name, names.chain(cluster.cron_jobs.items.iter().map(|it| &*it.meta.name)));
        let did_you_mean = format!("did you mean {}?", near.join(" or "));
        let Some(client) = facts.client() else {
            let failure =
                Failure::error(format_args!("{} \"{}\" not found in the files", target.resource(), target.name));
            return Err(if near.is_empty() { failure } else { failure.hint(did_you_mean) });
        };
        if cluster.jobs.items.is_empty()
            && cluster.cron_jobs.items.is_empty()
            && !namespace_exists(client, namespace).await
        {
            return Err(Failure::not_found("namespaces", namespace).hint("kubectl get namespaces"));
        }
        let elsewhere = format!("kubectl get jobs,cronjobs -n {namespace}  # -A looks in all namespaces");
        Err(Failure::not_found(target.resource(), &target.name).hint(if near.is_empty() {
            elsewhere
        } else {
            did_you_mean
        }))
    }
}

impl Plan {
    fn views<'a>(&self, scene: &Scene<'a>) -> Vec<View<'a>> {
        if self.targets.is_empty() {
            return scene.all(|meta| self.selection.shows(meta));
        }
        self.targets.iter().flat_map(|target| scene.named(target)).collect()
    }

    /// The last lines of what failed, for those that are named: they need a turn of their own.
    async fn logs(
        &self,
        context: &mut Context<'_>,
        facts: &Facts,
    ) -> Result<Vec<workload_core::pods::LogTail>, Failure> {
        let Some(client) = facts.client().filter(|_| !self.targets.is_empty()) else { return Ok(Vec::new()) };
        let scene = Scene::new(&facts.cluster, &[]);
        let views = self.views(&scene);
        let newest = |view: &View<'_>| {
            view.worst() == Severity::Fault || view.verdicts.iter().any(|v| v.severity == Severity::Waiting)
        };
        let jobs = views
            .iter()
            .flat_map(|view| std::iter::once(view).chain(view.jobs.iter().take(1)))
            .filter(|view| newest(view));
        let mut pods: Vec<&Pod> = jobs.flat_map(|view| view.pods.iter().copied()).collect();
        pods.sort_by_key(|pod| std::cmp::Reverse(pod.meta.created()));
        let (tails, refused) = log_tail::tails(client, pods.into_iter()).await;
        if let Some(refusal) = refused {
            context.note(&format!("note: {refusal}: can't tell what the container wrote"))?;
        }
        Ok(tails)
    }
}

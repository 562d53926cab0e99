//! Where facts come from, and which objects are shown.

use std::path::PathBuf;

use clap::Args;
use workload_core::connect::{self, Client};
use workload_core::facts::{Cluster, FieldSelector, LabelSelector, Listed, Meta, Text, Why};
use workload_core::gather::around::forget_all_but;
use workload_core::gather::cluster::{self, Gathered, namespace_exists};
use workload_core::gather::files::{self, Source};
use workload_core::gather::limits::Limits;
use workload_core::gather::resource::{
    CLAIMS, CLASSES, CRON_JOBS, JOBS, PODS, Resource, SERVICES, SETS, SLICES, VOLUMES,
};
use workload_core::gather::{cron_jobs, hooks, jobs};
use workload_core::pods::admission;

use crate::patience::{TOLD, patiently};
use crate::{Context, Exit, Failure, Target, nearest};

/// `-f`: files in the place of a cluster.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Source")]
pub struct FileFlags {
    /// Read files instead of a cluster: manifests, the output of kubectl get -o yaml, a support bundle; - for stdin
    #[arg(short, long, value_name = "FILE|FOLDER|-")]
    filename: Vec<PathBuf>,
    /// Look into the folders below those named with -f
    #[arg(short = 'R', long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::flags::boolean)]
    recursive: Option<bool>,
}

/// Which objects are shown, as `kubectl get` has it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectFlags {
    /// All namespaces
    #[arg(short = 'A', long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::flags::boolean)]
    all_namespaces: Option<bool>,
    /// Those whose labels match: a=b,c!=d,e in (f,g),h,!i
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Those whose fields match: metadata.name=web
    #[arg(long, value_name = "SELECTOR")]
    field_selector: Option<String>,
    /// Show labels in a last column
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = crate::flags::boolean)]
    show_labels: Option<bool>,
    /// Objects to ask for at a time; 0 for all at once
    #[arg(long, value_name = "N", default_value_t = 500)]
    chunk_size: u32,
}

/// Which objects a run is about; checked before anything is read.
#[derive(Debug, Clone)]
pub struct Selection {
    /// `-A`.
    pub all_namespaces: bool,
    /// `--show-labels`.
    pub show_labels: bool,
    /// Objects per page.
    pub chunk: u32,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl SelectFlags {
    /// Reads the selectors.
    pub fn selection(&self) -> Result<Selection, Failure> {
        let labels = LabelSelector::parse(self.selector.as_deref().unwrap_or_default());
        let fields = FieldSelector::parse(self.field_selector.as_deref().unwrap_or_default());
        Ok(Selection {
            all_namespaces: self.all_namespaces.unwrap_or(false),
            show_labels: self.show_labels.unwrap_or(false),
            chunk: self.chunk_size,
            labels: labels.map_err(|error| Failure::error(format_args!("--selector: {error}")))?,
            fields: fields.map_err(|error| Failure::error(format_args!("--field-selector: {error}")))?,
        })
    }
}

impl Selection {
    /// Whether a selector chooses among the sets.
    pub fn selects(&self) -> bool {
        self.labels != LabelSelector::default() || self.fields != FieldSelector::default()
    }

    /// Whether an object is shown.
    pub fn shows(&self, meta: &Meta) -> bool {
        self.labels.matches(&meta.labels) && self.fields.matches(meta)
    }
}

/// What a command asks a cluster.
#[derive(Debug, Clone)]
pub enum Asked {
    /// About sets.
    Sets(cluster::Ask),
    /// About Jobs and CronJobs.
    Jobs(jobs::Ask),
    /// About CronJobs and their runs.
    CronJobs(cron_jobs::Ask),
    /// About hooks of Helm and Argo CD.
    Hooks(hooks::Ask),
}

impl From<cluster::Ask> for Asked {
    fn from(ask: cluster::Ask) -> Self {
        Self::Sets(ask)
    }
}

impl From<jobs::Ask> for Asked {
    fn from(ask: jobs::Ask) -> Self {
        Self::Jobs(ask)
    }
}

impl From<cron_jobs::Ask> for Asked {
    fn from(ask: cron_jobs::Ask) -> Self {
        Self::CronJobs(ask)
    }
}

impl From<hooks::Ask> for Asked {
    fn from(ask: hooks::Ask) -> Self {
        Self::Hooks(ask)
    }
}

impl Asked {
    /// In one namespace, or in all of them.
    pub(crate) fn set_namespace(&mut self, namespace: Option<Text>) {
        match self {
            Self::Sets(ask) => ask.namespace = namespace,
            Self::Jobs(ask) => ask.namespace = namespace,
            Self::CronJobs(ask) => ask.namespace = namespace,
            Self::Hooks(ask) => ask.namespace = namespace,
        }
    }

    pub(crate) async fn read(&self, client: &Client) -> Result<Gathered, connect::Error> {
        match self {
            Self::Sets(ask) => Box::pin(cluster::read(client, ask)).await,
            Self::Jobs(ask) => Box::pin(jobs::read(client, ask)).await,
            Self::CronJobs(ask) => Box::pin(cron_jobs::read(client, ask)).await,
            Self::Hooks(ask) => Box::pin(hooks::read(client, ask)).await,
        }
    }

    /// Forgets what the files hold of kinds that are not asked for.
    fn forget_others(&self, cluster: &mut Cluster) {
        fn forget<T>(list: &mut Listed<T>, resource: &'static Resource) {
            *list = Listed::refused(resource.not_listed(None, Why::NotRead));
        }
        forget_all_but(&mut cluster.around, self.also());
        match self {
            Self::Sets(ask) => {
                if !ask.names.services() {
                    forget(&mut cluster.services, &SERVICES);
                }
                if !ask.names.slices() {
                    forget(&mut cluster.slices, &SLICES);
                }
                forget(&mut cluster.jobs, &JOBS);
                forget(&mut cluster.cron_jobs, &CRON_JOBS);
            }
            Self::Jobs(_) | Self::CronJobs(_) | Self::Hooks(_) => {
                if matches!(self, Self::Hooks(_)) {
                    forget(&mut cluster.cron_jobs, &CRON_JOBS);
                }
                forget(&mut cluster.sets, &SETS);
                forget(&mut cluster.claims, &CLAIMS);
                forget(&mut cluster.volumes, &VOLUMES);
                forget(&mut cluster.classes, &CLASSES);
                forget(&mut cluster.services, &SERVICES);
                forget(&mut cluster.slices, &SLICES);
            }
        }
    }

    /// What is read around the objects themselves.
    fn also(&self) -> &'static [&'static Resource] {
        match self {
            Self::Sets(ask) => ask.also,
            Self::Jobs(_) => jobs::ALSO_IN_FILES,
            Self::CronJobs(_) => cron_jobs::ALSO,
            Self::Hooks(_) => hooks::ALSO,
        }
    }

    /// What is watched for changes, and what that tells; only the first is needed.
    pub(crate) fn watched(&self) -> &'static [(&'static Resource, &'static str)] {
        match self {
            Self::Sets(_) => &[
                (&SETS, "that a set has changed"),
                (&PODS, "that a pod has changed"),
                (&CLAIMS, "that a claim has changed"),
            ],
            Self::CronJobs(_) => &[(&CRON_JOBS, "that a CronJob has changed"), (&JOBS, "that a Job has changed")],
            Self::Hooks(_) => &[(&JOBS, "that a Job has changed"), (&PODS, "that a pod has changed")],
            Self::Jobs(_) => &[
                (&JOBS, "that a Job has changed"),
                (&CRON_JOBS, "that a CronJob has changed"),
                (&PODS, "that a pod has changed"),
            ],
        }
    }
}

/// Facts, and how the run ends if nothing else goes wrong.
pub struct Facts {
    /// What was read.
    pub cluster: Cluster,
    /// An error where a document of the files was broken.
    pub exit: Exit,
    /// Who was asked; nobody where files are the source.
    client: Option<Client>,
}

impl Facts {
    /// Who was asked; nobody where files are the source.
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }

    /// Ends a run by `exit`. What a large cluster takes is left for the system to take back at once: to free it piece by piece costs as much
    /// time as a page.
    pub fn end(self, exit: Exit) -> Exit {
        std::mem::forget(self.cluster);
        exit
    }

    /// Both parts.
    #[must_use]
    pub fn into_parts(self) -> (Cluster, Exit) {
        (self.cluster, self.exit)
    }
}

impl FileFlags {
    /// Whether files are the source.
    pub fn given(&self) -> bool {
        !self.filename.is_empty()
    }

    /// Reads the facts, from the files or from the cluster. What is worth a word about the reading goes to stderr.
    pub async fn read(
        &self,
        context: &mut Context<'_>,
        ask: impl Into<Asked>,
        all_namespaces: bool,
    ) -> Result<Facts, Failure> {
        let ask = ask.into();
        if !self.given() {
            let client = context.connect()?;
            return Facts::of_cluster(context, client, ask, all_namespaces).await;
        }
        let mut facts = self.read_files(context, all_namespaces)?;
        // The same command gives the same answer, whatever its source.
        ask.forget_others(&mut facts.cluster);
        Ok(facts)
    }

    /// Reads the facts from the files.
    pub fn read_files(&self, context: &mut Context<'_>, all_namespaces: bool) -> Result<Facts, Failure> {
        let sources: Vec<Source> = self
            .filename
            .iter()
            .map(|path| if path.as_os_str() == "-" { Source::Stdin } else { Source::Path(path.clone()) })
            .collect();
        let namespace = context.flags.namespace.clone().filter(|name| !name.is_empty() && !all_namespaces);
        let default = context.default_namespace();
        let read = files::read(
            &sources,
            self.recursive.unwrap_or(false),
            namespace.as_deref(),
            &default,
            context.now,
            context.stdin,
        )
        .map_err(Failure::error)?;
        for broken in &read.broken {
            context.note(&format!("error: {broken}"))?;
        }
        if context.flags.verbosity() > 0 {
            for (kind, count) in &read.skipped {
                context.note(&format!("skipped {count} of kind {kind}: no diagnosis reads them"))?;
            }
        }
        // A snapshot carries the time at which it was taken.
        if read.cluster.now == context.now {
            context
                .note("note: ages are counted to now by this machine's clock: the files carry no time of their own")?;
        }
        let exit = if read.broken.is_empty() { Exit::Done } else { Exit::Error };
        Ok(Facts { cluster: read.cluster, exit, client: None })
    }
}

impl Facts {
    /// Reads the facts from a cluster. Each client runs a credential plugin of its own: who has one already reads by it.
    pub async fn of_cluster(
        context: &mut Context<'_>,
        client: Client,
        ask: impl Into<Asked>,
        all_namespaces: bool,
    ) -> Result<Self, Failure> {
        let mut ask = ask.into();
        ask.set_namespace((!all_namespaces).then(|| Text::from(client.namespace())));
        let seen: Option<&mut dyn std::io::Write> =
            if context.err_is_terminal { Some(&mut *context.err) } else { None };
        let read = patiently(seen, TOLD, ask.read(&client)).await??;
        for remark in &read.remarks {
            context.note(remark)?;
        }
        for refusal in read.cluster.refusals() {
            context.note(&format!("note: {refusal}: can't tell {}", read.cluster.tells(refusal)))?;
        }
        Ok(Self { cluster: read.cluster, exit: Exit::Done, client: Some(client) })
    }

    /// What the namespace's limits say, where something lacks a pod: in a turn of its own, since nothing else asks for it. Of files what they
    /// hold of them stays then.
    pub async fn read_limits(&mut self, context: &mut Context<'_>, lacking: bool, chunk: u32) -> Result<(), Failure> {
        if !lacking {
            Limits::not_read().put(&mut self.cluster);
            return Ok(());
        }
        let Some(client) = &self.client else { return Ok(()) };
        let namespace = self.cluster.namespace.clone();
        Limits::read(client, namespace.as_ref(), chunk).await.put(&mut self.cluster);
        for refusal in admission::unread(&self.cluster.around) {
            context.note(&format!("note: {refusal}: can't tell {}", self.cluster.tells(refusal)))?;
        }
        Ok(())
    }

    /// That a set is not there, as kubectl says it, with the names that may have been meant. A namespace that does not exist
    /// explains it better, and kubectl names that instead.
    pub async fn set_not_found(&self, target: &Target) -> Failure {
        set_not_found(&self.cluster, self.client.as_ref(), target).await
    }
}

/// As [`Facts::set_not_found`], of facts that were read in another way.
pub async fn set_not_found(cluster: &Cluster, client: Option<&Client>, target: &Target) -> Failure {
    let sets = &cluster.sets.items;
    let near = nearest(&target.set, sets.iter().map(|set| &*set.meta.name));
    let did_you_mean = format!("did you mean {}?", near.join(" or "));
    let Some(client) = client else {
        let failure = Failure::error(format_args!("statefulsets.apps \"{}\" not found in the files", target.set));
        return if near.is_empty() { failure } else { failure.hint(did_you_mean) };
    };
    let namespace = cluster.namespace.as_deref().unwrap_or_default();
    if sets.is_empty() && !namespace_exists(client, namespace).await {
        return Failure::not_found("namespaces", namespace).hint("kubectl get namespaces");
    }
    let elsewhere = format!("kubectl get statefulsets -n {namespace}  # -A looks in all namespaces");
    Failure::not_found("statefulsets.apps", &target.set).hint(if near.is_empty() { elsewhere } else { did_you_mean })
}

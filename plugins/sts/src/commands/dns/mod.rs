//! `kubectl sts dns`: what each pod's name should resolve to, and what every DNS server answers.

mod columns;
mod report;
mod scene;
mod screen;
mod wait;
mod watch;

use std::time::Duration;

use clap::Args;
use workload_cli::{
    Context, Exit, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, Target, TargetArgs,
    check_permissions, wait_limit,
};
use workload_core::dns::resolver::Via;
use workload_core::dns::zone::Zone;
use workload_core::facts::Text;
use workload_core::gather::dns_server::{self, Which};
use workload_core::gather::names;

use self::scene::Scene;

/// Show what each pod's name should resolve to, and what every DNS server really answers
///
/// A row per ordinal: its name, the pod's addresses, what the EndpointSlices publish, and the answer of each DNS replica, asked over
/// port-forward. Nothing is created in the cluster.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are independent switches")]
#[command(after_help = "Examples:
  # The names of one set
  kubectl sts dns redis-stset

  # Of all sets of a namespace, with lifetimes, round-trip times and each server's serial
  kubectl sts dns -n shop -o wide

  # Until every DNS server answers right, at most a minute
  kubectl sts dns redis-stset --wait=1m

  # The names that resolve, one per line
  kubectl sts dns redis-stset --names

  # What manifests would give, without a cluster
  kubectl sts dns -f examples/shop.yaml")]
pub(crate) struct DnsArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// The cluster's domain, where it should not be detected
    #[arg(long, value_name = "DOMAIN")]
    cluster_domain: Option<String>,
    /// The DNS Service to ask, or its cluster IP [default: kube-system/kube-dns or openshift-dns/dns-default]
    #[arg(long, value_name = "NAMESPACE/NAME|IP")]
    dns_service: Option<String>,
    /// Ask all DNS replicas, not only the first ten
    #[arg(long)]
    all_replicas: bool,
    /// Ask a resolver of this machine instead of the replicas: the system's own, or a server. For use inside the cluster or on a VPN
    #[arg(long, value_name = "system|IP[:PORT]")]
    via: Option<String>,
    /// Ask from inside a pod as well, with what its image has: getent or nslookup. Runs a command in the pod
    #[arg(long = "in", value_name = "pod/NAME")]
    inside: Option<String>,
    /// Wait until every DNS server answers right for every ordinal; ends with 124 when the time passes before
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "0",
          conflicts_with = "watch")]
    wait: Option<String>,
    /// After the table print a line for every change, with the delay since the EndpointSlices changed
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    watch: Option<bool>,
    /// Print the names that resolve, one per line
    #[arg(long, conflicts_with = "watch")]
    names: bool,
    /// End with 10 where a Fault was found, 14 where something could not be read
    #[arg(long)]
    exit_code: bool,
    /// Show which permissions this command needs, and which of them you have
    #[arg(long)]
    check_permissions: bool,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    output: OutputFlags,
    #[command(flatten)]
    files: FileFlags,
}

/// What is to be done, checked before anything is read.
pub(super) struct Plan {
    target: Option<Target>,
    selection: Selection,
    format: Format,
    zone: Option<Zone>,
    which: Which,
    all_replicas: bool,
    via: Option<Via>,
    inside: Option<String>,
    /// How long to wait; for ever is the longest duration there is.
    wait: Option<Duration>,
}

impl DnsArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let plan = Plan {
            target: self.target.target()?,
            selection: self.select.selection()?,
            format: self.output.format()?,
            zone: self.cluster_domain.as_deref().map(domain).transpose()?,
            which: match self.dns_service.as_deref() {
                None | Some("") => Which::Usual,
                Some(text) => text.parse().map_err(|why| Failure::error(format_args!("--dns-service: {why}")))?,
            },
            all_replicas: self.all_replicas,
            via: match self.via.as_deref() {
                None | Some("") => None,
                Some(text) => Some(text.parse().map_err(|why| Failure::error(format_args!("--via: {why}")))?),
            },
            inside: self.inside.as_deref().filter(|text| !text.is_empty()).map(pod).transpose()?,
            wait: self.wait.as_deref().map(wait_limit).transpose()?,
        };
        let asks = self.watch() || plan.wait.is_some() || plan.via.is_some() || plan.inside.is_some();
        if asks && self.files.given() {
            return Err(Failure::error("--watch, --wait, --via and --in ask servers; with -f there are none"));
        }
        if plan.inside.is_some() && plan.selection.all_namespaces {
            return Err(Failure::error("--in names a pod of one namespace: it does not go with --all-namespaces"));
        }
        if plan.target.is_some() && plan.selection.all_namespaces {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        Ok(plan)
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        if self.check_permissions {
            let needs = |namespace: &str| {
                let namespace = (!plan.selection.all_namespaces).then(|| Text::from(namespace));
                let mut all = names::needs(&plan.ask(namespace.clone()));
                all.extend(dns_server::needs(&plan.which));
                all.extend(self.watch().then(|| names::watch_need(namespace.as_ref())));
                let inside = namespace.as_ref().filter(|_| plan.inside.is_some());
                all.extend(inside.map(names::inside_needs).unwrap_or_default());
                all
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        let (mut scene, exit) = if self.files.given() {
            let (facts, exit) = self.files.read_files(context, plan.selection.all_namespaces)?.into_parts();
            (Scene::of_files(facts, plan), exit)
        } else {
            let client = context.connect()?;
            let (scene, remarks) = Box::pin(Scene::of_cluster(client, plan)).await?;
            for remark in remarks {
                context.note(&remark)?;
            }
            (scene, Exit::Done)
        };
        scene.check_target().await?;
        scene.ask_all().await;
        for note in scene.notes() {
            context.note(&note)?;
        }
        let in_time = if let Some(limit) = scene.plan.wait {
            Box::pin(wait::wait(&mut scene, limit)).await
        } else {
            Box::pin(scene.look_again(Duration::from_secs(1))).await;
            true
        };
        let view = scene.view();
        self.write(context, &scene, &view)?;
        if self.watch() {
            context.out.flush()?;
            drop(view);
            watch::watch(context, &mut scene).await?;
            return Ok(Exit::Done);
        }
        if !in_time {
            return Ok(Exit::TimedOut);
        }
        Ok(if self.exit_code { exit.by_severity(view.severities()) } else { exit })
    }

    fn watch(&self) -> bool {
        self.watch.unwrap_or(false)
    }

    fn write(&self, context: &mut Context<'_>, scene: &Scene, view: &scene::View<'_>) -> Result<(), Failure> {
        if self.names {
            for name in screen::resolving(scene, view) {
                writeln!(context.out, "{}", workload_core::render::escape(&name))?;
            }
            return Ok(());
        }
        if report::write(context, scene, view)? {
            return Ok(());
        }
        screen::write(context, scene, view, &self.output)
    }
}

impl Plan {
    fn ask(&self, namespace: Option<Text>) -> names::Ask {
        names::Ask {
            namespace: namespace.filter(|_| !self.selection.all_namespaces),
            set: self.target.as_ref().map(|target| target.set.clone()),
            chunk: self.selection.chunk,
        }
    }
}

/// A pod by its name or as `pod/NAME`.
fn pod(text: &str) -> Result<String, Failure> {
    let name = text.split_once('/').map_or(Some(text), |(kind, name)| {
        ["pod", "pods", "po"].contains(&kind.to_ascii_lowercase().as_str()).then_some(name)
    });
    let plain = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    name.filter(plain).map(str::to_owned).ok_or_else(|| Failure::error(format_args!("--in: {text:?} names no pod")))
}

/// A domain that DNS can hold.
fn domain(text: &str) -> Result<Zone, Failure> {
    let zone = Zone::given(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if zone.name.len() <= 200 && zone.name.split('.').all(label) {
        Ok(zone)
    } else {
        Err(Failure::error(format_args!("--cluster-domain: {text:?} is no domain")))
    }
}

//! `kubectl sts dns`: what each pod's name should resolve to, and what every DNS server answers.

mod columns;
mod report;
mod scene;
mod screen;

use std::time::Duration;

use clap::Args;
use workload_cli::{
    Context, Exit, Failure, FileFlags, Format, OutputFlags, SelectFlags, Selection, Target, TargetArgs,
    check_permissions,
};
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
    /// Print the names that resolve, one per line
    #[arg(long)]
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
        };
        if plan.target.is_some() && plan.selection.all_namespaces {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        Ok(plan)
    }

    pub(crate) async fn run(self, context: &mut Context<'_>) -> Result<Exit, Failure> {
        let plan = self.plan()?;
        if self.check_permissions {
            let needs = |namespace: &str| {
                let mut all = names::needs(&plan.ask(Some(namespace.into())));
                all.extend(dns_server::needs(&plan.which));
                all
            };
            return check_permissions(context, plan.format, self.output.headers(), needs).await;
        }
        let (mut scene, exit) = if self.files.given() {
            let (facts, exit) = self.files.read_files(context, plan.selection.all_namespaces)?.into_parts();
            (Scene::of_files(facts, plan), exit)
        } else {
            let client = context.connect()?;
            let (scene, remarks) = Scene::of_cluster(client, plan).await?;
            for remark in remarks {
                context.note(&remark)?;
            }
            (scene, Exit::Done)
        };
        scene.check_target()?;
        scene.ask_all().await;
        scene.look_again(Duration::from_secs(1)).await;
        let view = scene.view();
        self.write(context, &scene, &view)?;
        Ok(if self.exit_code { exit.by_severity(view.severities()) } else { exit })
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

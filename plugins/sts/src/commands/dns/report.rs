//! The report as JSON or YAML.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use workload_cli::{Context, Failure, Format};
use workload_core::dns::Rcode;
use workload_core::dns::ask::Trouble;
use workload_core::dns::look::{Judged, ServiceSeen};
use workload_core::dns::seen::{Seen, State};
use workload_core::facts::{Known, Uid};
use workload_core::findings::{ObjectRef, Verdict};
use workload_core::render::{Items, Report};

use super::scene::{Scene, View};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'v> {
    object: ObjectRef,
    set: &'v str,
    ordinal: i32,
    in_range: bool,
    /// The whole name, without its last dot.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<PodItem<'v>>,
    published: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Timestamp>,
    /// Null where it can't be told.
    expected: Option<Vec<IpAddr>>,
    answers: Vec<Answer<'v>>,
    verdicts: &'v [Verdict],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodItem<'v> {
    uid: String,
    status: &'v str,
    ready: bool,
    addresses: Vec<&'v str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'v> {
    server: &'v str,
    /// The response code as dig writes it, or `timeout`, `lost`.
    result: String,
    addresses: Vec<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_microseconds: Option<u64>,
    /// Of an answer without addresses: the serial of the view that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dns<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ObjectRef>,
    cluster_domain: &'v str,
    cluster_domain_source: &'static str,
    servers: Vec<ServerItem<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corefile: Option<CorefileItem<'v>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerItem<'v> {
    name: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    ready: bool,
    asked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CorefileItem<'v> {
    ttl: u32,
    remembers_answers_seconds: u32,
    remembers_absence_seconds: u32,
    endpoint_pod_names: bool,
    filters: &'v [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceItem<'v> {
    object: ObjectRef,
    name: String,
    governing: bool,
    exists: bool,
    answers: Vec<Answer<'v>>,
    /// Per server, from the answer for a name that never existed.
    serials: Vec<Option<u32>>,
    ports: Vec<PortItem<'v>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PortItem<'v> {
    name: &'v str,
    targets: Vec<String>,
}

/// Writes it where the format asks for it.
pub(super) fn write(context: &mut Context<'_>, scene: &Scene, view: &View<'_>) -> Result<bool, Failure> {
    if !matches!(scene.plan.format, Format::Json | Format::Yaml) {
        return Ok(false);
    }
    let items = Items(|| view.rows.iter().map(|row| item(row, scene)));
    let services: Vec<_> = view.services.iter().map(|service| service_item(service, scene)).collect();
    let value = |part: Result<serde_json::Value, serde_json::Error>| part.map_err(Failure::error);
    let report = Report::new("DnsReport", &scene.cluster, items)
        .with("dns", value(serde_json::to_value(dns(scene)))?)
        .with("services", value(serde_json::to_value(services))?)
        .with_findings(view.findings.clone());
    context.report(scene.plan.format, &report)
}

fn item<'v>(row: &'v Judged<'_>, scene: &'v Scene) -> Item<'v> {
    let name = &row.name;
    let pod = match name.pod {
        Known::Read(pod) => pod,
        Known::Refused(_) => None,
    };
    Item {
        object: ObjectRef {
            kind: "Pod",
            namespace: name.set.meta.namespace.to_string(),
            name: name.host.clone(),
            uid: pod.map(|pod| pod.meta.uid.clone()).unwrap_or_default(),
        },
        set: &name.set.meta.name,
        ordinal: name.ordinal,
        in_range: name.in_range,
        name: name.full(&scene.inquiry.zone),
        pod: pod.map(|pod| PodItem {
            uid: pod.meta.uid.to_string(),
            status: &pod.status,
            ready: pod.ready,
            addresses: pod.addresses.iter().map(|address| &**address).collect(),
        }),
        published: name.published.word(),
        changed: name.changed,
        expected: name.expected.as_ref().map(|expected| expected.iter().copied().collect()),
        answers: answers(&row.seen, scene),
        verdicts: &row.verdicts,
    }
}

fn answers<'v>(seen: &'v [Seen], scene: &'v Scene) -> Vec<Answer<'v>> {
    let answer = |(seen, asked): (&Seen, &'v workload_core::dns::inquiry::Asked)| Answer {
        server: &asked.name,
        result: match seen.state {
            State::TimedOut => "timeout".to_owned(),
            State::Lost => "lost".to_owned(),
            State::Answered(rcode) => Rcode::word(rcode),
        },
        addresses: seen.addresses.iter().copied().collect(),
        ttl: seen.ttl.or(seen.soa.map(|soa| soa.ttl)),
        round_trip_microseconds: seen.took,
        serial: seen.soa.map(|soa| soa.serial),
    };
    seen.iter().zip(&scene.inquiry.asked).map(answer).collect()
}

fn dns(scene: &Scene) -> Dns<'_> {
    let inquiry = &scene.inquiry;
    let asked = |name: &str| inquiry.asked.iter().find(|asked| asked.name == name);
    let trouble = |name: &str| {
        Some(match asked(name)?.trouble.as_ref()? {
            Trouble::Silent => "no answer in 2 s, twice".to_owned(),
            Trouble::Refused(refusal) => refusal.to_string(),
            Trouble::Failed(sentence) => sentence.clone(),
        })
    };
    let replicas = inquiry.server.iter().flat_map(|server| &server.replicas).map(|replica| ServerItem {
        name: &replica.pod,
        port: Some(replica.port),
        ready: replica.ready,
        asked: asked(&replica.pod).is_some(),
        trouble: trouble(&replica.pod),
    });
    let others = inquiry.asked.iter().filter(|asked| asked.namespace.is_empty()).map(|asked| ServerItem {
        name: &asked.name,
        port: None,
        ready: true,
        asked: true,
        trouble: trouble(&asked.name),
    });
    Dns {
        service: inquiry.server.as_ref().map(|server| ObjectRef {
            kind: "Service",
            namespace: server.namespace.to_string(),
            name: server.service.to_string(),
            uid: Uid::default(),
        }),
        cluster_domain: &inquiry.zone.name,
        cluster_domain_source: inquiry.zone.source.says(),
        servers: replicas.chain(others).collect(),
        corefile: inquiry.corefile.as_ref().map(|corefile| CorefileItem {
            ttl: corefile.ttl,
            remembers_answers_seconds: corefile.remembers_answers.unwrap_or(0),
            remembers_absence_seconds: corefile.remembers_absence.unwrap_or(0),
            endpoint_pod_names: corefile.endpoint_pod_names,
            filters: &corefile.filters,
        }),
    }
}

fn service_item<'v>(service: &'v ServiceSeen<'_>, scene: &'v Scene) -> ServiceItem<'v> {
    let name = &service.name;
    ServiceItem {
        object: ObjectRef {
            kind: "Service",
            namespace: name.set.meta.namespace.to_string(),
            name: name.name.to_owned(),
            uid: name.service.map(|service| service.meta.uid.clone()).unwrap_or_default(),
        },
        name: name.full(&scene.inquiry.zone),
        governing: name.governing,
        exists: name.service.is_some(),
        answers: answers(&service.seen, scene),
        serials: service.views.iter().map(|view| view.map(|view| view.serial)).collect(),
        ports: service
            .ports
            .iter()
            .map(|(label, targets)| PortItem {
                name: label,
                targets: targets.iter().map(|(host, port)| format!("{host}:{port}")).collect(),
            })
            .collect(),
    }
}

//! The cluster's DNS servers: their Service, the pods behind it, and their configuration.

use k8s_openapi::api::core::v1::ConfigMap;

use super::lists::{get, list_where, segment, why};
use super::resource::{CONFIG_MAPS, Need, POLICIES, PORT_FORWARD, SERVICES, SLICES};
use crate::connect::{Client, Error, ErrorKind};
use crate::facts::{DnsReplica, DnsServer, EndpointSlice, Listed, NetworkPolicy, Refusal, Scope, Service, Text, Why};

/// Where the DNS Service usually is: Kubernetes' own name for it, and OpenShift's.
const USUAL: [(&str, &str); 2] = [("kube-system", "kube-dns"), ("openshift-dns", "dns-default")];

/// Which DNS Service to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The cluster's own, wherever it usually is.
    Usual,
    /// By namespace and name.
    Named(Text, Text),
    /// By its cluster IP, as a pod's resolv.conf names it.
    Address(std::net::IpAddr),
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self::Named(namespace.into(), name.into()))
            }
            _ => Err(format!("{text:?} is neither NAMESPACE/NAME nor a cluster IP")),
        }
    }
}

/// Why no DNS server can be asked.
#[derive(Debug, Clone)]
pub enum NoServer {
    /// There is no such Service, or it has no endpoints: the sentence says where it was looked for.
    Absent(String),
    /// It could not be read.
    Refused(Refusal),
}

/// What finding and asking the DNS servers needs to be allowed to do.
pub fn needs(which: &Which) -> Vec<Need> {
    let namespace = match which {
        Which::Named(namespace, _) => namespace.clone(),
        _ => USUAL[0].0.into(),
    };
    let need = |verb, resource, tells| Need {
        verb,
        resource,
        scope: Scope::Namespace(namespace.clone()),
        required: false,
        tells,
    };
    let mut all = vec![
        need("get", &SERVICES, "where the DNS servers are, and the cluster's domain"),
        need("list", &SLICES, "which DNS servers there are"),
        need("get", &PORT_FORWARD, "what the DNS servers answer"),
        need("create", &PORT_FORWARD, "what the DNS servers answer (servers from 1.35 on ask for both verbs)"),
        need("get", &CONFIG_MAPS, "how long the DNS servers remember an answer"),
        need("list", &POLICIES, "whether the DNS servers let the pods' questions in"),
    ];
    match which {
        Which::Named(..) => {}
        Which::Usual => {
            all.push(need("list", &SERVICES, "where the DNS servers are, where their Service has another name"));
        }
        Which::Address(_) => {
            let scope = Scope::Cluster;
            all.push(Need { scope, ..need("list", &SERVICES, "which Service has the cluster IP") });
        }
    }
    all
}

/// Finds the DNS servers.
pub async fn find(client: &Client, which: &Which) -> Result<DnsServer, NoServer> {
    match which {
        Which::Named(namespace, name) => {
            let absent = || format!("there is no DNS Service {namespace}/{name}, or no pod is behind it");
            at(client, namespace, name).await?.ok_or_else(|| NoServer::Absent(absent()))
        }
        Which::Address(address) => by_address(client, *address).await,
        Which::Usual => {
            for (namespace, name) in USUAL {
                if let Some(found) = at(client, &namespace.into(), &name.into()).await? {
                    return Ok(found);
                }
            }
            // Distributions that name it after their chart keep the label that kubeadm sets.
            let selector = format!("labelSelector={}", segment("k8s-app=kube-dns"));
            let namespace: Text = USUAL[0].0.into();
            let Listed { items, missing } = list_where::<Service>(client, Some(&namespace), 0, &selector).await.list;
            if let Some(refusal) = missing {
                return Err(NoServer::Refused(refusal));
            }
            for service in items {
                if let Some(found) = at(client, &namespace, &(*service.meta.name).into()).await? {
                    return Ok(found);
                }
            }
            Err(NoServer::Absent(
                "no DNS Service was found (looked for kube-system/kube-dns, openshift-dns/dns-default and the label k8s-app=kube-dns); clusters whose DNS is not made of pods can be asked with --in pod/NAME; --dns-service names another".to_owned(),
            ))
        }
    }
}

async fn by_address(client: &Client, address: std::net::IpAddr) -> Result<DnsServer, NoServer> {
    let all = list_where::<Service>(client, None, 500, "").await.list;
    let has = |service: &&Service| service.cluster_ip.parse() == Ok(address);
    let Some(service) = all.items.iter().find(has) else {
        return Err(all
            .missing
            .map_or_else(|| NoServer::Absent(format!("no Service has the cluster IP {address}")), NoServer::Refused));
    };
    let name: Text = (*service.meta.name).into();
    let absent = || NoServer::Absent(format!("no pod is behind the Service {}/{name}", service.meta.namespace));
    at(client, &service.meta.namespace, &name).await?.ok_or_else(absent)
}

/// The Service of that name with what is behind it; `None` where it does not exist, or has no endpoints at all.
async fn at(client: &Client, namespace: &Text, name: &Text) -> Result<Option<DnsServer>, NoServer> {
    let selector = format!("labelSelector={}", segment(&format!("kubernetes.io/service-name={name}")));
    let (service, slices, corefile, policies) = futures_util::join!(
        Box::pin(get::<Service>(client, Some(namespace), name)),
        Box::pin(list_where::<EndpointSlice>(client, Some(namespace), 0, &selector)),
        Box::pin(corefile(client, namespace, name)),
        Box::pin(list_where::<NetworkPolicy>(client, Some(namespace), 0, "")),
    );
    let Listed { items, missing } = slices.list;
    let replicas = replicas(&items);
    match (service, missing) {
        (Ok(None), _) => Ok(None),
        (_, Some(refusal)) if replicas.is_empty() => Err(NoServer::Refused(refusal)),
        (_, None) if replicas.is_empty() => Ok(None),
        (service, _) => {
            // Without the Service itself its slices will do: it tells only the address, and the pods' labels.
            let service = service.ok().flatten().map(|service| (service.cluster_ip, service.selector));
            let (cluster_ip, selector) = service.unwrap_or_default();
            let (namespace, service, policies) = (namespace.clone(), name.clone(), policies.list);
            Ok(Some(DnsServer { namespace, service, cluster_ip, selector, policies, replicas, corefile }))
        }
    }
}

/// The pods behind a DNS Service, in the order of their names; a pod of two address families stands in two slices.
fn replicas(slices: &[EndpointSlice]) -> Vec<DnsReplica> {
    let mut all: Vec<DnsReplica> = Vec::new();
    for slice in slices {
        let tcp: Vec<_> = slice.ports.iter().filter(|port| &*port.protocol == "TCP").collect();
        // A DNS Service has a port for metrics too: of several, the one that is named after DNS, or is 53.
        let named = tcp.iter().find(|port| port.name.contains("dns")).or_else(|| tcp.iter().find(|p| p.port == 53));
        let Some(port) = named.or(tcp.first()).and_then(|port| u16::try_from(port.port).ok()) else { continue };
        for endpoint in &slice.endpoints {
            let Some(pod) = &endpoint.pod_name else { continue };
            if !all.iter().any(|known| known.pod == *pod) {
                let (ready, terminating) = (endpoint.ready, endpoint.terminating);
                all.push(DnsReplica { pod: pod.clone(), port, ready, terminating });
            }
        }
    }
    all.sort_by(|a, b| a.pod.cmp(&b.pod));
    all
}

/// The Corefile: in the ConfigMap that kubeadm names `coredns`, or that has the Service's own name.
async fn corefile(client: &Client, namespace: &Text, service: &Text) -> Result<Text, Refusal> {
    let refusal =
        |why| Refusal { verb: "get", resource: CONFIG_MAPS.name, scope: Scope::Namespace(namespace.clone()), why };
    let mut last = Why::NotServed;
    for name in ["coredns", service] {
        let path = format!("{}/{}", CONFIG_MAPS.path(Some(namespace)), segment(name));
        let read: Result<ConfigMap, Error> = match client.get(&path, None).await {
            Ok(answer) => answer.json(),
            Err(error) => Err(error),
        };
        match read {
            Ok(map) => {
                if let Some(text) = map.data.and_then(|mut data| data.remove("Corefile")) {
                    return Ok(text.into());
                }
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                last = Why::Failed("there is no ConfigMap with a Corefile".to_owned());
            }
            Err(error) => return Err(refusal(why(&error))),
        }
    }
    Err(refusal(last))
}

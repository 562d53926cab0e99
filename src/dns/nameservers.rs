//! Which nameservers the pods are given: `dnsPolicy` and `dnsConfig` of the template (`pkg/kubelet/network/dns/dns.go`, GetPodDNS).

use std::net::IpAddr;

use crate::facts::{Cluster, DnsServer, Service, StatefulSet};
use crate::findings::{Code, Verdict};

/// What keeps the pods' own questions from the cluster's DNS. The servers' Service is known to whoever asks them, or has read their namespace.
pub(super) fn verdict(set: &StatefulSet, server: Option<&DnsServer>, cluster: &Cluster) -> Option<Verdict> {
    match &*set.dns_policy {
        // An absent policy is defaulted to ClusterFirst by the API server.
        "" | "ClusterFirst" => set.host_network.then(|| host_network(set)),
        "Default" => Some(of_the_node(set)),
        "None" => others(set, dns_service(server, cluster)?),
        _ => None,
    }
}

fn host_network(set: &StatefulSet) -> Verdict {
    let says = "The pods are on their host's network with dnsPolicy ClusterFirst, which then means the node's resolver: from inside them the cluster's names do not resolve.";
    Verdict::new(Code::HostNetworkDns, says)
        .because(object(set), "spec.template.spec.hostNetwork", "true")
        .because(object(set), "spec.template.spec.dnsPolicy", "ClusterFirst")
        .next(cluster_first(set))
}

fn of_the_node(set: &StatefulSet) -> Verdict {
    let says = "The pods have dnsPolicy Default, which means the node's resolver and not the cluster's DNS: unless that one knows the cluster's names, the pods can't resolve each other's.";
    Verdict::new(Code::ForeignNameservers, says)
        .because(object(set), "spec.template.spec.dnsPolicy", "Default")
        .next(cluster_first(set))
}

/// Resolvers ask the first server, and take its "no such name" for an answer: the second is asked only where the first is silent.
fn others(set: &StatefulSet, (service, cluster_ip): (String, IpAddr)) -> Option<Verdict> {
    let first: IpAddr = set.nameservers.first()?.parse().ok()?;
    // A cache on the node or in the pod may well ask the cluster's DNS, and of the other family the Service's address is not known.
    let cache = match first {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    };
    if cache || first == cluster_ip || first.is_ipv4() != cluster_ip.is_ipv4() {
        return None;
    }
    let says = format!(
        "The pods have dnsPolicy None and ask {first}, not the cluster's DNS at {cluster_ip}: unless that one knows the cluster's names, the pods can't resolve each other's."
    );
    Some(
        Verdict::new(Code::ForeignNameservers, says)
            .because(object(set), "spec.template.spec.dnsPolicy", "None")
            .because(object(set), "spec.template.spec.dnsConfig.nameservers", set.nameservers.join(", "))
            .because(service, "spec.clusterIP", cluster_ip)
            .next(cluster_first(set)),
    )
}

/// The DNS Service and its address; kubeadm's label finds it among Services that were read.
fn dns_service(server: Option<&DnsServer>, cluster: &Cluster) -> Option<(String, IpAddr)> {
    let named = |name: &str, address: &str| Some((format!("Service/{name}"), address.parse().ok()?));
    if let Some(server) = server {
        return named(&server.service, &server.cluster_ip);
    }
    let labelled = |service: &&Service| service.meta.labels.get("k8s-app") == Some("kube-dns");
    let service = cluster.services_in("kube-system").iter().find(labelled)?;
    named(&service.meta.name, &service.cluster_ip)
}

/// The policy by which the pods ask the cluster's DNS. Nameservers of their own would be asked beside it, and go with it.
fn cluster_first(set: &StatefulSet) -> String {
    let policy = if set.host_network { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
    let config = if set.nameservers.is_empty() { "" } else { ",\"dnsConfig\":{\"nameservers\":null}" };
    format!(
        "kubectl -n {} patch statefulset {} -p '{{\"spec\":{{\"template\":{{\"spec\":{{\"dnsPolicy\":\"{policy}\"{config}}}}}}}}}'  # restarts the pods",
        set.meta.namespace, set.meta.name
    )
}

fn object(set: &StatefulSet) -> String {
    format!("StatefulSet/{}", set.meta.name)
}

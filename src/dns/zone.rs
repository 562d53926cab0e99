//! The cluster's domain (`cluster.local`), and how it is known.

use std::net::IpAddr;

use super::question::{Question, RecordKind, Reply};

/// What kubeadm and most distributions call it.
const USUAL: &str = "cluster.local";

/// The domain under which a cluster's names are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name, without a last dot.
    pub name: String,
    /// How it is known.
    pub source: ZoneSource,
}

/// How the domain is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneSource {
    /// It was given (`--cluster-domain`).
    Given,
    /// The DNS server named its own address so (PTR).
    Reverse,
    /// The Corefile serves it.
    Corefile,
    /// A pod's resolv.conf searches it.
    ResolvConf,
    /// Nobody said so: it is what most clusters have.
    Assumed,
}

impl ZoneSource {
    /// As the table's summary puts it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Reverse => "detected by reverse look-up",
            Self::Corefile => "from the Corefile",
            Self::ResolvConf => "from the pod's resolv.conf",
            Self::Assumed => "assumed",
        }
    }
}

impl Zone {
    /// A domain that was given; dots around it don't matter.
    pub fn given(name: &str) -> Self {
        Self { name: name.trim_matches('.').to_owned(), source: ZoneSource::Given }
    }

    /// What to go by when nothing tells.
    pub fn assumed() -> Self {
        Self { name: USUAL.to_owned(), source: ZoneSource::Assumed }
    }

    /// The first domain of a Corefile's `kubernetes` plugin.
    pub fn of_corefile(name: &str) -> Self {
        Self { name: name.trim_matches('.').to_owned(), source: ZoneSource::Corefile }
    }

    /// What a pod searches after its own namespace: `<namespace>.svc.<zone> svc.<zone> <zone>`.
    pub fn of_search_list(search: &[String]) -> Option<Self> {
        let name = search.iter().find_map(|domain| domain.trim_matches('.').strip_prefix("svc."))?;
        Some(Self { name: name.to_owned(), source: ZoneSource::ResolvConf })
    }

    /// What the PTR record of a Service's address tells: `<service>.<namespace>.svc.<zone>`.
    pub fn of_reverse(reply: &Reply, service: &str, namespace: &str) -> Option<Self> {
        let prefix = format!("{service}.{namespace}.svc.");
        let zone_of = |(target, _): &(String, u16)| {
            let head = target.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(&prefix))?;
            Some(target[head.len()..].trim_end_matches('.').to_owned()).filter(|zone| !zone.is_empty())
        };
        reply.targets.iter().find_map(zone_of).map(|name| Self { name, source: ZoneSource::Reverse })
    }
}

/// The question for the name of an address (RFC 1035 3.5, RFC 3596 2.5).
pub fn reverse(address: IpAddr) -> Question {
    let name = match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(v6) => {
            let digits = v6.octets().into_iter().rev().flat_map(|byte| [byte & 0xf, byte >> 4]);
            let mut name: String = digits.map(|digit| format!("{digit:x}.")).collect();
            name.push_str("ip6.arpa.");
            name
        }
    };
    Question::new(name, RecordKind::Ptr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::Rcode;

    fn pointing_to(target: &str) -> Reply {
        let targets = vec![(target.to_owned(), 0)];
        Reply { rcode: Rcode::NoError, truncated: false, addresses: vec![], targets, alias: None, ttl: None, soa: None }
    }

    #[test]
    fn the_name_of_the_dns_services_address_tells_the_zone() {
        let zone = |target| Zone::of_reverse(&pointing_to(target), "kube-dns", "kube-system").map(|zone| zone.name);
        assert_eq!(zone("kube-dns.kube-system.svc.cluster.local.").as_deref(), Some("cluster.local"));
        assert_eq!(zone("Kube-DNS.kube-system.svc.Corp.Example.").as_deref(), Some("Corp.Example"));
        // A node's own resolver may know the address by another name.
        assert_eq!(zone("ns1.corp.example."), None);
        assert_eq!(zone("kube-dns.kube-system.svc."), None);
        assert_eq!(zone("kübe-dns.kube-system"), None);
    }

    #[test]
    fn a_search_list_tells_the_zone() {
        let list = ["shop.svc.corp.example", "svc.corp.example", "corp.example"].map(str::to_owned);
        assert_eq!(Zone::of_search_list(&list).map(|zone| zone.name).as_deref(), Some("corp.example"));
        assert_eq!(Zone::of_search_list(&["example.com".to_owned()]), None);
    }

    #[test]
    fn reverse_names_are_written_backwards() {
        assert_eq!(reverse("10.96.0.10".parse().unwrap()).name, "10.0.96.10.in-addr.arpa.");
        assert_eq!(
            reverse("fd00::a".parse().unwrap()).name,
            "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa."
        );
    }
}

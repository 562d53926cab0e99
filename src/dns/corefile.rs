//! CoreDNS' configuration, as far as it decides what is answered and for how long it is remembered (coredns
//! `plugin/kubernetes`, `plugin/cache`). Anything else in it is passed over.

/// How CoreDNS serves the cluster's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corefile {
    /// The domains of the `kubernetes` plugin, of all server blocks that have it; no reverse ones. What follows is of the first one.
    pub zones: Vec<String>,
    /// The lifetime of records, in seconds.
    pub ttl: u32,
    /// How long an answer of addresses is remembered at most; `None` where it is not.
    pub remembers_answers: Option<u32>,
    /// How long the absence of a name is remembered at most; `None` where it is not.
    pub remembers_absence: Option<u32>,
    /// Whether pods have names even without a hostname in their endpoint.
    pub endpoint_pod_names: bool,
    /// Directives that hide records: `namespaces`, `labels`, `namespace_labels`, `noendpoints`.
    pub filters: Vec<String>,
}

/// `plugin/kubernetes`: the default of `ttl`.
const TTL: u32 = 5;
/// `plugin/cache`: upper limits where none is given, and the lower one.
const LONGEST_ANSWER: u32 = 3600;
const LONGEST_ABSENCE: u32 = 1800;
const SHORTEST: u32 = 5;

/// A directive with its arguments, and those in its braces.
#[derive(Debug, Default)]
struct Directive {
    words: Vec<String>,
    inside: Vec<Directive>,
}

impl Corefile {
    /// Reads it; `None` where no server block has the `kubernetes` plugin.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(words).filter(|words| !words.is_empty()).collect::<Vec<_>>().into_iter();
        let blocks = directives(&mut lines, 0);
        let plugin = |block: &&Directive| block.inside.iter().any(|plugin| plugin.is("kubernetes"));
        let block = blocks.iter().find(plugin)?;
        let kubernetes = block.option("kubernetes")?;
        let all = blocks.iter().flat_map(|block| &block.inside).filter(|plugin| plugin.is("kubernetes"));
        let zones = all.flat_map(|plugin| &plugin.words[1..]).filter(|zone| !within(zone, "arpa"));
        let zones: Vec<String> = zones.map(|zone| zone.trim_end_matches('.').to_owned()).collect();
        let zone = zones.first().map_or("", String::as_str);
        let ttl = kubernetes.option("ttl").and_then(|option| number(option, 1)).unwrap_or(TTL);
        let cache = block.inside.iter().find(|plugin| plugin.is("cache"));
        let remembers = |kind: &str, longest: u32| cache?.remembers(kind, zone, ttl, longest);
        let hiding = ["namespaces", "labels", "namespace_labels", "noendpoints"];
        let filters = kubernetes.inside.iter().filter(|option| hiding.iter().any(|name| option.is(name)));
        Some(Self {
            ttl,
            remembers_answers: remembers("success", LONGEST_ANSWER),
            remembers_absence: remembers("denial", LONGEST_ABSENCE),
            endpoint_pod_names: kubernetes.option("endpoint_pod_names").is_some(),
            filters: filters.map(|option| option.words.join(" ")).collect(),
            zones,
        })
    }
}

impl Directive {
    fn is(&self, name: &str) -> bool {
        self.words.first().is_some_and(|word| word == name)
    }

    fn option(&self, name: &str) -> Option<&Self> {
        self.inside.iter().find(|option| option.is(name))
    }

    /// `cache [TTL] [ZONES…] { success|denial CAPACITY [TTL] [MINTTL]; disable success|denial [ZONES…] }`.
    fn remembers(&self, kind: &str, zone: &str, ttl: u32, longest: u32) -> Option<u32> {
        let general = number(self, 1);
        let zones = &self.words[if general.is_some() { 2 } else { 1 }..];
        if !zones.is_empty() && !zones.iter().any(|of| within(zone, of)) {
            return None;
        }
        let disabled = |option: &&Self| {
            option.is("disable")
                && option.words.get(1).is_some_and(|word| word == kind)
                && (option.words.len() == 2 || option.words[2..].iter().any(|of| within(zone, of)))
        };
        if self.inside.iter().any(|option| disabled(&option)) {
            return None;
        }
        let own = self.option(kind);
        let longest = own.and_then(|option| number(option, 2)).or(general).unwrap_or(longest);
        let shortest = own.and_then(|option| number(option, 3)).unwrap_or(SHORTEST);
        Some(ttl.max(shortest).min(longest.max(shortest)))
    }
}

/// Whether a domain is another or lies below it.
fn within(zone: &str, of: &str) -> bool {
    let (zone, of) = (zone.trim_end_matches('.').to_ascii_lowercase(), of.trim_end_matches('.').to_ascii_lowercase());
    of.is_empty() || zone == of || zone.ends_with(&format!(".{of}"))
}

fn number(directive: &Directive, at: usize) -> Option<u32> {
    directive.words.get(at)?.parse().ok()
}

/// The words of a line without its comment.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

/// Directives up to the brace that closes them. A file is four levels deep at most; what is deeper is passed over.
fn directives(lines: &mut std::vec::IntoIter<Vec<String>>, depth: u8) -> Vec<Directive> {
    let mut all = Vec::new();
    while let Some(mut words) = lines.next() {
        match words.last().map(String::as_str) {
            Some("}") if words.len() == 1 => break,
            Some("{") => {
                words.pop();
                let inside = if depth < 8 { directives(lines, depth + 1) } else { Vec::new() };
                all.push(Directive { words, inside });
            }
            _ => all.push(Directive { words, inside: Vec::new() }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kubeadm's Corefile of today.
    const TODAY: &str = ".:53 {\n    errors\n    health {\n       lameduck 5s\n    }\n    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n       fallthrough in-addr.arpa ip6.arpa\n       ttl 30\n    }\n    prometheus :9153\n    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n    cache 30 {\n       disable success cluster.local\n       disable denial cluster.local\n    }\n    loop\n    reload\n    loadbalance\n}\n";

    fn read(text: &str) -> Corefile {
        Corefile::parse(text).unwrap()
    }

    #[test]
    fn kubeadms_corefile_remembers_nothing_of_the_cluster_today_and_thirty_seconds_before() {
        let today = read(TODAY);
        assert_eq!(
            today,
            Corefile {
                zones: vec!["cluster.local".to_owned()],
                ttl: 30,
                remembers_answers: None,
                remembers_absence: None,
                endpoint_pod_names: false,
                filters: vec![],
            }
        );
        let before = read(&TODAY.replace("disable", "# disable"));
        assert_eq!((before.remembers_answers, before.remembers_absence), (Some(30), Some(30)));
    }

    #[test]
    fn the_shorter_of_lifetime_and_limit_counts_but_never_less_than_five_seconds() {
        let block = |kubernetes: &str, cache: &str| {
            read(&format!(".:5353 {{\n kubernetes corp.example {{\n{kubernetes}\n}}\n cache {cache}\n}}"))
                .remembers_absence
        };
        assert_eq!(block("ttl 30", "10"), Some(10));
        assert_eq!(block("", "30"), Some(5));
        assert_eq!(block("ttl 120", "{\n denial 9984 5\n}"), Some(5));
        assert_eq!(block("ttl 2", "30"), Some(5));
        assert_eq!(block("ttl 2", "30 {\n denial 100 30 1\n}"), Some(2));
        assert_eq!(block("ttl 60", "30 other.example"), None);
        assert_eq!(block("ttl 60", "30 example"), Some(30));
        assert_eq!(block("ttl 60", "30 {\n disable denial\n}"), None);
        assert_eq!(block("ttl 60", "30 {\n disable denial other.example\n}"), Some(30));
    }

    #[test]
    fn filters_are_named_and_other_blocks_passed_over() {
        let text = "example.org {\n  cache 10\n}\ncluster.local:53 { # ours\n  kubernetes in-addr.arpa Corp.Example {\n  endpoint_pod_names\n  namespaces shop prod\n  noendpoints\n }\n}";
        let found = read(text);
        assert_eq!(found.zones, ["Corp.Example"]);
        assert!(found.endpoint_pod_names);
        assert_eq!(found.filters, ["namespaces shop prod", "noendpoints"]);
        assert_eq!(found.remembers_absence, None);
        assert_eq!(Corefile::parse(".:53 {\n forward . 1.1.1.1\n}"), None);
        assert_eq!(Corefile::parse("}}}{{{\n{\n{"), None);
    }

    #[test]
    fn all_domains_are_known_and_the_first_one_is_told_of() {
        let block = |zones: &str, ttl: u32| format!(".:53 {{\n kubernetes {zones} {{\n  ttl {ttl}\n }}\n}}\n");
        let both = format!("{}{}", block("a.example. b.example in-addr.arpa", 7), block("c.example", 9));
        let found = Corefile::parse(&both).unwrap();
        assert_eq!((found.ttl, found.zones), (7, vec!["a.example".to_owned(), "b.example".into(), "c.example".into()]));
        // Without a domain of its own the plugin serves those of its block.
        assert_eq!(Corefile::parse(&block("", 7)).unwrap().zones, [""; 0]);
    }
}

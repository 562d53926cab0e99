//! The search list of a resolv.conf, and how a libc walks it (resolv.conf(5)).

/// What names that do not end in a dot are tried with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchList {
    /// Domains, without a last dot.
    pub domains: Vec<String>,
    /// A name with at least so many dots is tried as it is first.
    pub ndots: usize,
}

/// What a resolv.conf says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvConf {
    /// Name servers, in their order.
    pub servers: Vec<String>,
    /// Its search list.
    pub search: SearchList,
}

impl ResolvConf {
    /// Reads it; of several `search` lines the last counts.
    pub fn parse(text: &str) -> Self {
        let mut found = Self { servers: Vec::new(), search: SearchList { domains: Vec::new(), ndots: 1 } };
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => found.servers.extend(words.next().map(str::to_owned)),
                Some("search" | "domain") => {
                    found.search.domains = words.map(|word| word.trim_end_matches('.').to_owned()).collect();
                }
                Some("options") => {
                    let ndots = words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok()).last();
                    found.search.ndots = ndots.unwrap_or(found.search.ndots).min(15);
                }
                _ => {}
            }
        }
        found
    }
}

impl SearchList {
    /// The absolute names that are asked for, in their order, until one of them exists.
    pub fn walk(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let dots = name.matches('.').count();
        let as_it_is = format!("{name}.");
        let searched = self.domains.iter().map(|domain| format!("{name}.{domain}."));
        if dots >= self.ndots {
            std::iter::once(as_it_is).chain(searched).collect()
        } else {
            searched.chain(std::iter::once(as_it_is)).collect()
        }
    }

    /// How a name is looked up, as a sentence; `None` without a search list.
    pub fn sentence(&self, name: &str) -> Option<String> {
        if self.domains.is_empty() {
            return None;
        }
        let walk = self.walk(name);
        Some(format!("There {name} is asked for as {} (ndots {}).", walk.join(", then "), self.ndots))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "# made by kubelet\nnameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:1\n";

    #[test]
    fn a_pods_short_names_hit_the_search_list_first_and_its_full_ones_do_not() {
        let conf = ResolvConf::parse(POD);
        assert_eq!(conf.servers, ["10.96.0.10"]);
        assert_eq!(
            conf.search.walk("web-0.web"),
            [
                "web-0.web.shop.svc.cluster.local.",
                "web-0.web.svc.cluster.local.",
                "web-0.web.cluster.local.",
                "web-0.web."
            ]
        );
        // Five dots: as it is.
        assert_eq!(conf.search.walk("web-0.web.shop.svc.cluster.local")[0], "web-0.web.shop.svc.cluster.local.");
        // The Service's own full name has four, so it walks the whole list before it is asked for as it is.
        assert_eq!(conf.search.walk("web.shop.svc.cluster.local").last().unwrap(), "web.shop.svc.cluster.local.");
        assert_eq!(conf.search.walk("web-0.web."), ["web-0.web."]);
    }

    #[test]
    fn the_last_search_line_counts_and_no_line_is_no_list() {
        let conf = ResolvConf::parse("search a\nsearch b c\noptions ndots:99\n;nameserver 1.1.1.1");
        assert_eq!(conf.search, SearchList { domains: vec!["b".to_owned(), "c".to_owned()], ndots: 15 });
        assert_eq!(ResolvConf::parse("").search.sentence("web-0.web"), None);
    }
}

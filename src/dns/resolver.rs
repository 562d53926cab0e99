//! Asks through a resolver on this machine, for who runs inside the cluster or on a VPN into it.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use hickory_proto::rr::Name;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};

use super::ask::Trouble;
use super::question::{Outcome, Question, Reply, Soa};
use super::search::SearchList;
use super::wire::{empty, take_answers};

/// Questions under way at a time: a resolver speaks UDP first, and a router in between may have small queues.
const WINDOW: usize = 50;

/// Which resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// The one that this machine uses.
    System,
    /// A server by its address.
    Server(SocketAddr),
}

impl std::str::FromStr for Via {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "system" {
            return Ok(Self::System);
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        text.parse()
            .or_else(|_| bare.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53)))
            .map(Self::Server)
            .map_err(|_| format!("{text:?} is neither \"system\" nor IP[:PORT]"))
    }
}

/// A resolver that is asked.
pub struct Local {
    resolver: TokioResolver,
    /// What it is called.
    pub name: String,
    /// What names without a dot at their end are tried with; none for a server that was named.
    pub search: SearchList,
    /// What went wrong, when something did.
    pub trouble: Option<Trouble>,
}

impl Local {
    /// Opens it. The error is a sentence.
    pub fn open(via: &Via) -> Result<Self, String> {
        let provider = TokioRuntimeProvider::default();
        let (config, mut options, name) = match via {
            Via::System => {
                let (config, options) = hickory_resolver::system_conf::read_system_conf()
                    .map_err(|why| format!("this machine's resolver configuration can't be read: {why}"))?;
                let servers: Vec<String> = config.name_servers().iter().map(|server| server.ip.to_string()).collect();
                let name = format!("system ({})", servers.join(","));
                (config, options, name)
            }
            Via::Server(address) => {
                let connection = |mut connection: ConnectionConfig| {
                    connection.port = address.port();
                    connection
                };
                let connections = vec![connection(ConnectionConfig::udp()), connection(ConnectionConfig::tcp())];
                let server = NameServerConfig::new(address.ip(), true, connections);
                let config = ResolverConfig::from_name_servers(vec![server]);
                let port = if address.port() == 53 { String::new() } else { format!(" port {}", address.port()) };
                (config, ResolverOpts::default(), format!("{}{port}", address.ip()))
            }
        };
        let search = SearchList {
            domains: config.search().iter().map(|domain| domain.to_ascii().trim_end_matches('.').to_owned()).collect(),
            ndots: options.ndots,
        };
        // A diagnosis wants the server's answer: no memory of ours, no hosts file, and our own deadline.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.timeout = Duration::from_secs(2);
        options.attempts = 2;
        let mut builder = TokioResolver::builder_with_config(config, provider);
        *builder.options_mut() = options;
        let resolver = builder.build().map_err(|why| format!("no resolver can be made: {why}"))?;
        Ok(Self { resolver, name, search, trouble: None })
    }

    /// Asks all questions; names are absolute, so no search list applies. Outcomes are in the questions' order.
    pub async fn ask(&mut self, questions: &[Question]) -> Vec<Outcome> {
        let resolver = &self.resolver;
        let outcomes: Vec<Outcome> = futures_util::stream::iter(questions)
            .map(|question| one(resolver, question))
            .buffered(WINDOW)
            .collect()
            .await;
        if !outcomes.is_empty() && outcomes.iter().all(|outcome| *outcome == Outcome::TimedOut) {
            self.trouble = Some(Trouble::Silent);
        }
        outcomes
    }
}

async fn one(resolver: &TokioResolver, question: &Question) -> Outcome {
    let Ok(name) = Name::from_ascii(&question.name) else { return Outcome::Lost };
    let started = Instant::now();
    let answer = resolver.lookup(name.clone(), question.record.wire()).await;
    let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match answer {
        Ok(found) => {
            let mut reply = empty(hickory_proto::op::ResponseCode::NoError);
            take_answers(&mut reply, &name, found.answers());
            Outcome::Answered(reply, took)
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            let soa = none.soa.map(|record| Soa {
                serial: record.data.serial,
                minimum: record.data.minimum,
                ttl: record.ttl,
            });
            Outcome::Answered(Reply { soa, ..empty(none.response_code) }, took)
        }
        Err(NetError::Dns(DnsError::ResponseCode(code))) => Outcome::Answered(empty(code), took),
        Err(NetError::Timeout) => Outcome::TimedOut,
        Err(_) => Outcome::Lost,
    }
}

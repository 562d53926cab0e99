//! The ways to a DNS server.

use super::ask::{Session, Trouble};
use super::inside::Inside;
use super::question::{Outcome, Question};
use super::resolver::Local;
use super::search::SearchList;

/// A way to a DNS server.
pub enum Way {
    /// Over a port-forward to the replica itself.
    Forward(Session),
    /// Through a resolver of this machine.
    Local(Box<Local>),
    /// From inside a pod.
    Inside(Box<Inside>),
}

impl Way {
    /// Asks all questions and gives their outcomes, in their order.
    pub async fn ask(&mut self, questions: Vec<Question>) -> Vec<Outcome> {
        match self {
            Self::Forward(session) => session.ask(questions).await,
            Self::Local(resolver) => resolver.ask(&questions).await,
            Self::Inside(pod) => pod.ask(&questions).await,
        }
    }

    /// What kept it from being asked.
    pub fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Forward(session) => session.trouble.as_ref(),
            Self::Local(resolver) => resolver.trouble.as_ref(),
            Self::Inside(pod) => pod.trouble.as_ref(),
        }
    }

    /// What the server is called, and its namespace where it is a pod of the DNS Service.
    pub fn name(&self) -> (String, String) {
        match self {
            Self::Forward(session) => (session.replica.pod.to_string(), session.namespace.to_string()),
            Self::Local(resolver) => (resolver.name.clone(), String::new()),
            Self::Inside(pod) => (pod.name(), String::new()),
        }
    }

    /// The search list that applies to whoever asks this way, where it is known.
    pub fn search(&self) -> Option<&SearchList> {
        match self {
            Self::Forward(_) => None,
            Self::Local(resolver) => Some(&resolver.search),
            Self::Inside(pod) => pod.conf.as_ref().map(|conf| &conf.search),
        }
    }
}

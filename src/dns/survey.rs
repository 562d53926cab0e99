//! Asks all replicas side by side, once the cluster's domain is known.

use std::cell::Cell;
use std::net::IpAddr;

use futures_util::future::join_all;
use tokio::sync::watch;

use super::question::{Outcome, Question};
use super::questions::Answers;
use super::way::Way;
use super::zone::{Zone, reverse};
use crate::facts::Text;

/// How the domain is found.
#[derive(Debug, Clone)]
pub enum Domain {
    /// It is known already.
    Known(Zone),
    /// By asking the first server that answers for the name of this Service's address; and if none tells, this one.
    Ask {
        /// The DNS Service's own address.
        address: IpAddr,
        /// Its name.
        service: Text,
        /// Its namespace.
        namespace: Text,
        /// What to go by when no server tells.
        otherwise: Zone,
    },
}

/// Asks every replica the questions that follow from the domain. Gives the domain, and the outcomes per replica.
///
/// A replica that hangs keeps nobody waiting but itself: the others go on as soon as one of them has told the domain.
pub async fn survey(
    ways: &mut [Way],
    domain: &Domain,
    questions: impl Fn(&Zone) -> Vec<Question>,
) -> (Zone, Vec<Answers>) {
    let (tell, told) = watch::channel(match domain {
        Domain::Known(zone) => Some(zone.clone()),
        Domain::Ask { .. } => None,
    });
    let silent = Cell::new(ways.len());
    let all = ways.iter_mut().map(|way| {
        let (tell, silent, questions) = (&tell, &silent, &questions);
        let mut told = told.clone();
        async move {
            // A look at the channel locks it: never across the sending below.
            let known = told.borrow().is_some();
            if let (Domain::Ask { address, service, namespace, otherwise }, false) = (domain, known) {
                let answers = way.ask(vec![reverse(*address)]).await;
                let reply = answers.first().and_then(Outcome::reply);
                silent.set(silent.get() - 1);
                let zone = reply.and_then(|reply| Zone::of_reverse(reply, service, namespace));
                // The last one to say nothing of use ends the waiting of all.
                let zone = zone.or_else(|| (silent.get() == 0).then(|| otherwise.clone()));
                tell.send_if_modified(|known| {
                    let news = known.is_none() && zone.is_some();
                    if news {
                        *known = zone;
                    }
                    news
                });
            }
            let zone = match told.wait_for(Option::is_some).await {
                Ok(zone) => zone.clone().unwrap_or_else(Zone::assumed),
                Err(_) => Zone::assumed(),
            };
            let questions = questions(&zone);
            let outcomes = way.ask(questions.clone()).await;
            questions.into_iter().zip(outcomes).collect::<Answers>()
        }
    });
    let outcomes = join_all(all).await;
    let zone = told.borrow().clone();
    let fallback = || match domain {
        Domain::Known(zone) | Domain::Ask { otherwise: zone, .. } => zone.clone(),
    };
    (zone.unwrap_or_else(fallback), outcomes)
}

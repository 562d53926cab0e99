//! Whom the answers come from, and what they are held against. Pure.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::Timestamp;

use super::question::Soa;
use crate::facts::{Refusal, Uid};

/// A server that was asked.
#[derive(Debug, Clone)]
pub struct Server<'a> {
    /// The pod, or whatever else names it.
    pub name: &'a str,
    /// Its namespace; empty for a server that is no pod.
    pub namespace: &'a str,
    /// Whether it answered nothing at all.
    pub silent: bool,
    /// The authority's record in the answer for a name that never existed: its serial dates the server's view.
    pub view: Option<Soa>,
}

/// All that is compared with.
#[derive(Debug, Clone)]
pub struct Vantage<'a> {
    /// Who was asked, in the order of the answers.
    pub servers: Vec<Server<'a>>,
    /// Why nobody could be asked, if so.
    pub unasked: Option<Unasked<'a>>,
    /// Who has an address now: `namespace/pod`, and the pod's UID.
    pub holders: HashMap<IpAddr, (String, Uid)>,
    /// When the answers came, by the API server's clock.
    pub now: Timestamp,
}

/// Why nobody could be asked.
#[derive(Debug, Clone)]
pub enum Unasked<'a> {
    /// A permission is missing, or something could not be read.
    Refused(&'a Refusal),
    /// Any other reason, as a sentence.
    Because(&'a str),
}

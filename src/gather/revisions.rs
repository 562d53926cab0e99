//! The ControllerRevisions whose templates a diagnosis compares.

use futures_util::future::join_all;

use super::lists;
use super::resource::{Need, REVISIONS};
use crate::connect::Client;
use crate::facts::{Listed, Refusal, Revision, Text};

/// What reading them needs.
pub fn need(namespace: Option<&Text>) -> Need {
    Need {
        verb: "get",
        resource: &REVISIONS,
        scope: REVISIONS.scope(namespace),
        required: false,
        tells: "what a rollout changes",
    }
}

/// Reads those of these namespaces and names with their templates. One that is gone is not among them.
pub async fn read(client: &Client, wanted: &[(Text, Text)]) -> Listed<Revision> {
    let reads = wanted.iter().map(|(namespace, name)| lists::get::<Revision>(client, Some(namespace), name));
    let mut all = Listed::complete(Vec::new());
    for (answer, (namespace, _)) in join_all(reads).await.into_iter().zip(wanted) {
        match answer {
            Ok(found) => all.items.extend(found),
            Err(error) => {
                let scope = REVISIONS.scope(Some(namespace));
                all.missing = Some(Refusal { verb: "get", resource: REVISIONS.name, scope, why: lists::why(&error) });
            }
        }
    }
    all
}

/// None of them is read.
pub fn not_read() -> Listed<Revision> {
    super::cluster::not_read(&REVISIONS)
}

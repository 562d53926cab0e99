//! Whether a pod's name exists, as far as the API tells: what DNS servers answer is another question.

use super::Governing;
use crate::facts::{Cluster, Endpoint, Known, Pod, StatefulSet};

/// One word on the name of an ordinal: `published`, `hidden` while its endpoint is not ready, or why there is none.
pub fn declared(set: &StatefulSet, pod: Known<'_, Option<&Pod>>, cluster: &Cluster) -> &'static str {
    let service = match Governing::of(set, cluster) {
        Governing::Found(service) => service,
        Governing::None => return "no name",
        Governing::Missing => return "no service",
        Governing::Unknown(_) if !set.meta.applied() => return "<none>",
        Governing::Unknown(refusal) => return refusal.word(),
    };
    let pod = match pod {
        Known::Read(Some(pod)) => pod,
        Known::Read(None) => return "<none>",
        Known::Refused(_) if !set.meta.applied() => return "<none>",
        Known::Refused(refusal) => return refusal.word(),
    };
    let of = cluster
        .slices_of(&set.meta.namespace, &service.meta.name)
        .iter()
        .flat_map(|slice| slice.endpoints.iter())
        .filter(|endpoint| endpoint.pod.as_ref().is_some_and(|uid| pod.meta.uid == *uid));
    let named = |endpoint: &Endpoint| endpoint.hostname.is_some() && endpoint.hostname == pod.hostname;
    let (mut any, mut published) = (false, false);
    for endpoint in of {
        any = true;
        published |= endpoint.ready && named(endpoint);
    }
    match (&cluster.slices.missing, any, published) {
        (_, _, true) => "published",
        (_, true, false) => "hidden",
        (Some(refusal), false, false) => refusal.word(),
        (None, false, false) => "none",
    }
}

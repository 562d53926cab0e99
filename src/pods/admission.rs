//! Whether a pod or a claim would be refused now, by the namespace's limits themselves: the events of a refusal go after an hour, and not
//! everybody may read them.
//!
//! In the order in which the API server asks: ServiceAccount, `LimitRange`, `ResourceQuota` (kube-apiserver, `plugins.go`). Only what
//! arithmetic proves is said: a quota with scopes, pod-level resources and rival defaults are left alone.

use std::collections::BTreeMap;

use crate::facts::{ClaimTemplate, LimitItem, LimitRange, PodNeeds, Quantity, Quota, Refusal, Runs, Surroundings, Why};

/// Why the server would refuse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// In words, without a full stop.
    pub says: String,
    /// The object that forbids it: `ResourceQuota/pods`.
    pub object: String,
    /// Its field.
    pub field: String,
    /// Its value.
    pub value: String,
    /// A command that shows it, or mends it.
    pub look: String,
}

/// In thousandths, so that sums are exact.
type Milli = BTreeMap<String, i128>;

/// Why a pod of the template is refused, as far as the limits that were read prove it.
pub fn pod_refused(namespace: &str, needs: &PodNeeds, limits: &Surroundings) -> Option<Proof> {
    let wanted = |namespaced: &crate::facts::Meta| *namespaced.namespace == *namespace;
    let account = if needs.service_account.is_empty() { "default" } else { &*needs.service_account };
    let exists = |name: &str| limits.accounts.items.iter().any(|it| wanted(&it.meta) && *it.meta.name == *name);
    if limits.accounts.missing.is_none() && !exists(account) {
        return Some(Proof {
            says: format!("its ServiceAccount {account} does not exist"),
            object: format!("ServiceAccount/{account}"),
            field: "metadata.name".to_owned(),
            value: "not found".to_owned(),
            look: format!("kubectl -n {namespace} create serviceaccount {account}"),
        });
    }
    let ranges: Vec<&LimitRange> = limits.ranges.items.iter().filter(|it| wanted(&it.meta)).collect();
    // Defaults that could not be read may fill in what seems to be missing.
    let containers = effective(needs, &ranges).filter(|_| limits.ranges.missing.is_none());
    if let Some(containers) = &containers
        && let Some(proof) = ranges.iter().find_map(|range| out_of_range(namespace, range, containers))
    {
        return Some(proof);
    }
    let quotas = limits.quotas.items.iter().filter(|it| wanted(&it.meta) && !it.scoped);
    quotas.into_iter().find_map(|quota| over_quota(namespace, quota, containers.as_deref()))
}

/// Why a claim of the template is refused, as far as the limits that were read prove it.
pub fn claim_refused(namespace: &str, template: &ClaimTemplate, limits: &Surroundings) -> Option<Proof> {
    let size = template.request.as_ref()?;
    let bytes = size.milli()?;
    for range in limits.ranges.items.iter().filter(|it| *it.meta.namespace == *namespace) {
        for item in range.items.iter().filter(|item| &*item.kind == "PersistentVolumeClaim") {
            for (bounds, most) in [(&item.max, true), (&item.min, false)] {
                let bound = bounds.iter().find(|(name, _)| &**name == "storage").map(|(_, bound)| bound);
                let Some((bound, allowed)) = bound.and_then(|bound| Some((bound, bound.milli()?))) else { continue };
                if if most { bytes > allowed } else { bytes < allowed } {
                    let (word, field) = if most { ("most", "max") } else { ("least", "min") };
                    return Some(Proof {
                        says: format!(
                            "LimitRange {} allows claims of at {word} {bound}, and {size} is requested",
                            range.meta.name
                        ),
                        object: format!("LimitRange/{}", range.meta.name),
                        field: format!("spec.limits[PersistentVolumeClaim].{field}.storage"),
                        value: bound.to_string(),
                        look: format!("kubectl -n {namespace} describe limitrange {}", range.meta.name),
                    });
                }
            }
        }
    }
    let class = template.class.as_deref().filter(|class| !class.is_empty());
    let of_class = |resource: &str| class.map(|class| format!("{class}.storageclass.storage.k8s.io/{resource}"));
    let quotas = limits.quotas.items.iter().filter(|it| *it.meta.namespace == *namespace && !it.scoped);
    quotas.into_iter().find_map(|quota| {
        quota.limits.iter().find_map(|(resource, hard, used)| {
            let sized = &**resource == "requests.storage" || of_class("requests.storage").as_deref() == Some(resource);
            let counted = matches!(&**resource, "persistentvolumeclaims" | "count/persistentvolumeclaims")
                || of_class("persistentvolumeclaims").as_deref() == Some(resource);
            let (more, shown) = match (sized, counted) {
                (true, _) => (bytes, size.to_string()),
                (_, true) => (1000, "1".to_owned()),
                _ => return None,
            };
            exceeded(namespace, quota, resource, (hard, used), more, &shown)
        })
    })
}

/// What kept the limits from being read, where they were asked for.
pub fn unread(limits: &Surroundings) -> impl Iterator<Item = &Refusal> {
    let all = [&limits.quotas.missing, &limits.ranges.missing, &limits.accounts.missing];
    all.into_iter().flatten().filter(|refusal| refusal.why != Why::NotRead)
}

/// Whether they were asked for at all.
pub fn asked_for(limits: &Surroundings) -> bool {
    limits.accounts.missing.as_ref().is_none_or(|refusal| refusal.why != Why::NotRead)
}

/// A container with the defaults that admission fills in.
struct Effective<'n> {
    name: &'n str,
    runs: Runs,
    requests: Milli,
    limits: Milli,
}

/// `None` where more than one LimitRange has defaults: which of them counts is not told; or where amounts are not the containers' alone.
fn effective<'n>(needs: &'n PodNeeds, ranges: &[&LimitRange]) -> Option<Vec<Effective<'n>>> {
    let has_defaults = |range: &&&LimitRange| {
        containers_items(range).any(|item| !item.default.is_empty() || !item.default_request.is_empty())
    };
    if !needs.plain || ranges.iter().filter(has_defaults).count() > 1 {
        return None;
    }
    let milli = |amounts: &[(crate::facts::Text, Quantity)]| -> Option<Milli> {
        amounts.iter().map(|(name, amount)| Some((name.to_string(), amount.milli()?))).collect()
    };
    let defaults = ranges.iter().flat_map(|range| containers_items(range));
    let (mut default, mut default_request) = (Milli::new(), Milli::new());
    for item in defaults {
        default.extend(milli(&item.default)?);
        default_request.extend(milli(&item.default_request)?);
    }
    let fill = |amounts: &mut Milli, with: &Milli| {
        for (name, amount) in with {
            amounts.entry(name.clone()).or_insert(*amount);
        }
    };
    let of = |container: &'n crate::facts::ContainerNeeds| {
        let (mut requests, mut limits) = (milli(&container.requests)?, milli(&container.limits)?);
        // A limit is a request too (core/v1 defaults, SetDefaults_Pod); then the LimitRange's defaults.
        fill(&mut requests, &limits);
        fill(&mut limits, &default);
        fill(&mut requests, &default_request);
        Some(Effective { name: &container.name, runs: container.runs, requests, limits })
    };
    needs.containers.iter().map(of).collect()
}

fn containers_items(range: &LimitRange) -> impl Iterator<Item = &LimitItem> {
    range.items.iter().filter(|item| &*item.kind == "Container")
}

/// What the pod as a whole asks for: its containers together, or more while one of its init containers runs (KEP-753).
fn total(containers: &[Effective<'_>], of: for<'e> fn(&'e Effective<'_>) -> &'e Milli) -> Milli {
    let add = |sum: &mut Milli, with: &Milli| {
        for (name, amount) in with {
            *sum.entry(name.clone()).or_default() += amount;
        }
    };
    let (mut together, mut throughout, mut peak) = (Milli::new(), Milli::new(), Milli::new());
    for container in containers {
        let mut while_it_runs = throughout.clone();
        match container.runs {
            Runs::Together => add(&mut together, of(container)),
            Runs::Throughout => {
                add(&mut together, of(container));
                add(&mut throughout, of(container));
                continue;
            }
            Runs::Before => add(&mut while_it_runs, of(container)),
        }
        for (name, amount) in while_it_runs {
            let most = peak.entry(name).or_default();
            *most = (*most).max(amount);
        }
    }
    for (name, amount) in peak {
        let sum = together.entry(name).or_default();
        *sum = (*sum).max(amount);
    }
    together
}

fn out_of_range(namespace: &str, range: &LimitRange, containers: &[Effective<'_>]) -> Option<Proof> {
    let name = &range.meta.name;
    let proof = |kind: &str, bound: &str, resource: &str, value: &Quantity, says: String| Proof {
        says: format!("LimitRange {name}: {says}"),
        object: format!("LimitRange/{name}"),
        field: format!("spec.limits[{kind}].{bound}.{resource}"),
        value: value.to_string(),
        look: format!("kubectl -n {namespace} describe limitrange {name}"),
    };
    let outside = |kind: &str, who: &str, item: &LimitItem, requests: &Milli, limits: &Milli| {
        let above = item.max.iter().find_map(|(resource, max)| {
            let most = max.milli()?;
            let says = match (limits.get(&**resource), requests.get(&**resource)) {
                (None, _) => format!("{who} must have a limit of {resource}, and has none"),
                (Some(limit), _) if *limit > most => {
                    format!("{who} has a {resource} limit of {}, at most {max} is allowed", shown(*limit))
                }
                (_, Some(request)) if *request > most => {
                    format!("{who} requests {} of {resource}, at most {max} is allowed", shown(*request))
                }
                _ => return None,
            };
            Some(proof(kind, "max", resource, max, says))
        });
        above.or_else(|| {
            item.min.iter().find_map(|(resource, min)| {
                let least = min.milli()?;
                let says = match (requests.get(&**resource), limits.get(&**resource)) {
                    (None, _) => format!("{who} must request {resource}, and does not"),
                    (Some(request), _) if *request < least => {
                        format!("{who} requests {} of {resource}, at least {min} is wanted", shown(*request))
                    }
                    (_, Some(limit)) if *limit < least => {
                        format!("{who} has a {resource} limit of {}, at least {min} is wanted", shown(*limit))
                    }
                    _ => return None,
                };
                Some(proof(kind, "min", resource, min, says))
            })
        })
    };
    range.items.iter().find_map(|item| match &*item.kind {
        "Container" => containers.iter().find_map(|container| {
            let who = format!("container {}", container.name);
            outside("Container", &who, item, &container.requests, &container.limits)
        }),
        "Pod" => {
            let (requests, limits) = (total(containers, |it| &it.requests), total(containers, |it| &it.limits));
            outside("Pod", "the pod", item, &requests, &limits)
        }
        _ => None,
    })
}

/// Without containers only pods are counted.
fn over_quota(namespace: &str, quota: &Quota, containers: Option<&[Effective<'_>]>) -> Option<Proof> {
    let sums = containers.map(|all| (total(all, |it| &it.requests), total(all, |it| &it.limits)));
    let missing =
        containers.and_then(|all| quota.limits.iter().find_map(|limit| unspecified(namespace, quota, limit, all)));
    missing.or_else(|| {
        quota.limits.iter().find_map(|(resource, hard, used)| {
            if matches!(&**resource, "pods" | "count/pods") {
                return exceeded(namespace, quota, resource, (hard, used), 1000, "1");
            }
            let (requests, limits) = sums.as_ref()?;
            let (of, limit) = compute(resource)?;
            let more = *if limit { limits } else { requests }.get(of)?;
            exceeded(namespace, quota, resource, (hard, used), more, &shown(more))
        })
    })
}

/// What a quota's resource counts, and whether limits or requests (`pkg/quota/v1/evaluator/core/pods.go`).
fn compute(resource: &str) -> Option<(&str, bool)> {
    match (resource, resource.strip_prefix("requests."), resource.strip_prefix("limits.")) {
        ("cpu" | "memory" | "ephemeral-storage", ..) => Some((resource, false)),
        (_, Some("storage"), _) => None,
        (_, Some(of), _) => Some((of, false)),
        (.., Some(of)) => Some((of, true)),
        _ => None,
    }
}

/// A quota of CPU or memory wants every container to say how much of it.
fn unspecified(
    namespace: &str,
    quota: &Quota,
    (resource, hard, _): &(crate::facts::Text, Quantity, Quantity),
    containers: &[Effective<'_>],
) -> Option<Proof> {
    let (of, limit) = compute(resource).filter(|(of, _)| matches!(*of, "cpu" | "memory"))?;
    let lacks =
        |container: &&Effective<'_>| !if limit { &container.limits } else { &container.requests }.contains_key(of);
    let container = containers.iter().find(lacks)?;
    let what = if limit { "limit" } else { "request" };
    Some(Proof {
        says: format!("quota {} wants a {what} of {of}, and container {} has none", quota.meta.name, container.name),
        object: format!("ResourceQuota/{}", quota.meta.name),
        field: format!("status.hard.{resource}"),
        value: hard.to_string(),
        look: format!("kubectl -n {namespace} describe resourcequota {}", quota.meta.name),
    })
}

fn exceeded(
    namespace: &str,
    quota: &Quota,
    resource: &str,
    (hard, used): (&Quantity, &Quantity),
    more: i128,
    shown: &str,
) -> Option<Proof> {
    (more > 0 && used.milli()? + more > hard.milli()?).then(|| Proof {
        says: format!(
            "quota {} has {hard} of {resource}, {used} {} used, and {shown} more {} wanted",
            quota.meta.name,
            if used.to_string() == "1" { "is" } else { "are" },
            if shown == "1" { "is" } else { "are" },
        ),
        object: format!("ResourceQuota/{}", quota.meta.name),
        field: format!("status.used.{resource}"),
        value: format!("{used} of {hard}"),
        look: format!("kubectl -n {namespace} describe resourcequota {}", quota.meta.name),
    })
}

/// Thousandths as Kubernetes writes them: `250m`, `2`, `64Mi`.
fn shown(milli: i128) -> String {
    if milli % 1000 != 0 {
        return format!("{milli}m");
    }
    u64::try_from(milli / 1000).map_or_else(|_| (milli / 1000).to_string(), crate::facts::format_bytes)
}

#[cfg(test)]
mod tests;

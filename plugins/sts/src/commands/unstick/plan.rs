//! What is to be done for a set, in words, and what speaks against it.

use workload_cli::{Context, Failure, Target};
use workload_core::dns;
use workload_core::facts::{Pod, Volume};
use workload_core::findings::{Code, Severity, Verdict};
use workload_core::pods::Circumstances;
use workload_core::render::escape;
use workload_core::rollout::{Restart, diagnose, ordinals, restart};
use workload_core::volumes::{Index, Rescue, RescueStep, View, rescues, rows};

/// Disks that are to be kept, and the pod that is to be restarted.
pub(super) struct Plan<'a> {
    set: String,
    rescues: Vec<Rescue<'a>>,
    restart: Option<Restart<'a>>,
    /// Faults that are not for this command to mend.
    others: Vec<Verdict>,
}

impl<'a> Plan<'a> {
    /// `None` where there is no such set.
    pub(super) fn of(index: &Index<'a>, target: &Target) -> Option<Self> {
        let cluster = index.cluster;
        let set = cluster.sets.items.iter().find(|set| *set.meta.name == *target.set)?;
        let mut claims = rows(index, &View { sets: vec![set], all_claims: false, only: None });
        claims.retain(|row| target.ordinal.is_none() || row.ordinal == target.ordinal);
        let rescues = rescues(claims);
        let ordinals = ordinals(set, cluster);
        let pods: Vec<&Pod> = ordinals.iter().filter_map(|row| row.pod.read().flatten()).collect();
        let diagnosis = diagnose(set, &ordinals, cluster, &Circumstances::of(cluster, &[]));
        let names = dns::findings(set, &pods, cluster, None);
        let restart = restart(set, &ordinals, cluster, &diagnosis, &names, target.ordinal);
        let mended = |verdict: &Verdict| {
            matches!(verdict.code, Code::RolloutTrapped | Code::ParallelRolloutTrapped | Code::SubdomainDrift)
        };
        let all = diagnosis.set.into_iter().chain(diagnosis.pods.into_iter().map(|(_, verdict)| verdict)).chain(names);
        let others = all.filter(|it| it.severity == Severity::Fault && !mended(it) && it.next.is_some()).collect();
        Some(Self { set: target.set.clone(), rescues, restart, others })
    }

    /// The volumes that are to be kept.
    pub(super) fn volumes(&self) -> impl Iterator<Item = &'a Volume> {
        self.rescues.iter().filter_map(|rescue| match rescue.step {
            RescueStep::Retain(volume) => Some(volume),
            _ => None,
        })
    }

    /// The pod that is to be restarted, unless something speaks against it.
    pub(super) fn pod(&self) -> Option<&'a Pod> {
        self.restart.as_ref().filter(|restart| restart.against.is_none()).map(|restart| restart.pod)
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.volumes().next().is_none() && self.pod().is_none()
    }

    /// Whether a pod would have to be restarted, and may not now.
    pub(super) fn speaks_against(&self) -> bool {
        self.restart.as_ref().is_some_and(|restart| restart.against.is_some())
    }

    /// Whether it is about the same objects.
    pub(super) fn same(&self, other: &Plan<'_>) -> bool {
        let volumes = |plan: &Plan<'_>| {
            plan.volumes().map(|volume| (volume.meta.uid.clone(), volume.version.clone())).collect::<Vec<_>>()
        };
        let pod = |plan: &Plan<'_>| plan.pod().map(|pod| pod.meta.uid.clone());
        volumes(self) == volumes(other) && pod(self) == pod(other)
    }

    /// What is the matter and what is to be done, in lines.
    pub(super) fn says(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.rescues.iter().map(of_claim).collect();
        lines.extend(self.restart.as_ref().map(of_pod));
        if lines.is_empty() {
            lines.push(format!("Set {} is in no trouble that this command mends.", self.set));
        }
        // With a trapped pod its own trouble is what goes with it.
        if self.restart.is_none() {
            lines.extend(self.others.iter().map(|verdict| {
                format!("{}: {}\n{}", verdict.code.word(), verdict.says, verdict.next.as_deref().unwrap_or_default())
            }));
        }
        lines
    }

    /// What is asked before it is done.
    pub(super) fn question(&self) -> String {
        let volumes = match self.volumes().count() {
            0 => None,
            1 => Some("1 volume is set to Retain".to_owned()),
            n => Some(format!("{n} volumes are set to Retain")),
        };
        let pod = self.pod().map(|pod| format!("pod {} is deleted, and made anew by its set", pod.meta.name));
        let parts: Vec<String> = volumes.into_iter().chain(pod).collect();
        format!("{}.", parts.join(", "))
    }

    /// What was done, or would be.
    pub(super) fn write_deeds(&self, context: &mut Context<'_>, how: &str) -> Result<(), Failure> {
        for volume in self.volumes() {
            writeln!(context.out, "persistentvolume/{} set to Retain{how}", escape(&volume.meta.name))?;
        }
        if let Some(pod) = self.pod() {
            writeln!(context.out, "pod/{} deleted{how}", escape(&pod.meta.name))?;
        }
        Ok(())
    }

    /// What comes next, once it is done.
    pub(super) fn afterwards(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.volumes().next().is_some() {
            let claims: Vec<&str> = self.rescues.iter().map(|rescue| &*rescue.row.name).collect();
            lines.push(format!(
                "The data outlives {}. When the pod next stops, the claim goes and the volume is Released: scale the set down first, then\n\
                 kubectl sts orphans  # names the command by which a claim of the same name takes the volume again",
                claims.join(", ")
            ));
        }
        if let Some(restart) = self.restart.as_ref().filter(|restart| restart.against.is_none()) {
            let namespace = &restart.pod.meta.namespace;
            let then = match restart.after.len() {
                0 => String::new(),
                _ => format!(
                    "; then once more for {}: kubectl sts unstick {} -n {namespace}",
                    restart.after.join(", "),
                    self.set
                ),
            };
            lines.push(format!(
                "kubectl sts status {} -n {namespace} --wait  # until its pods are ready again{then}",
                self.set
            ));
        }
        lines
    }
}

/// What is said of a claim that is being deleted under its pod.
fn of_claim(rescue: &Rescue<'_>) -> String {
    let claim = &rescue.row.name;
    match rescue.step {
        RescueStep::Retain(volume) => format!(
            "Claim {claim} is being deleted under its pod, and volume {} would go with it: it is to be set to Retain.",
            volume.meta.name
        ),
        RescueStep::KeptAlready(volume) => format!(
            "Claim {claim} is being deleted under its pod; volume {} is kept by its policy already.",
            volume.meta.name
        ),
        RescueStep::NoDisk => format!("Claim {claim} is being deleted under its pod, and has no volume to lose."),
        RescueStep::CannotTell(refusal) => {
            format!("Claim {claim} is being deleted under its pod; its volume: {refusal}")
        }
    }
}

/// What is said of a pod that has to be restarted.
fn of_pod(restart: &Restart<'_>) -> String {
    let (pod, because) = (&restart.pod.meta.name, &restart.because);
    match &restart.against {
        None => format!(
            "{}: {}\nPod {pod} is to be deleted; its set makes it anew, and its claims and their data stay.",
            because.code.word(),
            because.says
        ),
        Some(against) => format!(
            "{}: {}\nPod {pod} would have to be restarted, but not now: {against}.",
            because.code.word(),
            because.says
        ),
    }
}

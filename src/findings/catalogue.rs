//! The codes that a diagnosis may give. Released codes are stable: scripts and runbooks name them.

use serde::Serialize;

use super::Severity;

catalogue! {
    /// Something that the verdict needs could not be read.
    CannotTell: Unknown,
    /// The object stands only in a file, without a status.
    NotApplied: Notice,

    // Service and name of a set.
    /// `spec.serviceName` names no Service, and no other headless Service selects the pods.
    ServiceMissing: Fault,
    /// `spec.serviceName` names no Service, but another headless Service selects the pods.
    WrongService: Fault,
    /// `spec.serviceName` is empty: legal, the pods have no names of their own.
    NoServiceName: Notice,
    /// The governing Service has a cluster IP.
    ServiceNotHeadless: Fault,
    /// The governing Service is a mere alias.
    ServiceExternalName: Fault,
    /// The governing Service's selector does not select the pods.
    ServiceNotSelecting: Fault,
    /// The governing Service has no selector: a fault without EndpointSlices, a notice with hand-made ones.
    ServiceWithoutSelector: Fault,
    /// A pod carries another subdomain or hostname than the set would give it today.
    SubdomainDrift: Fault,
    /// A pod's host label or full name is longer than DNS allows.
    NameTooLong: Fault,
    /// Pods on the host's network ask the node's resolver, which does not know the cluster's names.
    HostNetworkDns: Notice,
    /// The pods ask other nameservers than the cluster's DNS.
    ForeignNameservers: Notice,
    /// Peers need names that appear only once they are ready.
    BootstrapDeadlock: Fault,

    // One row of DNS: an ordinal's name.
    /// Every replica that was asked answers with the pod's addresses.
    Resolves: Ok,
    /// The ordinal is in range, its pod does not exist.
    PodNotCreated: Waiting,
    /// The pod has no address yet.
    PodWithoutIP: Waiting,
    /// The pod has ended for good: such pods are in no EndpointSlice.
    PodTerminal: Waiting,
    /// The pod's endpoint is not ready, so its name has no address.
    HiddenNotReady: Waiting,
    /// The pod is being deleted: it left DNS when that began.
    HiddenTerminating: Waiting,
    /// The Service selects the pod, and no EndpointSlice has it.
    NotInSlice: Fault,
    /// The pod's endpoint is ready but does not carry its hostname.
    HostnameMissing: Fault,
    /// The name is published, and no server has it.
    RecordMissing: Fault,
    /// A server remembers that the name did not exist.
    NegativelyCached: Waiting,
    /// The answer is an address that the pod had before.
    StaleAddress: Fault,
    /// A server has not seen the last change of the EndpointSlice.
    StaleReplica: Fault,
    /// The answer is another pod's address.
    ForeignAddress: Fault,
    /// The answer has addresses besides the pod's own.
    ExtraAddress: Fault,
    /// The name should have no address and has one.
    GhostRecord: Fault,
    /// One address family of the pod is missing in the answer.
    FamilyMissing: Fault,
    /// The servers' answers differ.
    ReplicasDiverge: Fault,
    /// A server failed to answer (SERVFAIL).
    DnsServfail: Fault,
    /// A server does not answer those who ask from here (REFUSED).
    DnsRefused: Unknown,
    /// A server gave no answer in two seconds, twice.
    DnsTimeout: Fault,
    /// No server was asked: the row is a prediction.
    NotQueried: Unknown,
    /// A pod of the DNS Service is not ready.
    DnsReplicaUnready: Fault,
    /// NetworkPolicies keep the pod from asking the DNS servers.
    DnsBlockedByPolicy: Notice,
    /// The cluster's domain is a guess.
    ZoneAssumed: Notice,
    /// The Service's own name has more addresses than fit into an answer over UDP.
    AnswerTooLarge: Notice,
    /// The old Endpoints object of the Service holds only a part of its endpoints.
    EndpointsTruncated: Notice,

    // Claims and volumes.
    /// A live pod of the set uses the claim.
    InUse: Ok,
    /// The ordinal is in range, its pod is absent or without a node.
    AwaitingPod: Waiting,
    /// The ordinal is in range, its claim does not exist.
    ClaimMissing: Waiting,
    /// The ordinal is out of range: the claim was kept when the set was scaled down.
    RetainedScaledDown: Notice,
    /// The set has no replicas: the claim waits for it.
    RetainedAtZero: Notice,
    /// The ordinal is out of range, its pod is still there.
    Condemned: Waiting,
    /// More than one set and template make a claim of this name.
    AmbiguousClaim: Notice,
    /// Something else than a StatefulSet or its pod controls the claim.
    ForeignController: Notice,
    /// A live pod that the set does not own uses the claim.
    Borrowed: Notice,
    /// Only pods that ended for good use the claim; they still hold its deletion.
    HeldByFinishedPod: Notice,
    /// The claim is being deleted under a live pod.
    TerminatingMounted: Fault,
    /// The claim is being deleted, and finalizers hold it though no live pod uses it.
    TerminatingStuck: Fault,
    /// The claim binds when its first pod is scheduled.
    AwaitingFirstConsumer: Waiting,
    /// The claim names a StorageClass that does not exist.
    ClassMissing: Fault,
    /// The claim's volume is gone, or serves another claim.
    ClaimLost: Fault,
    /// No set is known to make a claim of this name.
    Unattributed: Notice,
    /// Deleting the claim destroys the disk: its volume's policy is Delete.
    DiskDiesWithClaim: Notice,
    /// Garbage collection takes the claim: its owners are gone.
    Doomed: Waiting,
    /// The retention policy says one thing about the claim's end, its owner references another.
    FateMismatch: Notice,
    /// A set made the claim and is gone.
    OrphanSetGone: Notice,
    /// A set made the claim from a template that it no longer has.
    TemplateGone: Notice,
    /// No pod uses the claim now, but a workload's template names it.
    ReferencedNotMounted: Notice,
    /// The claim names no StorageClass, and there is no default one.
    NoDefaultClass: Fault,
    /// The claim's template names no StorageClass, and several are marked as default: the newest is taken.
    MultipleDefaultClasses: Notice,
    /// The claim waits for a volume made by hand, and none fits.
    NoVolumeFits: Fault,
    /// The provisioner was asked for a volume and has not answered.
    ProvisionerSilent: Fault,
    /// The provisioner failed to make a volume.
    ProvisioningFailed: Fault,
    /// The volume outlived its claim.
    VolumeReleased: Notice,
    /// The volume's claim was made anew and has another volume: the data is in this one.
    VolumeSuperseded: Fault,
    /// The volume should be deleted and is not.
    VolumeDeleteStuck: Fault,
    /// The volume waits for a claim that it names.
    VolumeReserved: Notice,
    /// The volume is free for any claim that fits.
    VolumeAvailable: Notice,
    /// The volume serves another claim than the one it was made for.
    VolumeRebound: Notice,
    /// The claim differs from the set's template.
    ClaimDrift: Notice,
    /// No schedulable node can reach the volume.
    ZoneStuck: Fault,
    /// The volume is nearly full, or out of inodes: a fault below 3 % free, a notice below 15 %; only with `--usage`.
    VolumeFilling: Fault,
    /// The volume's expansion is under way.
    ResizeWaiting: Waiting,
    /// The volume's expansion failed.
    ResizeFailed: Fault,
    /// The claim's class allows no expansion.
    ClassNotExpandable: Notice,
    /// Another node holds the volume, which only one may.
    MultiAttach: Fault,
    /// Another pod holds the claim, which only one may.
    AccessModeConflict: Fault,
    /// Attaching the volume to the pod's node fails.
    AttachFailed: Fault,
    /// The volume is attached where nothing uses it.
    AttachmentLeaked: Fault,
    /// The volume is attached, and mounting it fails.
    MountFailed: Fault,
    /// A snapshot of the claim fails.
    SnapshotFailing: Fault,
    /// A snapshot of the claim is not ready.
    SnapshotNotReady: Waiting,
    /// A snapshot or a clone reads from the claim.
    SnapshotSource: Notice,
    /// Only pods without a node name the claim, and such a use does not hold its deletion.
    Unprotected: Notice,
    /// The claim is older than the set that uses it.
    OldDataAttached: Notice,
    /// No controller writes such an ordinal.
    NonCanonicalName: Notice,

    // A set and its rollout.
    /// Every ordinal in range is ready at the revision that the set wants.
    SetReady: Ok,
    /// The set shall have no pods.
    SetScaledToZero: Ok,
    /// The set's controller is at work.
    RolloutInProgress: Waiting,
    /// A pod of another revision is not ready, and the controller waits for it instead of replacing it.
    RolloutTrapped: Fault,
    /// Pods of another revision that are not ready use up what may be unavailable, and the controller replaces none of them.
    ParallelRolloutTrapped: Fault,
    /// The pod of the new revision does not get ready, so the rollout stands still.
    NewRevisionBroken: Fault,
    /// A pod does not get ready, so the ordinals after it are never made.
    FirstRolloutBlocked: Fault,
    /// The pod is ready, and has to stay so for a while before it counts.
    MinReadyWait: Waiting,
    /// The partition keeps pods at the revision that they have.
    PartitionHolds: Waiting,
    /// The strategy is OnDelete: pods are updated when somebody deletes them.
    OnDeleteWaits: Waiting,
    /// The controller has not seen the set's last change.
    ControllerBehind: Fault,
    /// The server refuses to create a pod.
    PodCreationRefused: Fault,
    /// The server refuses to create a claim.
    ClaimCreationRefused: Fault,
    /// A claim that is going keeps the pod from being made.
    ClaimBlocksPod: Fault,
    /// A pod that is not the set's has the name that one of its ordinals needs.
    PodNameTaken: Fault,
    /// The pods have other claim templates than the set, which the controller can't change in a pod.
    TemplateMismatch: Fault,
    /// Pods out of range stay while one in range is not ready.
    ScaleDownBlocked: Fault,
    /// The first ordinal was moved: pods below it go, their claims stay.
    StartMoved: Notice,
    /// Two sets select the same pods.
    SelectorOverlap: Fault,
    /// Pods carry the set's labels, and no controller owns them.
    OrphanedPods: Notice,
    /// The set is being deleted.
    SetDeleting: Waiting,
    /// A disruption budget keeps the pod on its cordoned node.
    DisruptionBudgetBlocks: Notice,

    // Pods, of sets and of Jobs.
    /// The pod is ready.
    PodReady: Ok,
    /// The pod is on its way.
    PodStarting: Waiting,
    /// The pod's node no longer reports.
    NodeLost: Fault,
    /// Finalizers hold a pod that has been deleted.
    FinalizerHolds: Fault,
    /// The pod is being deleted and has time to stop.
    GracefulStop: Waiting,
    /// The pod's node is gone: the garbage collector takes the pod.
    AwaitingPodGC: Waiting,
    /// No node takes the pod.
    Unschedulable: Fault,
    /// Scheduling gates keep the pod from being scheduled.
    SchedulingGated: Waiting,
    /// A container fails again and again.
    CrashLoop: Fault,
    /// A container was killed because it used more memory than it may.
    OutOfMemory: Fault,
    /// A container's image can't be had.
    ImagePullFailed: Fault,
    /// A container's configuration can't be had: a ConfigMap, a Secret or a key is missing, or the kubelet refuses it.
    ConfigMissing: Fault,
    /// An init container does not end, so that the others don't begin.
    InitBlocked: Fault,
    /// A probe fails.
    ProbeFailing: Fault,
    /// The kubelet put an end to the pod.
    Evicted: Fault,
    /// The scheduler removed the pod for one of higher priority.
    Preempted: Fault,

    // Jobs.
    /// The Job has completed.
    JobComplete: Ok,
    /// The Job is at work.
    JobRunning: Ok,
    /// The Job failed: its retries are used up.
    BackoffLimitExceeded: Fault,
    /// The Job failed: it took longer than it may.
    DeadlineExceeded: Fault,
    /// The Job failed: a pod failed in a way that its failure policy does not forgive.
    PodFailurePolicy: Fault,
    /// The Job failed: indexes of it failed for good.
    FailedIndexes: Fault,
    /// The Job failed: more indexes failed than may.
    MaxFailedIndexesExceeded: Fault,
    /// The Job failed for a reason that another than its controller gave.
    JobFailed: Fault,
    /// The Job has failed, and waits for its pods to end before it says so.
    FailureDecided: Fault,
    /// The Job is suspended.
    JobSuspended: Waiting,
    /// Another controller than Kubernetes' own manages the Job.
    JobManagedElsewhere: Waiting,
    /// The Job's work is done, and a container beside it goes on.
    SidecarHoldsJob: Fault,
    /// A pod failed; the next is made after a while.
    RetryWaiting: Waiting,
    /// The Job's pods are gone, and their logs with them.
    LogsGone: Notice,
    /// A finalizer that counts Jobs' pods holds a pod, and nothing removes it.
    TrackingFinalizerHolds: Fault,
    /// The Job's parallelism is 0: nothing will start.
    ParallelismZero: Fault,
    /// The Job has been at work for more than twelve hours.
    LongRunning: Notice,
    /// The failed Job stays, and an alert on it with it.
    FailedJobKept: Notice,
    /// Disruptions used up retries.
    DisruptionsCounted: Notice,
    /// Indexes of the Job have not completed.
    IndexesMissing: Notice,
    /// The Job is gone; its events still tell something.
    ResultExpired: Notice,
    /// A hook of Helm or Argo CD does not get on, or nobody carries its release on.
    HookStuck: Fault,
    /// A hook of Helm or Argo CD that nothing deletes any more.
    HookLeftBehind: Notice,

    // CronJobs.
    /// The last slot ran, and the next will.
    OnSchedule: Ok,
    /// The CronJob is suspended.
    CronSuspended: Waiting,
    /// The schedule is not one that Kubernetes understands.
    ScheduleInvalid: Fault,
    /// There is no such time zone.
    ZoneUnknown: Fault,
    /// The schedule has no slot in the next five years.
    NeverFires: Fault,
    /// A slot has passed, and no Job was made for it.
    StartMissed: Fault,
    /// The schedule carries a time zone, which belongs into a field of its own.
    ZoneInSchedule: Fault,
    /// The starting deadline is shorter than controllers of old looked at their clocks.
    DeadlineTooShort: Notice,
    /// More than a hundred slots were missed; the latest still starts.
    TooManyMissed: Notice,
    /// The run before still goes on, and the policy forbids a second.
    ForbidHolds: Waiting,
    /// Each run is deleted for the next before it ends.
    ReplaceKillsRuns: Fault,
    /// The server refuses to create the CronJob's Jobs.
    RunRefused: Fault,
    /// The newest runs failed.
    RunsFailing: Fault,
    /// A Job made by hand is at work, which the CronJob does not see.
    ManualRunActive: Notice,
    /// No finished Job is kept, so no result can be looked at.
    NoHistoryKept: Notice,
    /// The status names a Job that is gone.
    ActiveJobGone: Notice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_as_it_is_serialised() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.word());
        }
    }
}

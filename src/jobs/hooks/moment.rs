//! When a hook runs, in which order, and who deletes it when: as Helm and Argo CD read their annotations.

use crate::facts::{HookNotes, HookRecord};

/// When a hook runs. In the order in which they are shown: an operation's own events stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// Helm, before an installation.
    PreInstall,
    /// Helm, after an installation.
    PostInstall,
    /// Helm, before an upgrade.
    PreUpgrade,
    /// Helm, after an upgrade.
    PostUpgrade,
    /// Helm, before a rollback.
    PreRollback,
    /// Helm, after a rollback.
    PostRollback,
    /// Helm, before an uninstallation.
    PreDelete,
    /// Helm, after an uninstallation.
    PostDelete,
    /// Helm, `helm test`.
    Test,
    /// Argo CD, before a sync.
    PreSync,
    /// Argo CD, with a sync.
    Sync,
    /// Argo CD, after a sync.
    PostSync,
    /// Argo CD, when a sync failed.
    SyncFail,
    /// Argo CD, before an application is deleted.
    AppPreDelete,
    /// Argo CD, after an application was deleted.
    AppPostDelete,
}

/// When a hook's object is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Before the next one of it is made; what holds where no policy is named.
    BeforeCreation,
    /// When it, and with Helm all of its event, have succeeded.
    Succeeded,
    /// When it has failed.
    Failed,
}

use Moment::{
    AppPostDelete, AppPreDelete, PostDelete, PostInstall, PostRollback, PostSync, PostUpgrade, PreDelete, PreInstall,
    PreRollback, PreSync, PreUpgrade, Sync, SyncFail, Test,
};

/// Helm's words (helm, `pkg/release/v1/hook.go`).
const HELM: [(&str, Moment); 9] = [
    ("pre-install", PreInstall),
    ("post-install", PostInstall),
    ("pre-upgrade", PreUpgrade),
    ("post-upgrade", PostUpgrade),
    ("pre-rollback", PreRollback),
    ("post-rollback", PostRollback),
    ("pre-delete", PreDelete),
    ("post-delete", PostDelete),
    ("test", Test),
];

/// Argo CD's words (gitops-engine, `pkg/sync/common/types.go`); with `Skip` alone an object is no hook.
const ARGO: [(&str, Moment); 6] = [
    ("PreSync", PreSync),
    ("Sync", Sync),
    ("PostSync", PostSync),
    ("SyncFail", SyncFail),
    ("PreDelete", AppPreDelete),
    ("PostDelete", AppPostDelete),
];

impl Moment {
    /// The tool's own word.
    pub fn word(self) -> &'static str {
        HELM.iter().chain(&ARGO).find(|(_, moment)| *moment == self).map_or("", |(word, _)| word)
    }

    /// Helm's word; `test-success` is one of Helm 2's.
    pub(super) fn helm(word: &str) -> Option<Self> {
        let word = if word == "test-success" { "test" } else { word };
        HELM.iter().find(|(known, _)| *known == word).map(|(_, moment)| *moment)
    }

    /// Whether it comes after the operation's own work.
    pub(super) fn is_post(self) -> bool {
        matches!(self, PostInstall | PostUpgrade | PostRollback | PostDelete | Test)
    }
}

impl Policy {
    /// The tools' words, Helm's and Argo CD's.
    pub fn word(self, argo: bool) -> &'static str {
        match (self, argo) {
            (Self::BeforeCreation, false) => "before-hook-creation",
            (Self::Succeeded, false) => "hook-succeeded",
            (Self::Failed, false) => "hook-failed",
            (Self::BeforeCreation, true) => "BeforeHookCreation",
            (Self::Succeeded, true) => "HookSucceeded",
            (Self::Failed, true) => "HookFailed",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::BeforeCreation, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|policy| [policy.word(false), policy.word(true)].contains(&word))
    }

    /// The policies; where none is named, or none that is known, the one that holds by default.
    fn all<'w>(words: impl Iterator<Item = &'w str>) -> Vec<Self> {
        // An unknown word stands for nothing, but with Helm keeps the default from holding.
        let words: Vec<&str> = words.collect();
        if words.is_empty() { vec![Self::BeforeCreation] } else { words.into_iter().filter_map(Self::of).collect() }
    }
}

/// How a hook is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) argo: bool,
    pub(super) moments: Vec<Moment>,
    pub(super) weight: i64,
    pub(super) policies: Vec<Policy>,
}

impl Terms {
    /// Those of a record.
    pub(super) fn recorded(hook: &HookRecord) -> Self {
        Self {
            argo: false,
            moments: hook.events.iter().filter_map(|word| Moment::helm(word)).collect(),
            weight: hook.weight,
            policies: Policy::all(hook.policies.iter().map(|word| &**word)),
        }
    }

    /// Those of an object's annotations; `None` where they make it no hook: of an unknown event Helm skips the manifest
    /// (`pkg/releaseutil/manifest_sorter.go`), and `Skip` is Argo CD's word for none.
    pub(super) fn annotated(notes: &HookNotes, argo: bool) -> Option<Self> {
        if argo { Self::argo(notes) } else { Self::helm(notes) }
    }

    fn helm(notes: &HookNotes) -> Option<Self> {
        let words = |text: &str| text.split(',').map(|word| word.trim().to_lowercase()).collect::<Vec<_>>();
        let moments = words(notes.events.as_deref()?).iter().map(|word| Moment::helm(word)).collect::<Option<_>>()?;
        let policies = notes.policy.as_deref().map(words).unwrap_or_default();
        Some(Self {
            argo: false,
            moments,
            weight: number(notes.weight.as_deref()),
            policies: Policy::all(policies.iter().map(String::as_str)),
        })
    }

    /// Helm's hooks are run by Argo CD as its own, where the object has none of Argo CD's (gitops-engine, `pkg/sync/hook`).
    fn argo(notes: &HookNotes) -> Option<Self> {
        let words = |text: Option<&str>| -> Vec<String> {
            text.unwrap_or_default()
                .split(',')
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        };
        let own = words(notes.argo_phases.as_deref());
        let mut moments: Vec<Moment> = own
            .iter()
            .filter_map(|word| ARGO.iter().find(|(known, _)| known == word))
            .map(|(_, moment)| *moment)
            .collect();
        if own.is_empty() {
            moments = words(notes.events.as_deref()).iter().filter_map(|word| mapped(Moment::helm(word)?)).collect();
        }
        moments.sort_unstable();
        moments.dedup();
        if moments.is_empty() {
            return None;
        }
        let wave = notes.argo_wave.as_deref().or(notes.weight.as_deref());
        let policies = notes.argo_policy.as_deref().or(notes.policy.as_deref());
        let mut policies: Vec<Policy> = words(policies).iter().filter_map(|word| Policy::of(word)).collect();
        if policies.is_empty() {
            policies.push(Policy::BeforeCreation);
        }
        Some(Self { argo: true, moments, weight: number(wave), policies })
    }
}

fn mapped(helm: Moment) -> Option<Moment> {
    Some(match helm {
        PreInstall | PreUpgrade => PreSync,
        PostInstall | PostUpgrade => PostSync,
        PreDelete => AppPreDelete,
        PostDelete => AppPostDelete,
        _ => return None,
    })
}

/// A number as Go's `strconv.Atoi` reads it; anything else is 0 to both tools.
fn number(text: Option<&str>) -> i64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// What stands before what within a moment. Helm sorts by weight and name, and leaves equals in the order of their kinds, which is that of its
/// record (`execHook`); Argo CD by wave, kind and name.
pub(super) fn before(argo: bool, a: (i64, &str, &str), b: (i64, &str, &str)) -> std::cmp::Ordering {
    let ((a_weight, a_kind, a_name), (b_weight, b_kind, b_name)) = (a, b);
    let kinds = kind_rank(a_kind).cmp(&kind_rank(b_kind));
    let names = a_name.cmp(b_name);
    a_weight.cmp(&b_weight).then(if argo { kinds.then(names) } else { names })
}

/// Of the kinds that run to an end, pods are created before Jobs (helm, `InstallOrder`; Argo CD has the same table).
pub(super) fn kind_rank(kind: &str) -> u8 {
    match kind {
        "Pod" => 1,
        "Job" => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(events: &str, weight: &str, policy: &str) -> HookNotes {
        let some = |text: &str| (!text.is_empty()).then(|| text.into());
        HookNotes { events: some(events), weight: some(weight), policy: some(policy), ..HookNotes::default() }
    }

    #[test]
    fn helms_annotations_are_read_as_helm_reads_them() {
        let read = |events: &str, weight: &str, policy: &str| Terms::annotated(&notes(events, weight, policy), false);
        let terms = read(" Pre-Install, post-upgrade", "-5", "hook-succeeded,Hook-Failed").unwrap();
        assert_eq!((terms.moments, terms.weight), (vec![PreInstall, PostUpgrade], -5));
        assert_eq!(terms.policies, [Policy::Succeeded, Policy::Failed]);
        assert_eq!(read("test-success", "heavy", "").unwrap().weight, 0);
        assert_eq!(read("test-success", "+3", "").unwrap().weight, 3);
        assert_eq!(read("test", "", "").unwrap().policies, [Policy::BeforeCreation]);
        assert_eq!(read("test", "", "never").unwrap().policies, []);
        assert_eq!(read("pre-install,crd-install", "", ""), None, "Helm skips the whole manifest");
    }

    #[test]
    fn argo_cd_takes_its_own_annotations_before_helms() {
        let mut both = notes("pre-install,pre-upgrade,test", "4", "hook-succeeded");
        let terms = Terms::annotated(&both, true).unwrap();
        assert_eq!((&*terms.moments, terms.weight, &*terms.policies), (&[PreSync][..], 4, &[Policy::Succeeded][..]));
        both.argo_phases = Some("PostSync, SyncFail".into());
        both.argo_wave = Some("-1".into());
        both.argo_policy = Some("HookFailed".into());
        let terms = Terms::annotated(&both, true).unwrap();
        assert_eq!(
            (&*terms.moments, terms.weight, &*terms.policies),
            (&[PostSync, SyncFail][..], -1, &[Policy::Failed][..])
        );
        both.argo_phases = Some("Skip".into());
        assert_eq!(Terms::annotated(&both, true), None);
        assert_eq!(Terms::annotated(&notes("test", "", ""), true), None, "Argo CD runs no tests");
    }
}

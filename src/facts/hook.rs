//! What marks an object as a hook of Helm or Argo CD.

/// Annotations of a hook, as they stand there; `None` where absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookNotes {
    /// `helm.sh/hook`: the events, with commas between.
    pub events: Option<Box<str>>,
    /// `helm.sh/hook-weight`.
    pub weight: Option<Box<str>>,
    /// `helm.sh/hook-delete-policy`.
    pub policy: Option<Box<str>>,
    /// `argocd.argoproj.io/hook`: the phases, with commas between.
    pub argo_phases: Option<Box<str>>,
    /// `argocd.argoproj.io/sync-wave`.
    pub argo_wave: Option<Box<str>>,
    /// `argocd.argoproj.io/hook-delete-policy`.
    pub argo_policy: Option<Box<str>>,
    /// `argocd.argoproj.io/tracking-id`: `<application>:<group>/<kind>:<namespace>/<name>`.
    pub argo_tracking: Option<Box<str>>,
}

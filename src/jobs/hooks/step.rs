//! The step that gets a release out of an operation that nobody carries on.

use super::moment::Moment;
use crate::facts::Release;

/// What brings the release back to a state from which it can be worked on, in Helm's own words; never by touching its record.
pub(super) fn step(release: &Release, all: &[Release], moment: Option<Moment>) -> String {
    let (namespace, name) = (&release.meta.namespace, &release.name);
    let helm = format!("helm -n {namespace}");
    let when = "once no helm is at work on it";
    match &*release.status {
        "pending-install" => {
            format!("{helm} uninstall {name}  # {when}: there is no revision to return to; then install it again")
        }
        "uninstalling" => format!("{helm} uninstall {name}  # {when}: it goes on where that one ended"),
        "pending-upgrade" | "pending-rollback" => match return_to(release, all) {
            Some(revision) => format!(
                "{helm} rollback {name} {revision}  # {when}: returns to the revision that was deployed; never by deleting the release's Secret"
            ),
            None => format!("{helm} history {name}  # which revision to roll back to, {when}"),
        },
        _ if moment == Some(Moment::Test) => format!("{helm} test {name}  # again, {when}"),
        _ => format!("{helm} status {name}"),
    }
}

/// The revision that was deployed before, else the newest that once was (helm keeps it `deployed` until the next has succeeded).
fn return_to(release: &Release, all: &[Release]) -> Option<u64> {
    let others = || {
        all.iter().filter(|other| {
            other.meta.namespace == release.meta.namespace
                && other.name == release.name
                && other.revision < release.revision
        })
    };
    let newest = |status: &str| others().filter(|other| &*other.status == status).map(|other| other.revision).max();
    newest("deployed").or_else(|| newest("superseded"))
}

/// `upgrade`, of `pending-upgrade`.
pub(super) fn work(release: &Release) -> &'static str {
    match &*release.status {
        "pending-install" => "installation",
        "pending-upgrade" => "upgrade",
        "pending-rollback" => "rollback",
        "uninstalling" => "uninstallation",
        _ => "test",
    }
}

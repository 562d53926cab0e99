//! `status --wait`: until every set is as it should be, or one has a Fault.

use std::time::{Duration, Instant};

use workload_cli::{Context, Exit, Failure, Watched};
use workload_core::findings::{Code, Severity};
use workload_core::gather::cluster::Ask;
use workload_core::volumes::Index;

use super::view::{SetView, Sets};
use super::{Plan, StatusArgs};

/// What is due to time alone (a probe that has failed long enough) is looked for so often.
const LOOK: Duration = Duration::from_secs(2);

impl StatusArgs {
    /// Shows how the sets were at the end.
    pub(super) async fn wait(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        ask: Ask,
        limit: Duration,
    ) -> Result<Exit, Failure> {
        let started = Instant::now();
        let mut watched = Watched::begin(context, ask, plan.selection.all_namespaces).await?;
        loop {
            let left = limit.saturating_sub(started.elapsed());
            let cluster = watched.next_within(context, left.min(LOOK)).await?;
            let index = Index::new(&cluster);
            let sets = Sets::new(&index, plan.sets(&cluster), &plan.targets, &[]);
            let views = sets.views();
            if let Some(target) = plan.targets.iter().find(|target| !views.iter().any(|view| view.name == target.set)) {
                return Err(Failure::not_found("statefulsets.apps", &target.set));
            }
            let exit = if views.iter().any(|view| view.worst() == Severity::Fault) {
                Exit::Fault
            } else if views.iter().all(done) {
                Exit::Done
            } else if left.is_zero() {
                Exit::TimedOut
            } else {
                continue;
            };
            self.write(context, plan, &index, &sets, views)?;
            return Ok(exit);
        }
    }
}

/// As it should be: ready, without pods by design, or held back by design.
fn done(view: &SetView<'_>) -> bool {
    let by_design = [Code::SetReady, Code::SetScaledToZero, Code::PartitionHolds, Code::OnDeleteWaits];
    view.verdicts().any(|verdict| by_design.contains(&verdict.code))
}

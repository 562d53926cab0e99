//! `--wait`: until every server answers right for every ordinal in range.

use std::time::{Duration, Instant};

use workload_core::dns::look::Judged;
use workload_core::findings::{Code, Severity};

use super::scene::Scene;

/// Between two looks at the servers. The facts are read again at every second one.
const PAUSE: Duration = Duration::from_millis(400);

/// Waits; `false` when the time limit passed before.
pub(super) async fn wait(scene: &mut Scene, limit: Duration) -> bool {
    let started = Instant::now();
    let mut turn = 0_u32;
    loop {
        if scene.view().rows.iter().all(done) {
            return true;
        }
        let pause = limit.saturating_sub(started.elapsed()).min(PAUSE);
        if pause.is_zero() {
            return false;
        }
        tokio::time::sleep(pause).await;
        scene.replace_lost_servers().await;
        if turn.is_multiple_of(2) {
            Box::pin(scene.refresh()).await;
        }
        turn = turn.wrapping_add(1);
        // A name that should not exist yet is not asked for: a server that remembers its absence would keep others waiting.
        scene.ask_rows(|row| row.name.expected.as_ref().is_some_and(|all| !all.is_empty()) && !right(row)).await;
    }
}

fn done(row: &Judged<'_>) -> bool {
    !row.name.in_range || right(row)
}

/// Whether every server answers as it should; single servers that never answer are a finding of their own.
fn right(row: &Judged<'_>) -> bool {
    row.verdicts.first().is_some_and(|verdict| verdict.code == Code::Resolves)
        && row.verdicts.iter().all(|verdict| verdict.severity < Severity::Unknown)
}

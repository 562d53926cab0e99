//! What only the arithmetic of a schedule tells: no event and no status says that a slot passed without a Job.

use jiff::{SignedDuration, tz::TimeZone};

use super::outlook::{Broken, Outlook, Timetable, base};
use super::zone::{Unresolved, offsets};
use super::{due, slot_of};
use crate::facts::{Concurrency, CronJob, Job, Known};
use crate::findings::{Code, Severity, Verdict};
use crate::pods::duration;

/// A controller that is at work starts a slot within a second; what is older than this was missed.
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// Why nothing will run by this schedule, or that a slot was missed. `children` are the CronJob's Jobs, where all were read.
pub fn verdicts(outlook: &Outlook<'_>, children: Known<'_, &[&Job]>) -> Option<Verdict> {
    match &outlook.timetable {
        Err(broken) => Some(never(outlook.cron_job, broken)),
        Ok(table) => start_missed(outlook, table, children.read()?),
    }
}

fn named(cron_job: &CronJob) -> String {
    format!("CronJob/{}", cron_job.meta.name)
}

fn never(cron_job: &CronJob, broken: &Broken<'_>) -> Verdict {
    let schedule = |verdict: Verdict| {
        verdict.because(named(cron_job), "spec.schedule", &cron_job.schedule).next(format!(
            "kubectl -n {} edit cronjob {}  # spec.schedule: minute hour day-of-month month day-of-week",
            cron_job.meta.namespace, cron_job.meta.name
        ))
    };
    match broken {
        Broken::Schedule(why) => {
            schedule(Verdict::new(Code::ScheduleInvalid, format!("Nothing runs by this schedule: {why}.")))
        }
        Broken::NeverFires => schedule(Verdict::new(
            Code::NeverFires,
            "The schedule has no slot in the next five years; the controller has given it up, with one event at its creation.",
        )),
        Broken::Zone(unresolved) => zone(cron_job, *unresolved),
    }
}

fn zone(cron_job: &CronJob, unresolved: Unresolved<'_>) -> Verdict {
    let field = if cron_job.zone.is_some() { "spec.timeZone" } else { "spec.schedule" };
    let next = format!(
        "kubectl -n {} edit cronjob {}  # spec.timeZone: a name like Europe/Helsinki, spelt as there",
        cron_job.meta.namespace, cron_job.meta.name
    );
    let (verdict, value) = match unresolved {
        Unresolved::Misspelt(name) => {
            (Verdict::new(Code::ZoneUnknown, format!("No time zone is spelt {name}: capitals count.")), name)
        }
        // The server took it, and may know more zones than this machine.
        Unresolved::NotFound(name) if cron_job.meta.applied() => {
            let says = format!("Cannot tell when it runs: this machine knows no time zone {name}.");
            let verdict = Verdict::new(Code::CannotTell, says).not_known(format!("the clocks of {name}"));
            return verdict.because(named(cron_job), field, name);
        }
        Unresolved::NotFound(name) => {
            (Verdict::new(Code::ZoneUnknown, format!("There is no time zone {name}; the API refuses it.")), name)
        }
        Unresolved::Nothing => {
            (Verdict::new(Code::ScheduleInvalid, "The schedule is a time zone and nothing else."), &*cron_job.schedule)
        }
    };
    verdict.because(named(cron_job), field, value).next(next)
}

/// A slot has passed and has no Job, although nothing held it. Until its deadline is over the controller would start it at once: then the
/// controller is not at work. Afterwards it is lost, which a suspension that has ended since, or a long run under Forbid, would explain as well.
fn start_missed(outlook: &Outlook<'_>, table: &Timetable, children: &[&Job]) -> Option<Verdict> {
    let Outlook { cron_job, now, .. } = *outlook;
    let held = cron_job.suspended || cron_job.meta.deleted().is_some() || outlook.holder.is_some();
    if held || outlook.refused.is_some() || !cron_job.meta.applied() || !outlook.dated() {
        return None;
    }
    let base = base(cron_job)?;
    let before = now.checked_sub(GRACE).ok()?;
    let passed = |zone: &TimeZone| due(&table.schedule, zone, base, None, before).ok().flatten();
    let missed = passed(&table.zone.clocks)?;
    let made = children.iter().any(|job| slot_of(job).is_some_and(|slot| slot >= missed.slot));
    // A change of the CronJob makes the controller look at once, so a slot counts from then on.
    let changed = cron_job.written.is_some_and(|at| at > before);
    // Whatever zone an assumed one is in truth, a slot must have passed there.
    let certain = table.zone.known() || offsets().all(|zone| passed(&zone).is_some());
    if made || changed || !certain {
        return None;
    }
    let ago = duration(now.duration_since(missed.slot));
    let startable = due(&table.schedule, &table.zone.clocks, base, cron_job.starting_deadline, now).ok()?.is_some();
    let explained = cron_job.policy == Concurrency::Forbid || cron_job.written.is_none_or(|at| at >= missed.slot);
    let (says, severity) = if startable {
        let says = "and no Job was made for it, although nothing holds it: the controller is not at work.";
        (says, Severity::Fault)
    } else if explained {
        let says = "no Job was made for it, and its starting deadline is over. A suspension that has ended since, or a run that held it under Forbid, would explain that.";
        (says, Severity::Notice)
    } else {
        let says = "no Job was made for it, and its starting deadline is over: the controller was not at work then. No event tells of it.";
        (says, Severity::Fault)
    };
    let run = format!("kubectl job run {} -n {}", cron_job.meta.name, cron_job.meta.namespace);
    let next = if startable {
        format!(
            "kubectl -n kube-system get lease kube-controller-manager -o yaml  # is its renewTime now? meanwhile: {run}"
        )
    } else {
        format!("{run}  # makes up for it")
    };
    let deadline = cron_job.starting_deadline.map_or_else(|| "not set".to_owned(), |seconds| seconds.to_string());
    let verdict = Verdict::new(Code::StartMissed, format!("The slot of {} passed {ago} ago, {says}", missed.slot));
    Some(
        verdict
            .severity(severity)
            .since(Some(missed.slot))
            .because(named(cron_job), "spec.schedule", format_args!("{} ({})", cron_job.schedule, table.zone.name))
            .because(
                named(cron_job),
                "status.lastScheduleTime",
                cron_job.status.last_slot.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            )
            .because(named(cron_job), "spec.startingDeadlineSeconds", deadline)
            .because(named(cron_job), "slots since then", missed.missed)
            .next(next),
    )
}

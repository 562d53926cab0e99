//! What is to come of a CronJob: its coming slots, and what will become of each.

use jiff::Timestamp;

use super::zone::{Unresolved, Zone, split};
use super::{Due, Refused, Schedule, due, refused};
use crate::facts::{Concurrency, CronJob, Event, Job};

/// A CronJob's schedule as it stands at one moment.
#[derive(Debug)]
pub struct Outlook<'a> {
    /// Whose.
    pub cron_job: &'a CronJob,
    /// Its schedule and zone, or why nothing will run.
    pub timetable: Result<Timetable, Broken<'a>>,
    /// The slot that has passed without a Job and that the controller would start now; of one that is suspended, on being resumed.
    pub due: Option<Due>,
    /// Refusals by the server since its newest Job.
    pub refused: Option<Refused>,
    /// The run that Forbid waits for.
    pub holder: Option<&'a Job>,
    /// The moment.
    pub now: Timestamp,
    /// Whether the CronJob was read at that moment: if not, nothing can be said of slots between the two.
    dated: bool,
}

/// A schedule, and whose clocks it means.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// The schedule.
    pub schedule: Schedule,
    /// The clocks.
    pub zone: Zone,
}

/// Why a schedule never runs anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken<'a> {
    /// It is not understood: why.
    Schedule(String),
    /// Its zone is not.
    Zone(Unresolved<'a>),
    /// It has no slot within five years, like 30 February.
    NeverFires,
}

/// A coming slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// When.
    pub at: Timestamp,
    /// What will become of it, as things stand.
    pub fate: Fate<'a>,
}

/// What becomes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// Its Job is made.
    Runs,
    /// The CronJob is suspended.
    Suspended,
    /// It passes while the controller waits after a refusal, which ends at the time given.
    Lost(Timestamp),
    /// As before, and it is the latest of them: its Job is made then.
    Late(Timestamp),
    /// It waits for the end of the Job of that name.
    Held(&'a str),
}

impl<'a> Outlook<'a> {
    /// `children` are the CronJob's Jobs, `events` those about it, the newest first; the moment comes with whether they were read then.
    pub fn new<'e>(
        cron_job: &'a CronJob,
        children: &[&'a Job],
        events: impl Iterator<Item = &'e Event>,
        (now, dated): (Timestamp, bool),
    ) -> Self {
        let timetable = timetable(cron_job, children, now);
        let due = timetable.as_ref().ok().filter(|_| dated && cron_job.meta.applied()).and_then(|table| {
            let due = due(&table.schedule, &table.zone.clocks, base(cron_job)?, cron_job.starting_deadline, now);
            // What is counted as running, or was made and not yet noted, is no longer due.
            due.ok().flatten().filter(|due| children.iter().all(|job| super::slot_of(job) != Some(due.slot)))
        });
        let counted =
            |job: &&&'a Job| job.end().is_none() && cron_job.status.active.iter().any(|(_, uid)| job.meta.uid == *uid);
        let holder = children.iter().find(counted).filter(|_| cron_job.policy == Concurrency::Forbid).copied();
        Self { cron_job, timetable, due, refused: refused(cron_job, children, events), holder, now, dated }
    }

    /// Whether what has passed since its last run can be told.
    pub fn dated(&self) -> bool {
        self.dated
    }

    /// The newest slot that has passed since the last one that was started, whatever the starting deadline; not where the zone is only assumed.
    pub fn passed(&self) -> Option<Due> {
        let table = self.timetable.as_ref().ok().filter(|table| self.dated && table.zone.known())?;
        due(&table.schedule, &table.zone.clocks, base(self.cron_job)?, None, self.now).ok()?
    }

    /// The coming slots.
    pub fn slots(&self, count: usize) -> Vec<Slot<'a>> {
        let Ok(Timetable { schedule, zone }) = &self.timetable else { return Vec::new() };
        // What counts from the last run goes on from there; the clock's slots stand fixed.
        let counted =
            self.due.map(|due| due.slot).or_else(|| base(self.cron_job)).filter(|_| schedule.every().is_some());
        let from = match (counted, schedule.every()) {
            (Some(base), Some(every)) => {
                let behind = self.now.duration_since(base).as_secs().max(0) / every * every;
                base.checked_add(jiff::SignedDuration::from_secs(behind)).unwrap_or(self.now)
            }
            _ => self.now,
        };
        let coming = schedule.slots(from, &zone.clocks).filter(|at| *at > self.now);
        let mut slots: Vec<Slot<'a>> = coming.take(count).map(|at| Slot { at, fate: Fate::Runs }).collect();
        if self.cron_job.suspended {
            for slot in &mut slots {
                slot.fate = Fate::Suspended;
            }
        } else if let Some(refused) = &self.refused {
            let passed = slots.iter().take_while(|slot| slot.at <= refused.next).count();
            for slot in &mut slots[..passed] {
                slot.fate = Fate::Lost(refused.next);
            }
            if let Some(last) = slots[..passed].last_mut() {
                last.fate = Fate::Late(refused.next);
            }
        } else if let (Some(job), Some(first)) = (self.holder, slots.first_mut()) {
            first.fate = Fate::Held(&job.meta.name);
        }
        slots
    }
}

/// From when on slots count: the newest that was started, else the creation.
pub(super) fn base(cron_job: &CronJob) -> Option<Timestamp> {
    cron_job.status.last_slot.or(cron_job.meta.created())
}

fn timetable<'a>(cron_job: &'a CronJob, children: &[&Job], now: Timestamp) -> Result<Timetable, Broken<'a>> {
    let (text, zone) = split(cron_job).map_err(Broken::Zone)?;
    let schedule = Schedule::parse(text).map_err(Broken::Schedule)?;
    let zone = match zone {
        Some((name, source)) => Zone::named(name, source).map_err(Broken::Zone)?,
        None => Zone::inferred(&schedule, cron_job, children),
    };
    schedule.next(now, &zone.clocks).ok_or(Broken::NeverFires)?;
    Ok(Timetable { schedule, zone })
}

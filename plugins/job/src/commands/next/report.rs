//! A CronJob's coming slots as JSON.

use jiff::Timestamp;
use serde::Serialize;
use workload_core::findings::{ObjectRef, Verdict};
use workload_core::jobs::schedule::{Fate, Source, shifts};

use super::super::cron_job::View;
use super::words::local;

/// An item of a ScheduleReport.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<'v> {
    object: ObjectRef,
    schedule: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<ZoneItem<'v>>,
    suspended: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_schedule_time: Option<Timestamp>,
    /// The slot that has passed without a Job; of a suspended one, what starts when it is resumed now.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    /// When the controller tries again after a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try: Option<Timestamp>,
    slots: Vec<SlotItem<'v>>,
    shifts: Vec<ShiftItem>,
    verdicts: &'v [Verdict],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZoneItem<'v> {
    name: &'v str,
    source: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SlotItem<'v> {
    time: Timestamp,
    local: String,
    /// `runs`, `suspended`, `lost`, `late` or `held`.
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<&'v str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShiftItem {
    time: Timestamp,
    seconds: i32,
    slot: Timestamp,
}

impl<'v> Item<'v> {
    pub(super) fn new(view: &'v View<'v>, count: usize) -> Self {
        let outlook = &view.outlook;
        let (cron_job, table) = (outlook.cron_job, outlook.timetable.as_ref().ok());
        let slots = outlook.slots(count);
        let jumps = table
            .zip(slots.last())
            .map_or_else(Vec::new, |(table, last)| shifts(&table.schedule, &table.zone.clocks, outlook.now, last.at));
        let slot = |slot: &workload_core::jobs::schedule::Slot<'v>| {
            let (fate, held_by) = match slot.fate {
                Fate::Runs => ("runs", None),
                Fate::Suspended => ("suspended", None),
                Fate::Lost(_) => ("lost", None),
                Fate::Late(_) => ("late", None),
                Fate::Held(job) => ("held", Some(job)),
            };
            let local = table.map_or_else(String::new, |table| local(slot.at, &table.zone.clocks));
            SlotItem { time: slot.at, local, fate, held_by }
        };
        Self {
            object: ObjectRef::new("CronJob", &cron_job.meta),
            schedule: &cron_job.schedule,
            zone: table.map(|table| ZoneItem {
                name: &table.zone.name,
                source: match table.zone.source {
                    Source::Field => "field",
                    Source::Schedule => "schedule",
                    Source::PastRuns => "pastRuns",
                    Source::Assumed => "assumed",
                },
            }),
            suspended: cron_job.suspended,
            last_schedule_time: cron_job.status.last_slot,
            due: outlook.due.map(|due| due.slot),
            next_try: outlook.refused.map(|refused| refused.next),
            slots: slots.iter().map(slot).collect(),
            shifts: jumps.iter().map(|it| ShiftItem { time: it.at, seconds: it.by, slot: it.slot }).collect(),
            verdicts: &view.verdicts,
        }
    }
}

//! When a CronJob runs: its schedule, its zone, and the controller's own arithmetic.
//!
//! Schedules are robfig/cron v3's, which Kubernetes uses: no crate agrees with it where clocks jump, on `*/1`, on `?`, on `@every`.

mod clock;
mod cron;
mod due;
mod field;
mod outlook;
#[cfg(test)]
mod reference;
mod refused;
mod shift;
#[cfg(test)]
mod tests;
mod verdicts;
mod zone;

pub use cron::Schedule;
pub use due::{Due, NeverFires, due};
pub use outlook::{Broken, Fate, Outlook, Slot, Timetable};
pub use refused::{Refused, refused};
pub use shift::{Shift, shifts};
pub use verdicts::verdicts;
pub use zone::{Source, Unresolved, Zone, slot_in_name, slot_of};

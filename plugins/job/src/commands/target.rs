//! What a command is about: `NAME`, `job/NAME`, `cronjob/NAME`.

use workload_cli::Failure;

/// A Job or a CronJob by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its kind; without one a Job is looked for first, then a CronJob.
    pub(crate) kind: Option<Kind>,
    /// Its name.
    pub(crate) name: String,
}

/// The kinds that this program is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Job,
    CronJob,
}

const JOBS: [&str; 5] = ["job", "jobs", "job.batch", "jobs.batch", "jobs.v1.batch"];
const CRON_JOBS: [&str; 6] = ["cj", "cronjob", "cronjobs", "cronjob.batch", "cronjobs.batch", "cronjobs.v1.batch"];

impl Target {
    /// Reads one argument.
    pub(crate) fn parse(argument: &str) -> Result<Self, Failure> {
        let (kind, name) = match argument.split_once('/') {
            Some((kind, name)) => (Some(kind), name),
            None => (None, argument),
        };
        if name.is_empty() || name.contains('/') {
            return Err(Failure::error(format_args!(
                "arguments must be in the form NAME or TYPE/NAME, {argument:?} is neither"
            )));
        }
        let kind = match kind.map(str::to_ascii_lowercase) {
            None => None,
            Some(kind) if JOBS.contains(&kind.as_str()) => Some(Kind::Job),
            Some(kind) if CRON_JOBS.contains(&kind.as_str()) => Some(Kind::CronJob),
            Some(kind) => {
                return Err(Failure::error(format_args!("{kind:?} is not a type that this command takes"))
                    .hint("it takes job/NAME and cronjob/NAME (cj/NAME)"));
            }
        };
        Ok(Self { kind, name: name.to_owned() })
    }

    /// Its resource, as kubectl names one that is not there.
    pub(crate) fn resource(&self) -> &'static str {
        match self.kind {
            Some(Kind::CronJob) => "cronjobs.batch",
            _ => "jobs.batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_cron_jobs_are_named_as_kubectl_users_name_them() {
        let read = |text| Target::parse(text).map(|target| (target.kind, target.name));
        assert_eq!(read("backup"), Ok((None, "backup".to_owned())));
        assert_eq!(read("job/backup"), Ok((Some(Kind::Job), "backup".to_owned())));
        assert_eq!(read("CronJob.batch/backup"), Ok((Some(Kind::CronJob), "backup".to_owned())));
        assert_eq!(read("cj/backup"), Ok((Some(Kind::CronJob), "backup".to_owned())));
        assert!(read("pod/backup").is_err());
        assert!(read("job/").is_err());
        assert!(read("job/a/b").is_err());
    }
}

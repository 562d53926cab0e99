//! The flags of `logs`: kubectl's names and meanings first, stern's where kubectl has none.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;
use workload_core::connect::duration::parse_go;
use workload_core::logs::api::From;
use workload_core::logs::plan::{Attempts, Order, Plan};
use workload_core::logs::report::{Filter, Format, Style, Template};
use workload_core::logs::stamp::Stamp;
use workload_core::logs::targets::Selection;
use workload_core::logs::{Limits, plan};

use crate::flags::boolean;
use crate::{Context, Failure};

/// Logs that are open at once; stays below what a node can follow (about 110, `fs.inotify.max_user_instances`).
const MAX_STREAMS: usize = 100;

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Colour {
    #[default]
    Auto,
    Always,
    Never,
}

/// How a snapshot is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum By {
    #[default]
    Time,
    Pod,
}

/// Which lines, and how they look.
#[derive(Debug, Clone, Default, Args)]
pub struct LogFlags {
    /// Go on while containers run: restarts, replacements and new pods are taken up
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    follow: Option<bool>,
    /// The attempt before the present one of each container
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean,
          conflicts_with = "follow")]
    previous: Option<bool>,
    /// All attempts that the nodes still keep, the oldest first
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean,
          conflicts_with = "previous")]
    all_attempts: Option<bool>,
    /// Only lines newer than this: 5s, 2m, 3h (counted by the node's clock)
    #[arg(long, value_name = "TIME", conflicts_with = "since_time")]
    since: Option<String>,
    /// Only lines from this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since_time: Option<String>,
    /// Only lines up to this time (RFC 3339), or until so long ago: 5m
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only the last so many lines of each container; -1 for all
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    tail: Option<i64>,
    /// At most so many bytes of each container
    #[arg(long, value_name = "N")]
    limit_bytes: Option<u64>,
    /// A container's exact name; repeatable
    #[arg(short, long, value_name = "CONTAINER", help_heading = "Selection")]
    container: Vec<String>,
    /// Containers whose name matches; repeatable
    #[arg(long, value_name = "REGEX", help_heading = "Selection")]
    include_container: Vec<String>,
    /// Leave out containers whose name matches; repeatable
    #[arg(short = 'E', long, value_name = "REGEX", help_heading = "Selection")]
    exclude_container: Vec<String>,
    /// All containers, init and ephemeral ones included; with =false only main containers and sidecars
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean,
          help_heading = "Selection")]
    all_containers: Option<bool>,
    /// Only lines that match; repeatable
    #[arg(short, long, value_name = "REGEX", help_heading = "Lines")]
    include: Vec<String>,
    /// Leave out lines that match; repeatable
    #[arg(short, long, value_name = "REGEX", help_heading = "Lines")]
    exclude: Vec<String>,
    /// Highlight what matches; repeatable
    #[arg(short = 'H', long, value_name = "REGEX", help_heading = "Lines")]
    highlight: Vec<String>,
    /// Each line's time before it
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean,
          help_heading = "Lines")]
    timestamps: Option<bool>,
    /// The zone of times: UTC, Local, Europe/Berlin
    #[arg(long, value_name = "ZONE", help_heading = "Lines")]
    timezone: Option<String>,
    /// Each line's pod and container before it [default: where there are several]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean,
          help_heading = "Lines")]
    prefix: Option<bool>,
    /// When colours are used
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, help_heading = "Lines")]
    color: Colour,
    /// Output format: text, raw (the container's bytes) or json (a record a line)
    #[arg(short, long, value_name = "FORMAT", help_heading = "Lines")]
    output: Option<String>,
    /// Each line as this says: '{time} {pod} {container} {message}'
    #[arg(short = 'T', long, value_name = "TEMPLATE", conflicts_with = "output", help_heading = "Lines")]
    template: Option<String>,
    /// The order without --follow: by time across containers, or container by container
    #[arg(long, value_name = "ORDER", value_enum, default_value_t, help_heading = "Lines")]
    order: By,
    /// Nothing on stderr but errors
    #[arg(long, help_heading = "Lines")]
    only_log_lines: bool,
    /// Logs that are open at once; more wait for their turn
    #[arg(long, value_name = "N", alias = "max-log-requests", default_value_t = MAX_STREAMS)]
    max_streams: usize,
    /// Read a folder with logs instead of a cluster: of kubectl cluster-info dump, or a must-gather; repeatable
    #[arg(long, value_name = "FOLDER", conflicts_with = "follow", help_heading = "Source")]
    filename: Vec<PathBuf>,
    /// End after this long, with exit code 124
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// Exit code 15 when lines are missing or an end could not be verified
    #[arg(long)]
    strict: bool,
    /// Taken for kubectl's sake: what can't be read is told and never ends the rest
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = boolean)]
    ignore_errors: Option<bool>,
    /// Taken for kubectl's sake: all pods are read
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = boolean)]
    all_pods: Option<bool>,
    /// Taken for kubectl's sake: with --follow pods are waited for, however long
    #[arg(long, hide = true, value_name = "TIME")]
    pod_running_timeout: Option<String>,
}

fn patterns(flag: &str, texts: &[String]) -> Result<Vec<Regex>, Failure> {
    texts.iter().map(|text| Regex::new(text).map_err(|why| bad(flag, text, &why.to_string()))).collect()
}

fn byte_patterns(flag: &str, texts: &[String]) -> Result<Vec<regex::bytes::Regex>, Failure> {
    texts.iter().map(|text| regex::bytes::Regex::new(text).map_err(|why| bad(flag, text, &why.to_string()))).collect()
}

/// A regular expression that can't be read; the library's picture of where is left out.
fn bad(flag: &str, text: &str, why: &str) -> Failure {
    let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
    Failure::error(format_args!("--{flag} {text:?}: {last}"))
}

fn duration(flag: &str, text: &str) -> Result<Duration, Failure> {
    match parse_go(text) {
        Some((false, duration)) => Ok(duration),
        _ => Err(Failure::error(format_args!("--{flag} {text:?}: expected a duration such as 30s, 5m or 2h"))),
    }
}

fn time(flag: &str, text: &str) -> Result<Timestamp, Failure> {
    text.parse()
        .map_err(|_| Failure::error(format_args!("--{flag} {text:?}: expected a time such as 2026-11-21T12:00:00Z")))
}

impl LogFlags {
    /// As `logs --follow` without further flags, with lines as records of JSON where that is wanted.
    pub(super) fn following(json: bool) -> Self {
        let output = json.then(|| "json".to_owned());
        Self { follow: Some(true), max_streams: MAX_STREAMS, output, ..Self::default() }
    }

    /// Fails where the flags can't be read, before anything is asked of a server.
    pub fn check(&self, context: &Context<'_>) -> Result<(), Failure> {
        self.plan(Selection::default(), true, context.now)?;
        self.style(context)?;
        self.timeout().map(drop)
    }

    /// `--follow`.
    pub fn follows(&self) -> bool {
        self.follow.unwrap_or(false)
    }

    /// `--filename`: the folders that are read in the place of a cluster; empty where it is one.
    pub fn folders(&self) -> &[PathBuf] {
        &self.filename
    }

    /// The first flag given that needs the lines' times.
    pub(super) fn needs_times(&self) -> Option<&'static str> {
        let given = [
            (self.since_time.is_some(), "--since-time"),
            (self.until.is_some(), "--until"),
            (self.timestamps == Some(true), "--timestamps"),
        ];
        given.into_iter().find_map(|(given, flag)| given.then_some(flag))
    }

    /// `--strict`.
    pub fn strict(&self) -> bool {
        self.strict
    }

    /// `--timeout`.
    pub fn timeout(&self) -> Result<Option<Duration>, Failure> {
        self.timeout.as_deref().map(|text| duration("timeout", text)).transpose()
    }

    /// What is read; `every` says whether all attempts are meant where no flag says so.
    pub fn plan(&self, selection: Selection, every: bool, now: Timestamp) -> Result<Plan, Failure> {
        let mut limits = Limits { bytes: self.limit_bytes, ..Limits::default() };
        let mut from = From::Start;
        if let Some(text) = &self.since {
            let since = duration("since", text)?;
            // In whole seconds, of which the server wants at least one (kubectl rounds too).
            from = From::Ago(since.as_secs() + u64::from(since.subsec_nanos() > 0));
        }
        if let Some(text) = &self.since_time {
            let since = Stamp::of(time("since-time", text)?);
            limits.since = Some(since);
            from = From::Second(since.floor_second());
        }
        if let Some(tail) = self.tail.filter(|tail| *tail >= 0) {
            if from != From::Start {
                return Err(Failure::error("--tail can't be combined with --since or --since-time"));
            }
            from = From::Tail(tail.unsigned_abs());
        }
        if let Some(text) = &self.until {
            let until = match parse_go(text) {
                Some((false, ago)) => now.checked_sub(ago).unwrap_or(now),
                _ => time("until", text)?,
            };
            limits.until = Some(Stamp::of(until));
        }
        if self.max_streams == 0 {
            return Err(Failure::error("--max-streams must be at least 1"));
        }
        let attempts = match (self.previous.unwrap_or(false), self.all_attempts) {
            (true, _) => Attempts::Previous,
            (false, Some(true)) => Attempts::All,
            (false, Some(false)) => Attempts::Present,
            (false, None) => {
                if every {
                    Attempts::All
                } else {
                    Attempts::Present
                }
            }
        };
        let selection = Selection {
            containers: self.container.clone(),
            include: patterns("include-container", &self.include_container)?,
            exclude: patterns("exclude-container", &self.exclude_container)?,
            default_only: self.all_containers == Some(false),
            ..selection
        };
        Ok(plan::Plan {
            follow: self.follows(),
            attempts,
            from,
            limits,
            selection,
            max_streams: self.max_streams,
            order: if self.order == By::Time { Order::Time } else { Order::Pod },
            seed: now.as_second().unsigned_abs() << 20 ^ u64::from(std::process::id()),
        })
    }

    /// How lines look. `several` says whether lines of more than one container may come.
    pub fn style(&self, context: &Context<'_>) -> Result<Style, Failure> {
        let format = match (&self.template, self.output.as_deref()) {
            (Some(template), _) => Format::Template(Template::parse(template).map_err(Failure::error)?),
            (None, None | Some("" | "text" | "default")) => Format::Text,
            (None, Some("raw")) => Format::Raw,
            (None, Some("json")) => Format::Json,
            (None, Some(other)) => {
                return Err(Failure::error(format_args!(
                    "unable to match a printer suitable for the output format \"{other}\", allowed formats are: json,raw,text"
                )));
            }
        };
        let zone = match self.timezone.as_deref() {
            None => TimeZone::UTC,
            Some("Local" | "local") => TimeZone::system(),
            Some(name) => TimeZone::get(name)
                .map_err(|_| Failure::error(format_args!("--timezone {name:?}: there is no such time zone")))?,
        };
        let colour = match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => context.terminal && context.environment.text("NO_COLOR").is_none_or(str::is_empty),
        };
        Ok(Style {
            terminal: context.terminal && !matches!(format, Format::Raw),
            format,
            prefix: self.prefix.unwrap_or(true),
            timestamps: self.timestamps.unwrap_or(false),
            zone,
            colour,
            only_lines: self.only_log_lines,
            follow: self.follows(),
            filter: Filter {
                include: byte_patterns("include", &self.include)?,
                exclude: byte_patterns("exclude", &self.exclude)?,
                highlight: byte_patterns("highlight", &self.highlight)?,
            },
        })
    }

    /// Whether lines are told whose they are was left to us.
    pub fn prefix_is_open(&self) -> bool {
        self.prefix.is_none()
    }
}

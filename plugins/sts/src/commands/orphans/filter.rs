//! Which leftovers are shown.

use clap::Args;
use jiff::SignedDuration;
use workload_cli::Failure;
use workload_core::connect::duration::parse_go;
use workload_core::facts::Quantity;
use workload_core::findings::Code;

use super::columns::{Left, Shown};

/// The flags.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filter")]
pub(super) struct FilterFlags {
    /// Only these verdicts: OrphanSetGone,RetainedScaledDown; repeatable
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    verdict: Vec<String>,
    /// Only of this StorageClass
    #[arg(long, value_name = "NAME")]
    storage_class: Option<String>,
    /// Only of at least this size: 10Gi
    #[arg(long, value_name = "SIZE")]
    min_size: Option<String>,
    /// Only what is known to be unused for so long: 720h; an object's age says nothing about that
    #[arg(long, value_name = "TIME")]
    unused_for: Option<String>,
}

/// Checked.
#[derive(Debug)]
pub(super) struct Filter {
    verdicts: Vec<Code>,
    class: Option<String>,
    min_bytes: u64,
    unused_for: Option<SignedDuration>,
}

/// The code of a name, whatever its case.
pub(in crate::commands) fn code(name: &str) -> Result<Code, Failure> {
    let known = Code::ALL.iter().find(|code| code.word().eq_ignore_ascii_case(name));
    known.copied().ok_or_else(|| {
        let near = workload_cli::nearest(name, Code::ALL.iter().map(|code| code.word()));
        let failure = Failure::error(format_args!("there is no verdict {name:?}"));
        if near.is_empty() {
            failure.hint("kubectl sts orphans  # shows them under STATE")
        } else {
            failure.hint(format!("did you mean {}?", near.join(" or ")))
        }
    })
}

impl FilterFlags {
    pub(super) fn filter(&self) -> Result<Filter, Failure> {
        let size = |text: &String| {
            Quantity::new(text)
                .bytes()
                .ok_or_else(|| Failure::error(format_args!("--min-size: {text:?} is not a size such as 10Gi")))
        };
        let time = |text: &String| match parse_go(text) {
            Some((false, time)) => Ok(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)),
            _ => Err(Failure::error(format_args!("--unused-for: {text:?} is not a time such as 720h"))),
        };
        Ok(Filter {
            verdicts: self.verdict.iter().map(|name| code(name)).collect::<Result<_, _>>()?,
            class: self.storage_class.clone(),
            min_bytes: self.min_size.as_ref().map(size).transpose()?.unwrap_or(0),
            unused_for: self.unused_for.as_ref().map(time).transpose()?,
        })
    }
}

impl Filter {
    /// Whether it leaves anything out.
    pub(super) fn narrows(&self) -> bool {
        !self.verdicts.is_empty() || self.class.is_some() || self.min_bytes > 0 || self.unused_for.is_some()
    }

    pub(super) fn takes_claim(&self, shown: &Shown<'_>) -> bool {
        let row = &shown.row;
        let Some(claim) = row.claim else { return false };
        self.takes(row.class.code(), claim.spec.class.as_deref(), claim.bytes())
            && self.unused_for.is_none_or(|time| shown.unused.is_some_and(|at| shown.now.duration_since(at) >= time))
    }

    pub(super) fn takes_volume(&self, left: &Left<'_>) -> bool {
        let volume = left.left.volume;
        let bytes = volume.spec.capacity.as_ref().and_then(Quantity::bytes);
        self.takes(left.left.class.code(), volume.spec.class.as_deref(), bytes)
            && self.unused_for.is_none_or(|time| volume.since().is_some_and(|at| left.now.duration_since(at) >= time))
    }

    fn takes(&self, code: Code, class: Option<&str>, bytes: Option<u64>) -> bool {
        (self.verdicts.is_empty() || self.verdicts.contains(&code))
            && self.class.as_deref().is_none_or(|wanted| class == Some(wanted))
            && bytes.unwrap_or(0) >= self.min_bytes
    }
}

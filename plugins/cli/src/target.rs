//! What a command is about: `NAME`, `TYPE/NAME`, `NAME ORDINAL`.

use clap::Args;
use workload_core::facts::ordinal;

use crate::Failure;

/// The positional arguments of a command about one set.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// The set: NAME, statefulset/NAME, or pod/NAME for one of its pods
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// One ordinal of the set
    #[arg(value_name = "ORDINAL")]
    ordinal: Option<String>,
}

/// A set, or one ordinal of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The set's name.
    pub set: String,
    /// One of its ordinals.
    pub ordinal: Option<i32>,
}

const SETS: [&str; 6] =
    ["sts", "statefulset", "statefulsets", "statefulset.apps", "statefulsets.apps", "statefulsets.v1.apps"];
const PODS: [&str; 3] = ["po", "pod", "pods"];

impl Target {
    /// Reads one argument.
    pub fn parse(argument: &str) -> Result<Self, Failure> {
        let (kind, name) = argument.split_once('/').unwrap_or(("sts", argument));
        let lower = kind.to_ascii_lowercase();
        if name.is_empty() || name.contains('/') {
            return Err(Failure::error(format_args!(
                "arguments must be in the form NAME or TYPE/NAME, {argument:?} is neither"
            )));
        }
        if SETS.contains(&lower.as_str()) {
            return Ok(Self { set: name.to_owned(), ordinal: None });
        }
        if !PODS.contains(&lower.as_str()) {
            return Err(Failure::error(format_args!("{kind:?} is not a type that this command takes"))
                .hint("it takes statefulset/NAME (sts/NAME) and pod/NAME"));
        }
        // A pod's ordinal holds no dash, so the last one separates it (stateful_set_utils.go).
        name.rsplit_once('-')
            .and_then(|(set, number)| Some(Self { set: set.to_owned(), ordinal: Some(ordinal(number)?) }))
            .ok_or_else(|| Failure::error(format_args!("pod {name:?} has no ordinal, so no StatefulSet made it")))
    }
}

impl TargetArgs {
    /// The target, if one was named.
    pub fn target(&self) -> Result<Option<Target>, Failure> {
        let Some(name) = &self.name else { return Ok(None) };
        let mut target = Target::parse(name)?;
        if let Some(text) = &self.ordinal {
            let number = ordinal(text).ok_or_else(|| Failure::error(format_args!("{text:?} is not an ordinal")))?;
            if target.ordinal.is_some_and(|named| named != number) {
                return Err(Failure::error(format_args!("{name} and ordinal {number} contradict each other")));
            }
            target.ordinal = Some(number);
        }
        Ok(Some(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_named_as_kubectl_users_name_it() {
        let read = |text| Target::parse(text).map(|target| (target.set, target.ordinal));
        let web = |ordinal| Ok(("web".to_owned(), ordinal));
        assert_eq!(read("web"), web(None));
        assert_eq!(read("sts/web"), web(None));
        assert_eq!(read("StatefulSet.apps/web"), web(None));
        assert_eq!(read("pod/web-2"), web(Some(2)));
        assert!(read("pod/web").is_err());
        assert!(read("deploy/web").is_err());
        assert!(read("sts/").is_err());
        assert!(read("sts/a/b").is_err());
    }
}

//! Where on the command line the user is typing.

use std::collections::BTreeMap;

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

use super::Candidate;

/// What may stand at the cursor.
pub(super) enum Slot<'c> {
    /// A subcommand of this command.
    Commands(&'c Command),
    /// A flag of this command.
    Flags(&'c Command),
    /// A value of this flag or argument.
    Value(&'c Arg),
    /// Nothing that is known.
    Nothing,
}

/// The line so far.
pub(super) struct Typed<'c> {
    pub(super) slot: Slot<'c>,
    /// The unfinished word, without a flag's name before it.
    pub(super) prefix: String,
    /// Flags that stand on the line, by their long names, with the value of those that have one.
    pub(super) given: BTreeMap<String, Vec<String>>,
    /// Arguments of the command that are no flags.
    pub(super) positionals: Vec<String>,
    /// The subcommands' names.
    pub(super) path: Vec<String>,
}

/// bash takes `--output=json` apart at the equals sign; this puts it together again.
pub(super) fn joined(words: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(words.len());
    let mut glue = false;
    for word in words {
        match all.last_mut() {
            Some(last) if glue || word == "=" && last.starts_with('-') && !last.contains('=') => {
                glue = word == "=" && !glue;
                last.push_str(&word);
            }
            _ => all.push(word),
        }
    }
    all
}

/// Reads the words; the last one is unfinished.
pub(super) fn slot(root: &Command, mut words: Vec<String>) -> Typed<'_> {
    let last = words.pop().unwrap_or_default();
    let mut typed = Typed {
        slot: Slot::Nothing,
        prefix: String::new(),
        given: BTreeMap::new(),
        positionals: Vec::new(),
        path: Vec::new(),
    };
    let mut command = root;
    let mut waiting: Option<&Arg> = None;
    let mut flags_over = false;
    for word in words {
        if let Some(arg) = waiting.take() {
            typed.note(arg, word);
        } else if flags_over {
            typed.positionals.push(word);
        } else if word == "--" {
            flags_over = true;
        } else if let Some(flag) = word.strip_prefix("--") {
            let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
            let name = name.replace('_', "-");
            if let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(name.as_str())) {
                match value {
                    Some(value) => typed.note(arg, value.to_owned()),
                    None if wants_value(arg) => waiting = Some(arg),
                    None => typed.note(arg, "true".to_owned()),
                }
            }
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            waiting = typed.short(command, letters);
        } else if let Some(sub) = command.find_subcommand(&word) {
            command = sub;
            typed.path.push(sub.get_name().to_owned());
        } else {
            typed.positionals.push(word);
        }
    }
    (typed.slot, typed.prefix) = at_cursor(command, waiting, flags_over, typed.positionals.len(), last);
    typed
}

impl Typed<'_> {
    fn note(&mut self, arg: &Arg, value: String) {
        if let Some(long) = arg.get_long() {
            self.given.entry(long.to_owned()).or_default().push(value);
        }
    }

    /// `-An shop`, `-nshop`, `-n=shop`: the flag that still wants its value.
    fn short<'c>(&mut self, command: &'c Command, letters: &str) -> Option<&'c Arg> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let arg = command.get_arguments().find(|arg| arg.get_short() == Some(letter))?;
            let value = rest.as_str();
            if wants_value(arg) && !value.is_empty() {
                self.note(arg, value.strip_prefix('=').unwrap_or(value).to_owned());
                return None;
            }
            if wants_value(arg) {
                return Some(arg);
            }
            self.note(arg, "true".to_owned());
        }
        None
    }
}

fn at_cursor<'c>(
    command: &'c Command,
    waiting: Option<&'c Arg>,
    flags_over: bool,
    position: usize,
    last: String,
) -> (Slot<'c>, String) {
    if let Some(arg) = waiting {
        return (Slot::Value(arg), last);
    }
    if !flags_over && last.starts_with('-') {
        let Some((flag, value)) = last.split_once('=') else { return (Slot::Flags(command), last) };
        let name = flag.trim_start_matches('-').replace('_', "-");
        let long = flag.starts_with("--");
        let of = |arg: &&Arg| {
            if long { arg.get_long() == Some(name.as_str()) } else { name.chars().eq(arg.get_short()) }
        };
        let slot = command.get_arguments().find(of).map_or(Slot::Nothing, Slot::Value);
        return (slot, value.to_owned());
    }
    if command.has_subcommands() {
        return (Slot::Commands(command), last);
    }
    let positionals: Vec<&Arg> = command.get_positionals().collect();
    let repeats = |arg: &&&Arg| {
        arg.get_num_args().is_some_and(|range| range.max_values() > 1) || matches!(arg.get_action(), ArgAction::Append)
    };
    let arg = positionals.get(position).or_else(|| positionals.last().filter(repeats));
    (arg.map_or(Slot::Nothing, |arg| Slot::Value(arg)), last)
}

/// Whether the next word is its value: not for switches, nor for those that take one only behind an equals sign.
fn wants_value(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// The flags that may still be given.
pub(super) fn flags(command: &Command, given: &BTreeMap<String, Vec<String>>) -> Vec<Candidate> {
    let free = |arg: &&Arg| {
        !arg.is_hide_set()
            && arg
                .get_long()
                .is_some_and(|long| !given.contains_key(long) || matches!(arg.get_action(), ArgAction::Append))
    };
    let flag = |arg: &Arg| Some(Candidate::new(format!("--{}", arg.get_long()?), first_line(arg.get_help())));
    let mut all: Vec<Candidate> = command.get_arguments().filter(free).filter_map(flag).collect();
    all.sort();
    all
}

/// The first line of a help text.
pub(super) fn first_line(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    fn root() -> Command {
        let mut root = Command::new("p")
            .arg(Arg::new("namespace").short('n').long("namespace").global(true))
            .arg(Arg::new("extra").long("as-extra").global(true).action(ArgAction::Append))
            .subcommand(
                Command::new("show")
                    .arg(Arg::new("all").short('A').long("all").action(ArgAction::SetTrue))
                    .arg(Arg::new("output").short('o').long("output"))
                    .arg(Arg::new("name").value_name("NAME"))
                    .arg(Arg::new("ordinal").value_name("ORDINAL")),
            )
            .subcommand(Command::new("many").arg(Arg::new("names").value_name("NAME").num_args(0..)));
        root.build();
        root
    }

    fn seen(line: &str) -> (String, String) {
        let root = root();
        let typed = slot(&root, joined(line.split(' ').map(str::to_owned).collect()));
        let slot = match typed.slot {
            Slot::Commands(command) => format!("commands of {}", command.get_name()),
            Slot::Flags(command) => format!("flags of {}", command.get_name()),
            Slot::Value(arg) => format!("value of {}", arg.get_id()),
            Slot::Nothing => "nothing".to_owned(),
        };
        let given = typed
            .given
            .iter()
            .map(|(name, values)| format!(" {name}={}", values.join(",")))
            .collect::<Vec<_>>()
            .concat();
        (format!("{slot} {:?}", typed.prefix), format!("{}{given}", typed.positionals.join(" ")).trim().to_owned())
    }

    #[test]
    fn the_cursor_is_found_wherever_it_stands() {
        for (line, slot, before) in [
            ("", "commands of p \"\"", ""),
            ("sh", "commands of p \"sh\"", ""),
            ("show ", "value of name \"\"", ""),
            ("show we", "value of name \"we\"", ""),
            ("show web ", "value of ordinal \"\"", "web"),
            ("show web 1 ", "nothing \"\"", "web 1"),
            ("many a b ", "value of names \"\"", "a b"),
            ("show -", "flags of show \"-\"", ""),
            ("show --out", "flags of show \"--out\"", ""),
            ("show --output ", "value of output \"\"", ""),
            ("show --output=j", "value of output \"j\"", ""),
            ("show --output = j", "value of output \"j\"", ""),
            ("show --output = ", "value of output \"\"", ""),
            ("show -o ", "value of output \"\"", ""),
            ("show -o=y", "value of output \"y\"", ""),
            ("-n shop show ", "value of name \"\"", "namespace=shop"),
            ("show -nshop ", "value of name \"\"", "namespace=shop"),
            ("show -An ", "value of namespace \"\"", "all=true"),
            ("show -A we", "value of name \"we\"", "all=true"),
            ("show --as_extra k=v --as-extra a=b ", "value of name \"\"", "as-extra=k=v,a=b"),
            ("show -- -x", "value of name \"-x\"", ""),
            ("show --nonsense ", "value of name \"\"", ""),
            ("show -z ", "value of name \"\"", ""),
            ("nonsense ", "commands of p \"\"", "nonsense"),
        ] {
            assert_eq!(seen(line), (slot.to_owned(), before.to_owned()), "{line:?}");
        }
    }
}

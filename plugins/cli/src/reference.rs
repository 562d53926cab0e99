//! The help as a whole: examples first and named after how the program was called, all of it as one text, and as man pages.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::Command;

use crate::Failure;

/// How the help's sources name the programs: kubectl's spelling.
const SPELLINGS: [&str; 2] = ["kubectl sts", "kubectl job"];
/// Examples stand before usage and flags: they are what is read at night.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}";

/// The commands with examples before the flags, and with `usage` in the place of the programs' own names.
pub(crate) fn named_after(command: Command, usage: &str) -> Command {
    let command = command.bin_name(usage);
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    subcommands
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |sub| examples_first(sub, usage)))
}

fn examples_first(mut command: Command, usage: &str) -> Command {
    let examples = command.get_after_help().map(|text| {
        let own =
            SPELLINGS.iter().fold(text.to_string(), |text, own| text.replace(&format!("{own} "), &format!("{usage} ")));
        format!("{own}\n\n")
    });
    if let Some(examples) = examples {
        command = command.before_help(examples).after_help("").help_template(TEMPLATE);
    }
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    subcommands
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |sub| examples_first(sub, usage)))
}

/// Serves the two hidden calls that packagers and tests use: `__reference` prints the help of every command, `__man FOLDER`
/// writes a man page for each. `None` where the arguments ask for something else.
pub(crate) fn asked(
    arguments: &[OsString],
    tree: impl FnOnce() -> Command,
    out: &mut dyn Write,
) -> Option<Result<(), Failure>> {
    match arguments.get(1)?.to_str()? {
        "__reference" => Some(write_reference(tree(), out)),
        "__man" => Some(write_pages(&tree(), Path::new(arguments.get(2)?))),
        _ => None,
    }
}

fn write_reference(mut command: Command, out: &mut dyn Write) -> Result<(), Failure> {
    // One width, whatever the terminal's.
    command = command.term_width(120);
    write_help(&mut command, out)
}

fn write_help(command: &mut Command, out: &mut dyn Write) -> Result<(), Failure> {
    let name = command.get_bin_name().unwrap_or_default().to_owned();
    let help = command.clone().render_long_help().to_string();
    writeln!(out, "# {name}\n\n{}\n", help.trim_end())?;
    for sub in command.get_subcommands_mut().filter(|sub| !sub.is_hide_set()) {
        let mut sub = sub.clone().term_width(120);
        write_help(&mut sub, out)?;
    }
    Ok(())
}

fn write_pages(command: &Command, folder: &Path) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::error(format_args!("writing man pages to {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let name = command.get_bin_name().unwrap_or_default().replace(' ', "-");
    let examples = command.get_before_help().map(|text| text.to_string().trim_end().to_owned()).unwrap_or_default();
    let page_of = command.clone().name(name.clone()).before_help("").after_help(examples);
    let mut page = Vec::new();
    clap_mangen::Man::new(page_of).title(name.to_uppercase()).render(&mut page).map_err(failed)?;
    std::fs::write(folder.join(format!("{name}.1")), page).map_err(failed)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        write_pages(sub, folder)?;
    }
    Ok(())
}

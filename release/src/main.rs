//! The parts of a release that need care: archives that are the same whenever they are made, checksums, and the krew manifests.
//! `release/build` calls them in order.

#[cfg(test)]
mod krew;
mod manifest;
mod pack;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: release pack FOLDER ARCHIVE    the folder's files as .tar.gz or .zip, by the archive's name
       release checksums FOLDER       checksums.txt of what is in the folder
       release manifests FOLDER TAG   krew-manifest/*.yaml and plugins/*.yaml from the folder's archives";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let done = match words[..] {
        ["pack", folder, archive] => pack::pack(Path::new(folder), Path::new(archive)),
        ["checksums", folder] => pack::checksums(Path::new(folder)),
        ["manifests", folder, tag] => manifest::write_all(Path::new("."), Path::new(folder), tag),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "release: {error}");
            ExitCode::FAILURE
        }
    }
}

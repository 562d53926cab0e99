//! Which files a path stands for.

use std::path::{Path, PathBuf};

/// The files that a path names: itself, or those of a folder with a known ending; as kubectl's `-f` and `-R` do.
///
/// A support bundle is nested by design, so it is read whole without `-R`: the folder of `kubectl cluster-info dump`
/// (`nodes.json` beside a folder per namespace) and OpenShift's must-gather (`namespaces/`, `cluster-scoped-resources/`).
pub(super) fn files(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, String> {
    let shown = path.display();
    let kind = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("the path \"{shown}\" does not exist"),
        _ => format!("the path \"{shown}\" cannot be accessed: {}", io_sentence(&error)),
    })?;
    if !kind.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    collect(path, recursive || is_bundle(path), &mut found)
        .map_err(|(at, error)| format!("{}: {}", at.display(), io_sentence(&error)))?;
    if found.is_empty() {
        return Err(format!(
            "error reading [{shown}]: recognized file extensions are [.json .yaml .yml]{}",
            if recursive { "" } else { "; -R looks into folders below it" }
        ));
    }
    Ok(found)
}

fn collect(folder: &Path, recursive: bool, found: &mut Vec<PathBuf>) -> Result<(), (PathBuf, std::io::Error)> {
    let failed = |error| (folder.to_owned(), error);
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            // A link to a folder may lead back up.
            if recursive && !entry.is_symlink() {
                collect(&entry, recursive, found)?;
            }
        } else if has_known_ending(&entry) {
            found.push(entry);
        }
    }
    Ok(())
}

fn has_known_ending(path: &Path) -> bool {
    path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| matches!(ending, "json" | "yaml" | "yml"))
}

fn is_bundle(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    let dump = has("nodes.json") || has("nodes.yaml");
    let gathered =
        |folder: &Path| folder.join("namespaces").is_dir() || folder.join("cluster-scoped-resources").is_dir();
    // must-gather puts the image's name between its own folder and the content.
    let nested = || {
        std::fs::read_dir(folder)
            .is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_dir() && gathered(&entry.path())))
    };
    dump || gathered(folder) || nested()
}

/// An I/O error in lower case and without the number of the operating system.
pub(super) fn io_sentence(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}

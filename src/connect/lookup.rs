//! Finding a program as Go's `exec.LookPath` does, Windows' file extensions included.

use std::path::{Component, Path, PathBuf};

use super::env::Environment;

/// The program that a command names: itself if it is a path, else the first one on PATH. `None` when there is no such program.
pub(crate) fn look_path(command: &str, env: &Environment) -> Option<PathBuf> {
    let extensions = cfg!(windows).then(|| env.text("PATHEXT").unwrap_or(".com;.exe;.bat;.cmd"));
    if is_path(command) {
        return with_extension(&env.absolute(Path::new(command)), extensions);
    }
    let path = env.raw("PATH")?;
    // A program that is found through a relative folder is refused by Go: it would depend on where one stands.
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| with_extension(&folder.join(command), extensions))
}

/// Whether a command is a path rather than a name.
pub(crate) fn is_path(command: &str) -> bool {
    command.contains('/') || cfg!(windows) && command.contains(['\\', ':'])
}

/// The file itself, or, where the system has executable extensions, the file with the first one that exists (`az` is `az.cmd`).
fn with_extension(file: &Path, extensions: Option<&str>) -> Option<PathBuf> {
    let Some(extensions) = extensions else {
        return is_executable(file).then(|| file.to_owned());
    };
    if file.extension().is_some() && file.is_file() {
        return Some(file.to_owned());
    }
    extensions.split(';').filter(|extension| !extension.is_empty()).find_map(|extension| {
        let mut name = file.as_os_str().to_owned();
        if !extension.starts_with('.') {
            name.push(".");
        }
        name.push(extension);
        Some(PathBuf::from(name)).filter(|candidate| candidate.is_file())
    })
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// A path without `.`, `..` and doubled separators (Go's `filepath.Clean`), so that it can be compared as text.
pub(crate) fn clean(path: &str) -> String {
    let mut kept: Vec<Component<'_>> = Vec::new();
    for part in Path::new(path).components() {
        match (part, kept.last()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                kept.pop();
            }
            _ => kept.push(part),
        }
    }
    let cleaned: PathBuf = kept.iter().collect();
    if cleaned.as_os_str().is_empty() { ".".to_owned() } else { cleaned.to_string_lossy().into_owned() }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path, mode: u32) {
        let parent = path.parent().expect("a path with a folder");
        std::fs::create_dir_all(parent).expect("a folder");
        std::fs::write(path, "").expect("a file");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    }

    #[test]
    fn programs_are_found_on_path_and_by_path() {
        let dir = tempfile::tempdir().unwrap();
        program(&dir.path().join("a/tool"), 0o644);
        program(&dir.path().join("b/tool"), 0o755);
        let path = std::env::join_paths(["rel".into(), dir.path().join("a"), dir.path().join("b")]).unwrap();
        let mut env = Environment::empty().with("PATH", path);
        env.current_dir = dir.path().to_owned();
        assert_eq!(look_path("tool", &env), Some(dir.path().join("b/tool")));
        assert_eq!(look_path("./b/tool", &env).map(|found| found.is_file()), Some(true));
        assert_eq!(look_path("./a/tool", &env), None);
        assert_eq!(look_path("other", &env), None);
        assert_eq!(look_path("tool", &Environment::empty()), None);
    }

    #[test]
    fn windows_extensions_are_tried_in_order() {
        let dir = tempfile::tempdir().unwrap();
        program(&dir.path().join("az.cmd"), 0o644);
        program(&dir.path().join("az"), 0o644);
        program(&dir.path().join("x.exe"), 0o644);
        let find = |name: &str| with_extension(&dir.path().join(name), Some(".com;.exe;.bat;.cmd"));
        assert_eq!(find("az"), Some(dir.path().join("az.cmd")));
        assert_eq!(find("x"), Some(dir.path().join("x.exe")));
        assert_eq!(find("x.exe"), Some(dir.path().join("x.exe")));
        assert_eq!(find("none"), None);
    }

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, cleaned) in [
            ("a//b/./c", "a/b/c"),
            ("/a/../b", "/b"),
            ("../x", "../x"),
            ("a/..", "."),
            ("/../a", "/a"),
            ("aws", "aws"),
            ("", "."),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }
}

//! The file `kubectl_complete-<plugin>`, which kubectl looks for on PATH: this program under a second name.

use std::fs;
use std::path::{Path, PathBuf};

use workload_core::connect::Environment;

use crate::{Context, Failure};

/// Stands in the program itself: how a copy of it is recognised, where there are no symbolic links.
const MARK: &[u8] = b"workload-cli completion bridge 1\n";

/// Where the program is and what its second name is.
pub(super) struct Place {
    /// As it was found on PATH, so that an upgrade behind a link is followed.
    program: PathBuf,
    file: String,
    path: Vec<PathBuf>,
    home: Option<PathBuf>,
}

impl Place {
    pub(super) fn find(binary: &str, env: &Environment) -> Result<Self, Failure> {
        let path: Vec<PathBuf> = env.text("PATH").map(|list| std::env::split_paths(list).collect()).unwrap_or_default();
        let name = format!("{binary}{}", std::env::consts::EXE_SUFFIX);
        let found = path
            .iter()
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&name))
            .find(|file| file.is_file());
        let program = match found {
            Some(program) => program,
            None => std::env::current_exe()
                .map_err(|error| Failure::error(format_args!("this program's own file can't be found: {error}")))?,
        };
        Ok(Self {
            program,
            file: format!("{}{}", binary.replacen('-', "_complete-", 1), std::env::consts::EXE_SUFFIX),
            path,
            home: env.text("HOME").or_else(|| env.text("USERPROFILE")).map(PathBuf::from),
        })
    }

    /// Beside the program, else in the user's own folder of programs.
    fn folders(&self, chosen: Option<PathBuf>) -> Vec<PathBuf> {
        if let Some(folder) = chosen {
            return vec![std::path::absolute(&folder).unwrap_or(folder)];
        }
        let beside = self.program.parent().map(Path::to_path_buf);
        let own = self.home.as_ref().map(|home| home.join(".local").join("bin"));
        beside.into_iter().chain(own).collect()
    }

    pub(super) fn install(&self, context: &mut Context<'_>, chosen: Option<PathBuf>) -> Result<(), Failure> {
        let folders = self.folders(chosen);
        let mut refused = None;
        for folder in &folders {
            let file = folder.join(&self.file);
            match self.owner(&file) {
                Owner::Other => {
                    return Err(Failure::error(format_args!(
                        "{} exists and was not made by this program: it stays as it is",
                        file.display()
                    ))
                    .hint("move it away, or choose another folder with --dir"));
                }
                Owner::Ours if self.is_current(&file) => {
                    context.note(&format!("{} is there already", file.display()))?;
                    return Ok(());
                }
                Owner::Ours | Owner::Nobody => {}
            }
            match self.make(&file) {
                Ok(()) => {
                    writeln!(context.out, "{}", workload_core::render::escape(&file.display().to_string()))?;
                    if !self.path.contains(folder) {
                        context.note(&format!(
                            "note: {} is not on PATH: kubectl won't find the file there",
                            folder.display()
                        ))?;
                    }
                    return Ok(());
                }
                Err(error) => refused = Some((file, error)),
            }
        }
        Err(match refused {
            Some((file, error)) => Failure::error(format_args!("{} can't be made: {error}", file.display()))
                .hint("choose a folder on PATH that you may write to with --dir"),
            None => Failure::error("there is no folder to put it into").hint("name one with --dir"),
        })
    }

    pub(super) fn uninstall(&self, context: &mut Context<'_>, chosen: Option<PathBuf>) -> Result<(), Failure> {
        let mut removed = false;
        for folder in self.folders(chosen) {
            let file = folder.join(&self.file);
            match self.owner(&file) {
                Owner::Nobody => {}
                Owner::Other => {
                    return Err(Failure::error(format_args!(
                        "{} was not made by this program: it stays as it is",
                        file.display()
                    )));
                }
                Owner::Ours => {
                    fs::remove_file(&file).map_err(|error| {
                        Failure::error(format_args!("{} can't be removed: {error}", file.display()))
                    })?;
                    context.note(&format!("removed {}", file.display()))?;
                    removed = true;
                }
            }
        }
        if !removed {
            context.note("nothing to remove")?;
        }
        Ok(())
    }

    /// Whose a file is: ours is a link to a program of our name, or a copy that holds our mark.
    fn owner(&self, file: &Path) -> Owner {
        let Ok(kind) = fs::symlink_metadata(file) else { return Owner::Nobody };
        let ours = if kind.is_symlink() {
            fs::read_link(file).is_ok_and(|target| target.file_name() == self.program.file_name())
        } else {
            kind.is_file() && fs::read(file).is_ok_and(|bytes| bytes.windows(MARK.len()).any(|window| window == MARK))
        };
        if ours { Owner::Ours } else { Owner::Other }
    }

    fn is_current(&self, file: &Path) -> bool {
        match fs::read_link(file) {
            Ok(target) => target == self.program,
            Err(_) => matches!((fs::read(file), fs::read(&self.program)), (Ok(a), Ok(b)) if a == b),
        }
    }

    /// Under a name of its own first, so that a TAB in between finds the old or the new, never a half.
    fn make(&self, file: &Path) -> std::io::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = file.with_file_name(format!(".{}.{}", self.file, std::process::id()));
        #[cfg(unix)]
        std::os::unix::fs::symlink(&self.program, &new)?;
        #[cfg(not(unix))]
        fs::copy(&self.program, &new)?;
        fs::rename(&new, file).inspect_err(|_| drop(fs::remove_file(&new)))
    }
}

enum Owner {
    Nobody,
    Ours,
    Other,
}

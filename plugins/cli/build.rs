//! Packs the runbook pages for `explain`: a tenth of a megabyte of text becomes a third of that.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> io::Result<()> {
    let folder = Path::new("../../docs/runbooks");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut pages: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    pages.retain(|path| path.extension().is_some_and(|it| it == "md") && !path.ends_with("README.md"));
    pages.sort();
    let texts = pages.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut packed = DeflateEncoder::new(fs::File::create(out.join("runbooks.deflate"))?, Compression::best());
    packed.write_all(texts.join("\0").replace("\r\n", "\n").as_bytes())?;
    packed.finish()?;
    Ok(())
}

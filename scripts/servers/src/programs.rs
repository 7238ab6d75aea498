//! Where the programs are.

use std::path::{Path, PathBuf};

use crate::Error;

/// Where packages put what is not in a user's PATH.
const ELSEWHERE: [&str; 5] =
    ["/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/bin", "/opt/homebrew/bin"];

pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// A program by one of its names.
pub(crate) fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).chain(ELSEWHERE.into_iter().map(PathBuf::from)).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|path| is_program(path)))
}

/// A program by one of its names, or the error that says how to get it.
pub(crate) fn need(names: &[&'static str], advice: &'static str) -> Result<PathBuf, Error> {
    let program = names.first().copied().unwrap_or_default();
    find(names).ok_or(Error::Missing { program, advice })
}

/// A program of PostgreSQL: of the newest version that Debian's packages have put down, or in PATH.
pub(crate) fn postgres(name: &'static str) -> Result<PathBuf, Error> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path())))
        .map(|(version, folder)| (version, folder.join("bin").join(name)))
        .filter(|(_, path)| is_program(path))
        .max();
    match newest {
        Some((_, path)) => Ok(path),
        None => need(&[name], "install PostgreSQL's server (Debian: postgresql)"),
    }
}

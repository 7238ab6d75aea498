//! The folder that a server lives in.

use std::fs::File;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Error;
use crate::process::User;

const PREFIX: &str = "bursar-server-";

/// A folder that is gone with its server. One whose process was killed is removed by the next that makes one.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    user: Option<User>,
    _lock: File,
}

impl Home {
    pub(crate) fn new(user: Option<User>) -> Result<Self, Error> {
        sweep();
        let folder = TempDir::with_prefix(PREFIX).map_err(Error::io("making a folder for a server"))?;
        // Under its name only once it is held: whoever sweeps sees no lock, or one that is held.
        let lock = || -> std::io::Result<File> {
            let early = folder.path().join("lock.new");
            let lock = File::create(&early)?;
            lock.lock()?;
            std::fs::rename(early, folder.path().join("lock"))?;
            Ok(lock)
        };
        let lock = lock().map_err(Error::io("locking a server's folder"))?;
        if let Some(User { uid, gid }) = user {
            let given = std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid));
            given.map_err(Error::io("giving a server its folder"))?;
        }
        Ok(Self { folder, user, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    pub(crate) const fn user(&self) -> Option<User> {
        self.user
    }
}

/// Removes the folders whose processes were killed. What cannot be removed stays.
fn sweep() {
    let Ok(folders) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for folder in folders.flatten() {
        if folder.file_name().to_string_lossy().starts_with(PREFIX)
            && let Ok(lock) = File::open(folder.path().join("lock"))
            && lock.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

//! One server per file: caches are right only while nobody else writes.

use super::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use tokio::sync::watch;

/// The lock on a database, held through an open file; the system drops it with the process, however that ends.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
    /// Closed when the lock is given back.
    held: watch::Sender<()>,
}

impl FileLock {
    /// Resolves once the lock is given back.
    pub(super) fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        async move { while held.changed().await.is_ok() {} }
    }

    /// Takes the lock beside `database`, or says that another server holds it.
    pub(super) fn take(database: &Path) -> Result<Self, Error> {
        let mut beside = database.as_os_str().to_owned();
        beside.push(".lock");
        let io = |error| Error::ReadOnly(sqlx::Error::Io(error));
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(beside).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, held: watch::Sender::new(()) }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(database.display().to_string())),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}

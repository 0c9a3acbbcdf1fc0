//! One server per file: caches are correct only while there are no other writers.

use super::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use tokio::sync::watch;

/// The lock on a database that is being written to. For a file it is a system lock, which ends with the process,
/// however that ends; Postgres databases are shared by several servers and need none.
#[derive(Debug)]
pub(super) struct DatabaseLock {
    _file: Option<File>,
    /// Closed when the lock is released.
    held: watch::Sender<()>,
}

impl DatabaseLock {
    /// Resolves once the lock is released.
    pub(super) fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        async move { while held.changed().await.is_ok() {} }
    }

    /// For a database that others write to as well.
    pub(super) fn shared() -> Self {
        Self { _file: None, held: watch::Sender::new(()) }
    }

    /// Takes the lock beside `database`, or fails if another server has it.
    pub(super) fn of_file(database: &Path) -> Result<Self, Error> {
        let mut beside = database.as_os_str().to_owned();
        beside.push(".lock");
        let io = |error| Error::ReadOnly(sqlx::Error::Io(error));
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(beside).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file), held: watch::Sender::new(()) }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(database.display().to_string())),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}

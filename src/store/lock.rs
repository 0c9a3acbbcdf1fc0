//! One server per file: caches are right only while nobody else writes.

use super::Error;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use tokio::sync::watch;

/// What is held for as long as a database is written to. Of a file it is a lock, which the system drops with the process,
/// however that ends; a server shares its database with others.
#[derive(Debug)]
pub(super) struct DatabaseLock {
    _file: Option<File>,
    /// Closed when it is given back.
    held: watch::Sender<()>,
}

impl DatabaseLock {
    /// Resolves once it is given back.
    pub(super) fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        async move { while held.changed().await.is_ok() {} }
    }

    /// Of a database that others write to as well.
    pub(super) fn shared() -> Self {
        Self { _file: None, held: watch::Sender::new(()) }
    }

    /// Takes the lock beside `database`, or says that another server holds it.
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

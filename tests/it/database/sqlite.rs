//! A private SQLite file.

use tempfile::TempDir;

/// A new, empty database, removed when dropped.
pub(crate) struct Database {
    directory: TempDir,
}

impl Database {
    #[expect(clippy::unused_async, reason = "one of Postgres has to be waited for")]
    pub(crate) async fn new() -> Self {
        Self { directory: TempDir::new().expect("a directory") }
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.directory.path().join("avow.db").display())
    }
}

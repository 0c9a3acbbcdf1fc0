//! SQLite: one file, one process, one connection that writes.

mod connect;
mod unit;
mod writer;

pub(super) use connect::{check_format, migrate, migrate_file, open, options};

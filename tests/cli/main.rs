//! The command line as a person or a CI job meets it: the binary, files, a repository, an Avow registry and a foreign one.
//!
//! What commands print is kept in `golden/`; `SNAPSHOTS=overwrite cargo test --test cli` writes it anew.

mod cases;
mod check;
mod ci;
mod copy;
mod data;
mod diff;
mod doctor;
mod everyday;
mod foreign;
mod formats;
mod git;
mod lint;
mod old;
mod plan;
mod pull;
mod registry;
mod terminal;
mod usage;
mod work;

#[path = "../it/database/sqlite.rs"]
mod database;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod support;

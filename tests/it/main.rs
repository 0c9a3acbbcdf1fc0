//! The integration tests: the real server on a port of its own.
//!
//! Those in `suite/` run on SQLite and on Postgres; those in `sqlite/` and `postgres/` are about what only one of them can do.
//! A new file is a name in the list below. `cargo test --test it postgres::suite::apply` runs one file on one database.

#![expect(clippy::duplicate_mod, reason = "each test of the suite runs on each database")]

mod tidy;

/// The modules of `suite/`, once for each database.
macro_rules! suite {
    ($($module:ident),* $(,)?) => {
        mod sqlite {
            #[path = "../database/sqlite.rs"]
            mod database;
            #[path = "../support/mod.rs"]
            mod support;

            mod client;
            mod guard;
            mod mtls;
            mod openapi;
            mod tls;
            mod damage;

            #[path = "../suite"]
            mod suite {
                use super::{database, support};
                $(mod $module;)*
            }
        }

        mod postgres {
            #[path = "../database/postgres.rs"]
            mod database;
            #[path = "../support/mod.rs"]
            mod support;
            #[path = "../support/faulty.rs"]
            mod faulty;
            #[path = "../support/proxy.rs"]
            mod proxy;
            #[path = "../support/watch.rs"]
            mod watch;

            mod faults;
            mod fleet;
            mod full;
            mod linearizable;
            mod network;
            mod outage;
            mod pooler;
            mod unfit;

            #[path = "../suite"]
            mod suite {
                use super::{database, support};
                $(mod $module;)*
            }
        }
    };
}

suite!(
    access,
    allowances,
    apply,
    backup,
    changes,
    concurrency,
    errors,
    exchanges,
    explain,
    formats,
    fuzz,
    ids,
    listener,
    metrics,
    migrate,
    old_format,
    replay,
    snapshot,
    subject_search,
    undelete,
    wire,
);

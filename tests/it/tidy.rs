//! Tidiness is a test: who may know whom, and what is kept true by hand elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that ends so, by its path from the root.
fn files(folder: &str, ends: &str) -> Vec<(String, String)> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ends) {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

/// Lines of code that name one of `words`, comments aside.
fn naming<'a>(sources: &'a [(String, String)], words: &[&str]) -> Vec<&'a str> {
    let names = |text: &str| {
        text.lines()
            .map(str::trim_start)
            .filter(|line| !line.starts_with("//"))
            .any(|line| words.iter().any(|word| line.contains(word)))
    };
    sources.iter().filter(|(_, text)| names(text)).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn only_the_store_names_sqlx() {
    let sources = files("src", ".rs");
    let others: Vec<_> = sources.into_iter().filter(|(name, _)| !name.starts_with("src/store/")).collect();
    assert_eq!(naming(&others, &["sqlx"]), [""; 0]);
}

#[test]
fn only_the_seam_names_a_format() {
    let sources = [files("src", ".rs"), files("domain/src", ".rs"), files("api/src", ".rs")].concat();
    let formats = ["avow_avro", "avow_json", "avow_proto"];
    assert_eq!(naming(&sources, &formats), [""; 0]);
}

#[test]
fn only_http_names_axum() {
    let sources = files("src", ".rs");
    let others: Vec<_> = sources.into_iter().filter(|(name, _)| !name.starts_with("src/http/")).collect();
    assert_eq!(naming(&others, &["axum", "utoipa", "hyper"]), [""; 0]);
}

#[test]
fn the_domain_is_pure() {
    let sources = files("domain/src", ".rs");
    assert_eq!(
        naming(&sources, &["tokio", "std::fs", "std::net", "SystemTime::now", "Instant::now", "async "]),
        [""; 0]
    );
}

#[test]
fn the_avro_core_is_pure() {
    let sources = files("avro/src", ".rs");
    let words = ["tokio", "std::fs", "std::net", "SystemTime", "Instant::now", "async ", "avow_registry", "http::"];
    assert_eq!(naming(&sources, &words), [""; 0]);
}

/// `commands -> http -> registry -> store`, and nothing points back; the borders of the crates enforce the rest.
#[test]
fn arrows_point_one_way() {
    let modules = [
        ("src/metrics", ["crate::store", "crate::registry", "crate::http", "crate::commands", "avow_cli"].as_slice()),
        ("src/store", &["crate::registry", "crate::http", "crate::commands", "crate::settings", "avow_cli"]),
        ("src/registry", &["crate::http", "crate::commands", "crate::settings", "avow_cli"]),
        ("src/http", &["crate::commands", "crate::settings", "avow_cli"]),
    ];
    for (module, forbidden) in modules {
        assert_eq!(naming(&files(module, ".rs"), forbidden), [""; 0], "{module} names what it must not know");
    }
}

/// The table at the top of `lib.rs` is the map of the house.
#[test]
fn the_map_lists_exactly_the_modules() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let drawn: BTreeSet<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("//! | [`")?.split_once('`')).map(|(name, _)| name).collect();
    let built: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(drawn, built);
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let names: Vec<_> = files("migrations/sqlite", ".sql").into_iter().map(|(name, _)| name).collect();
    for (index, name) in names.iter().enumerate() {
        let expected = format!("migrations/sqlite/{:04}_", index + 1);
        assert!(name.starts_with(&expected), "{name} should start with {expected}");
    }
}

#[test]
fn the_api_description_is_current() {
    let current = avow_registry::http::openapi::document().to_pretty_json().expect("a document");
    let kept = fs::read_to_string(root().join("openapi/avow.json")).unwrap_or_default();
    assert!(kept.trim_end() == current.trim_end(), "run: cargo run -- openapi > openapi/avow.json");
}

/// Folders differ from machine to machine.
#[test]
fn no_folder_of_a_machine_is_written_down() {
    // Split, or this file would be found.
    let folders = [concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/ho", "me/")];
    for (place, ends) in [
        ("src", ".rs"),
        ("cli", ".rs"),
        ("domain", ".rs"),
        ("avro", ".rs"),
        ("migrations", ".sql"),
        ("benches", ".rs"),
        ("tests", ".rs"),
    ] {
        assert_eq!(naming(&files(place, ends), &folders), [""; 0]);
    }
}

/// What is unsafe on databases that speak Postgres' language but are none, or behind a pooler, with why.
const UNPORTABLE: [(&str, &str); 22] = [
    ("serial", "gives numbers beyond four bytes elsewhere, and leaves gaps everywhere"),
    ("identity", "leaves gaps"),
    ("sequence", "leaves gaps"),
    ("nextval", "leaves gaps"),
    ("integer", "is of another width elsewhere"),
    ("int", "is of another width elsewhere"),
    ("advisory", "locks of that kind do not survive a pooler, or do nothing"),
    ("listen", "is lost in a pooler"),
    ("notify", "is lost in a pooler"),
    ("trigger", "is not known everywhere"),
    ("lock table", "is not known everywhere"),
    ("deferrable", "is not known everywhere"),
    ("exclude", "is not known everywhere"),
    ("inherits", "is not known everywhere"),
    ("generated", "is not known everywhere"),
    ("alter type", "is not known everywhere"),
    ("as enum", "is not known everywhere"),
    ("declare cursor", "does not survive its transaction"),
    ("xmin", "means nothing elsewhere"),
    ("ctid", "means nothing elsewhere"),
    ("pg_stat", "is not known everywhere"),
    ("set session", "stays with another client's connection in a pooler"),
];

/// SQL without its comments, in lower case, words apart by single spaces.
fn statements(sql: &str) -> String {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").to_lowercase()
}

fn names_word(sql: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    sql.match_indices(word)
        .any(|(at, _)| !is_part(sql[..at].chars().next_back()) && !is_part(sql[at + word.len()..].chars().next()))
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> Vec<String> {
        files(folder, ".sql")
            .into_iter()
            .map(|(name, _)| name.rsplit('/').next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(names("migrations/sqlite"), names("migrations/postgres"));
}

#[test]
fn postgres_migrations_are_one_statement_each_that_may_be_run_again() {
    for (name, sql) in files("migrations/postgres", ".sql") {
        assert!(sql.starts_with("-- no-transaction\n"), "{name} would run in a transaction");
        let sql = statements(&sql);
        let outside = sql.split("$function$").step_by(2).collect::<String>();
        assert_eq!(outside.matches(';').count(), 1, "{name} is not one statement");
        let again =
            ["if not exists", "if exists", "on conflict", "or replace"].iter().any(|words| outside.contains(words));
        assert!(again, "{name} fails when it is run again");
    }
}

#[test]
fn sql_stays_away_from_what_only_postgres_knows() {
    let mut sources = files("migrations/postgres", ".sql");
    let shared = files("src/store", ".rs").into_iter().filter(|(name, _)| {
        // What only SQLite runs.
        !name.starts_with("src/store/sqlite/")
    });
    for (name, text) in shared {
        // Texts between quotation marks that begin as statements do.
        let begins = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "WITH", "BEGIN", "SET"];
        let quoted = text.split('"').filter(|text| begins.iter().any(|word| text.trim_start().starts_with(word)));
        sources.push((name.clone(), quoted.collect::<Vec<_>>().join("\n")));
    }
    for (name, sql) in sources {
        let sql = statements(&sql);
        for (word, why) in UNPORTABLE {
            assert!(!names_word(&sql, word), "{name} says `{word}`, which {why}");
        }
    }
}

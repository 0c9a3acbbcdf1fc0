//! Rules of the code base: dependencies between modules, plain words, and documents that must stay current.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `folder` with an ending, as paths from the root and their texts.
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

/// The sources that name one of `words` outside comments.
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

/// The table at the top of `lib.rs` lists every module.
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

/// SQL that is unsafe on databases compatible with Postgres, or behind a pooler, with the reason.
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

/// SQL without comments, in lower case, words separated by single spaces.
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
fn sql_is_portable_beyond_postgres() {
    let mut sources = files("migrations/postgres", ".sql");
    let shared = files("src/store", ".rs").into_iter().filter(|(name, _)| {
        // Only SQLite runs it.
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

/// Every Rust file of the workspace but this one, which lists the refused words.
fn rust_files() -> Vec<(String, String)> {
    let folders =
        ["api/src", "avro", "benches", "budget", "cli", "client", "domain", "json", "proto", "schema", "src", "tests"];
    let sources = folders.into_iter().flat_map(|folder| files(folder, ".rs"));
    sources.filter(|(name, _)| name != "tests/it/tidy.rs").collect()
}

fn documents() -> Vec<(String, String)> {
    let at_the_root = ["README.md", "CONTRIBUTING.md", "SECURITY.md"]
        .map(|name| (name.to_owned(), fs::read_to_string(root().join(name)).expect("a document")));
    [files("docs", ".md"), at_the_root.into()].concat()
}

/// Private words that newcomers would have to learn, with the plain ones.
const PRIVATE_WORDS: [(&str, &str); 25] = [
    ("are away", "are unavailable"),
    ("begin again", "start again"),
    ("census", "counts"),
    ("distrust", "invalidate"),
    ("give back", "release"),
    ("heed", "respect"),
    ("heeded", "respected"),
    ("how to mend", "how to fix"),
    ("is away", "is unavailable"),
    ("judge", "check, evaluate"),
    ("judged", "checked, evaluated"),
    ("judges", "checks, evaluates"),
    ("lays out", "formats"),
    ("lend", "acquire"),
    ("mended", "fixed"),
    ("of ours", "an Avow registry, our own"),
    ("passenger", "waiter"),
    ("shelf", "idle list"),
    ("softly", "soft-deletes"),
    ("sought", "looked up"),
    ("tally", "metric, count"),
    ("telling", "reporting"),
    ("tells", "reports, lists, records, checks"),
    ("told", "the output, the message; is asked, by default"),
    ("whoever", "callers, clients, readers"),
];

/// The words of a text in lower case, each with its line. Identifiers are split at underscores.
fn words(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            let words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words.map(move |word| (index + 1, word.to_lowercase()))
        })
        .collect()
}

#[test]
fn words_are_plain() {
    let mut found = Vec::new();
    for (name, text) in [rust_files(), documents()].concat() {
        let words = words(&text);
        for (private, plain) in PRIVATE_WORDS {
            let private_words: Vec<&str> = private.split(' ').collect();
            for window in words.windows(private_words.len()) {
                if window.iter().map(|(_, word)| word).eq(&private_words) {
                    found.push(format!("{name}:{}: `{private}`; say: {plain}", window[0].0));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The section numbers that follow `keyword` in a line of comment: `contract 4.6, 6` cites two.
fn citations<'a>(line: &'a str, keyword: &str) -> Vec<&'a str> {
    let is_number = |text: &&str| text.starts_with(|c: char| c.is_ascii_digit());
    let number = |text: &'a str| {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        text[..end].trim_end_matches('.')
    };
    let cited = line.match_indices(keyword).map(|(start, _)| &line[start + keyword.len()..]);
    cited.flat_map(|list| list.split(", ").take_while(is_number).map(number)).collect()
}

#[test]
fn citations_resolve() {
    let mut dangling = Vec::new();
    for (keyword, document) in [("contract ", "docs/contract.md"), ("avro-compat ", "docs/avro-compatibility.md")] {
        let text = fs::read_to_string(root().join(document)).expect("a document");
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let sections: BTreeSet<&str> =
            headings.filter_map(|line| line.split(' ').nth(1)).map(|number| number.trim_end_matches('.')).collect();
        for (name, text) in rust_files() {
            for (index, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
                for number in citations(line, keyword).into_iter().filter(|number| !sections.contains(number)) {
                    dangling.push(format!("{name}:{}: {document} has no section {number}", index + 1));
                }
            }
        }
    }
    assert!(dangling.is_empty(), "{}", dangling.join("\n"));
}

//! `avow check` without a registry: against files, folders and the lock file.

use crate::work::Work;

pub(crate) const OLD: &str = r#"{
  "type": "record",
  "name": "Order",
  "namespace": "com.acme",
  "fields": [
    {"name": "id", "type": "long"},
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID"]}}
  ]
}
"#;

pub(crate) const BROKEN: &str = r#"{
  "type": "record",
  "name": "Order",
  "namespace": "com.acme",
  "fields": [
    {"name": "id", "type": "string"},
    // nobody pays any more
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW"]}},
    {
      "name": "email",
      "type": "string"
    }
  ]
}
"#;

pub(crate) const FINE: &str = r#"{
  "type": "record",
  "name": "Order",
  "namespace": "com.acme",
  "fields": [
    {"name": "id", "type": "long"},
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID"]}},
    {"name": "email", "type": "string", "default": ""}
  ]
}
"#;

#[test]
fn everything_that_breaks_is_reported_with_its_location() {
    let work = Work::with(&[("old.avsc", OLD), ("new.avsc", BROKEN), ("fine.avsc", FINE)]);
    work.golden(
        "check.txt",
        &[
            "check --against file:old.avsc new.avsc",
            "check --against file:old.avsc --explain --level full new.avsc",
            "check --against file:old.avsc fine.avsc",
            "check --against file:old.avsc --quiet fine.avsc",
            "check --against file:old.avsc --explain old.avsc",
        ],
    );
}

#[test]
fn colour_is_for_those_who_see_it() {
    let mut work = Work::with(&[("old.avsc", OLD), ("new.avsc", BROKEN)]);
    let command = "check --against file:old.avsc new.avsc";
    let plain = work.avow(command).stdout;
    assert!(!plain.contains('\u{1b}'));
    let coloured = work.avow(&format!("{command} --color always")).stdout;
    assert!(coloured.contains("\u{1b}["));
    work.set("CLICOLOR_FORCE", "1");
    assert!(work.avow(command).stdout.contains("\u{1b}["));
    assert_eq!(work.avow(&format!("{command} --color never")).stdout, plain);
    work.set("NO_COLOR", "1");
    work.set("CLICOLOR_FORCE", "0");
    assert_eq!(work.avow(command).stdout, plain);
}

#[test]
fn folders_are_compared_by_path_and_by_subject() {
    let work = Work::with(&[
        ("avow.toml", "[[subjects]]\nfiles = \"schemas/**/*.avsc\"\nname = \"{stem}\"\nlevel = \"FULL\"\n"),
        ("released/schemas/orders.avsc", OLD),
        ("released/elsewhere/payments.avsc", OLD),
        ("schemas/orders.avsc", BROKEN),
        ("schemas/deep/payments.avsc", FINE),
        ("schemas/brand-new.avsc", OLD),
        ("not-listed.avsc", "{}"),
    ]);
    work.golden("folders.txt", &["check --against dir:released --explain", "check --against dir:gone"]);
}

#[test]
fn types_are_found_in_the_files_of_the_project() {
    let address = |of: &str| {
        format!(r#"{{"type":"record","name":"com.acme.Address","fields":[{{"name":"zip","type":"{of}"}}]}}"#)
    };
    let order = r#"{"type":"record","name":"com.acme.Order","fields":[{"name":"to","type":"Address"}]}"#;
    let work = Work::with(&[
        ("released/order.avsc", order),
        ("released/address.avsc", &address("int")),
        ("schemas/order.avsc", order),
        ("schemas/address.avsc", &address("string")),
        ("lost/lost.avsc", r#"{"type":"record","name":"A","fields":[{"name":"x","type":"com.acme.Gone"}]}"#),
    ]);
    // The order is what it was, and breaks all the same: what it refers to has changed.
    work.golden("references.txt", &["check --against dir:released schemas", "check --against dir:released lost"]);
}

#[test]
fn fixes_leave_the_rest_of_the_file_alone() {
    let work = Work::with(&[("old.avsc", OLD), ("new.avsc", BROKEN)]);
    let ran = work.avow("check --against file:old.avsc --fix new.avsc");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "check of 1 file: nothing wrong\n"), "{}", ran.stderr);
    work.compare("fixed.avsc", &work.read("new.avsc"));
    let again = work.avow("check --against file:old.avsc --fix new.avsc");
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
}

#[test]
fn what_was_accepted_does_not_count_until_it_expires() {
    let work = Work::with(&[("old.json", OLD), ("new.avsc", BROKEN)]);
    let command = "check --against file:old.json --baseline accepted.toml";
    let found = work.avow("check --against file:old.json -o json").json();
    let fingerprints: Vec<String> = found["results"][0]["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| finding["fingerprint"].as_str().expect("a text").to_owned())
        .collect();
    let entry = |fingerprint: &str, more: &str| {
        format!("[[accepted]]\nfingerprint = \"{fingerprint}\"\nreason = \"nobody reads it\"\n{more}\n")
    };
    let all: String = fingerprints.iter().map(|it| entry(it, "expires = 2999-12-31")).collect();
    work.write("accepted.toml", &all);
    let ran = work.avow(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "check of 1 file: nothing wrong, 3 accepted findings\n"));

    for (more, shown) in [
        ("expires = 2001-01-01", "is no longer accepted (nobody reads it)"),
        ("subject = \"another\"", "is accepted but was not found"),
    ] {
        work.write("accepted.toml", &entry(&fingerprints[0], more));
        let ran = work.avow(command);
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.contains(shown), "{}", ran.stderr);
    }
    let some = work.avow(&format!("{command} new.avsc"));
    assert!(!some.stderr.contains("was not found"), "unknown for some of the files: {}", some.stderr);
    work.write("accepted.toml", "[[accepted]]\nfingerprint = \"x\"\nreason = \" \"\n");
    assert_eq!(work.avow(command).code, 3);
}

#[test]
fn what_fails_is_for_the_caller_to_say() {
    // Reads its own data by the rules, and cannot: the default belongs to a later branch of its union.
    let unsound = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"of","type":[{"type":"enum","name":"E","symbols":["A"]},"null"],"default":null}]}"#;
    let plain = r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#;
    let work = Work::with(&[("plain.avsc", plain), ("unsound.avsc", unsound), ("old.avsc", OLD), ("new.avsc", BROKEN)]);
    for (arguments, code) in [
        ("file:plain.avsc unsound.avsc", 0),
        ("file:plain.avsc unsound.avsc --fail-on warning", 1),
        ("file:old.avsc new.avsc --fail-on warning", 1),
        ("file:old.avsc new.avsc --fail-on never", 0),
    ] {
        assert_eq!(work.avow(&format!("check --against {arguments}")).code, code, "{arguments}");
    }
}

#[test]
fn the_mark_that_editors_put_in_front_of_a_file_is_none_of_it() {
    let marked = format!("\u{feff}{BROKEN}");
    let work = Work::with(&[("old/orders.avsc", OLD), ("plain/orders.avsc", BROKEN), ("marked/orders.avsc", &marked)]);
    let shown = |folder: &str| {
        let ran = work.avow(&format!("check --against file:old/orders.avsc {folder}/orders.avsc"));
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        ran.stdout.replace(folder, "folder")
    };
    assert_eq!(shown("marked"), shown("plain"));

    work.git(&["init", "--quiet"]);
    work.write("orders.avsc", &marked);
    work.commit("one");
    let unchanged = work.avow("check --against git:HEAD --explain orders.avsc");
    assert!(unchanged.stdout.contains("unchanged"), "{}{}", unchanged.stdout, unchanged.stderr);
}

#[test]
fn what_is_there_is_accepted_at_once() {
    let work = Work::with(&[("old/orders.avsc", OLD), ("new/orders.avsc", BROKEN)]);
    let check = "check --against dir:old new/orders.avsc";
    assert_eq!(work.avow(check).code, 1);
    let written = work.avow(&format!("{check} --write-baseline baseline.toml"));
    assert_eq!(written.code, 0, "{}{}", written.stdout, written.stderr);
    assert!(work.read("baseline.toml").contains("reason = \"there before the check was introduced\""));
    assert_eq!(work.avow(&format!("{check} --baseline baseline.toml")).code, 0);
    assert_eq!(work.avow(&format!("{check} --reason because")).code, 2);
}

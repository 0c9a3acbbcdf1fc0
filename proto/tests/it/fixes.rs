//! Fixes: what they say, and that they work.

use avow_budget::Budget;
use avow_proto::Schema;

use crate::vectors;

fn parse(text: &str) -> Schema {
    Schema::parse(text, &[], &Budget::unlimited()).expect("a schema")
}

#[test]
fn each_incompatibility_has_its_fix() {
    let old = "package a; message M { optional int32 a = 1; oneof o { string b = 2; string c = 3; } message N {} }";
    for (new, title) in [
        (
            "package b; message M { optional int32 a = 1; oneof o { string b = 2; string c = 3; } message N {} }",
            "Keep the package `a`",
        ),
        (
            "package a; message M { optional int32 a = 1; oneof o { string b = 2; string c = 3; } }",
            "Keep the message `M.N`",
        ),
        (
            "package a; message M { optional string a = 1; oneof o { string b = 2; string c = 3; } message N {} }",
            "Keep the type `int32` of `M.a`",
        ),
        (
            "package a; message M { repeated int32 a = 1; oneof o { string b = 2; string c = 3; } message N {} }",
            "Keep the label of `M.a`",
        ),
        (
            "package a; message M { optional int32 a = 1; oneof o { string b = 2; } message N {} }",
            "Keep the field `M.c`",
        ),
        (
            "package a; message M { required bool d = 9; optional int32 a = 1; oneof o { string b = 2; string c = 3; } message N {} }",
            "Make `M.d` optional",
        ),
    ] {
        let fixes = Schema::fixes(&parse(new), &parse(old), &Budget::unlimited()).expect("no limit");
        let [fix] = fixes.as_slice() else { panic!("{fixes:?}") };
        assert_eq!(fix.title, title);
        assert!(fix.is_complete, "{fix:?}");
        assert!(Schema::check(&parse(&fix.text), &parse(old), &Budget::unlimited()).expect("no limit").is_compatible());
    }
}

#[test]
fn fixes_of_recorded_pairs_hold() {
    let budget = Budget::unlimited();
    let mut fixed = 0;
    let pairs = vectors::pairs();
    let broken = pairs.iter().filter(|entry| entry["backward"]["compatible"] == false).step_by(6);
    for entry in broken {
        let schema = |side: &str| {
            vectors::parse(entry, entry[side].as_str().expect("a text"), &format!("{side}_references")).expect("valid")
        };
        let (old, new) = (schema("old"), schema("new"));
        fixed += usize::from(!Schema::fixes(&new, &old, &budget).expect("no limit").is_empty());
    }
    assert!(fixed > 50, "{fixed}");
}

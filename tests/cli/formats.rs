//! The formats of `-o`: what is in them, and that others can read them.

use std::io::Read as _;
use std::path::Path;

use crate::check::{BROKEN, FINE, OLD};
use crate::work::Work;

fn work() -> Work {
    Work::with(&[
        (
            "avow.toml",
            "[check]\nagainst = \"dir:released\"\nbaseline = \"accepted.toml\"\n[[subjects]]\nfiles = \"schemas/*\"\n",
        ),
        ("accepted.toml", "[[accepted]]\nfingerprint = \"62ea04d8125ced37\"\nreason = \"all ids are new\"\n"),
        ("released/schemas/orders.avsc", OLD),
        ("released/schemas/fine.avsc", OLD),
        ("released/schemas/same.avsc", OLD),
        ("schemas/orders.avsc", BROKEN),
        ("schemas/fine.avsc", FINE),
        ("schemas/same.avsc", OLD),
        ("schemas/new.avsc", OLD),
        ("schemas/odd name%.avsc", "{\"type\":\"nonsense <&\\u0001>\"}"),
    ])
}

#[test]
fn each_format_is_what_it_was() {
    let work = work();
    for format in ["json", "junit", "sarif", "github", "gitlab", "markdown", "human"] {
        let ran = work.avow(&format!("check -o {format}"));
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        work.compare(&format!("format.{format}"), &ran.stdout);
        // A file holds the same bytes.
        assert_eq!(work.avow(&format!("check -o {format}=reports/{format}.out")).code, 3);
        assert_eq!(work.read(&format!("reports/{format}.out")), ran.stdout, "{format}");
    }
}

#[test]
fn several_formats_at_once_and_people_still_see_something() {
    let work = work();
    let ran = work.avow("check -o junit=junit.xml -o sarif=report.sarif");
    assert_eq!(ran.stdout, work.avow("check").stdout);
    assert!(work.read("junit.xml").starts_with("<?xml"));
    assert!(work.read("report.sarif").contains("2.1.0"));
}

#[test]
fn sarif_is_valid_by_its_published_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/vendor/sarif-2.1.0.json.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).expect("the schema"))
        .read_to_string(&mut text)
        .expect("text");
    // Its pattern for languages has a bracket too many, which the validator does not forgive.
    let text = text.replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let schema = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a JSON schema");
    let document = work().avow("check -o sarif").json();
    let faults: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(faults, [""; 0]);
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})), "the schema is no schema");

    let results = document["runs"][0]["results"].as_array().expect("results").clone();
    let prints: std::collections::BTreeSet<_> =
        results.iter().map(|it| it["partialFingerprints"]["avow/v1"].as_str().expect("a fingerprint")).collect();
    assert_eq!(prints.len(), results.len(), "each finding has a fingerprint of its own");
    assert_eq!(work().avow("check -o sarif").json(), document, "and the same in every run");
}

#[test]
fn the_summary_of_a_step_on_github_is_appended() {
    let mut work = work();
    work.write("summary.md", "before\n");
    work.set("GITHUB_STEP_SUMMARY", &work.file("summary.md").display().to_string());
    let markdown = work.avow("check -o markdown").stdout;
    work.avow("check -o github");
    assert_eq!(work.read("summary.md"), format!("before\n{markdown}"));
}

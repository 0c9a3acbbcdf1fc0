//! Exit codes, and what is said to people who ask for something that cannot be.

use crate::check::OLD;
use crate::work::Work;

#[test]
fn what_cannot_be_done_is_said_with_a_code_of_its_own() {
    let work = Work::with(&[
        ("old.avsc", OLD),
        ("broken.avsc", "{\"type\": \"record\"\n \"name\": \"A\"}"),
        (
            "default.avsc",
            "{\"type\":\"record\",\"name\":\"A\",\"fields\":[\n  {\"name\":\"x\",\"type\":\"int\",\"default\":\"no\"}]}",
        ),
        ("empty/nothing.txt", ""),
        ("bad/avow.toml", "[check]\nfail-on = \"breaking\"\n"),
    ]);
    work.golden(
        "usage.txt",
        &[
            "check --against nonsense old.avsc",
            "check --against lock old.avsc",
            "check old.avsc",
            "check --against file:old.avsc empty",
            "check --against file:old.avsc gone.avsc",
            "check --against file:old.avsc broken.avsc",
            "check --against file:old.avsc default.avsc",
            "check --against file:old.avsc --subject a old.avsc broken.avsc",
            "check --against file:old.avsc -o json -o markdown old.avsc",
            "check --config bad/avow.toml old.avsc",
            "check --against file:old.avsc -o xml old.avsc",
        ],
    );
}

#[test]
fn help_is_what_it_was() {
    Work::new().golden("help.txt", &["help", "check --help"]);
}

#[test]
fn passwords_are_refused_in_urls_and_never_repeated() {
    let mut work = Work::with(&[("old.avsc", OLD)]);
    let flag = work.avow("check --registry https://ann:hunter2@registry.example.com old.avsc");
    work.set("AVOW_REGISTRY_URL", "https://ann:hunter2@registry.example.com");
    let variable = work.avow("check old.avsc");
    let help = work.avow("check --help");
    work.write("avow.toml", "[registry]\nurl = \"https://ann:hunter2@registry.example.com\"\n");
    let file = Work::with(&[("old.avsc", OLD), ("avow.toml", &work.read("avow.toml"))]).avow("check old.avsc");
    for ran in [&flag, &variable, &file] {
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("AVOW_PASSWORD"), "{}", ran.stderr);
        assert!(ran.stderr.contains("registry.example.com"), "{}", ran.stderr);
    }
    for ran in [flag, variable, file, help] {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"));
    }
}

#[test]
fn unwritable_output_is_no_finding() {
    let work = Work::with(&[("old.avsc", OLD)]);
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("a device that is always full");
    let mut check = work.avow_command();
    check.args(["check", "--against", "file:old.avsc", "-o", "json", "old.avsc"]);
    assert_eq!(check.status().expect("avow runs").code(), Some(0));
    assert_eq!(check.stdout(full()).status().expect("avow runs").code(), Some(3));
}

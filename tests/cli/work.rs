//! A folder to work in, and the binary run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use snapbox::{Data, assert_data_eq};
use tempfile::TempDir;

/// A folder of its own, gone when dropped.
pub(crate) struct Work {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command left behind.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Work {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder"), variables: Vec::new() }
    }

    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let work = Self::new();
        for (path, text) in files {
            work.write(path, text);
        }
        work
    }

    /// Sets a variable for all commands to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.file(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).expect("a file")
    }

    /// A command that knows nothing of the machine it runs on.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn avow_command(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_avow"))
    }

    /// Runs `avow` with arguments separated by spaces.
    pub(crate) fn avow(&self, arguments: &str) -> Ran {
        Ran::of(self.avow_command().args(arguments.split_whitespace()).output().expect("avow runs"))
    }

    /// Runs commands one after another and compares all they print with a file of `golden/`.
    pub(crate) fn golden(&self, name: &str, commands: &[&str]) {
        let shown: Vec<String> = commands.iter().map(|arguments| self.avow(arguments).shown(arguments)).collect();
        self.compare(name, &shown.join("\n"));
    }

    /// The same at a registry, whose address is another one every time.
    pub(crate) fn golden_at(&mut self, url: &str, name: &str, commands: &[&str]) {
        self.set("AVOW_REGISTRY_URL", url);
        let shown: Vec<String> = commands.iter().map(|arguments| self.avow(arguments).shown(arguments)).collect();
        self.compare(name, &shown.join("\n").replace(url, "http://registry"));
    }

    pub(crate) fn compare(&self, name: &str, text: &str) {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/golden").join(name);
        let text = text.replace(&self.path().display().to_string(), "/project").replace(VERSION, "0.0.0");
        assert_data_eq!(text, Data::read_from(&kept, Some(snapbox::data::DataFormat::Text)).raw());
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let output = self
            .command("git")
            .args(["-c", "init.defaultBranch=main", "-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
            .args(arguments)
            .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes a commit of everything.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap_or(-1) }
    }

    /// The output, and the exit code.
    pub(crate) fn shown(&self, arguments: &str) -> String {
        let mut shown = format!("$ avow {arguments}\n{}", self.stdout);
        if !self.stderr.is_empty() {
            shown += "[standard error]\n";
            shown += &self.stderr;
        }
        if !shown.ends_with('\n') {
            shown.push('\n');
        }
        shown + &format!("[exit code {}]\n", self.code)
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

//! `avow init`: an `avow.toml` for the schemas that are there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::connection::{DEFAULT_URL, redacted};
use super::exit::{self, Exit};
use super::project;
use super::source::slashed;
use super::terminal::{Terminal, count};

/// Writes an avow.toml for the schema files below this folder.
///
/// Subjects are named after their files; edit `name` where they are named otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Init {
    /// The registry to write into it.
    #[arg(long, short = 'r', env = "AVOW_REGISTRY_URL", default_value = DEFAULT_URL, value_name = "URL")]
    registry: String,

    /// Overwrites an avow.toml that is there.
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    terminal: Terminal,
}

impl Init {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let path = Path::new(project::NAME);
        if path.exists() && !self.force {
            return Err(Error::Usage(format!("there is an `{}` already; --force overwrites it", path.display())));
        }
        let files = project::walk(Path::new("."))?;
        fs::write(path, text(&redacted(&self.registry), &files)).map_err(Error::writing(path))?;
        self.terminal.say(format_args!("{}: {}", path.display(), count(files.len(), "schema file")));
        self.terminal.say("next: `avow validate`, then `avow plan`");
        Ok(Exit::Clean)
    }
}

fn text(registry: &str, files: &[PathBuf]) -> String {
    let mut text = format!("[registry]\nurl = {}\n", quoted(registry));
    let folders: BTreeSet<String> =
        files.iter().filter_map(|path| path.parent().map(slashed)).filter(|folder| !folder.is_empty()).collect();
    let in_root = files.iter().any(|path| path.parent().is_none_or(|folder| folder.as_os_str().is_empty()));
    let mut globs: Vec<String> = folders.iter().map(|folder| format!("{}/*.avsc", globset::escape(folder))).collect();
    if in_root || globs.is_empty() {
        globs.insert(0, "*.avsc".to_owned());
    }
    for glob in globs {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[[subjects]]\nfiles = {}\nname = \"{{stem}}\"\n", quoted(&glob));
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_with_schemas_has_an_entry() {
        let files = ["a.avsc", "x/b.avsc", "x/c.avsc", "x{1}/d.avsc"].map(PathBuf::from);
        let text = text("http://localhost:8081", &files);
        let project = project::Project::parse(Path::new("."), &text).expect("a project");
        for file in &files {
            assert!(project.lists(file), "{} in\n{text}", file.display());
        }
        assert!(!project.lists(Path::new("y/e.avsc")));
    }
}

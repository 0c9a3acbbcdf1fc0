//! `avow completions` and `avow man`: completion scripts and manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap_complete::Shell;

use super::Error;
use avow_cli::Exit;

/// Prints a script that completes commands and flags in a shell.
///
/// For example: avow completions bash > ~/.local/share/bash-completion/completions/avow
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, mut command: clap::Command) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "avow", &mut script);
        io::stdout().lock().write_all(&script)?;
        Ok(Exit::Clean)
    }
}

/// Prints the manual page, or writes the pages of all commands into a folder.
#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// Writes avow.1, avow-check.1 and so on into this folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, command: clap::Command) -> Result<Exit, Error> {
        match &self.dir {
            Some(folder) => {
                fs::create_dir_all(folder).map_err(avow_cli::Error::writing(folder))?;
                clap_mangen::generate_to(command, folder).map_err(avow_cli::Error::writing(folder))?;
            }
            None => clap_mangen::Man::new(command).render(&mut io::stdout().lock())?,
        }
        Ok(Exit::Clean)
    }
}

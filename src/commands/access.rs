//! `avow access`: passwords, tokens and the file that lists them.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use avow_cli::Exit;
use clap::Subcommand;

use super::Error;
use crate::access;
use crate::access::file::AccessFile;
use crate::access::password::{MAX_PASSWORD_BYTES, PasswordHash};
use crate::access::token::Token;
use crate::domain::access::{PrincipalName, RoleName};
use crate::domain::{Moment, Timestamp};

/// Makes passwords and tokens, and checks the file that lists them.
#[derive(Debug, clap::Args)]
pub(super) struct Access {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hashes the password on standard input, for `password` in the access file.
    HashPassword,
    /// Makes the token of the first administrator, for `--bootstrap-token-file`.
    Bootstrap,
    /// Reads an access file and says what is wrong with it.
    Check {
        /// The access file.
        file: PathBuf,
    },
    /// Makes tokens.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Makes a token: the token goes to standard output, its entry for the access file to standard error.
    Create {
        /// The service that gets it; grants call it `service:NAME`.
        #[arg(long, value_name = "NAME")]
        owner: String,

        /// A role that limits it; may be given several times. Without any it may do what its owner may.
        #[arg(long, value_name = "ROLE")]
        role: Vec<RoleName>,

        /// Days until it expires.
        #[arg(long, default_value_t = 90, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
}

impl Access {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        match &self.command {
            Command::HashPassword => hash_password()?,
            Command::Bootstrap => print(Token::make().map_err(access::Error::from)?.reveal())?,
            Command::Check { file } => check(file)?,
            Command::Token(TokenCommand::Create { owner, role, days }) => create_token(owner, role, *days)?,
        }
        Ok(Exit::Clean)
    }
}

fn hash_password() -> Result<(), Error> {
    let mut password = Vec::new();
    let most = MAX_PASSWORD_BYTES as u64 + 3;
    io::stdin().lock().take(most).read_to_end(&mut password)?;
    // A line ends with a line break, which no person means to be part of a password.
    let password = password.strip_suffix(b"\n").unwrap_or(&password);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    let hash = PasswordHash::make(password).map_err(access::Error::from)?;
    print(&hash.to_string())
}

fn check(file: &Path) -> Result<(), Error> {
    let access = AccessFile::read(file).map_err(access::Error::from)?;
    let (users, tokens, grants) = (access.users.len(), access.tokens.len(), access.policy.grants().count());
    print(&format!("{users} users, {tokens} tokens and {grants} grants; nothing is wrong with the file"))
}

fn create_token(owner: &str, roles: &[RoleName], days: u32) -> Result<(), Error> {
    let name = PrincipalName::service(owner).map_err(access::Error::from)?;
    let token = Token::make().map_err(access::Error::from)?;
    let end = SystemTime::now() + Duration::from_secs(u64::from(days) * 86_400);
    let expires = Moment(Timestamp::from(end));
    let quoted = |text: &str| serde_json::to_string(text).expect("a text is always JSON");
    let mut entry = format!(
        "[[token]]\nid = {}\nowner = {}\nsha256 = {}\nexpires = {expires}\n",
        quoted(token.id().as_str()),
        quoted(name.short()),
        quoted(&String::from(token.hash())),
    );
    if !roles.is_empty() {
        let roles: Vec<String> = roles.iter().map(|role| quoted(role)).collect();
        entry = format!("{entry}roles = [{}]\n", roles.join(", "));
    }
    // Nobody reads it if standard error is gone.
    let _ = write!(io::stderr().lock(), "{entry}");
    print(token.reveal())
}

fn print(line: &str) -> Result<(), Error> {
    writeln!(io::stdout().lock(), "{line}")?;
    Ok(())
}

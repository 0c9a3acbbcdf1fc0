//! How commands reach a registry. Secrets come from the environment or from files, never from the command line, where
//! everybody on the machine could read them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use avow_client::rest::{Client, ConfigError, Retry};

use super::Error;
use super::project::Project;
use super::remote::Remote;

/// Where the registry is, and who asks.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Registry")]
pub(super) struct Connection {
    /// The registry; any that speaks Confluent's HTTP API.
    ///
    /// By default the one of `AVOW_REGISTRY_URL`, `SCHEMA_REGISTRY_URL` or `avow.toml`, else `http://127.0.0.1:8081`.
    /// Separate several addresses of one registry by commas.
    #[arg(long, short = 'r', value_name = "URL", conflicts_with = "profile")]
    registry: Option<String>,

    /// The registry by the name that `avow.toml` gives it, under `[profiles.NAME]`; `AVOW_PROFILE` names one, too.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The user; the password comes from `AVOW_PASSWORD` or --password-file.
    ///
    /// `SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO`, as `user:password`, is used when this is not set.
    #[arg(long, env = "AVOW_USER", value_name = "NAME")]
    user: Option<String>,

    /// A file that holds the password.
    #[arg(long, env = "AVOW_PASSWORD_FILE", value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// A file that holds a bearer token; `AVOW_TOKEN` holds one itself.
    #[arg(long, env = "AVOW_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Certificate authorities to trust, instead of the system's, as PEM.
    #[arg(long, env = "AVOW_CA_CERT", value_name = "FILE")]
    ca_cert: Option<PathBuf>,

    /// A client certificate, as PEM.
    #[arg(long, env = "AVOW_CLIENT_CERT", requires = "client_key", value_name = "FILE")]
    client_cert: Option<PathBuf>,

    /// The key of the client certificate, as PEM.
    #[arg(long, env = "AVOW_CLIENT_KEY", requires = "client_cert", value_name = "FILE")]
    client_key: Option<PathBuf>,

    /// How long one request may take, with all its retries.
    #[arg(long, env = "AVOW_TIMEOUT", default_value = "30", value_name = "SECONDS",
          value_parser = crate::value_parsers::seconds())]
    timeout: Duration,
}

impl Connection {
    /// The registry's address, where one is known: flags before variables before the file.
    pub(super) fn url(&self, project: &Project) -> Result<Option<String>, Error> {
        // Not clap's variables: the flag of one has to win over the variable of the other.
        let url = if let Some(url) = &self.registry {
            url.clone()
        } else if let Some(name) = &self.profile {
            project.profile(name)?
        } else if let Some(url) = filled("AVOW_REGISTRY_URL") {
            url
        } else if let Some(name) = filled("AVOW_PROFILE") {
            project.profile(&name)?
        } else {
            filled("SCHEMA_REGISTRY_URL").or_else(|| project.registry_url.clone()).unwrap_or_default()
        };
        Ok(Some(url).filter(|url| !url.is_empty()))
    }

    /// The registry's address; where none is configured, that of a registry on this machine.
    pub(super) fn known_url(&self, project: &Project) -> Result<String, Error> {
        Ok(self.url(project)?.unwrap_or_else(|| DEFAULT_URL.to_owned()))
    }

    /// The registry at `url`, or one context of it; nothing is sent yet.
    pub(super) fn remote(&self, url: &str, context: Option<&str>) -> Result<Remote, Error> {
        let client = self.open(url)?;
        let client = match context {
            Some(context) => client.in_context(context),
            None => client,
        };
        Ok(Remote::new(client, url))
    }

    /// A client of the registry at `url`; nothing is sent yet.
    pub(super) fn open(&self, url: &str) -> Result<Client, Error> {
        let user = if self.token()?.is_some() { None } else { self.user_and_password()? };
        self.open_as(url, self.token()?, user)
    }

    /// The same for a registry that is copied: credentials of one registry are not sent to another.
    pub(super) fn open_source(&self, url: &str) -> Result<Client, Error> {
        let user = filled("AVOW_FROM_USER").zip(filled("AVOW_FROM_PASSWORD"));
        self.open_as(url, filled("AVOW_FROM_TOKEN"), user)
    }

    fn open_as(&self, url: &str, token: Option<String>, user: Option<(String, String)>) -> Result<Client, Error> {
        let attempt = self.timeout.min(LONGEST_ATTEMPT);
        let mut client = Client::builder(url)
            .user_agent(concat!("avow/", env!("CARGO_PKG_VERSION")))
            .retry(Retry::default().attempt(attempt).deadline(self.timeout));
        if let Some(token) = token {
            client = client.bearer_auth(token);
        } else if let Some((user, password)) = user {
            client = client.basic_auth(user, password);
        }
        if let Some(path) = &self.ca_cert {
            client = client.certificate_authorities(fs::read(path).map_err(Error::reading(path))?);
        }
        if let (Some(certificate), Some(key)) = (&self.client_cert, &self.client_key) {
            let mut pem = fs::read(certificate).map_err(Error::reading(certificate))?;
            pem.push(b'\n');
            pem.extend(fs::read(key).map_err(Error::reading(key))?);
            client = client.client_certificate(pem);
        }
        client.build().map_err(|error| {
            Error::Usage(match error {
                ConfigError::CredentialsInUrl(host) => format!(
                    "the address of the registry at `{host}` contains a user name or a password; put them into AVOW_USER and \
                     AVOW_PASSWORD, or into files"
                ),
                other => other.to_string(),
            })
        })
    }

    fn token(&self) -> Result<Option<String>, Error> {
        match &self.token_file {
            Some(path) => secret(path).map(Some),
            None => Ok(filled("AVOW_TOKEN")),
        }
    }

    fn user_and_password(&self) -> Result<Option<(String, String)>, Error> {
        let Some(user) = self.user.clone() else {
            let both = filled("SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO");
            let pair = both.and_then(|both| both.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())));
            return Ok(pair);
        };
        let password = match &self.password_file {
            Some(path) => secret(path)?,
            None => filled("AVOW_PASSWORD").ok_or_else(|| {
                Error::Usage(
                    "there is a user and no password; put it into AVOW_PASSWORD, or name --password-file".to_owned(),
                )
            })?,
        };
        Ok(Some((user, password)))
    }
}

/// Where `avow serve` listens.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:8081";

const CREDENTIALS: &str =
    "put credentials into AVOW_USER and AVOW_PASSWORD, AVOW_TOKEN, or a file named by --token-file";
const SOURCE_CREDENTIALS: &str =
    "put credentials of the source into AVOW_FROM_USER and AVOW_FROM_PASSWORD, or into AVOW_FROM_TOKEN";

/// What was sent is more than the registry takes; asking again does not help.
const TOO_LARGE: u16 = 413;

/// One attempt gives up after this, so that there is time for another.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(10);

/// A variable that is set to something.
fn filled(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A secret is a line of its own; the newline that editors leave behind it does not belong to it.
fn secret(path: &Path) -> Result<String, Error> {
    Ok(fs::read_to_string(path).map_err(Error::reading(path))?.trim_end_matches(['\r', '\n']).to_owned())
}

/// A URL, or several with commas between them, without credentials.
pub fn redacted(url: &str) -> String {
    let mut addresses: Vec<String> = Vec::new();
    for piece in url.split(',') {
        match addresses.last_mut() {
            // A comma before something without a scheme belongs to the address, or to a password in it.
            Some(last) if !piece.contains("://") => *last = format!("{last},{piece}"),
            _ => addresses.push(piece.to_owned()),
        }
    }
    let addresses = addresses.iter().map(|address| {
        let address =
            address.split_once('?').filter(|(_, query)| query.contains("password")).map_or(&**address, |it| it.0);
        let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let host = rest[..end].rfind('@').map_or(rest, |at| &rest[at + 1..]);
        if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
    });
    addresses.collect::<Vec<_>>().join(",")
}

/// Why a registry did not answer, in the words and with the exit code of a command.
pub(super) fn failed(url: &str) -> impl Fn(avow_client::Error) -> Error {
    let url = redacted(url);
    move |error| {
        let (url, reason) = (url.clone(), error_chain(&error));
        if error.is_unauthenticated() || error.is_forbidden() {
            Error::Forbidden { url, reason, hint: CREDENTIALS }
        } else if error.is_conflict() {
            Error::Conflict(reason)
        } else if error.is_invalid() || error.is_not_found() || error.status() == Some(TOO_LARGE) {
            Error::Input(reason)
        } else {
            Error::Unavailable { url, reason }
        }
    }
}

/// The same of the registry that [`Connection::open_source`] leads to.
pub(super) fn failed_at_source(error: Error) -> Error {
    match error {
        Error::Forbidden { url, reason, .. } => Error::Forbidden { url, reason, hint: SOURCE_CREDENTIALS },
        other => other,
    }
}

/// An error with what is behind it, in one line.
pub(super) fn error_chain(error: &avow_client::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(it) = source {
        text = format!("{text}: {it}");
        source = it.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn passwords_are_not_repeated() {
        for (url, shown) in [
            ("http://localhost:8081", "http://localhost:8081"),
            ("https://ann:hunter2@host/base", "https://host/base"),
            ("https://ann:hun@ter2@host,http://b:c@d", "https://host,http://d"),
            ("ann:hunter2@host", "host"),
            ("https://host/a@b", "https://host/a@b"),
            ("postgres://ann:a,b@host:5432/avow", "postgres://host:5432/avow"),
            ("postgres://host/avow?user=ann&password=hunter2", "postgres://host/avow"),
            ("sqlite:///var/lib/a@b.db", "sqlite:///var/lib/a@b.db"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}

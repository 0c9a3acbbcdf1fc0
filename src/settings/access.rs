//! Who may reach the registry: authentication, and what a listener may do without it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use clap::ArgAction;

use super::Tls;
use crate::access;
use crate::access::file::{AccessFile, FileError};
use crate::access::token::Token;
use crate::http::{Guard, Hosts};

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// Who may reach the registry.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Access")]
pub struct Access {
    /// Whether callers have to authenticate; they do where there is an access file or a bootstrap token.
    #[arg(long, env = "AVOW_AUTH", value_name = "on|off")]
    pub auth: Option<Switch>,

    /// The users, tokens, roles and grants, in TOML. Read again when it changes, and at SIGHUP; a version with a mistake
    /// leaves the one before in force.
    #[arg(long, env = "AVOW_ACCESS_FILE", value_name = "FILE")]
    pub access_file: Option<PathBuf>,

    /// A token that may do everything until somebody else can manage access: `avow access bootstrap > FILE` makes one.
    #[arg(long, env = "AVOW_BOOTSTRAP_TOKEN_FILE", value_name = "FILE")]
    pub bootstrap_token_file: Option<PathBuf>,

    /// Passwords that are hashed at a time; half the cores unless given. Each takes 19 MiB.
    #[arg(long, env = "AVOW_MAX_HASHING", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_hashing: Option<u16>,

    /// Accepts credentials without TLS on an address that is not a loopback one, as behind a proxy that speaks TLS.
    #[arg(long, env = "AVOW_ALLOW_PLAINTEXT", default_value_t = false, action = ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub allow_plaintext: bool,

    /// Lets everybody who reaches the listener do everything, on an address that is not a loopback one.
    #[arg(long, env = "AVOW_ALLOW_UNAUTHENTICATED", default_value_t = false, action = ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub allow_unauthenticated: bool,

    /// Names that the registry answers by; `localhost` and addresses always pass.
    ///
    /// Without authentication, on a loopback address, it answers by no other names, so that no web page reaches it under a name of its own.
    #[arg(long, env = "AVOW_ALLOWED_HOSTS", value_delimiter = ',', value_name = "NAME,…")]
    pub allowed_hosts: Vec<String>,
}

/// Why a listener would be open to strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exposed {
    #[error("`{0}` can be reached from other machines, and nobody would have to authenticate")]
    Unauthenticated(SocketAddr),
    #[error("`{0}` can be reached from other machines, and passwords and tokens would cross the network unencrypted")]
    Plaintext(SocketAddr),
    #[error(
        "nobody could authenticate: --auth on needs an --access-file, a --bootstrap-token-file or --tls-client-auth"
    )]
    Nobody,
}

impl Exposed {
    /// The ways out.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => {
                "give it an --access-file or a --bootstrap-token-file, listen on 127.0.0.1, or let everybody in with \
                 --allow-unauthenticated (AVOW_ALLOW_UNAUTHENTICATED=true)"
            }
            Self::Plaintext(_) => {
                "give it a --tls-cert and a --tls-key, or, behind a proxy that speaks TLS, --allow-plaintext \
                 (AVOW_ALLOW_PLAINTEXT=true)"
            }
            Self::Nobody => "`avow access bootstrap > token` makes a first token",
        }
    }
}

impl Access {
    /// Whether callers have to authenticate.
    pub fn is_on(&self, tls: &Tls) -> bool {
        let derived = tls.asks_for_certificates() || self.access_file.is_some() || self.bootstrap_token_file.is_some();
        self.auth.map_or(derived, |auth| auth == Switch::On)
    }

    /// Refuses an address on which strangers could do everything or read secrets, unless that was asked for.
    pub fn check(&self, listen: SocketAddr, tls: &Tls) -> Result<(), Exposed> {
        let nobody = self.access_file.is_none() && self.bootstrap_token_file.is_none() && !tls.asks_for_certificates();
        if self.is_on(tls) && nobody {
            return Err(Exposed::Nobody);
        }
        match (listen.ip().is_loopback(), self.is_on(tls)) {
            (false, false) if !self.allow_unauthenticated => Err(Exposed::Unauthenticated(listen)),
            (false, true) if tls.tls_cert.is_empty() && !self.allow_plaintext => Err(Exposed::Plaintext(listen)),
            _ => Ok(()),
        }
    }

    /// Passwords that are hashed at a time.
    pub fn hashing(&self) -> usize {
        let half = || thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        self.max_hashing.map_or_else(half, usize::from)
    }

    /// The guard against web pages.
    pub fn guard(&self, listen: SocketAddr, tls: &Tls) -> Guard {
        let known = self.allowed_hosts.clone();
        let hosts = match (self.is_on(tls), listen.ip().is_loopback(), known.is_empty()) {
            (false, true, _) => Hosts::Loopback(known),
            (_, _, false) => Hosts::Listed(known),
            (_, _, true) => Hosts::Any,
        };
        Guard { hosts }
    }

    /// The users, tokens, roles and grants; `None` where there is no authentication.
    pub fn load(&self, tls: &Tls) -> Result<Option<Arc<access::Access>>, access::Error> {
        if !self.is_on(tls) {
            return Ok(None);
        }
        let file = self.access_file.as_deref().map(AccessFile::read).transpose()?.unwrap_or_default();
        let bootstrap = self.bootstrap_token_file.as_deref().map(bootstrap_token).transpose()?;
        Ok(Some(Arc::new(access::Access::new(file, bootstrap)?)))
    }
}

fn bootstrap_token(path: &Path) -> Result<Token, access::Error> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    Token::parse(text.trim()).ok_or_else(|| access::Error::Bootstrap(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        access: Access,
        #[command(flatten)]
        tls: Tls,
    }

    #[test]
    fn listeners_that_may_start() {
        let file = ["--access-file", "f"];
        let with_tls = |flags: &[&'static str]| [&["--tls-cert", "c", "--tls-key", "k"], flags].concat();
        for (listen, flags, expected) in [
            ("127.0.0.1:8081", &[][..], true),
            ("127.9.9.9:8081", &[], true),
            ("[::1]:8081", &[], true),
            ("127.0.0.1:8081", &file, true),
            ("127.0.0.1:8081", &["--auth", "on"], false),
            ("0.0.0.0:8081", &[], false),
            ("[::]:8081", &[], false),
            ("10.0.0.1:8081", &["--tls-cert", "c", "--tls-key", "k"], false),
            ("10.0.0.1:8081", &with_tls(&["--tls-client-ca", "a", "--tls-client-auth", "required"]), true),
            ("10.0.0.1:8081", &["--allow-unauthenticated"], true),
            ("10.0.0.1:8081", &["--allow-unauthenticated=false"], false),
            ("10.0.0.1:8081", &file, false),
            ("10.0.0.1:8081", &with_tls(&file), true),
            ("10.0.0.1:8081", &["--access-file", "f", "--allow-plaintext"], true),
            ("10.0.0.1:8081", &["--access-file", "f", "--allow-unauthenticated"], false),
            ("10.0.0.1:8081", &with_tls(&["--access-file", "f", "--auth", "off"]), false),
            ("10.0.0.1:8081", &with_tls(&["--bootstrap-token-file", "f"]), true),
        ] {
            let parsed = Flags::parse_from(["avow"].iter().chain(flags));
            let listen = listen.parse().expect("an address");
            assert_eq!(parsed.access.check(listen, &parsed.tls).is_ok(), expected, "{listen} {flags:?}");
        }
    }
}

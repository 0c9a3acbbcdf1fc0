//! Who may reach the registry: authentication, and what a listener may do without it.

use std::net::SocketAddr;

use clap::ArgAction;

use crate::http::{Guard, Hosts};

/// Who may reach the registry.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Access")]
pub struct Access {
    /// Lets everybody who reaches the listener do everything, on an address that is not a loopback one.
    #[arg(long, env = "AVOW_ALLOW_UNAUTHENTICATED", default_value_t = false, action = ArgAction::Set,
          num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub allow_unauthenticated: bool,

    /// Names that the registry answers by; `localhost` and addresses always pass.
    ///
    /// On a loopback address it answers by no other names, so that no web page reaches it under a name of its own.
    #[arg(long, env = "AVOW_ALLOWED_HOSTS", value_delimiter = ',', value_name = "NAME,…")]
    pub allowed_hosts: Vec<String>,
}

/// Why a listener would be open to strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exposed {
    #[error("`{0}` can be reached from other machines, and nobody would have to authenticate")]
    Unauthenticated(SocketAddr),
}

impl Exposed {
    /// The ways out.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => {
                "listen on 127.0.0.1, or let everybody in with --allow-unauthenticated (AVOW_ALLOW_UNAUTHENTICATED=true)"
            }
        }
    }
}

impl Access {
    /// Refuses an address on which strangers could do everything, unless that was asked for.
    pub fn check(&self, listen: SocketAddr) -> Result<(), Exposed> {
        if listen.ip().is_loopback() || self.allow_unauthenticated {
            return Ok(());
        }
        Err(Exposed::Unauthenticated(listen))
    }

    /// The guard against web pages.
    pub fn guard(&self, listen: SocketAddr) -> Guard {
        let known = self.allowed_hosts.clone();
        let hosts = match (listen.ip().is_loopback(), known.is_empty()) {
            (true, _) => Hosts::Loopback(known),
            (false, false) => Hosts::Listed(known),
            (false, true) => Hosts::Any,
        };
        Guard { hosts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        access: Access,
    }

    #[test]
    fn listeners_that_may_start() {
        for (listen, flags, expected) in [
            ("127.0.0.1:8081", &[][..], true),
            ("127.9.9.9:8081", &[], true),
            ("[::1]:8081", &[], true),
            ("0.0.0.0:8081", &[], false),
            ("[::]:8081", &[], false),
            ("10.0.0.1:8081", &[], false),
            ("10.0.0.1:8081", &["--allow-unauthenticated"], true),
            ("10.0.0.1:8081", &["--allow-unauthenticated=false"], false),
        ] {
            let flags = Flags::parse_from(["avow"].iter().chain(flags));
            let listen = listen.parse().expect("an address");
            assert_eq!(flags.access.check(listen).is_ok(), expected, "{listen}");
        }
    }
}

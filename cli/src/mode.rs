//! `avow mode`: what may be written to a subject, a context, or everything.

use avow_client::rest::{Mode as Allowed, Scope};
use serde_json::json;

use super::config::named;
use super::exit::{self, Exit};
use super::remote::Remote;
use super::target::{OutputFormat, Target};
use super::value_parsers::Completed;
use super::{Error, block_on};

/// Shows what may be written to a subject, or changes it.
///
/// Without a SUBJECT it is about the whole registry, or about the context of --context.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Mode {
    /// The subject.
    subject: Option<String>,

    /// Sets the mode of the subject: READWRITE, READONLY, IMPORT or FORWARD.
    #[arg(value_name = "MODE", value_parser = modes(), hide_possible_values = true, conflicts_with_all = ["set", "delete"])]
    mode: Option<String>,

    /// Sets it: READWRITE, READONLY, IMPORT or FORWARD.
    #[arg(long, value_name = "MODE", value_parser = modes(), hide_possible_values = true)]
    set: Option<String>,

    /// Sets IMPORT although there are schemas.
    #[arg(long)]
    force: bool,

    /// Deletes what is set here, so that the next wider scope decides.
    #[arg(long, conflicts_with = "set")]
    delete: bool,

    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Mode {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let scope = self.subject.as_deref().map_or(Scope::Global, Scope::Subject);
        block_on(async {
            if let Some(mode) = self.mode.as_ref().or(self.set.as_ref()) {
                let call = remote.client.set_mode(scope, mode.to_ascii_uppercase().as_str());
                if self.force { call.force() } else { call }.await.map_err(remote.failed())?;
            }
            if self.delete {
                remote.client.delete_mode(scope).await.map_err(remote.failed())?;
            }
            let (mode, own) = in_force(&remote, scope).await?;
            if !own {
                let name = named(self.subject.as_deref(), &remote);
                self.target.terminal.say(format_args!("{name} has none of its own; this applies to it"));
            }
            self.output.print(&self.target.terminal, &format!("{mode}\n"), &json!({"mode": mode}))
        })?;
        Ok(Exit::Clean)
    }
}

fn modes() -> Completed {
    Completed(|| vec!["READWRITE", "READONLY", "IMPORT", "FORWARD"])
}

/// The mode in force, and whether it is set here.
pub(super) async fn in_force(remote: &Remote, scope: Scope<'_>) -> Result<(Allowed, bool), Error> {
    if let Some(own) = own(remote, scope).await? {
        return Ok((own, true));
    }
    let mut wider = remote.client.mode(scope).default_to_global().await;
    if wider.as_ref().is_err_and(avow_client::Error::is_not_found) {
        // Older registries know no default.
        wider = remote.client.mode(Scope::Global).await;
    }
    Ok((wider.map_err(remote.failed())?.unwrap_or(Allowed::ReadWrite), false))
}

/// The mode that is set here.
pub(super) async fn own(remote: &Remote, scope: Scope<'_>) -> Result<Option<Allowed>, Error> {
    match remote.client.mode(scope).await {
        Err(error) if error.is_not_found() => Ok(None),
        mode => mode.map_err(remote.failed()),
    }
}

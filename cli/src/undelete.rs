//! `avow undelete`: brings back what was soft-deleted.

use avow_client::rest::{Method, NewSchema, Version};
use serde_json::{Value, json};

use super::delete::marked;
use super::exit::{self, Exit};
use super::remote::Remote;
use super::target::{Confirm, OutputFormat, Target};
use super::terminal::count;
use super::{Error, block_on};

/// Restores a soft-deleted subject, or one soft-deleted version.
///
/// An Avow registry makes the same versions live again. Others cannot: there the schema is registered once more, with
/// the id it had and a new version number, if the compatibility level lets it.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Undelete {
    /// `subject` (all of its deleted versions) or `subject@3`.
    what: String,

    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Undelete {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let marked = block_on(marked(&remote, &self.what))?;
        let mut versions = marked.versions;
        versions.retain(|it| it.schema.deleted);
        if versions.is_empty() {
            return Err(Error::Input(format!("nothing of `{}` is deleted", self.what)));
        }
        self.target.terminal.say("to be brought back:");
        for Version { subject, version, id, .. } in &versions {
            self.target.terminal.say(format_args!("  {subject}@{version} (id {id})"));
        }
        if !self.confirm.ask("Bring this back?")? {
            self.target.terminal.say("nothing was changed");
            return Ok(Exit::Clean);
        }
        let restored = block_on(self.restore(&remote, &versions))?;
        let line = |it: &Value| {
            let number = |name: &str| it[name].as_i64().unwrap_or_default();
            format!("{}@{} (id {})\n", it["subject"].as_str().unwrap_or_default(), number("version"), number("id"))
        };
        let text: String = restored.iter().map(line).collect();
        self.output.print(&self.target.terminal, &text, &Value::Array(restored))?;
        Ok(Exit::Clean)
    }

    async fn restore(&self, remote: &Remote, versions: &[Version]) -> Result<Vec<Value>, Error> {
        let mut restored = Vec::with_capacity(versions.len());
        for version in versions {
            if in_place(remote, version).await? {
                restored.push(described(&version.subject, version.version, version.id));
                continue;
            }
            if restored.is_empty() {
                let what = count(versions.len(), "version");
                self.target.terminal.say(format_args!("this registry cannot undelete: {what} registered again"));
            }
            restored.push(again(remote, version).await?);
        }
        Ok(restored)
    }
}

/// Makes the version live again; not where the registry cannot.
async fn in_place(remote: &Remote, version: &Version) -> Result<bool, Error> {
    let subject: String =
        percent_encoding::utf8_percent_encode(&version.subject, percent_encoding::NON_ALPHANUMERIC).collect();
    let path = format!("/avow/v1/subjects/{subject}/versions/{}/restore", version.version);
    match remote.client.send_json(Method::POST, &path, [], None::<&Value>).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unsupported() => Ok(false),
        Err(error) => Err(remote.failed()(error)),
    }
}

/// Registers the schema once more.
async fn again(remote: &Remote, version: &Version) -> Result<Value, Error> {
    let schema = NewSchema::from(&version.schema);
    let subject = &version.subject;
    let registered = remote.client.register(subject, &schema).await.map_err(remote.failed())?;
    let there = remote.client.look_up(subject, &schema).await.map_err(remote.failed())?;
    Ok(described(subject, there.version, registered.id))
}

fn described(subject: &str, version: i32, id: u32) -> Value {
    json!({"subject": subject, "version": version, "id": id})
}

//! `avow config`: what holds for a subject, a context, or everything.

use avow_client::rest::{Config as Settings, ConfigUpdate, Scope};
use clap::builder::TypedValueParser;
use serde_json::{Value, json};

use super::exit::{self, Exit};
use super::nearest::nearest;
use super::remote::Remote;
use super::target::{Confirm, OutputFormat, Target, table};
use super::value_parsers::Completed;
use super::{Error, block_on};
use avow_domain::Level;

/// Shows what is configured for a subject, or changes it.
///
/// Without a SUBJECT it is about the whole registry, or about the context of --context. What a subject does not have
/// itself is shown as it applies to it.
#[derive(Debug, clap::Args)]
#[command(after_help = exit::HELP)]
pub struct Config {
    /// The subject.
    subject: Option<String>,

    /// Sets the compatibility level of the subject.
    #[arg(value_name = "LEVEL", value_parser = level(), hide_possible_values = true, conflicts_with_all = ["level", "delete"])]
    subject_level: Option<Level>,

    /// Sets the compatibility level.
    #[arg(long, value_name = "LEVEL", value_parser = level(), hide_possible_values = true)]
    level: Option<Level>,

    /// Sets anything, by the name it has in the HTTP API: `normalize=true`, `alias=orders`; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, Value)>,

    /// Clears something, so that the next wider scope decides; may be repeated.
    #[arg(long = "unset", value_name = "NAME", value_parser = setting_name)]
    unset: Vec<String>,

    /// Deletes all that is configured here.
    #[arg(long, conflicts_with_all = ["level", "set", "unset"])]
    delete: bool,

    #[command(flatten)]
    confirm: Confirm,
    #[command(flatten)]
    output: OutputFormat,
    #[command(flatten)]
    target: Target,
}

impl Config {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let remote = self.target.open()?;
        let scope = self.subject.as_deref().map_or(Scope::Global, Scope::Subject);
        if self.delete {
            if !self.confirm.ask(&format!("Delete the config of {}?", named(self.subject.as_deref(), &remote)))? {
                return Ok(Exit::Clean);
            }
            block_on(async { remote.client.delete_config(scope).await.map_err(remote.failed()) })?;
        }
        let mut update = ConfigUpdate::default();
        if let Some(level) = self.level.or(self.subject_level) {
            update = update.compatibility(level.as_str());
        }
        update = self.set.iter().fold(update, |update, (name, value)| update.set(name, value.clone()));
        update = self.unset.iter().fold(update, |update, name| update.clear(name));
        block_on(async {
            if update != ConfigUpdate::default() {
                remote.client.set_config(scope, &update).await.map_err(remote.failed())?;
            }
            let (config, own) = in_force(&remote, scope).await?;
            if !own {
                let name = named(self.subject.as_deref(), &remote);
                self.target.terminal.say(format_args!("{name} has none of its own; this applies to it"));
            }
            let settings = json!(config);
            self.output.print(&self.target.terminal, &lines(&settings), &settings)
        })?;
        Ok(Exit::Clean)
    }
}

/// What is configured, and whether here.
async fn in_force(remote: &Remote, scope: Scope<'_>) -> Result<(Settings, bool), Error> {
    match remote.client.config(scope).await {
        Err(error) if error.is_not_found() => {}
        config => return Ok((config.map_err(remote.failed())?, true)),
    }
    let mut config = remote.client.config(scope).default_to_global().await;
    if config.as_ref().is_err_and(avow_client::Error::is_not_found) {
        // Older registries know no default.
        config = remote.client.config(Scope::Global).await;
    }
    Ok((config.map_err(remote.failed())?, false))
}

/// What people call a scope.
pub(super) fn named(subject: Option<&str>, remote: &Remote) -> String {
    match (subject, remote.client.context()) {
        (Some(subject), _) => format!("`{subject}`"),
        (None, Some(context)) => format!("the context `{context}`"),
        (None, None) => "the whole registry".to_owned(),
    }
}

/// An object as lines.
pub(super) fn lines(object: &Value) -> String {
    let display = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rows = object.as_object().into_iter().flatten().map(|(name, value)| vec![name.clone(), display(value)]);
    table(&rows.collect::<Vec<_>>())
}

fn level() -> impl TypedValueParser<Value = Level> {
    let parse = |text: String| {
        Level::parse(&text).ok_or("levels are BACKWARD, FORWARD, FULL, each also with _TRANSITIVE, and NONE")
    };
    Completed(|| Level::ALL.map(Level::as_str).to_vec()).try_map(parse)
}

/// The settings, by the names that the HTTP API has for them.
pub(super) const SETTINGS: [&str; 14] = [
    "alias",
    "aliasForDeks",
    "compatibility",
    "compatibilityGroup",
    "compatibilityPolicy",
    "defaultMetadata",
    "defaultRuleSet",
    "normalize",
    "overrideMetadata",
    "overrideRuleSet",
    "refuseWarnings",
    "validateFields",
    "validateNewSchemas",
    "validateRules",
];

/// Refuses a setting that no registry has: it would be ignored without a word.
pub(super) fn known_setting(name: &str) -> Result<(), String> {
    if SETTINGS.contains(&name) {
        return Ok(());
    }
    let guess = match nearest(name, SETTINGS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", SETTINGS.join(", ")),
    };
    Err(format!("unknown setting `{name}`; {guess}"))
}

fn setting_name(text: &str) -> Result<String, String> {
    // The name under which it is shown is not the one under which it is set.
    let name = if text == "compatibilityLevel" { "compatibility" } else { text };
    known_setting(name).map(|()| name.to_owned())
}

/// The value is JSON, or else text.
fn setting(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as normalize=true")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((setting_name(name)?, value))
}

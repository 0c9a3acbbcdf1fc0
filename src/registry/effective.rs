//! The settings and the mode in force for a subject (contract 9.3, 9.4).

use super::{Error, LevelOf, View};
use crate::domain::{Config, Level, Mode, SchemaType, Subject};
use avow_schema::{Policy, Validation};

/// The settings in force.
#[derive(Debug, Clone, Default)]
pub(super) struct Effective {
    pub(super) config: Config,
    /// The level; a record without one means the server's, not that of a wider scope.
    pub(super) level: Level,
    pub(super) validate_fields: bool,
    pub(super) validate_new_schemas: bool,
    pub(super) normalize: bool,
    pub(super) policy: Policy,
}

/// The scopes that apply to a subject, nearest first.
pub(super) fn chain(subject: &Subject) -> [Subject; 3] {
    [subject.clone(), subject.context().scope(), Subject::everywhere()]
}

/// The record in force for a subject, with inherited values; `None` if no scope has one.
pub(super) async fn record(view: &mut View<'_>, subject: &Subject) -> Result<Option<Config>, Error> {
    for (distance, scope) in chain(subject).iter().enumerate() {
        if let Some(config) = &view.scope(scope).await?.config {
            if distance > 0 || subject.as_str().is_empty() {
                return Ok(Some(config.clone()));
            }
            let global = view.scope(&Subject::global()).await?;
            return Ok(Some(config.inheriting(global.config.as_ref())));
        }
    }
    Ok(None)
}

/// The settings in force for a subject.
pub(super) async fn settings(view: &mut View<'_>, subject: &Subject) -> Result<Effective, Error> {
    let config = record(view, subject).await?.unwrap_or_default();
    let server = &view.registry().settings;
    Ok(Effective {
        level: config.compatibility_level.unwrap_or(server.level),
        validate_fields: config.validate_fields.unwrap_or(server.validate_fields),
        validate_new_schemas: config.validate_new_schemas.unwrap_or(server.validate_new_schemas),
        normalize: config.normalize.unwrap_or(false),
        policy: match config.compatibility_policy.as_deref() {
            Some("LENIENT") => Policy::Lenient,
            _ => Policy::Strict,
        },
        config,
    })
}

/// What is checked of a schema that is meant for a subject, beyond that it can be read. Imports are taken unchecked.
pub(super) async fn validation(
    view: &mut View<'_>,
    subject: &Subject,
    schema_type: SchemaType,
    settings: &Effective,
) -> Result<Validation, Error> {
    // Avro is checked by its parse, so its mode need not be read.
    if schema_type == SchemaType::Avro || mode(view, subject).await?.is_import() {
        return Ok(Validation::None);
    }
    Ok(if settings.validate_fields { Validation::Full } else { Validation::Basic })
}

/// The mode in force for a subject.
pub(super) async fn mode(view: &mut View<'_>, subject: &Subject) -> Result<Mode, Error> {
    match view.scope(subject).await?.mode {
        Some(mode) => Ok(mode),
        None => inherited_mode(view, subject).await,
    }
}

/// The mode that a subject without one of its own has.
pub(super) async fn inherited_mode(view: &mut View<'_>, subject: &Subject) -> Result<Mode, Error> {
    for scope in &chain(subject)[1..] {
        if let Some(mode) = view.scope(scope).await?.mode {
            return Ok(mode);
        }
    }
    Ok(Mode::default())
}

/// The level in force for a subject whose own settings are given, and the scope it comes from.
pub(super) async fn level(
    view: &mut View<'_>,
    subject: &Subject,
    own: Option<&Config>,
) -> Result<(Level, LevelOf), Error> {
    let server = view.registry().settings.level;
    let said = |config: &Config, by| config.compatibility_level.map_or((server, LevelOf::Server), |level| (level, by));
    if let Some(config) = own {
        return Ok(said(config, LevelOf::Subject));
    }
    let [_, context, everywhere] = chain(subject);
    for (scope, by) in [(context, LevelOf::Context), (everywhere, LevelOf::Everywhere)] {
        if let Some(config) = &view.scope(&scope).await?.config {
            return Ok(said(config, by));
        }
    }
    Ok((server, LevelOf::Server))
}

/// Refuses writes in a read-only scope (42205).
pub(super) async fn writable(view: &mut View<'_>, subject: &Subject) -> Result<Mode, Error> {
    let mode = mode(view, subject).await?;
    if mode.is_read_only() {
        return Err(Error::ReadOnly { subject: shown(subject), context: subject.context().prefix() });
    }
    Ok(mode)
}

/// A subject as mode errors show it: the scope of the default context has no name there.
pub(super) fn shown(subject: &Subject) -> String {
    if subject.as_str().is_empty() { "null".to_owned() } else { subject.to_string() }
}

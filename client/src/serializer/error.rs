//! The error of preparing a serializer.

use std::fmt;

use crate::codec::PlanError;
use crate::format::Unusable;
use crate::{Error, LoadedSchema};

/// The error of preparing a serializer, before the first record.
#[derive(Debug, Clone)]
pub struct PrepareError(Box<Reason>);

/// The reason of the error.
#[derive(Debug, Clone)]
pub(super) enum Reason {
    Registry(Error),
    Parse(String),
    Unusable(String),
    Incomparable(String),
    #[cfg(feature = "protobuf")]
    UnknownMessage(String),
    Plan(PlanError),
    NoSchema,
    Nameless,
    Ambiguous {
        topic: String,
        subjects: Vec<String>,
    },
    Incompatible {
        subject: String,
        findings: Vec<String>,
    },
    NeedsRules(Vec<String>),
    NoId,
    NoGuid,
}

impl PrepareError {
    pub(super) fn new(reason: Reason) -> Self {
        Self(Box::new(reason))
    }

    pub(crate) fn nameless() -> Self {
        Self::new(Reason::Nameless)
    }

    pub(crate) fn ambiguous(topic: &str, subjects: &[String]) -> Self {
        Self::new(Reason::Ambiguous { topic: topic.to_owned(), subjects: subjects.to_vec() })
    }

    #[cfg(feature = "protobuf")]
    pub(crate) fn unknown_message(name: String) -> Self {
        Self::new(Reason::UnknownMessage(name))
    }

    pub(super) fn needs_rules(schema: &LoadedSchema) -> Self {
        Self::new(Reason::NeedsRules(schema.rules_on_writing().into_iter().map(str::to_owned).collect()))
    }

    /// The error of the registry or of the connection to it.
    pub fn registry_error(&self) -> Option<&Error> {
        match &*self.0 {
            Reason::Registry(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the schema is not registered.
    pub fn is_not_registered(&self) -> bool {
        self.registry_error().is_some_and(Error::is_not_found)
    }

    /// Whether the schema is incompatible with registered versions or with the selected one.
    pub fn is_incompatible(&self) -> bool {
        matches!(&*self.0, Reason::Incompatible { .. }) || self.registry_error().is_some_and(Error::is_conflict)
    }

    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        self.registry_error().is_some_and(Error::is_retriable)
    }
}

impl From<Error> for PrepareError {
    fn from(error: Error) -> Self {
        Self::new(Reason::Registry(error))
    }
}

impl From<Unusable> for PrepareError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Plan(error) => error.into(),
            unusable => Self::new(Reason::Unusable(unusable.to_string())),
        }
    }
}

impl From<PlanError> for PrepareError {
    fn from(error: PlanError) -> Self {
        Self::new(Reason::Plan(error))
    }
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Reason::Registry(error) => {
                write!(f, "{error}")?;
                if self.is_not_registered() {
                    write!(f, "; register the schema at deployment, or call `auto_register()`")?;
                }
                error.findings().iter().try_for_each(|finding| write!(f, "\n  {finding}"))
            }
            Reason::Parse(error) => write!(f, "the schema is invalid: {error}"),
            Reason::Unusable(why) => write!(f, "the schema cannot be used: {why}"),
            Reason::Incomparable(why) => write!(f, "the given schema cannot be compared with the selected one: {why}"),
            #[cfg(feature = "protobuf")]
            Reason::UnknownMessage(name) => {
                write!(
                    f,
                    "the schema does not define the message `{name}`; set the schema that does, or another message"
                )
            }
            Reason::Plan(error) => write!(f, "{error}"),
            Reason::NoSchema => f.write_str(
                "there is no schema to look up or register; set one with `schema`, or call `use_latest_version()`",
            ),
            Reason::Nameless => {
                f.write_str("the subject is named after the record, but no named schema is set; set one with `schema`")
            }
            Reason::Ambiguous { topic, subjects } => write!(
                f,
                "{} subjects are associated with the topic `{topic}` ({}); remove all but one, or set the subject with `exactly`",
                subjects.len(),
                subjects.join(", ")
            ),
            Reason::Incompatible { subject, findings } => write!(
                f,
                "the selected schema of `{subject}` cannot read data of the given schema: {}",
                findings.join("; ")
            ),
            Reason::NeedsRules(rules) => write!(
                f,
                "the schema has rules that this client does not run: {}; run them in the program and call \
                 `rules_are_run_elsewhere()`",
                rules.join(", ")
            ),
            Reason::NoId => f.write_str("the schema has no id in this context; register it there"),
            Reason::NoGuid => f.write_str("the registry has no GUIDs, which headers need; remove `guid_in_header()`"),
        }
    }
}

impl std::error::Error for PrepareError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            // Their messages are part of this one.
            Reason::Registry(error) => error.source(),
            Reason::Plan(error) => error.source(),
            _ => None,
        }
    }
}

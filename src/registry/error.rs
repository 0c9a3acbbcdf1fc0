//! Refusals of the registry: one variant, one message for the client, one code (contract 1.3).

use crate::domain::{
    Context, InvalidContext, InvalidRule, InvalidVersion, SchemaId, SchemaType, Seq, Subject, Version,
};
use crate::store;
use avow_budget::Exceeded;

/// A refusal. Where clients match on the message, it is the contract's.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is its sentence")]
pub enum Error {
    #[error("{0}")]
    BadRequest(String),
    #[error(transparent)]
    InvalidContext(#[from] InvalidContext),
    #[error("the change log ends before {}; it may have been replaced: start again from 0", .0.0)]
    BeyondLog(Seq),

    #[error("Unauthorized")]
    Unauthenticated,
    #[error("User is denied operation {operation} on {on}")]
    Denied { operation: &'static str, on: String },

    #[error("Subject '{0}' not found.")]
    SubjectNotFound(Subject),
    #[error("Version {0} not found.")]
    VersionNotFound(i32),
    #[error("Schema not found")]
    SchemaNotFound,
    #[error("Schema {0} not found")]
    NoSuchSchema(String),
    #[error("Subject '{0}' was soft deleted.Set permanent=true to delete permanently")]
    SubjectSoftDeleted(Subject),
    #[error("Subject '{0}' was not deleted first before being permanently deleted")]
    SubjectNotSoftDeleted(Subject),
    #[error("Subject '{0}' Version {1} was soft deleted.Set permanent=true to delete permanently")]
    VersionSoftDeleted(Subject, Version),
    #[error("Subject '{0}' Version {1} was not deleted first before being permanently deleted")]
    VersionNotSoftDeleted(Subject, Version),
    #[error("Subject '{0}' does not have subject-level compatibility configured")]
    NoSubjectLevel(Subject),
    #[error("Subject '{0}' does not have subject-level mode configured")]
    NoSubjectMode(Subject),

    #[error(
        "Schema being registered is incompatible with an earlier schema for subject \"{subject}\", details: [{}]",
        messages.join(", ")
    )]
    Incompatible { subject: Subject, messages: Vec<String> },

    #[error("{scope} has changed since the plan was made: {reason}; plan again")]
    Stale { scope: String, reason: String },

    #[error("Invalid schema of type {schema_type}, details: {details}")]
    InvalidSchema { schema_type: SchemaType, details: String },
    /// It can be read, and what it says is wrong. The reference distinguishes the two.
    #[error("Invalid schema {{subject={subject},schemaType={schema_type}}}, details: {details}")]
    SchemaNotValid { subject: Subject, schema_type: SchemaType, details: String },
    #[error("{0}; send smaller schemas")]
    TooCostly(Exceeded),
    #[error("Invalid schema type {0}")]
    InvalidSchemaType(String),
    #[error("Empty schema")]
    EmptySchema,
    #[error("Version is not one more than previous version")]
    VersionNotNext,
    #[error(transparent)]
    InvalidVersion(#[from] InvalidVersion),
    #[error(
        "Invalid compatibility level. Valid values are none, backward, forward, full, backward_transitive, \
         forward_transitive, and full_transitive"
    )]
    InvalidLevel,
    #[error("Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")]
    InvalidMode,
    #[error("Forward mode only supported on global level")]
    ForwardNotGlobal,
    #[error("Subject {subject} in context {context} is in read-only mode")]
    ReadOnly { subject: String, context: String },
    #[error("Subject {subject} in context {context} is not in import mode")]
    NotImport { subject: String, context: String },
    #[error("Subject {subject} in context {context} is not in read-write mode")]
    NotReadWrite { subject: String, context: String },
    #[error("Mode changes are not allowed")]
    ModeImmutable,
    #[error("Cannot import since found existing subjects")]
    ImportOverExisting,
    #[error("Overwrite new schema with id {id} in context {} is not permitted.", context.prefix())]
    IdTaken { id: SchemaId, context: Context },
    #[error("One or more references exist to the schema {{magic=1,keytype=SCHEMA,subject={0},version={1}}}.")]
    Referenced(Subject, Version),
    #[error("The specified subject '{0}' is not a valid.")]
    InvalidSubject(String),
    #[error(transparent)]
    InvalidRule(#[from] InvalidRule),
    #[error("The specified context '{}' is not empty.", .0.prefix())]
    ContextNotEmpty(Context),

    #[error("Error in the backend data store")]
    Store(#[from] store::Error),
    #[error("{subject} has too many concurrent writers; try again")]
    Contended { subject: Subject },
    #[error("{0} callers are waiting for changes already; try again later, or without `wait`")]
    TooManySubscribers(usize),
    #[error("No more ids are left in the context {0}")]
    IdsExhausted(Context),
    #[error("Internal Server Error")]
    Panic,
    /// An error that several callers waited for.
    #[error(transparent)]
    Shared(std::sync::Arc<Error>),
}

impl Error {
    /// The `error_code` of the contract. Its first three digits are the HTTP status.
    pub fn code(&self) -> u32 {
        match self {
            Self::BadRequest(_) | Self::InvalidContext(_) | Self::BeyondLog(_) => 400,
            Self::Unauthenticated => 401,
            Self::Denied { .. } => 40301,
            Self::SubjectNotFound(_) => 40401,
            Self::VersionNotFound(_) => 40402,
            Self::SchemaNotFound | Self::NoSuchSchema(_) => 40403,
            Self::SubjectSoftDeleted(_) => 40404,
            Self::SubjectNotSoftDeleted(_) => 40405,
            Self::VersionSoftDeleted(..) => 40406,
            Self::VersionNotSoftDeleted(..) => 40407,
            Self::NoSubjectLevel(_) => 40408,
            Self::NoSubjectMode(_) => 40409,
            Self::Incompatible { .. } => 40901,
            Self::Stale { .. } => 40990,
            Self::InvalidSchema { .. }
            | Self::SchemaNotValid { .. }
            | Self::TooCostly(_)
            | Self::InvalidSchemaType(_)
            | Self::EmptySchema
            | Self::VersionNotNext => 42201,
            Self::InvalidVersion(_) => 42202,
            Self::InvalidLevel => 42203,
            Self::InvalidMode | Self::ForwardNotGlobal => 42204,
            Self::ReadOnly { .. }
            | Self::NotImport { .. }
            | Self::NotReadWrite { .. }
            | Self::ModeImmutable
            | Self::ImportOverExisting
            | Self::IdTaken { .. } => 42205,
            Self::Referenced(..) => 42206,
            Self::InvalidSubject(_) => 42208,
            Self::InvalidRule(_) => 42210,
            Self::ContextNotEmpty(_) => 42211,
            // Clients retry after these; the database may recover.
            Self::Store(
                store::Error::Full(_)
                | store::Error::ReadOnly(_)
                | store::Error::Unavailable(_)
                | store::Error::Unreachable(_)
                | store::Error::Standby
                | store::Error::Closed,
            )
            | Self::Contended { .. }
            | Self::TooManySubscribers(_) => 503,
            Self::Store(_) | Self::IdsExhausted(_) => 50001,
            Self::Panic => 500,
            Self::Shared(error) => error.code(),
        }
    }

    /// The program read something that it never writes.
    pub fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::Store(store::Error::Invalid(reason.to_string()))
    }

    /// The HTTP status: the first three digits of the code.
    pub fn status(&self) -> u16 {
        let code = self.code();
        u16::try_from(if code > 999 { code / 100 } else { code }).unwrap_or(500)
    }

    /// The message for the caller. For a failing database it says what to do, without internals.
    pub fn sentence(&self) -> String {
        match self {
            Self::Store(
                error @ (store::Error::Full(_)
                | store::Error::ReadOnly(_)
                | store::Error::Corrupt(_)
                | store::Error::Unavailable(_)
                | store::Error::Closed),
            ) => error.to_string(),
            Self::Shared(error) => error.sentence(),
            other => other.to_string(),
        }
    }
}

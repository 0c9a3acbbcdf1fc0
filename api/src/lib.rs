//! The wire model of the HTTP API: requests and responses that the server, the command line and the client share.
//!
//! Requests are read with [`read`]: unknown fields are ignored, `null` counts as absent and scalars are coerced, as
//! clients of Confluent's registry rely on (contract 1.2). With the feature `openapi` the same types describe
//! themselves, so that the parser and the documentation cannot diverge.
//!
//! Adding an endpoint: 1. define its request and answer here, in the file of its URL family; 2. give each request field
//! one of the readers of `lenient`; 3. name the types in the handler's `#[utoipa::path]`; 4. run `avow openapi`.

mod access;
mod apply;
mod changes;
mod compatibility;
mod config;
mod error;
mod findings;
mod lenient;
mod metadata;
mod mode;
mod rule_set;
mod schemas;
mod server;
mod snapshot;
mod subjects;

pub use access::{AccessAnswer, AccessQuestion, AccessRule, Whoami};
pub use apply::{Expectation, Operation, OperationResult, Plan, PlanResult};
pub use changes::{ChangeData, ChangeEvent, SubjectState, VersionState};
pub use compatibility::{
    Compatibility, CompatibilityBatch, CompatibilityCheck, CompatibilityResult, CompatibilityResults,
};
pub use config::{Config, ConfigUpdate, UnknownLevel};
pub use error::ErrorBody;
pub use findings::{Cause, Explained, Finding, FindingRule, Fix, Side, Witness};
pub use lenient::{Invalid, read};
pub use metadata::Metadata;
pub use mode::{Mode, ModeUpdate};
pub use rule_set::{Rule, RuleSet};
pub use schemas::{
    ContextId, ListedSchema, RegisterSchemaRequest, Registered, Schema, SchemaContent, SchemaReference, SchemaString,
    SubjectVersion,
};
pub use server::{Cluster, ClusterScope, Clusters, Deployment, Empty, Health, IdFloor, ProgramVersion};
pub use snapshot::{ReferencedSchema, SnapshotPage, SnapshotSchema};
pub use subjects::{LatestVersion, SubjectPage, SubjectSummary};

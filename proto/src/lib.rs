//! The Protobuf core of Avow: parses, prints and compares `.proto` schemas as the reference registry does.
//!
//! Pure and synchronous: no input or output, no clock, no panics on any input, and a budget of steps and bytes for all
//! work over input that a stranger can send.
//!
//! ```
//! use avow_budget::Budget;
//! use avow_proto::{Schema, Side};
//!
//! let budget = Budget::unlimited();
//! let old = Schema::parse("syntax = \"proto3\"; message Order { int32 price = 1; }", &[], &budget)?;
//! let new = Schema::parse("syntax = \"proto3\"; message Order { string price = 1; }", &[], &budget)?;
//!
//! let verdict = Schema::check(&new, &old, &budget).expect("no limit");
//! let finding = verdict.incompatibilities().next().expect("a number is no string");
//! assert_eq!(finding.kind.as_str(), "FIELD_SCALAR_KIND_CHANGED");
//! assert_eq!(
//!     finding.description(Side::New),
//!     "The kind of a SCALAR field at path '#/Order/1' in the new schema does not match its kind in the old schema"
//! );
//! # Ok::<(), avow_proto::Error>(())
//! ```
//!
//! From the text to the answer:
//!
//! - `syntax` reads text into a tree and prints the stored text
//! - `types` resolves names, through references and the `known` files
//! - `normal`, with `options` and `number`, is the form in which equal schemas have equal texts
//! - `descriptor` turns trees into descriptors and back, and `imports` links them
//! - `indexes` finds messages by their place
//! - `compat` is the static check, `data` reads real bytes as a second opinion
//! - `fix` changes a schema until it is compatible
//! - `rules` are further rules about changes, by the names that Buf gives them

mod compat;
mod data;
mod definitions;
mod descriptor;
mod error;
mod fix;
mod imports;
mod indexes;
mod known;
mod normal;
mod number;
mod options;
mod reference;
mod rules;
mod schema;
pub mod syntax;
mod tags;
mod types;
mod wire;

pub use compat::{Difference, DifferenceKind, Side, Verdict};
pub use data::{Effect, Witness};
pub use definitions::Definition;
pub use error::{Error, Stage};
pub use fix::Fix;
pub use indexes::{InvalidIndexes, MessageIndexes};
pub use reference::{Origin, ReferenceText};
pub use rules::{Breach, Category, Rule};
pub use schema::{Schema, Strictness};

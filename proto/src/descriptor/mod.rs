//! Descriptors: a tree as a `FileDescriptorProto` and back, and the checks of a descriptor that is built.

mod build;
mod default_value;
mod link;
mod meta;
mod model;
mod options;
mod read;
mod write;

pub(crate) use build::build;
pub(crate) use link::{LinkedFile, link};
pub(crate) use meta::items;
pub(crate) use model::{FieldKind, FileDescriptor};
pub(crate) use read::read;
pub(crate) use write::write;

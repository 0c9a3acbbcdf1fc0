//! Records: what bytes mean, bytes of what is meant, and records made up.

mod bytes;
mod container;
mod decode;
mod encode;
mod frame;
mod sample;
mod which;

pub(crate) use container::schema_text;
pub(crate) use decode::Decode;
pub(crate) use encode::Encode;
pub(crate) use sample::Sample;

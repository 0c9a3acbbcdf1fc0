//! Records: what bytes mean, bytes of what is meant, and records made up.

mod bytes;
mod decode;
mod encode;
mod frame;
mod sample;
mod walk;
mod which;
mod write;

pub(super) use decode::Decode;
pub(super) use encode::Encode;
pub(super) use sample::Sample;

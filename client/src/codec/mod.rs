//! Compiled plans from Rust types to Avro binary and back.
//!
//! A plan is made once per schema, or per pair of schemas, and shared; what it does per record is a walk over a flat list
//! of steps. Both directions go straight through serde, without a value in between.
//!
//! | Avro | Rust |
//! |---|---|
//! | int, long | all integers, range checked |
//! | float, double | `f32`, `f64`; never a wider one into a narrower |
//! | string | `String`, `&str`, `char`, unit variants |
//! | bytes, fixed | `Vec<u8>`, `[u8; N]`, `&[u8]` (with `serde_bytes`) |
//! | enum | unit variants, strings |
//! | array, map | sequences, sets, tuples; maps, structs |
//! | record | structs, tuples in the order of the fields, maps |
//! | union with null | `Option` |
//! | other unions | enums whose variants are called like the branches (`Long`, or the name of the record), untagged enums |
//! | decimal | strings in decimal notation, `i128` for the unscaled value, the bytes as they are |
//! | uuid | strings, and the 16 bytes of a fixed |
//! | date, times, timestamps | integers, strings in the notation of ISO 8601 |
//! | duration | `(u32, u32, u32)`: months, days, milliseconds; or the 12 bytes |

#[cfg(feature = "apache-avro")]
mod apache;
mod branch_names;
mod decode;
mod encode;
mod error;
mod limits;
mod logical;
mod path;
mod text;

#[cfg(feature = "apache-avro")]
pub use apache::schema_of;
pub use decode::DecodePlan;
pub use encode::EncodePlan;
pub use error::{DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind, PlanError};
pub use limits::Limits;

//! Credentials and who has them: passwords, tokens, the file that lists them, and the state that follows.

mod error;
pub mod file;
pub mod password;
pub mod state;
pub mod token;

pub use error::Error;
pub use state::{Access, Identity, Refused, State};

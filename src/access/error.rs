//! Why there is nothing to authenticate by.

use std::path::PathBuf;

use avow_domain::access::{InvalidName, InvalidPolicy};

use super::file::FileError;
use super::password::HashFailed;
use super::token::NoRandomness;

/// Why there is nothing to authenticate by.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    #[error(transparent)]
    Password(#[from] HashFailed),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("`{}` is not a token; make one with: avow access bootstrap > FILE", .0.display())]
    Bootstrap(PathBuf),
}

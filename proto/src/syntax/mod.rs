//! The syntax of `.proto` files: characters to a tree, and a tree to text.

mod lexer;
mod options;
mod parser;
mod printer;
mod tree;

pub use lexer::SyntaxError;
pub use parser::parse;
pub(crate) use printer::special_options;
pub use printer::{Style, print};
pub use tree::*;

/// Levels of messages inside messages. Walks over the tree recurse, so this bounds their stack.
pub const MAX_DEPTH: usize = 400;

/// Levels of aggregate option values and of map types.
pub const MAX_VALUE_DEPTH: usize = 150;

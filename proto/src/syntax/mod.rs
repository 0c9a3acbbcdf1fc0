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

/// Levels of nesting that a file may have: messages, aggregate option values and map types alike. Walks over the tree
/// recurse, so this bounds their stack.
pub const MAX_DEPTH: usize = 400;

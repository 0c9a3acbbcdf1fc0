//! Where in a record something is wrong: collected on the way out of an error, printed only when asked for.

use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(super) enum Segment {
    Field(Arc<str>),
    Index(usize),
    Key(Box<str>),
}

/// The way to a place, innermost segment first.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    /// What the outermost type is called.
    pub(super) root: Option<Arc<str>>,
    pub(super) segments: Vec<Segment>,
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        if let Some(root) = &self.root {
            out.write_str(root)?;
            is_first = false;
        }
        for segment in self.segments.iter().rev() {
            match segment {
                Segment::Field(name) if is_first => out.write_str(name)?,
                Segment::Field(name) => write!(out, ".{name}")?,
                Segment::Index(at) => write!(out, "[{at}]")?,
                Segment::Key(key) => write!(out, "[{key:?}]")?,
            }
            is_first = false;
        }
        if is_first { out.write_str("the record") } else { Ok(()) }
    }
}

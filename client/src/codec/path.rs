//! The path to an error in a record: collected while the error propagates, formatted when it is printed.

use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub(super) enum Segment {
    Field(Arc<str>),
    Index(usize),
    Key(Box<str>),
    /// A map key left out, because it is data.
    RedactedKey,
}

/// Path segments, innermost first.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    /// The name of the root type.
    pub(super) root: Option<Arc<str>>,
    pub(super) segments: Vec<Segment>,
}

impl Path {
    /// The path as the schema has it, with nothing of the data.
    pub(super) fn without_keys(&self) -> Self {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Key(_) => Segment::RedactedKey,
            other => other.clone(),
        });
        Self { root: self.root.clone(), segments: segments.collect() }
    }
}

/// An error that collects its path while it propagates.
pub(super) trait WithPath: Sized {
    fn path_mut(&mut self) -> &mut Path;

    #[cold]
    #[inline(never)]
    fn push_segment(mut self, segment: Segment) -> Self {
        self.path_mut().segments.push(segment);
        self
    }

    #[cold]
    #[inline(never)]
    fn in_field(self, name: &Arc<str>) -> Self {
        self.push_segment(Segment::Field(Arc::clone(name)))
    }

    #[cold]
    #[inline(never)]
    fn in_item(self, at: usize) -> Self {
        self.push_segment(Segment::Index(at))
    }
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
                Segment::RedactedKey => out.write_str("[key]")?,
            }
            is_first = false;
        }
        if is_first { out.write_str("the record") } else { Ok(()) }
    }
}

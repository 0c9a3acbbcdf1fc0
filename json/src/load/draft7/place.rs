//! A value of a document, with all that a reference in it is resolved by.

use std::fmt;
use std::rc::Rc;

use super::super::uri::Uri;
use super::super::{Draft, LoadError, Result, invalid};
use crate::value::Json;

/// A document that references point into.
pub(super) struct Document {
    root: Json,
    base: Option<Rc<Uri>>,
    draft: Draft,
}

impl Document {
    pub(super) fn new(root: Json, base: Option<Rc<Uri>>, draft: Draft) -> Result<Rc<Self>> {
        let base = scope(base, &root, draft)?;
        Ok(Rc::new(Self { root, base, draft }))
    }

    pub(super) fn root(self: &Rc<Self>) -> Place {
        Place {
            json: self.root.clone(),
            base: self.base.clone(),
            draft: self.draft,
            document: Rc::clone(self),
            path: Path(None),
        }
    }

    pub(super) fn json(&self) -> &Json {
        &self.root
    }
}

#[derive(Clone)]
pub(super) struct Place {
    pub(super) json: Json,
    /// What references are resolved against.
    pub(super) base: Option<Rc<Uri>>,
    pub(super) draft: Draft,
    pub(super) document: Rc<Document>,
    path: Path,
}

impl Place {
    /// The member or item `key`, whose value is `json`.
    pub(super) fn child(&self, key: &str, json: &Json) -> Result<Self> {
        Ok(Self {
            json: json.clone(),
            base: scope(self.base.clone(), json, self.draft)?,
            draft: self.draft,
            document: Rc::clone(&self.document),
            path: self.path.join(key),
        })
    }

    /// The same value, resolved against the URI that its document was found by.
    pub(super) fn reached_by(self, base: Option<Rc<Uri>>, draft: Draft) -> Result<Self> {
        Ok(Self { base: scope(base, &self.json, draft)?, draft, ..self })
    }

    /// The same place one segment further, for what is below a keyword that holds no schema itself.
    pub(super) fn descend(&self, key: &str) -> Self {
        Self { path: self.path.join(key), ..self.clone() }
    }

    pub(super) fn error<T>(&self, message: &str) -> Result<T> {
        invalid(format!("{}: {message}", self.path))
    }

    pub(super) fn expected<T>(&self, expected: &str, found: &Json) -> Result<T> {
        self.error(&format!("expected {expected}, found {}", found.type_name()))
    }
}

/// The base URI inside `json`, which may have an identifier of its own.
fn scope(base: Option<Rc<Uri>>, json: &Json, draft: Draft) -> Result<Option<Rc<Uri>>> {
    let Some(Json::String(id)) = json.get(draft.id_keyword()) else {
        return Ok(base);
    };
    resolve(base.as_deref(), id).map(|uri| Some(Rc::new(uri)))
}

pub(super) fn resolve(base: Option<&Uri>, reference: &str) -> Result<Uri> {
    match base {
        Some(base) => base.resolve(reference),
        None => Uri::parse(reference),
    }
    .map_err(LoadError::from)
}

/// The segments that lead to a place, for messages.
#[derive(Clone)]
struct Path(Option<Rc<(Path, String)>>);

impl Path {
    fn join(&self, segment: &str) -> Self {
        Self(Some(Rc::new((self.clone(), segment.to_owned()))))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut segments = Vec::new();
        let mut path = self;
        while let Some(link) = &path.0 {
            segments.push(link.1.as_str());
            path = &link.0;
        }
        f.write_str("#")?;
        segments.iter().rev().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

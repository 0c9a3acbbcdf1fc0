//! `$ref` in drafts 4, 6 and 7.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::super::documents::bridge_definitions;
use super::super::uri::{Uri, form_decode};
use super::super::{Draft, Result, invalid, unreachable_document};
use super::place::{Document, Place, resolve};
use super::{Loader, draft_of};
use crate::model::TargetId;
use crate::value::Json;

/// The objects of a document that have an identifier, by its text.
#[derive(Default)]
pub(super) struct Registry(HashMap<Arc<str>, Place>);

impl Loader<'_> {
    /// The schema that `reference` means at `place`, which is loaded later, and the text that the reference is known by:
    /// the first one by its own, those after it by the absolute URI. Equal members of a combination are found by it.
    pub(super) fn lookup(&mut self, place: &Place, reference: &Arc<str>) -> Result<(TargetId, Arc<str>)> {
        let absolute = resolve(place.base.as_deref(), reference)?;
        let key = absolute.to_string();
        if let Some(target) = self.targets.get(&key) {
            return Ok((*target, key.into()));
        }
        let found = if let Some(found) = self.registry(&place.document)?.0.get(&*key) {
            found.clone()
        } else if reference.starts_with('#') {
            self.evaluate(&place.document, reference)?
        } else {
            self.external(place, &absolute)?
        };
        let target = self.model.open_target();
        self.targets.insert(key, target);
        self.pending.push((target, found));
        Ok((target, Arc::clone(reference)))
    }

    /// Loads what references point to, until nothing new is met.
    pub(super) fn follow_references(&mut self) -> Result<()> {
        while let Some((target, place)) = self.pending.pop() {
            let schema = self.schema(&place)?;
            self.model.close_target(target, schema);
        }
        Ok(())
    }

    /// A schema in a document that was sent along, or in a meta-schema.
    fn external(&mut self, place: &Place, absolute: &Uri) -> Result<Place> {
        let whole = absolute.without_fragment();
        let (json, fragment) = match self.documents.get(absolute, self.budget)? {
            Some(json) if self.documents.contains(absolute) => (json, String::new()),
            _ => match self.documents.get(&whole, self.budget)? {
                Some(json) => (json, absolute.fragment().map_or(String::new(), |fragment| format!("#{fragment}"))),
                None => return unreachable_document(&whole),
            },
        };
        let inherited = (place.draft > Draft::Four).then_some(place.draft);
        let draft = draft_of(&json, inherited)?;
        let base = Some(Rc::new(whole));
        let document_draft = if fragment.len() > 1 { place.draft } else { draft };
        let document = Document::new(bridge_definitions(&json), base.clone(), document_draft)?;
        let found = self.evaluate(&document, &fragment)?;
        // The base is the URI the document was found by, not its own identifier.
        found.reached_by(base, draft)
    }

    /// The value at a pointer, or with the identifier, that `fragment` is.
    fn evaluate(&mut self, document: &Rc<Document>, fragment: &str) -> Result<Place> {
        let mut place = document.root();
        if fragment.is_empty() {
            return Ok(place);
        }
        if let Some(found) = self.registry(document)?.0.get(fragment) {
            return Ok(found.clone());
        }
        // A fragment that is no pointer means the whole document.
        let segments: Vec<&str> = fragment.split('/').skip(1).collect();
        let length = segments.iter().rposition(|segment| !segment.is_empty()).map_or(0, |last| last + 1);
        for segment in &segments[..length] {
            self.budget.step()?;
            let Some(decoded) = form_decode(segment) else {
                return invalid(format!("`{segment}` has a malformed escape"));
            };
            let key = decoded.replace("~1", "/").replace("~0", "~").replace("\\\"", "\"").replace("\\\\", "\\");
            let found = match &place.json {
                Json::Object(object) => object.get(&*key),
                Json::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            place = match found.cloned() {
                Some(json) => place.child(&key, &json)?,
                None => return place.error(&format!("key [{key}] not found")),
            };
        }
        Ok(place)
    }

    fn registry(&mut self, document: &Rc<Document>) -> Result<Rc<Registry>> {
        let Json::Object(object) = document.json() else {
            return Ok(Rc::default());
        };
        let key = Arc::as_ptr(object);
        if let Some(registry) = self.registries.get(&key) {
            return Ok(Rc::clone(registry));
        }
        let mut registry = Registry::default();
        let mut open = vec![document.root()];
        while let Some(place) = open.pop() {
            self.budget.step()?;
            match &place.json {
                Json::Object(object) => {
                    for (key, json) in object.iter() {
                        if matches!(json, Json::Object(_) | Json::Array(_)) {
                            open.push(place.child(key, json)?);
                        }
                    }
                    if let Some(Json::String(id)) = object.get(place.draft.id_keyword()) {
                        registry.0.insert(Arc::clone(id), place.clone());
                    }
                }
                Json::Array(items) => {
                    for (index, json) in items.iter().enumerate() {
                        open.push(place.child(&index.to_string(), json)?);
                    }
                }
                _ => {}
            }
        }
        let registry = Rc::new(registry);
        self.registries.insert(key, Rc::clone(&registry));
        Ok(registry)
    }
}

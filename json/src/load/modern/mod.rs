//! The loader of drafts 2019-09 and 2020-12.
//!
//! Every keyword is a small schema of its own; those of one object are joined from left to right, in document order.
//! The order decides what is merged into one node and what becomes an `allOf`, so it is part of the comparison.

mod anchors;
mod join;
mod keywords;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use avow_budget::Budget;

use super::documents::{Documents, bridge_definitions};
use super::uri::Uri;
use super::{Loaded, Result, invalid};
use crate::model::{Combined, Criterion, Kind, Model, Node, NodeId, Origin, TargetId};
use crate::stack::{FRAME_BYTES, deep};
use crate::value::{Json, Object};
use anchors::{Anchors, adjust};
use join::Parent;
use keywords::annotate;

pub(super) fn load(root: &Json, documents: Documents, budget: &Budget) -> Result<Loaded> {
    let root = bridge_definitions(root);
    let (anchors, root_uri) = Anchors::new(&root, documents, budget)?;
    let mut loader = Loader {
        model: Model::default(),
        budget,
        anchors,
        translated: HashMap::new(),
        open: HashSet::new(),
        cut: HashSet::new(),
        scope: Vec::new(),
        queue: VecDeque::new(),
    };
    let node = loader.target(&root_uri)?;
    loader.follow_references()?;
    let root = loader.model.add(node);
    Ok(Loaded { model: loader.model, root })
}

/// A schema that can be referred to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// By its URI.
    Anchor(String),
    /// By its place in a document: the target of a cycle.
    Place(*const Object),
}

/// An object around the one that is read, from the root inwards.
struct Scope {
    object: Arc<Object>,
    base: Uri,
    key: Key,
}

struct Loader<'a> {
    model: Model,
    budget: &'a Budget,
    anchors: Anchors<'a>,
    /// Schemas that references to them can be tied to.
    translated: HashMap<Key, NodeId>,
    /// Schemas that are being read.
    open: HashSet<Key>,
    /// Those of them that a cycle leads back to.
    cut: HashSet<Key>,
    scope: Vec<Scope>,
    /// What references wait for.
    queue: VecDeque<(TargetId, Key)>,
}

impl Loader<'_> {
    fn schema(&mut self, json: &Json, base: &Uri, anchor: Option<&str>) -> Result<Node> {
        self.budget.spend(4)?;
        match json {
            Json::Bool(true) => Ok(Kind::True.into()),
            Json::Bool(false) => Ok(Kind::False.into()),
            Json::Object(object) => {
                self.budget.hold(FRAME_BYTES)?;
                let node = deep(|| self.object_schema(object, base, anchor))?;
                self.budget.release(FRAME_BYTES);
                Ok(node)
            }
            other => invalid(format!("expected boolean or object, found {}", other.type_name())),
        }
    }

    /// A schema below a keyword, as a node of the model.
    fn child(&mut self, json: &Json, base: &Uri) -> Result<NodeId> {
        let node = self.schema(json, base, None)?;
        Ok(self.model.add(node))
    }

    fn target(&mut self, uri: &str) -> Result<Node> {
        let anchor = self.anchors.get(uri).expect("a reference is resolved when it is met").clone();
        let node = self.schema(&anchor.json, &anchor.base, Some(uri))?;
        if let Json::Bool(_) = anchor.json {
            let id = self.model.add(node.clone());
            self.translated.insert(Key::Anchor(uri.to_owned()), id);
        }
        Ok(node)
    }

    fn object_schema(&mut self, object: &Arc<Object>, base: &Uri, anchor: Option<&str>) -> Result<Node> {
        let key = match anchor {
            Some(uri) => Key::Anchor(uri.to_owned()),
            None => Key::Place(Arc::as_ptr(object)),
        };
        let base = adjust(base, object)?;
        if self.open.contains(&key) {
            self.cut.insert(key.clone());
            return Ok(self.reference("#".into(), key));
        }
        self.open.insert(key.clone());
        self.scope.push(Scope { object: Arc::clone(object), base: base.clone(), key: key.clone() });
        let node = self.with_dynamic_reference(object, &base, &key)?;
        self.scope.pop();
        self.open.remove(&key);
        Ok(node)
    }

    fn with_dynamic_reference(&mut self, object: &Arc<Object>, base: &Uri, key: &Key) -> Result<Node> {
        let Some(json) = object.get("$dynamicRef") else {
            return self.composite(object, base, key);
        };
        let Json::String(reference) = json else {
            return invalid(format!("expected string, found {}", json.type_name()));
        };
        let fallback = self.anchors.resolve(reference, base)?;
        let name = reference.split_once('#').map_or(&**reference, |(_, name)| name);
        let found = self.scope.iter().find_map(|scope| dynamic_anchor(scope, name));
        let referred = match found {
            Some((object, base, Key::Anchor(uri))) => self.schema(&Json::Object(object), &base, Some(&uri))?,
            Some((object, base, Key::Place(_))) => self.schema(&Json::Object(object), &base, None)?,
            None => self.target(&fallback)?,
        };
        let own = self.composite(object, base, key)?;
        self.join(Parent::Object, Some(referred), own)
    }

    fn composite(&mut self, object: &Arc<Object>, base: &Uri, key: &Key) -> Result<Node> {
        let mut node = self.keywords(object, base)?;
        if let Kind::Combined(Combined { criterion: Criterion::All, members, origin: Origin::Generated }) = &node.kind {
            match members[..] {
                [] => node = Kind::Empty.into(),
                [only] => node = self.model.node(only).clone(),
                _ => {}
            }
        }
        annotate(&mut node, object)?;
        if matches!(key, Key::Anchor(_)) || self.cut.contains(key) {
            let id = self.model.add(node.clone());
            self.translated.insert(key.clone(), id);
        }
        if let Some(json) = object.get("$defs") {
            let Json::Object(definitions) = json else {
                return invalid(format!("expected object, found {}", json.type_name()));
            };
            for json in definitions.values() {
                self.schema(json, base, None)?;
                self.follow_references()?;
            }
        }
        Ok(node)
    }

    /// A node that refers to `key`, to be tied by [`Loader::follow_references`].
    fn reference(&mut self, reference: Arc<str>, key: Key) -> Node {
        let target = self.model.open_target();
        self.queue.push_back((target, key));
        Kind::Reference { reference, target }.into()
    }

    /// Ties all references that are met so far, and those in what they refer to.
    fn follow_references(&mut self) -> Result<()> {
        let mut copies: HashMap<Key, NodeId> = HashMap::new();
        let mut later = Vec::new();
        while let Some((target, key)) = self.queue.pop_front() {
            self.budget.step()?;
            let node = if let Some(copy) = copies.get(&key) {
                *copy
            } else if let Some(translated) = self.translated.get(&key) {
                let node = self.model.node(*translated).clone();
                let copy = self.model.add(node);
                copies.insert(key, copy);
                copy
            } else if let Key::Anchor(uri) = &key
                && !self.open.contains(&key)
            {
                self.budget.hold(FRAME_BYTES)?;
                let node = deep(|| {
                    let node = self.target(uri)?;
                    self.follow_references()?;
                    Ok::<_, super::LoadError>(node)
                })?;
                self.budget.release(FRAME_BYTES);
                let id = self.model.add(node);
                copies.insert(key, id);
                id
            } else {
                later.push((target, key));
                continue;
            };
            self.model.close_target(target, node);
        }
        self.queue.extend(later);
        Ok(())
    }
}

/// The schema in `scope` whose `$dynamicAnchor` is `name`: the object itself, or the first of its definitions.
fn dynamic_anchor(scope: &Scope, name: &str) -> Option<(Arc<Object>, Uri, Key)> {
    let (mut object, mut base, mut key) = (Arc::clone(&scope.object), scope.base.clone(), scope.key.clone());
    loop {
        if object.get("$dynamicAnchor").and_then(Json::as_str).is_some_and(|anchor| &**anchor == name) {
            return Some((object, base, key));
        }
        let first = object.get("$defs")?.as_object()?.values().find_map(|json| match json {
            Json::Object(object) => Some(Arc::clone(object)),
            _ => None,
        })?;
        base = adjust(&base, &first).ok()?;
        key = Key::Place(Arc::as_ptr(&first));
        object = first;
    }
}

//! The loader of drafts 4, 6 and 7: keywords are sorted by the kind of value they are about.

mod keywords;
mod lookup;
mod place;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use avow_budget::Budget;

use super::documents::{Documents, bridge_definitions};
use super::uri::Uri;
use super::{Draft, LoadError, Loaded, Result, invalid};
use crate::model::{
    ArrayRules, Combined, Criterion, Kind, Model, Node, NodeId, NumberRules, ObjectRules, Origin, StringRules, TargetId,
};
use crate::pattern::Pattern;
use crate::stack::{FRAME_BYTES, deep};
use crate::value::{Json, Object};
use lookup::Registry;
use place::{Document, Place};

const ARRAY_KEYWORDS: [&str; 6] = ["items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains"];
const OBJECT_KEYWORDS: [&str; 8] = [
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "dependencies",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
];
const NUMBER_KEYWORDS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const STRING_KEYWORDS: [&str; 4] = ["minLength", "maxLength", "pattern", "format"];
const CONDITIONAL_KEYWORDS: [&str; 3] = ["if", "then", "else"];

/// Draft 4 lacks the last of each.
fn array_keywords(draft: Draft) -> &'static [&'static str] {
    if draft == Draft::Four { &ARRAY_KEYWORDS[..5] } else { &ARRAY_KEYWORDS }
}

fn object_keywords(draft: Draft) -> &'static [&'static str] {
    if draft == Draft::Four { &OBJECT_KEYWORDS[..7] } else { &OBJECT_KEYWORDS }
}

pub(super) fn load(root: &Json, references: &[(&str, &str)], budget: &Budget) -> Result<Loaded> {
    let draft = draft_of(root, Some(Draft::Seven))?;
    // Names are resolved against the identifier of the dialect that `$schema` spells exactly.
    let base = match root.get(naming_draft(root).id_keyword()) {
        Some(Json::String(id)) => Some(Uri::parse(id)?),
        _ => None,
    };
    let documents = Documents::draft7(references, base.as_ref(), budget)?;
    let document = Document::new(bridge_definitions(root), None, draft)?;
    let place = document.root();
    let mut loader = Loader {
        model: Model::default(),
        budget,
        documents,
        registries: HashMap::new(),
        targets: HashMap::new(),
        pending: Vec::new(),
    };
    let root = loader.schema(&place)?;
    loader.follow_references()?;
    Ok(Loaded { model: loader.model, root })
}

/// The draft that `$schema` names; `otherwise` if it names none that is known.
fn draft_of(root: &Json, otherwise: Option<Draft>) -> Result<Draft> {
    match root.get("$schema") {
        None | Some(Json::Null) => Ok(otherwise.unwrap_or(Draft::Four)),
        Some(Json::String(url)) => match Draft::of_meta_schema(url).or(otherwise) {
            Some(draft) => Ok(draft),
            None => invalid("could not determine version"),
        },
        Some(other) => invalid(format!("`$schema` is not a string but {}", other.type_name())),
    }
}

fn naming_draft(root: &Json) -> Draft {
    match root.get("$schema").and_then(Json::as_str) {
        Some(url) if url.contains("://json-schema.org/draft-04/schema") => Draft::Four,
        _ => Draft::Seven,
    }
}

struct Loader<'a> {
    model: Model,
    budget: &'a Budget,
    documents: Documents<'a>,
    /// Objects with an identifier, by document.
    registries: HashMap<*const Object, Rc<Registry>>,
    /// By the absolute reference.
    targets: HashMap<String, TargetId>,
    pending: Vec<(TargetId, Place)>,
}

impl Loader<'_> {
    fn schema(&mut self, place: &Place) -> Result<NodeId> {
        self.budget.spend(4)?;
        self.budget.hold(FRAME_BYTES)?;
        let id = deep(|| match &place.json {
            Json::Bool(true) => Ok(self.model.add(Kind::True)),
            Json::Bool(false) => Ok(self.model.add(Kind::False)),
            Json::Object(object) => self.object_schema(place, &Arc::clone(object)),
            other => place.expected("a boolean or an object", other),
        })?;
        self.budget.release(FRAME_BYTES);
        Ok(id)
    }

    fn child(&mut self, place: &Place, key: &str, json: &Json) -> Result<NodeId> {
        let child = place.child(key, json)?;
        self.schema(&child)
    }

    fn object_schema(&mut self, place: &Place, object: &Object) -> Result<NodeId> {
        let mut schema = ObjectSchema { place, object, consumed: HashSet::new() };
        if object.contains_key("$ref") {
            let reference = schema.string("$ref")?.expect("the key is there");
            let (target, reference) = self.lookup(place, &reference)?;
            let mut node = Node::from(Kind::Reference { reference, target });
            schema.common(&mut node)?;
            return Ok(self.model.add(node));
        }
        let mut parts: Vec<Kind> = Vec::new();
        if let Some(values) = schema.array("enum")? {
            parts.push(Kind::Enum(values));
        }
        self.combinations(&mut schema, &mut parts)?;
        if let Some(json) = schema.take("not") {
            parts.push(Kind::Not(self.child(place, "not", &json)?));
        }
        if place.draft >= Draft::Six
            && let Some(json) = schema.take("const")
        {
            parts.push(Kind::Const(json));
        }
        self.types(&mut schema, &mut parts)?;
        self.untyped(&mut schema, &mut parts)?;
        let kind = match parts.len() {
            0 => Kind::Empty,
            1 => parts.remove(0),
            _ => {
                let members = parts.into_iter().map(|part| self.model.add(part)).collect();
                Kind::Combined(Combined { criterion: Criterion::All, members, origin: Origin::Generated })
            }
        };
        let mut node = Node::from(kind);
        schema.common(&mut node)?;
        if let Kind::Array(rules) = &mut node.kind {
            // No keywords of these drafts, but the comparison looks at them.
            [rules.min_contains, rules.max_contains] =
                ["minContains", "maxContains"].map(|key| match object.get(key) {
                    Some(Json::Number(number)) => Some(number.wrapping_i32()),
                    _ => None,
                });
        }
        Ok(self.model.add(node))
    }

    fn combinations(&mut self, schema: &mut ObjectSchema, parts: &mut Vec<Kind>) -> Result<()> {
        for criterion in [Criterion::All, Criterion::Any, Criterion::One] {
            let keyword = criterion.as_str();
            if let Some(items) = schema.array(keyword)? {
                let members = self.children(schema.place, keyword, &items)?;
                parts.push(Kind::Combined(Combined { criterion, members, origin: Origin::Keyword }));
            }
        }
        Ok(())
    }

    fn children(&mut self, place: &Place, keyword: &str, items: &[Json]) -> Result<Vec<NodeId>> {
        let list = place.descend(keyword);
        items.iter().enumerate().map(|(index, item)| self.child(&list, &index.to_string(), item)).collect()
    }

    fn types(&mut self, schema: &mut ObjectSchema, parts: &mut Vec<Kind>) -> Result<()> {
        match schema.take("type") {
            None => {}
            Some(Json::String(name)) => parts.push(self.typed(schema, &name)?),
            Some(Json::Array(names)) => {
                let list = schema.place.descend("type");
                let mut members = Vec::new();
                for (index, name) in names.iter().enumerate() {
                    let Json::String(name) = name else {
                        return list.descend(&index.to_string()).expected("a string", name);
                    };
                    let kind = self.typed(schema, name)?;
                    members.push(self.model.add(kind));
                }
                parts.push(Kind::Combined(Combined { criterion: Criterion::Any, members, origin: Origin::Keyword }));
            }
            Some(other) => return schema.place.descend("type").expected("an array or a string", &other),
        }
        Ok(())
    }

    /// A named type with all keywords of its kind.
    fn typed(&mut self, schema: &mut ObjectSchema, name: &str) -> Result<Kind> {
        Ok(match name {
            "string" => Kind::String(StringRules { typed: true, ..schema.string_rules()? }),
            "integer" => Kind::Number(NumberRules { typed: true, integer: true, ..schema.number_rules()? }),
            "number" => Kind::Number(NumberRules { typed: true, ..schema.number_rules()? }),
            "boolean" => Kind::Boolean,
            "null" => Kind::Null,
            "array" => Kind::Array(Box::new(ArrayRules { typed: true, ..self.array_rules(schema)? })),
            "object" => Kind::Object(Box::new(ObjectRules { typed: true, ..self.object_rules(schema)? })),
            _ => return schema.place.error(&format!("unknown type: [{name}]")),
        })
    }

    /// Keywords of kinds that `type` does not name.
    fn untyped(&mut self, schema: &mut ObjectSchema, parts: &mut Vec<Kind>) -> Result<()> {
        let draft = schema.place.draft;
        if schema.has_any(array_keywords(draft)) {
            parts.push(Kind::Array(Box::new(self.array_rules(schema)?)));
        }
        if schema.has_any(object_keywords(draft)) {
            parts.push(Kind::Object(Box::new(self.object_rules(schema)?)));
        }
        if schema.has_any(&NUMBER_KEYWORDS) {
            parts.push(Kind::Number(schema.number_rules()?));
        }
        if schema.has_any(&STRING_KEYWORDS) {
            parts.push(Kind::String(schema.string_rules()?));
        }
        if draft >= Draft::Seven && schema.has_any(&CONDITIONAL_KEYWORDS) {
            let [condition, then, otherwise] = CONDITIONAL_KEYWORDS.map(|keyword| schema.take(keyword));
            let mut branch =
                |keyword, json: Option<Json>| json.map(|json| self.child(schema.place, keyword, &json)).transpose();
            parts.push(Kind::Conditional {
                condition: branch("if", condition)?,
                then: branch("then", then)?,
                otherwise: branch("else", otherwise)?,
            });
        }
        Ok(())
    }
}

/// An object of the document, and which of its keys a keyword accounts for.
struct ObjectSchema<'a> {
    place: &'a Place,
    object: &'a Object,
    consumed: HashSet<&'a str>,
}

impl ObjectSchema<'_> {
    fn has_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.object.contains_key(*keyword) && !self.consumed.contains(keyword))
    }

    fn consume(&mut self, keywords: &[&str]) {
        for keyword in keywords {
            if let Some((key, _)) = self.object.get_key_value(*keyword) {
                self.consumed.insert(key);
            }
        }
    }

    /// The value of a keyword that no other kind uses.
    fn take(&mut self, keyword: &str) -> Option<Json> {
        let (key, json) = self.object.get_key_value(keyword)?;
        self.consumed.insert(key);
        Some(json.clone())
    }

    fn typed_value<T>(
        &mut self,
        keyword: &str,
        expected: &str,
        convert: impl Fn(&Json) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.take(keyword) {
            None => Ok(None),
            Some(json) => match convert(&json) {
                Some(value) => Ok(Some(value)),
                None => self.place.descend(keyword).expected(expected, &json),
            },
        }
    }

    fn string(&mut self, keyword: &str) -> Result<Option<Arc<str>>> {
        self.typed_value(keyword, "a string", |json| json.as_str().cloned())
    }

    fn array(&mut self, keyword: &str) -> Result<Option<Arc<Vec<Json>>>> {
        self.typed_value(keyword, "an array", |json| match json {
            Json::Array(items) => Some(Arc::clone(items)),
            _ => None,
        })
    }

    fn members(&mut self, keyword: &str) -> Result<Option<Arc<Object>>> {
        self.typed_value(keyword, "an object", |json| match json {
            Json::Object(object) => Some(Arc::clone(object)),
            _ => None,
        })
    }

    fn boolean(&mut self, keyword: &str) -> Result<Option<bool>> {
        self.typed_value(keyword, "a boolean", |json| match json {
            Json::Bool(value) => Some(*value),
            _ => None,
        })
    }

    fn integer(&mut self, keyword: &str) -> Result<Option<i32>> {
        self.typed_value(keyword, "an integer", |json| match json {
            Json::Number(number) => number.as_i32(),
            _ => None,
        })
    }

    fn pattern(&mut self, keyword: &str) -> Result<Option<Pattern>> {
        match self.string(keyword)? {
            Some(source) => Ok(Some(parse_pattern(&source)?)),
            None => Ok(None),
        }
    }

    /// What every schema can have, and what nothing accounts for.
    fn common(&mut self, node: &mut Node) -> Result<()> {
        let draft = self.place.draft;
        node.id = self.string(draft.id_keyword())?;
        node.title = self.string("title")?;
        node.description = self.string("description")?;
        if draft == Draft::Seven {
            self.boolean("readOnly")?;
            self.boolean("writeOnly")?;
        }
        node.default = self.take("default");
        node.unprocessed = self
            .object
            .iter()
            .filter(|(key, _)| !self.consumed.contains(&***key))
            .map(|(key, json)| (Arc::clone(key), json.clone()))
            .collect();
        Ok(())
    }
}

fn parse_pattern(source: &Arc<str>) -> Result<Pattern> {
    Pattern::parse(source)
        .map_err(|message| LoadError::Invalid(format!("the pattern `{source}` is refused: {message}")))
}

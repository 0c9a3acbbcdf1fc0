//! The documents that a `$ref` can reach: references by name, and the meta-schemas.

use std::collections::HashMap;
use std::sync::Arc;

use avow_budget::Budget;
use referencing::meta;

use super::uri::Uri;
use super::{LoadError, Result, invalid};
use crate::reader::{self, ReadError};
use crate::value::{Json, Object};

/// Documents by URI, read when they are first asked for.
pub(super) struct Documents<'a> {
    texts: HashMap<Uri, &'a str>,
}

impl<'a> Documents<'a> {
    /// Under their names resolved against the identifier of the root. All must be objects.
    pub(super) fn draft7(references: &[(&'a str, &'a str)], base: Option<&Uri>, budget: &Budget) -> Result<Self> {
        let mut texts = HashMap::new();
        for (name, text) in references {
            let uri = match base {
                Some(base) => base.resolve(name)?,
                None => Uri::parse(name)?,
            };
            if read(text, budget)?.as_object().is_none() {
                return invalid(format!("the reference `{name}` is not a JSON object"));
            }
            texts.entry(uri).or_insert(*text);
        }
        Ok(Self { texts })
    }

    /// Under their names, and under the names that relative references come to.
    pub(super) fn modern(references: &[(&'a str, &'a str)]) -> Result<Self> {
        let mut texts = HashMap::new();
        for (name, text) in references {
            let uri = Uri::parse(name)?;
            if !uri.is_absolute() {
                texts.entry(Uri::parse(&format!("mem://input/{name}"))?).or_insert(*text);
                if !name.starts_with('.') {
                    texts.entry(Uri::parse(&format!("./{name}"))?).or_insert(*text);
                }
            }
            texts.entry(uri).or_insert(*text);
        }
        Ok(Self { texts })
    }

    pub(super) fn contains(&self, uri: &Uri) -> bool {
        self.texts.contains_key(uri)
    }

    /// The document at `uri`, which has no fragment unless a name has one.
    pub(super) fn get(&self, uri: &Uri, budget: &Budget) -> Result<Option<Json>> {
        match self.texts.get(uri) {
            Some(text) => read(text, budget).map(Some),
            None => match meta_schema(uri) {
                Some(text) => read(&text, budget).map(Some),
                None => Ok(None),
            },
        }
    }
}

/// Schemas under `definitions` can be referred to under `$defs` too.
pub(super) fn bridge_definitions(root: &Json) -> Json {
    let Json::Object(object) = root else {
        return root.clone();
    };
    let Some(definitions) = object.get("definitions").and_then(Json::as_object) else {
        return root.clone();
    };
    let mut defs = match object.get("$defs") {
        None => Object::new(),
        Some(Json::Object(defs)) => Object::clone(defs),
        Some(_) => return root.clone(),
    };
    for (name, json) in definitions {
        defs.entry(Arc::clone(name)).or_insert_with(|| json.clone());
    }
    let mut bridged = Object::clone(object);
    bridged.insert("$defs".into(), Json::Object(Arc::new(defs)));
    Json::Object(Arc::new(bridged))
}

fn read(text: &str, budget: &Budget) -> Result<Json> {
    match reader::read(text, budget) {
        Ok(Some(json)) => Ok(json),
        Ok(None) => invalid("a reference is empty"),
        Err(ReadError::Syntax(error)) => invalid(format!("a reference is not JSON: {error}")),
        Err(ReadError::Exceeded(exceeded)) => Err(LoadError::Exceeded(exceeded)),
    }
}

fn meta_schema(uri: &Uri) -> Option<String> {
    let uri = uri.without_fragment().to_string();
    let path = uri.strip_prefix("http://json-schema.org/").or_else(|| uri.strip_prefix("https://json-schema.org/"))?;
    let schema = match path {
        "draft-04/schema" | "schema" => &meta::DRAFT4,
        "draft-06/schema" => &meta::DRAFT6,
        "draft-07/schema" => &meta::DRAFT7,
        "draft/2019-09/schema" => &meta::DRAFT201909,
        "draft/2019-09/meta/applicator" => &meta::DRAFT201909_APPLICATOR,
        "draft/2019-09/meta/content" => &meta::DRAFT201909_CONTENT,
        "draft/2019-09/meta/core" => &meta::DRAFT201909_CORE,
        "draft/2019-09/meta/format" => &meta::DRAFT201909_FORMAT,
        "draft/2019-09/meta/meta-data" => &meta::DRAFT201909_META_DATA,
        "draft/2019-09/meta/validation" => &meta::DRAFT201909_VALIDATION,
        "draft/2020-12/schema" => &meta::DRAFT202012,
        "draft/2020-12/meta/core" => &meta::DRAFT202012_CORE,
        "draft/2020-12/meta/applicator" => &meta::DRAFT202012_APPLICATOR,
        "draft/2020-12/meta/unevaluated" => &meta::DRAFT202012_UNEVALUATED,
        "draft/2020-12/meta/validation" => &meta::DRAFT202012_VALIDATION,
        "draft/2020-12/meta/meta-data" => &meta::DRAFT202012_META_DATA,
        "draft/2020-12/meta/format-annotation" => &meta::DRAFT202012_FORMAT_ANNOTATION,
        "draft/2020-12/meta/content" => &meta::DRAFT202012_CONTENT,
        _ => return None,
    };
    Some(schema.to_string())
}

//! From JSON to the model: one loader for drafts 4, 6 and 7, one for 2019-09 and 2020-12.

mod documents;
mod draft7;
mod modern;
mod uri;

use avow_budget::{Budget, Exceeded};

use crate::model::{Kind, Model, NodeId};
use crate::value::Json;
use documents::Documents;

pub(crate) struct Loaded {
    pub(crate) model: Model,
    pub(crate) root: NodeId,
}

/// Why a document is no schema.
#[derive(Debug)]
pub(crate) enum LoadError {
    Invalid(String),
    Exceeded(Exceeded),
}

impl From<Exceeded> for LoadError {
    fn from(exceeded: Exceeded) -> Self {
        Self::Exceeded(exceeded)
    }
}

impl From<uri::InvalidUri> for LoadError {
    fn from(invalid: uri::InvalidUri) -> Self {
        Self::Invalid(format!("`{}` is not a URI", invalid.0))
    }
}

type Result<T> = std::result::Result<T, LoadError>;

fn invalid<T>(message: impl Into<String>) -> Result<T> {
    Err(LoadError::Invalid(message.into()))
}

/// The drafts that one reader serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Draft {
    Four,
    Six,
    Seven,
}

impl Draft {
    /// The draft that a `$schema` names, whatever follows its URL.
    fn of_meta_schema(url: &str) -> Option<Self> {
        let rest =
            url.strip_prefix("http://json-schema.org/").or_else(|| url.strip_prefix("https://json-schema.org/"))?;
        [
            ("draft-04/schema", Self::Four),
            ("schema", Self::Four),
            ("draft-06/schema", Self::Six),
            ("draft-07/schema", Self::Seven),
        ]
        .into_iter()
        .find_map(|(path, draft)| rest.starts_with(path).then_some(draft))
    }

    fn id_keyword(self) -> &'static str {
        if self == Self::Four { "id" } else { "$id" }
    }
}

/// `$schema` names 2019-09 or 2020-12.
fn is_modern(root: &Json) -> bool {
    let Some(url) = root.get("$schema").and_then(Json::as_str) else {
        return false;
    };
    let url = url.strip_suffix('#').unwrap_or(url);
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    matches!(rest, Some("json-schema.org/draft/2019-09/schema" | "json-schema.org/draft/2020-12/schema"))
}

/// Loads `root` with the texts of its references by name.
pub(crate) fn load(root: &Json, references: &[(&str, &str)], budget: &Budget) -> Result<Loaded> {
    match root {
        Json::Object(_) if is_modern(root) => modern::load(root, Documents::modern(references)?, budget),
        Json::Object(_) => draft7::load(root, references, budget),
        Json::Bool(value) => {
            let mut model = Model::default();
            let root = model.add(if *value { Kind::True } else { Kind::False });
            Ok(Loaded { model, root })
        }
        other => invalid(format!(
            "expected an object or boolean at the root, found {}",
            other.type_name().to_ascii_uppercase()
        )),
    }
}

/// Why a reference to a document that nobody sent cannot be followed: nothing is ever fetched.
fn unreachable_document<T>(uri: &uri::Uri) -> Result<T> {
    match uri.scheme() {
        Some("http" | "https") => invalid(format!("Remote schema reference fetching over HTTP(S) is disabled: {uri}")),
        Some(_) => invalid(format!("`{uri}` is not among the references, and is not opened")),
        None => invalid(format!("`{uri}` is not among the references")),
    }
}

//! Rules about how much there is.

use super::Strictness;
use super::{Document, Hit};
use crate::source::{Item, Node, Shape};

pub fn bytes(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let (bytes, max) = (document.bytes, strictness.max(100_000));
    if bytes <= max {
        return Vec::new();
    }
    vec![Hit::new(document.root, None, "", format!("The file has {bytes} bytes; {max} are allowed"))]
}

/// Reported once, where the nesting becomes too deep.
pub fn depth(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let max = strictness.max(12);
    let deep = document.items.iter().find_map(|item| match item {
        Item::Type(it) if it.depth > max => Some(it),
        _ => None,
    });
    deep.map(|it| Hit::new(it.node, None, &it.path, format!("Types are nested deeper than {max}")))
        .into_iter()
        .collect()
}

pub fn branches(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let max = strictness.max(8);
    let mut hits = Vec::new();
    for item in &document.items {
        let Item::Type(it) = item else { continue };
        let count = it.node.elements().len();
        if matches!(it.shape, Shape::Union) && count > max {
            let span = it.node.span.start..it.node.span.start + 1;
            let title = format!("`{}` may be one of {count} types; {max} are allowed", it.path);
            hits.push(Hit { span, path: it.path.clone(), title });
        }
    }
    hits
}

pub fn fields(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let max = strictness.max(200);
    let mut hits = Vec::new();
    for item in &document.items {
        let Item::Type(it) = item else { continue };
        let count = it.node.get("fields").map_or(0, |fields: &Node| fields.elements().len());
        if count > max {
            let title = format!("`{}` has {count} fields; {max} are allowed", it.path);
            hits.push(Hit::new(it.node, None, &it.path, title));
        }
    }
    hits
}

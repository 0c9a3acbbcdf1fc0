//! Rules about what a document changes of the one that was there before.

use super::{Document, Hit};
use crate::source::{Field, Item, Node, Shape, Type};

/// A type of the same full name in both.
struct Pair<'d, 't> {
    before: &'d Type<'t>,
    after: &'d Type<'t>,
}

/// The types of a kind that are in both.
fn pairs<'d, 't>(before: &'d Document<'t>, after: &'d Document<'t>, kinds: &'static [&str]) -> Vec<Pair<'d, 't>> {
    let named = |document: &'d Document<'t>| {
        document.items.iter().filter_map(|item| match item {
            Item::Type(it @ Type { shape: Shape::Named { what, full }, .. }) if kinds.contains(what) => {
                Some((full, it))
            }
            _ => None,
        })
    };
    let pair = |(full, after)| {
        let (_, before) = named(before).find(|(known, _)| *known == full)?;
        Some(Pair { before, after })
    };
    named(after).filter_map(pair).collect()
}

fn fields<'t>(of: &Type<'t>) -> &'t [Node] {
    of.node.get("fields").map(Node::elements).unwrap_or_default()
}

/// The names a field goes by, its own first.
fn names(field: &Node) -> impl Iterator<Item = &str> {
    let aliases = field.get("aliases").map(Node::elements).unwrap_or_default();
    field.get_text("name").into_iter().chain(aliases.iter().filter_map(Node::text))
}

/// The fields that a record has gained, whatever they were called.
fn gained<'d, 't>(document: &'d Document<'t>, pair: &Pair<'_, 't>) -> Vec<&'d Field<'t>> {
    let known: Vec<&str> = fields(pair.before).iter().filter_map(|field| field.get_text("name")).collect();
    let is_new = |field: &Node| !names(field).any(|name| known.contains(&name));
    let new: Vec<&Node> = fields(pair.after).iter().filter(|field| is_new(field)).collect();
    let all = document.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some(field),
        Item::Type(_) => None,
    });
    all.filter(|field| new.iter().any(|new| std::ptr::eq(*new, field.node))).collect()
}

pub fn symbol_gone(before: &Document<'_>, after: &Document<'_>) -> Vec<Hit> {
    let symbols = |of: &Type<'_>| -> Vec<String> {
        let listed = of.node.get("symbols").map(Node::elements).unwrap_or_default();
        listed.iter().filter_map(Node::text).map(str::to_owned).collect()
    };
    let mut hits = Vec::new();
    for pair in pairs(before, after, &["enum"]) {
        if pair.after.node.get("default").is_some() {
            continue;
        }
        let left = symbols(pair.after);
        for gone in symbols(pair.before).iter().filter(|symbol| !left.contains(symbol)) {
            let title = format!("`{gone}` is gone from `{}`, which has no default", pair.after.path);
            hits.push(Hit::new(pair.after.node, Some("symbols"), &pair.after.path, title));
        }
    }
    hits
}

pub fn new_without_default(before: &Document<'_>, after: &Document<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for pair in pairs(before, after, &["record", "error"]) {
        for field in gained(after, &pair) {
            if field.node.get("default").is_none() {
                let title = format!("`{}` is new and has no default", field.path);
                hits.push(Hit::new(field.node, None, &field.path, title));
            }
        }
    }
    hits
}

pub fn renamed_without_alias(before: &Document<'_>, after: &Document<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for pair in pairs(before, after, &["record", "error"]) {
        let kept: Vec<&str> = fields(pair.after).iter().flat_map(names).collect();
        let is_gone = |field: &&Node| field.get_text("name").is_some_and(|name| !kept.contains(&name));
        let mut gone: Vec<&Node> = fields(pair.before).iter().filter(is_gone).collect();
        for field in gained(after, &pair) {
            let same = |old: &&Node| old.get("type").is_some_and(|kind| kind.says_same(field.kind));
            let Some(at) = gone.iter().position(same) else { continue };
            let old = gone.remove(at).get_text("name").unwrap_or_default();
            let title = format!("`{}` looks like `{old}` under another name", field.path);
            hits.push(Hit::new(field.node, Some("name"), &field.path, title));
        }
    }
    hits
}

//! Rules about names.

use super::Strictness;
use super::Style;
use super::{Document, Hit};
use crate::source::{Field, Item, Shape, Type};

/// Types that have a name, with it.
fn named<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = (&'d Type<'t>, &'d str)> {
    document.items.iter().filter_map(|item| match item {
        Item::Type(it @ Type { shape: Shape::Named { full, .. }, .. }) => Some((it, full.as_str())),
        _ => None,
    })
}

fn all_fields<'d, 't>(document: &'d Document<'t>) -> impl Iterator<Item = &'d Field<'t>> {
    document.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some(field),
        Item::Type(_) => None,
    })
}

fn short(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

pub fn without_namespace(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let bare = named(document).filter(|(_, full)| !full.contains('.'));
    bare.map(|(it, full)| Hit::new(it.node, None, &it.path, format!("`{full}` has no namespace"))).collect()
}

pub fn namespaces(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let Some(pattern) = &strictness.pattern else { return Vec::new() };
    let foreign = named(document).filter_map(|(it, full)| {
        let space = full.rsplit_once('.').map_or("", |(space, _)| space);
        (!fits(pattern, space)).then(|| {
            let title = format!("The namespace of `{full}` does not fit `{pattern}`");
            Hit::new(it.node, Some("namespace"), &it.path, title)
        })
    });
    foreign.collect()
}

/// Whether a name fits a pattern with `*` for anything; several patterns are separated by commas.
pub fn fits(patterns: &str, name: &str) -> bool {
    patterns.split(',').any(|pattern| {
        let mut parts = pattern.trim().split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    })
}

pub fn types(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let style = strictness.style.unwrap_or(Style::Pascal);
    let odd = named(document).filter(|(_, full)| !style.has(short(full)));
    odd.map(|(it, full)| Hit::new(it.node, None, &it.path, format!("`{}` is not {}", short(full), style.name())))
        .collect()
}

/// Without a style given, the one that most fields have.
pub fn fields(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let votes = |style: Style| {
        let one_style =
            all_fields(document).filter(|field| Style::Camel.has(field.name) != Style::Snake.has(field.name));
        one_style.filter(|field| style.has(field.name)).count()
    };
    let common = if votes(Style::Snake) >= votes(Style::Camel) { Style::Snake } else { Style::Camel };
    let style = strictness.style.unwrap_or(common);
    let odd = all_fields(document).filter(|field| !style.has(field.name));
    odd.map(|field| Hit::new(field.node, None, &field.path, format!("`{}` is not {}", field.name, style.name())))
        .collect()
}

pub fn symbols(document: &Document<'_>, strictness: &Strictness) -> Vec<Hit> {
    let style = strictness.style.unwrap_or(Style::Screaming);
    let mut hits = Vec::new();
    for (it, _) in named(document) {
        for symbol in it.node.get("symbols").map(crate::source::Node::elements).unwrap_or_default() {
            if let Some(name) = symbol.text().filter(|name| !style.has(name)) {
                hits.push(Hit::new(symbol, None, &it.path, format!("`{name}` is not {}", style.name())));
            }
        }
    }
    hits
}

fn root_name<'d>(document: &'d Document<'_>) -> Option<(&'d Type<'d>, &'d str)> {
    named(document).find(|(it, _)| it.depth == 0)
}

pub fn file(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let Some((it, full)) = root_name(document) else { return Vec::new() };
    let stem = document.stem.as_str();
    let stem = stem.strip_suffix("-key").or_else(|| stem.strip_suffix("-value")).unwrap_or(stem);
    if stem == full || stem == short(full) {
        return Vec::new();
    }
    vec![Hit::new(it.node, None, &it.path, format!("`{full}` is defined in a file named `{}`", document.stem))]
}

pub fn subject(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let Some((it, full)) = root_name(document) else { return Vec::new() };
    let subject = document.subject;
    if subject == full || subject.strip_suffix(full).is_some_and(|topic| topic.ends_with('-')) {
        return Vec::new();
    }
    vec![Hit::new(it.node, None, &it.path, format!("The subject `{subject}` holds `{full}`"))]
}

/// Keywords of Java, Kotlin, Python and Rust that are words people use.
const RESERVED: [&str; 62] = [
    "abstract",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "crate",
    "def",
    "default",
    "del",
    "do",
    "else",
    "enum",
    "extends",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "fun",
    "global",
    "goto",
    "if",
    "impl",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "is",
    "lambda",
    "let",
    "loop",
    "match",
    "mod",
    "mut",
    "native",
    "new",
    "object",
    "package",
    "pass",
    "private",
    "protected",
    "public",
    "raise",
    "return",
    "self",
    "static",
    "super",
    "switch",
    "throw",
    "trait",
    "try",
    "val",
    "var",
    "while",
    "yield",
];

pub fn reserved(document: &Document<'_>, _: &Strictness) -> Vec<Hit> {
    let fields = all_fields(document).map(|field| (field.node, &field.path, field.name));
    let types = named(document).map(|(it, full)| (it.node, &it.path, short(full)));
    let kept = fields.chain(types).filter(|(_, _, name)| RESERVED.contains(name));
    kept.map(|(node, path, name)| {
        Hit::new(node, None, path, format!("`{name}` is a word of Java, Kotlin, Python or Rust"))
    })
    .collect()
}

impl Style {
    fn has(self, name: &str) -> bool {
        let is_all = |allowed: fn(char) -> bool| name.chars().all(|c| allowed(c) || c.is_ascii_digit());
        let first = name.chars().next();
        match self {
            Self::Pascal => first.is_some_and(|c| c.is_ascii_uppercase()) && is_all(|c| c.is_ascii_alphabetic()),
            Self::Camel => first.is_some_and(|c| c.is_ascii_lowercase()) && is_all(|c| c.is_ascii_alphabetic()),
            Self::Snake => {
                first.is_some_and(|c| c.is_ascii_lowercase()) && is_all(|c| c.is_ascii_lowercase() || c == '_')
            }
            Self::Screaming => {
                first.is_some_and(|c| c.is_ascii_uppercase()) && is_all(|c| c.is_ascii_uppercase() || c == '_')
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pascal => "PascalCase",
            Self::Camel => "camelCase",
            Self::Snake => "snake_case",
            Self::Screaming => "SCREAMING_SNAKE_CASE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("com.acme.*", "com.acme.orders", true),
            ("com.acme.*", "com.acme", false),
            ("com.acme, com.acme.*", "com.acme", true),
            ("*email*", "customer_email", true),
            ("*email", "email_of", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}

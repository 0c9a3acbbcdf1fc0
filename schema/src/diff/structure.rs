//! The structural differences between two schemas, as edits that people make.

use std::collections::HashSet;

use super::located::{Located, Text, root, short};
use crate::source::Node;

/// A structural change of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    FieldAdded,
    FieldRemoved,
    FieldRenamed,
    FieldsReordered,
    TypeChanged,
    NameChanged,
    SizeChanged,
    SymbolAdded,
    SymbolRemoved,
    SymbolsReordered,
    ReferenceChanged,
    BranchAdded,
    BranchRemoved,
    BranchesReordered,
    DefaultChanged,
    AliasesChanged,
    LogicalTypeChanged,
    DocChanged,
    PropertyChanged,
}

/// One change.
#[derive(Debug)]
pub struct Change {
    pub kind: Kind,
    /// Where, for people; by the names of the new schema.
    pub path: String,
    /// The same by the names of the old one.
    pub old_path: String,
    /// Where it is in the stored texts.
    pub old: Option<String>,
    pub new: Option<String>,
    pub title: String,
}

/// Lists the changes from one stored text to another.
pub fn changes(old: &Node, new: &Node) -> Vec<Change> {
    let mut walk = Walk { old: Text::of(old), new: Text::of(new), seen: HashSet::new(), found: Vec::new() };
    walk.types(&root(old), &root(new));
    walk.found
}

struct Walk<'t> {
    old: Text<'t>,
    new: Text<'t>,
    seen: HashSet<(String, String)>,
    found: Vec<Change>,
}

impl<'t> Walk<'t> {
    fn found(&mut self, kind: Kind, old: &Located<'t>, new: &Located<'t>, title: String) {
        self.found.push(Change {
            kind,
            path: new.path.clone(),
            old_path: old.path.clone(),
            old: Some(old.pointer.clone()),
            new: Some(new.pointer.clone()),
            title,
        });
    }

    fn types(&mut self, old: &Located<'t>, new: &Located<'t>) {
        let (a, b) = (old.branch_name(), new.branch_name());
        let (old_type, new_type) = (self.old.follow(old), self.new.follow(new));
        let (old, new) = (old_type.as_ref().unwrap_or(old), new_type.as_ref().unwrap_or(new));
        match (old.full_name(), new.full_name()) {
            (Some(a), Some(b)) if old.kind() == new.kind() || (old.is_record() && new.is_record()) => {
                if self.seen.insert((a.clone(), b.clone())) {
                    self.definitions(old, new, &a, &b);
                }
                return;
            }
            // Both are named and at least one is defined by another document.
            (None, None) if old.node.text().is_some() && new.node.text().is_some() && a == b => return,
            _ => {}
        }
        match (old.kind(), new.kind()) {
            ("union", "union") => self.unions(old, new),
            ("union", _) | (_, "union") => self.union_or_not(old, new),
            ("array", "array") | ("map", "map") => {
                for (old, new) in old.inside().iter().zip(&new.inside()) {
                    self.types(old, new);
                }
                self.properties(old, new, &["type", "items", "values"]);
            }
            (a, b) if a == b && !old.is_definition() && !new.is_definition() => {
                self.properties(old, new, &["type"]);
            }
            _ => {
                let title = format!("type {} -> {}", old.spoken(), new.spoken());
                self.found(Kind::TypeChanged, old, new, title);
            }
        }
    }

    fn definitions(&mut self, old: &Located<'t>, new: &Located<'t>, a: &str, b: &str) {
        if a != b {
            self.found(Kind::NameChanged, old, new, format!("name {a} -> {b}"));
        }
        if old.kind() != new.kind() {
            self.found(Kind::TypeChanged, old, new, format!("{} -> {}", old.kind(), new.kind()));
        }
        match new.kind() {
            "enum" => self.symbols(old, new),
            "fixed" => {
                let size = |at: &Located<'_>| at.node.get("size").map(Node::compact).unwrap_or_default();
                if size(old) != size(new) {
                    self.found(Kind::SizeChanged, old, new, format!("size {} -> {}", size(old), size(new)));
                }
            }
            _ => self.fields(old, new),
        }
        self.aliases(old, new);
        self.properties(old, new, &["type", "name", "namespace", "fields", "symbols", "size", "aliases"]);
    }

    fn fields(&mut self, old: &Located<'t>, new: &Located<'t>) {
        let (before, after) = (old.fields(), new.fields());
        let mut gone: Vec<&Located<'t>> =
            before.iter().filter(|field| after.iter().all(|it| it.name() != field.name())).collect();
        let mut order = Vec::new();
        for field in &after {
            if let Some(at) = before.iter().position(|it| it.name() == field.name()) {
                order.push(at);
                self.field(&before[at], field);
            } else if let Some(at) = gone.iter().position(|it| field.aliases().contains(&it.name())) {
                let was = gone.remove(at);
                let title = format!("field {} renamed to {}, with an alias", was.name(), field.name());
                self.found(Kind::FieldRenamed, was, field, title);
                self.field(was, field);
            } else {
                let kind = field.kind_of_field().map(|it| it.spoken()).unwrap_or_default();
                let default = field
                    .node
                    .get("default")
                    .map_or_else(|| "no default".to_owned(), |default| format!("default {}", default.compact()));
                self.found.push(Change {
                    kind: Kind::FieldAdded,
                    path: field.path.clone(),
                    old_path: format!("{}.{}", old.path, field.name()),
                    old: None,
                    new: Some(field.pointer.clone()),
                    title: format!("field added: {kind}, {default}"),
                });
            }
        }
        for field in gone {
            let kind = field.kind_of_field().map(|it| it.spoken()).unwrap_or_default();
            self.found.push(Change {
                kind: Kind::FieldRemoved,
                path: format!("{}.{}", new.path, field.name()),
                old_path: field.path.clone(),
                old: Some(field.pointer.clone()),
                new: None,
                title: format!("field removed: {kind}"),
            });
        }
        if !order.is_sorted() {
            self.found(Kind::FieldsReordered, old, new, "fields in another order".to_owned());
        }
    }

    fn field(&mut self, old: &Located<'t>, new: &Located<'t>) {
        if let (Some(old), Some(new)) = (old.kind_of_field(), new.kind_of_field()) {
            self.types(&old, &new);
        }
        self.aliases(old, new);
        self.properties(old, new, &["name", "type", "aliases"]);
    }

    fn symbols(&mut self, old: &Located<'t>, new: &Located<'t>) {
        let symbols = |at: &Located<'t>| -> Vec<&'t str> {
            at.node.get("symbols").map(Node::elements).unwrap_or_default().iter().filter_map(Node::text).collect()
        };
        let (before, after) = (symbols(old), symbols(new));
        for symbol in after.iter().filter(|symbol| !before.contains(symbol)) {
            self.found(Kind::SymbolAdded, old, new, format!("symbol {symbol} added"));
        }
        for symbol in before.iter().filter(|symbol| !after.contains(symbol)) {
            self.found(Kind::SymbolRemoved, old, new, format!("symbol {symbol} removed"));
        }
        if !after.iter().filter_map(|symbol| before.iter().position(|it| it == symbol)).is_sorted() {
            self.found(Kind::SymbolsReordered, old, new, "symbols in another order".to_owned());
        }
    }

    fn unions(&mut self, old: &Located<'t>, new: &Located<'t>) {
        let (before, after) = (old.branches(), new.branches());
        let find = |list: &[Located<'t>], branch: &Located<'t>| {
            let name = branch.branch_name();
            // A type that only moved to another namespace is the same one.
            let same = list.iter().position(|it| it.branch_name() == name);
            same.or_else(|| list.iter().position(|it| name.contains('.') && short(&it.branch_name()) == short(&name)))
        };
        let mut order = Vec::new();
        for branch in &after {
            match find(&before, branch) {
                Some(at) => {
                    order.push(at);
                    self.types(&before[at], branch);
                }
                None => self.found(Kind::BranchAdded, old, new, format!("may be {} now", branch.spoken())),
            }
        }
        for branch in before.iter().filter(|branch| find(&after, branch).is_none()) {
            self.found(Kind::BranchRemoved, old, new, format!("can no longer be {}", branch.spoken()));
        }
        if !order.is_sorted() {
            self.found(Kind::BranchesReordered, old, new, "branches in another order".to_owned());
        }
    }

    /// A union on one side, and what may be one of its branches on the other.
    fn union_or_not(&mut self, old: &Located<'t>, new: &Located<'t>) {
        let (is_union_now, union, single) = if new.kind() == "union" { (true, new, old) } else { (false, old, new) };
        let branches = union.branches();
        let same = branches.iter().position(|it| it.branch_name() == single.branch_name());
        let Some(same) = same else {
            let title = format!("type {} -> {}", old.spoken(), new.spoken());
            return self.found(Kind::TypeChanged, old, new, title);
        };
        if branches.len() == 1 {
            let title = format!("type {} -> {}", old.spoken(), new.spoken());
            self.found(Kind::TypeChanged, old, new, title);
        }
        for branch in branches.iter().enumerate().filter(|(at, _)| *at != same).map(|(_, branch)| branch) {
            if is_union_now {
                self.found(Kind::BranchAdded, old, new, format!("may be {} now", branch.spoken()));
            } else {
                self.found(Kind::BranchRemoved, old, new, format!("can no longer be {}", branch.spoken()));
            }
        }
        let branch = &branches[same];
        if is_union_now { self.types(single, branch) } else { self.types(branch, single) }
    }

    fn aliases(&mut self, old: &Located<'t>, new: &Located<'t>) {
        let (before, after) = (old.aliases(), new.aliases());
        if before != after {
            let list = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            self.found(Kind::AliasesChanged, old, new, format!("aliases {} -> {}", list(&before), list(&after)));
        }
    }

    /// Everything that is not structure.
    fn properties(&mut self, old: &Located<'t>, new: &Located<'t>, but: &[&str]) {
        let keys = |at: &Located<'t>| at.node.members().iter().map(|member| member.key.as_str()).collect::<Vec<_>>();
        let mut all = keys(old);
        all.extend(keys(new).into_iter().filter(|key| old.node.get(key).is_none()));
        for key in all.into_iter().filter(|key| !but.contains(key)) {
            let (before, after) = (old.node.get(key), new.node.get(key));
            if before.zip(after).is_some_and(|(a, b)| a.says_same(b)) {
                continue;
            }
            let text = |node: Option<&Node>| node.map_or_else(|| "none".to_owned(), Node::compact);
            let (before, after) = shortened(&text(before), &text(after));
            let kind = match key {
                "default" => Kind::DefaultChanged,
                "doc" => Kind::DocChanged,
                "logicalType" | "precision" | "scale" => Kind::LogicalTypeChanged,
                _ => Kind::PropertyChanged,
            };
            self.found(kind, old, new, format!("{key} {before} -> {after}"));
        }
    }
}

/// The longest value that a title shows whole.
const LONGEST: usize = 60;

/// Two different values, cut so that the difference is seen.
fn shortened(a: &str, b: &str) -> (String, String) {
    const BEFORE: usize = 20;
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let start = if same + BEFORE < LONGEST { 0 } else { same - BEFORE };
    let cut = |text: &str| {
        let mut cut: String = text.chars().skip(start).take(LONGEST).collect();
        if start > 0 {
            cut.insert(0, '…');
        }
        if text.chars().count() > start + LONGEST {
            cut.push('…');
        }
        cut
    };
    (cut(a), cut(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_named_as_people_make_them() {
        let record = |fields: &str| format!(r#"{{"type":"record","name":"a.R","fields":[{fields}]}}"#);
        let e = r#"{"type":"enum","name":"E","symbols":["X"]}"#;
        for (old, new, expected) in [
            (
                r#"{"name":"x","type":"int"}"#.to_owned(),
                r#"{"name":"x","type":"long"}"#.to_owned(),
                vec!["R.x type int -> long"],
            ),
            (
                r#"{"name":"x","type":"int"}"#.to_owned(),
                r#"{"name":"x","type":["null","int"],"default":null}"#.to_owned(),
                vec!["R.x may be null now", "R.x default none -> null"],
            ),
            (
                r#"{"name":"x","type":"int"},{"name":"y","type":"int"}"#.to_owned(),
                r#"{"name":"y","type":"int"},{"name":"z","type":"int","aliases":["x"]}"#.to_owned(),
                vec!["R.z field x renamed to z, with an alias", "R.z aliases none -> x"],
            ),
            (
                r#"{"name":"x","type":"int"},{"name":"y","type":"int"}"#.to_owned(),
                r#"{"name":"y","type":"int"},{"name":"x","type":"int"}"#.to_owned(),
                vec!["R fields in another order"],
            ),
            // A definition that moves to the other of its uses is not a change.
            (
                format!(r#"{{"name":"x","type":{e}}},{{"name":"y","type":"E"}}"#),
                format!(r#"{{"name":"y","type":{e}}},{{"name":"x","type":"E"}}"#),
                vec!["R fields in another order"],
            ),
            (
                format!(r#"{{"name":"x","type":{e}}}"#),
                format!(r#"{{"name":"x","type":{}}}"#, e.replace("\"X\"", "\"X\",\"Y\"")),
                vec!["R.x symbol Y added"],
            ),
            (
                format!(r#"{{"name":"x","type":{}}}"#, e.replace("\"X\"", "\"X\",\"Y\"")),
                format!(r#"{{"name":"x","type":{}}}"#, e.replace("\"X\"", "\"Y\",\"X\"")),
                vec!["R.x symbols in another order"],
            ),
            (
                r#"{"name":"x","type":"int"}"#.to_owned(),
                r#"{"name":"x","type":["int"]}"#.to_owned(),
                vec!["R.x type int -> union of int"],
            ),
            (
                format!(r#"{{"name":"x","type":"int","doc":"{} one"}}"#, "same ".repeat(20)),
                format!(r#"{{"name":"x","type":"int","doc":"{} two"}}"#, "same ".repeat(20)),
                vec!["R.x doc …ame same same same  one\" -> …ame same same same  two\""],
            ),
            (
                r#"{"name":"x","type":{"type":"error","name":"S","fields":[]}}"#.to_owned(),
                r#"{"name":"x","type":{"type":"record","name":"S","fields":[]}}"#.to_owned(),
                vec!["R.x error -> record"],
            ),
        ] {
            let (old, new) = (Node::parse(&record(&old)), Node::parse(&record(&new)));
            let found = changes(&old.expect("JSON"), &new.expect("JSON"));
            let shown: Vec<_> = found.iter().map(|change| format!("{} {}", change.path, change.title)).collect();
            assert_eq!(shown, expected);
        }
    }
}

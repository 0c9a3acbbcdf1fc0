//! The messages: short, exact, about the roles that people have.

use super::walk::Problem;
use super::{Candidate, Rule};
use crate::compat::rules::missing_symbols;
use crate::model::{Enum, Id, Inner, Kind, Primitive};

pub(super) struct Messages<'s> {
    reader: &'s Inner,
    writer: &'s Inner,
    /// The words for the schema that reads and for the one that writes.
    reads: &'static str,
    writes: &'static str,
}

/// The words for the schema that reads and for the one that writes.
fn sides(candidate: Candidate) -> (&'static str, &'static str) {
    match candidate {
        Candidate::Reader => ("new", "old"),
        Candidate::Writer => ("old", "new"),
        Candidate::Neither => ("reader", "writer"),
    }
}

/// The first part of every path.
pub(super) fn root(kind: &Kind) -> &str {
    kind.named().map_or("value", |named| named.name.simple())
}

/// Where a problem is, for people.
pub(super) fn path(reader: &Inner, problem: &Problem) -> String {
    let path = &problem.site.path;
    match (problem.field, &reader[problem.site.reader].kind) {
        (Some(at), Kind::Record(record)) => format!("{path}.{}", record.fields[at].name),
        _ => path.clone(),
    }
}

impl<'s> Messages<'s> {
    pub(super) fn new(reader: &'s Inner, writer: &'s Inner, candidate: Candidate) -> Self {
        let (reads, writes) = sides(candidate);
        Self { reader, writer, reads, writes }
    }

    pub(super) fn title(&self, problem: &Problem) -> String {
        let path = path(self.reader, problem);
        let (reads, site) = (self.reads, &problem.site);
        match problem.rule {
            Rule::NameMismatch => {
                let (read, written) =
                    (Self::full_name(self.reader, site.reader), Self::full_name(self.writer, site.writer));
                format!("`{path}` is written as `{written}` but read as `{read}`")
            }
            Rule::FixedSizeMismatch => format!("`{path}` has another size than the data"),
            Rule::MissingEnumSymbols => {
                let missing = self.missing_symbols(site.reader, site.writer);
                format!("`{path}` can hold {}, which the {reads} schema does not know", list(&missing))
            }
            Rule::MissingDefault => format!("`{path}` is not in the data and has no default"),
            Rule::TypeMismatch if self.is_null(site.writer) => {
                format!("`{path}` can be null, which the {reads} schema does not accept")
            }
            Rule::TypeMismatch => {
                let (read, written) =
                    (Self::describe(self.reader, site.reader), Self::describe(self.writer, site.writer));
                format!("`{path}` is written as {written} but read as {read}")
            }
            Rule::MissingUnionBranch => {
                let written = Self::describe(self.writer, site.writer);
                format!("`{path}` can hold {written}, which no branch of the {reads} union reads")
            }
            Rule::AmbiguousAlias => format!("`{path}` matches several written fields"),
            other => other.entry().summary.to_owned(),
        }
    }

    pub(super) fn why(&self, problem: &Problem) -> String {
        let (reads, writes, site) = (self.reads, self.writes, &problem.site);
        let (read, written) = (Self::describe(self.reader, site.reader), Self::describe(self.writer, site.writer));
        match problem.rule {
            Rule::NameMismatch => format!(
                "Avro matches types by name. The {writes} schema writes {written}; the {reads} schema expects {read} \
                 and has no alias `{}`.",
                Self::full_name(self.writer, site.writer)
            ),
            Rule::FixedSizeMismatch => {
                let size = |schema: &Inner, id: Id| match &schema[id].kind {
                    Kind::Fixed(fixed) => fixed.size,
                    _ => 0,
                };
                let (expected, found) = (size(self.reader, site.reader), size(self.writer, site.writer));
                format!(
                    "The {writes} schema writes {found} bytes; the {reads} schema reads {expected}. A fixed value has no length prefix, so both sizes must be equal."
                )
            }
            Rule::MissingEnumSymbols => {
                let missing = self.missing_symbols(site.reader, site.writer);
                let it = if missing.len() == 1 { "it" } else { "them" };
                let default = if site.has_field_default {
                    "its enum has no default symbol. The default of the field is for data without the field, not for unknown symbols."
                } else {
                    "names no default symbol to use instead."
                };
                format!(
                    "The {writes} schema may write {}. The {reads} schema does not list {it} and {default}",
                    list(&missing)
                )
            }
            Rule::MissingDefault => {
                let (Kind::Record(record), Some(at)) = (&self.reader[site.reader].kind, problem.field) else {
                    return problem.message.clone();
                };
                let field = &record.fields[at];
                let name = &field.name;
                let kind = Self::describe(self.reader, field.kind);
                let of_enum = match &self.reader[field.kind].kind {
                    Kind::Enum(Enum { default: Some(_), .. }) => {
                        " The default of the enum is for symbols it does not know, not for a field that is not there."
                    }
                    _ => "",
                };
                format!(
                    "The {reads} schema needs the field `{name}` ({kind}). The {writes} schema does not write it, and without a default there is nothing to put in its place.{of_enum}"
                )
            }
            Rule::TypeMismatch if self.is_null(site.writer) => format!(
                "The {writes} schema writes a union with null; the {reads} schema reads {read} and must be able to read every branch."
            ),
            Rule::TypeMismatch => {
                let both_primitive = matches!(
                    (&self.reader[site.reader].kind, &self.writer[site.writer].kind),
                    (Kind::Primitive(_), Kind::Primitive(_))
                );
                let rule = if both_primitive {
                    " Avro turns int into long, float and double, long into float and double, float into double, and string and bytes into each other; nothing else."
                } else {
                    ""
                };
                format!("The {writes} schema writes {written}; the {reads} schema reads {read}.{rule}")
            }
            Rule::MissingUnionBranch => {
                let closest = match (problem.closest, problem.causes.first()) {
                    (Some(branch), Some(cause)) => format!(
                        " {} comes closest, but fails at `{}`.",
                        capitalised(&Self::describe(self.reader, branch)),
                        path(self.reader, cause)
                    ),
                    _ => String::new(),
                };
                format!("The {writes} schema may write {written} here; the {reads} schema accepts {read}.{closest}")
            }
            Rule::AmbiguousAlias => format!(
                "The field's name and its aliases must lead to one field of the {writes} schema; here they lead to more than one, and Java Avro gives up."
            ),
            other => other.entry().advice.to_owned(),
        }
    }

    fn missing_symbols(&self, reader: Id, writer: Id) -> Vec<String> {
        match (&self.reader[reader].kind, &self.writer[writer].kind) {
            (Kind::Enum(reader), Kind::Enum(writer)) => missing_symbols(reader, writer).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    fn is_null(&self, writer: Id) -> bool {
        matches!(self.writer[writer].kind, Kind::Primitive(Primitive::Null))
    }

    fn full_name(schema: &Inner, id: Id) -> String {
        schema[id].kind.branch_name().to_string()
    }

    /// Names a type as in speech: `an array of int`, `the record Order`.
    fn describe(schema: &Inner, id: Id) -> String {
        let short = |id: Id| match &schema[id].kind {
            Kind::Primitive(primitive) => primitive.name().to_owned(),
            kind => kind.named().map_or(kind.type_name(), |named| named.name.simple()).to_owned(),
        };
        match &schema[id].kind {
            Kind::Primitive(primitive) => primitive.name().to_owned(),
            Kind::Array(items) => format!("an array of {}", short(*items)),
            Kind::Map(values) => format!("a map of {}", short(*values)),
            Kind::Union(branches) => {
                const MOST: usize = 20;
                let more = branches.len().saturating_sub(MOST);
                let mut branches: Vec<_> = branches.iter().take(MOST).map(|branch| short(*branch)).collect();
                if more > 0 {
                    branches.push(format!("{more} more"));
                }
                match branches.as_slice() {
                    [] => "an empty union".to_owned(),
                    [one] => format!("a union of {one} alone"),
                    [rest @ .., last] => format!("a union of {} and {last}", rest.join(", ")),
                }
            }
            Kind::Fixed(fixed) => format!("the fixed type `{}`", fixed.named.name.simple()),
            kind => format!("the {} `{}`", kind.type_name(), short(id)),
        }
    }
}

/// The title and the reason of a warning.
pub(super) fn warning(rule: Rule, path: &str, error: &str, candidate: Candidate) -> (String, String) {
    let (reads, writes) = sides(candidate);
    let title = match rule {
        Rule::UnusableDefault => format!("The default of `{path}` cannot be used"),
        Rule::AliasCollision => format!("The aliases of `{path}` collide"),
        Rule::AliasNotApplied => format!("An alias in `{path}` does not take effect on data"),
        _ => format!("A union in `{path}` decodes differently than the rules promise"),
    };
    let why = format!(
        "The rules call the {reads} schema able to read the {writes} one, and so does the reference registry. {} Java's decoder says: {error}.",
        rule.entry().summary
    );
    (title, why)
}

fn list(symbols: &[String]) -> String {
    match symbols {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [rest @ .., last] if rest.len() < 8 => {
            let rest: Vec<_> = rest.iter().map(|symbol| format!("`{symbol}`")).collect();
            format!("{} and `{last}`", rest.join(", "))
        }
        [first, ..] => format!("`{first}` and {} other symbols", symbols.len() - 1),
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

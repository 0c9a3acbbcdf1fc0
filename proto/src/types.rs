//! Type names: what a field type says, and the definition a name means at a place.

use std::collections::HashMap;
use std::sync::LazyLock;

use avow_budget::{Budget, Exceeded};

use crate::known;
use crate::reference::{Origin, Reference};
use crate::syntax::{Enum, Extend, Field, File, Label, Message, Types};

const SCALARS: [&str; 15] = [
    "bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32", "sfixed64", "sint32",
    "sint64", "string", "uint32", "uint64",
];

pub(crate) fn is_scalar(name: &str) -> bool {
    SCALARS.contains(&name)
}

/// A field type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldType<'a> {
    Scalar(&'a str),
    Map { key: &'a str, value: &'a str },
    Named(&'a str),
}

/// A type that the reference cannot make sense of, in its words.
pub(crate) type BadType = String;

impl<'a> FieldType<'a> {
    pub(crate) fn of(name: &'a str) -> Result<Self, BadType> {
        if is_scalar(name) {
            return Ok(Self::Scalar(name));
        }
        let Some(inner) = name.strip_prefix("map<").and_then(|rest| rest.strip_suffix('>')) else {
            return Ok(Self::Named(name));
        };
        let (key, value) = inner.split_once(',').ok_or_else(|| format!("expected ',' in map type: {name}"))?;
        let (key, value) = (key.trim(), value.trim());
        if !is_scalar(key) || matches!(key, "bytes" | "double" | "float") {
            return Err(format!("map key must be non-byte, non-floating point scalar: {key}"));
        }
        Ok(Self::Map { key, value })
    }

    /// Checks the type and the types inside it.
    pub(crate) fn check(name: &str) -> Result<(), BadType> {
        let mut name = name;
        while let FieldType::Map { value, .. } = FieldType::of(name)? {
            name = value;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Definition<'a> {
    Message(&'a Message),
    Enum(&'a Enum),
}

/// Where a type comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// The schema itself.
    Root,
    /// A direct reference.
    Reference(&'a Origin),
    /// A reference of a reference, or a known file.
    Unnamed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct TypeEntry<'a> {
    pub(crate) definition: Definition<'a>,
    pub(crate) package: &'a str,
    pub(crate) source: Source<'a>,
    /// The entry type of a map.
    pub(crate) is_map: bool,
}

impl TypeEntry<'_> {
    pub(crate) fn is_enum(&self) -> bool {
        matches!(self.definition, Definition::Enum(_))
    }

    /// The map that an entry type stands for, as a field type.
    pub(crate) fn map_type(&self) -> Option<String> {
        let Definition::Message(message) = self.definition else { return None };
        let type_of =
            |name: &str| message.fields.iter().find(|field| field.name == name).map(|field| &*field.type_name);
        if !self.is_map {
            return None;
        }
        Some(format!("map<{}, {}>", type_of("key")?, type_of("value")?))
    }
}

/// All types and extension fields that a schema can name.
#[derive(Debug)]
pub(crate) struct TypeTable<'a> {
    own: Definitions<'a>,
    known: Option<&'static Definitions<'static>>,
}

/// The known files, for schemas that replace none of them.
static KNOWN: LazyLock<Definitions<'static>> = LazyLock::new(|| {
    let mut definitions = Definitions::default();
    for (_, file) in known::files() {
        definitions.add_file(file, Source::Unnamed, &Budget::unlimited()).expect("no limit");
    }
    definitions
});

impl<'a> TypeTable<'a> {
    /// The types of a file, its references and the known files. A definition of the file hides one of a reference.
    pub(crate) fn of(root: &'a File, references: &'a [Reference], budget: &Budget) -> Result<Self, Exceeded> {
        let is_replaced = |path: &str| references.iter().any(|reference| reference.name == path);
        let mut table = Self { own: Definitions::default(), known: Some(&KNOWN) };
        if known::files().any(|(path, _)| is_replaced(path)) {
            table.known = None;
            for (_, file) in known::files().filter(|(path, _)| !is_replaced(path)) {
                table.own.add_file(file, Source::Unnamed, budget)?;
            }
        }
        for reference in references {
            let source = reference.origin.as_ref().map_or(Source::Unnamed, Source::Reference);
            table.own.add_file(&reference.file, source, budget)?;
        }
        table.own.add_file(root, Source::Root, budget)?;
        Ok(table)
    }

    /// The full name of the type that `name` means in `scope`.
    pub(crate) fn resolve(&self, scope: &str, name: &str, budget: &Budget) -> Result<Option<String>, Exceeded> {
        resolve(scope, name, |candidate| self.get(candidate).is_some(), budget)
    }

    /// The full name of the extension field that `name` means in `scope`.
    pub(crate) fn resolve_extension(
        &self,
        scope: &str,
        name: &str,
        budget: &Budget,
    ) -> Result<Option<String>, Exceeded> {
        resolve(scope, name, |candidate| self.extension_is_repeated(candidate).is_some(), budget)
    }

    /// The type that `name` means in `scope`.
    pub(crate) fn find(&self, scope: &str, name: &str, budget: &Budget) -> Result<Option<&TypeEntry<'a>>, Exceeded> {
        Ok(self.resolve(scope, name, budget)?.and_then(|full_name| self.get(&full_name)))
    }

    /// The type of a full name, with or without its leading dot.
    pub(crate) fn get(&self, full_name: &str) -> Option<&TypeEntry<'a>> {
        let name = full_name.strip_prefix('.').unwrap_or(full_name);
        self.own.types.get(name).or_else(|| self.known?.types.get(name))
    }

    /// Whether an extension field is repeated, by its full name.
    pub(crate) fn extension_is_repeated(&self, full_name: &str) -> Option<bool> {
        let name = full_name.strip_prefix('.').unwrap_or(full_name);
        self.own.extensions.get(name).or_else(|| self.known?.extensions.get(name)).copied()
    }
}

/// What files define, by full name.
#[derive(Debug, Default)]
struct Definitions<'a> {
    types: HashMap<String, TypeEntry<'a>>,
    /// Extension fields, and whether each is repeated.
    extensions: HashMap<String, bool>,
}

impl<'a> Definitions<'a> {
    fn add_file(&mut self, file: &'a File, source: Source<'a>, budget: &Budget) -> Result<(), Exceeded> {
        let mut scope = file.package().to_owned();
        self.add_extensions(&file.extends, &scope, budget)?;
        self.add_types(&file.types, file.package(), source, &mut scope, budget)
    }

    fn add_types(
        &mut self,
        types: &'a Types,
        package: &'a str,
        source: Source<'a>,
        scope: &mut String,
        budget: &Budget,
    ) -> Result<(), Exceeded> {
        let length = scope.len();
        for message in &types.messages {
            budget.step()?;
            push_name(scope, &message.name);
            budget.hold(scope.len())?;
            self.add_extensions(&message.extends, scope, budget)?;
            let entry =
                TypeEntry { definition: Definition::Message(message), package, source, is_map: message.is_map_entry() };
            self.types.insert(scope.clone(), entry);
            self.add_types(&message.types, package, source, scope, budget)?;
            scope.truncate(length);
        }
        for declared in &types.enums {
            budget.step()?;
            push_name(scope, &declared.name);
            budget.hold(scope.len())?;
            let entry = TypeEntry { definition: Definition::Enum(declared), package, source, is_map: false };
            self.types.insert(scope.clone(), entry);
            scope.truncate(length);
        }
        Ok(())
    }

    fn add_extensions(&mut self, extends: &'a [Extend], scope: &str, budget: &Budget) -> Result<(), Exceeded> {
        for field in extends.iter().flat_map(|extend| &extend.fields) {
            let mut name = scope.to_owned();
            push_name(&mut name, &field.name);
            budget.step()?;
            budget.hold(name.len())?;
            self.extensions.insert(name, Field::is_repeated(field));
        }
        Ok(())
    }
}

impl Field {
    pub(crate) fn is_repeated(&self) -> bool {
        self.label == Some(Label::Repeated)
    }
}

/// Appends a name to a dotted scope.
pub(crate) fn push_name(scope: &mut String, name: &str) {
    if !scope.is_empty() {
        scope.push('.');
    }
    scope.push_str(name);
}

/// Looks a name up from the innermost scope outwards, the whole name at once.
fn resolve(
    scope: &str,
    name: &str,
    exists: impl Fn(&str) -> bool,
    budget: &Budget,
) -> Result<Option<String>, Exceeded> {
    if let Some(name) = name.strip_prefix('.') {
        budget.step()?;
        return Ok(exists(name).then(|| name.to_owned()));
    }
    let mut scope = scope;
    loop {
        budget.spend(1 + scope.len() as u64 / 16)?;
        let mut candidate = scope.to_owned();
        push_name(&mut candidate, name);
        if exists(&candidate) {
            return Ok(Some(candidate));
        }
        if scope.is_empty() {
            return Ok(None);
        }
        scope = scope.rfind('.').map_or("", |dot| &scope[..dot]);
    }
}

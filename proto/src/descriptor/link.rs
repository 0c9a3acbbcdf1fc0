//! The checks of a descriptor that is built: names, numbers, types and defaults, in the order of the reference's library.

use std::collections::HashMap;
use std::rc::Rc;

use avow_budget::{Budget, Exceeded};

use super::default_value::is_valid_default;
use super::model::{EnumDescriptor, FieldDescriptor, FieldKind, FileDescriptor, MessageDescriptor, ServiceDescriptor};
use crate::Error;
use crate::syntax::Label;
use crate::types::push_name;

/// A file whose names are known, ready to be imported by another.
pub(crate) struct LinkedFile {
    name: String,
    symbols: HashMap<String, Symbol>,
    /// The files that an import of this one brings along.
    public: Vec<Rc<LinkedFile>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SymbolKind {
    Message,
    Enum,
    Package,
    Service,
    /// A field, an enum value or a method.
    Member,
}

struct Symbol {
    kind: SymbolKind,
    /// Whether the symbol is of the file itself: packages of imports are not.
    is_local: bool,
    /// The extension numbers of a message.
    extension_ranges: Vec<(i32, i32)>,
    /// The value names of an enum.
    values: Vec<String>,
}

impl Symbol {
    fn new(kind: SymbolKind) -> Self {
        Self { kind, is_local: true, extension_ranges: Vec::new(), values: Vec::new() }
    }

    fn is_type(&self) -> bool {
        matches!(self.kind, SymbolKind::Message | SymbolKind::Enum)
    }
}

impl LinkedFile {
    /// The full names of its messages and enums.
    pub(crate) fn type_names(&self) -> impl Iterator<Item = &str> {
        self.symbols.iter().filter(|(_, symbol)| symbol.is_type()).map(|(name, _)| name.as_str())
    }
}

/// Checks a file against the files it depends on, given in the order of its dependencies.
pub(crate) fn link(
    file: &FileDescriptor,
    dependencies: &[Rc<LinkedFile>],
    budget: &Budget,
) -> Result<LinkedFile, Error> {
    let mut visible: Vec<Rc<LinkedFile>> = Vec::new();
    for dependency in dependencies {
        add_with_public(dependency, &mut visible, budget)?;
    }
    let mut linker = Linker { symbols: HashMap::new(), visible, budget, scope: String::new() };
    for dependency in linker.visible.clone() {
        budget.spend(dependency.symbols.len() as u64)?;
        let packages = dependency.symbols.iter().filter(|(_, symbol)| symbol.kind == SymbolKind::Package);
        for (name, _) in packages {
            let symbol = Symbol { is_local: false, ..Symbol::new(SymbolKind::Package) };
            linker.symbols.entry(name.clone()).or_insert(symbol);
        }
    }
    linker.define_file(file)?;
    linker.check_file(file)?;
    let public = file.public_dependencies.iter().filter_map(|index| dependencies.get(*index)).cloned().collect();
    Ok(LinkedFile { name: file.name.clone(), symbols: linker.symbols, public })
}

/// Adds a file and what it imports publicly, each once.
fn add_with_public(file: &Rc<LinkedFile>, visible: &mut Vec<Rc<LinkedFile>>, budget: &Budget) -> Result<(), Exceeded> {
    let mut pending = vec![Rc::clone(file)];
    while let Some(next) = pending.pop() {
        budget.spend(1 + visible.len() as u64)?;
        if visible.iter().all(|known| !Rc::ptr_eq(known, &next)) {
            pending.extend(next.public.iter().cloned());
            visible.push(next);
        }
    }
    Ok(())
}

struct Linker<'b> {
    symbols: HashMap<String, Symbol>,
    visible: Vec<Rc<LinkedFile>>,
    budget: &'b Budget,
    scope: String,
}

impl Linker<'_> {
    /// Does something in the scope of a name.
    fn within<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let length = self.scope.len();
        push_name(&mut self.scope, name);
        let result = work(self);
        self.scope.truncate(length);
        result
    }

    fn full_name(&self, name: &str) -> String {
        let mut full = self.scope.clone();
        push_name(&mut full, name);
        full
    }

    fn define(&mut self, name: &str, symbol: Symbol) -> Result<(), Error> {
        self.budget.step()?;
        let full = self.full_name(name);
        self.budget.hold(full.len())?;
        if name.is_empty() {
            return Err(refused(&full, "Missing name."));
        }
        let is_valid = |(index, byte): (usize, u8)| {
            byte.is_ascii_alphabetic() || byte == b'_' || (byte.is_ascii_digit() && index > 0)
        };
        if !name.bytes().enumerate().all(is_valid) {
            return Err(refused(&full, &format!("\"{name}\" is not a valid identifier.")));
        }
        match self.symbols.get(&full) {
            None => {
                self.symbols.insert(full, symbol);
                Ok(())
            }
            Some(old) if old.is_local => Err(refused(
                &full,
                &match full.rsplit_once('.') {
                    Some((scope, last)) => format!("\"{last}\" is already defined in \"{scope}\"."),
                    None => format!("\"{full}\" is already defined."),
                },
            )),
            Some(_) => Err(refused(&full, &format!("\"{full}\" is already defined in an imported file."))),
        }
    }

    fn define_file(&mut self, file: &FileDescriptor) -> Result<(), Error> {
        let package = file.package.as_deref().unwrap_or_default();
        for (end, _) in package.match_indices('.').chain([(package.len(), "")]) {
            self.symbols.entry(package[..end].to_owned()).or_insert_with(|| Symbol::new(SymbolKind::Package));
        }
        package.clone_into(&mut self.scope);
        file.messages.iter().try_for_each(|message| self.define_message(message))?;
        file.enums.iter().try_for_each(|declared| self.define_enum(declared))?;
        file.services.iter().try_for_each(|service| self.define_service(service))?;
        file.extensions.iter().try_for_each(|extension| self.define_field(extension))
    }

    fn define_message(&mut self, message: &MessageDescriptor) -> Result<(), Error> {
        self.within(&message.name, |linker| {
            message.nested.iter().try_for_each(|nested| linker.define_message(nested))?;
            message.enums.iter().try_for_each(|nested| linker.define_enum(nested))?;
            message.fields.iter().try_for_each(|field| linker.define_field(field))?;
            message.extensions.iter().try_for_each(|field| linker.define_field(field))
        })?;
        let extension_ranges = message.extension_ranges.iter().map(|range| (range.start, range.end)).collect();
        self.define(&message.name, Symbol { extension_ranges, ..Symbol::new(SymbolKind::Message) })
    }

    fn define_enum(&mut self, declared: &EnumDescriptor) -> Result<(), Error> {
        if declared.values.is_empty() {
            return Err(refused(&self.full_name(&declared.name), "Enums must contain at least one value."));
        }
        self.within(&declared.name, |linker| {
            let mut values = declared.values.iter();
            values.try_for_each(|value| linker.define(&value.name, Symbol::new(SymbolKind::Member)))
        })?;
        let values = declared.values.iter().map(|value| value.name.clone()).collect();
        self.define(&declared.name, Symbol { values, ..Symbol::new(SymbolKind::Enum) })
    }

    fn define_field(&mut self, field: &FieldDescriptor) -> Result<(), Error> {
        if field.number <= 0 {
            return Err(refused(&self.full_name(&field.name), "Field numbers must be positive integers."));
        }
        self.define(&field.name, Symbol::new(SymbolKind::Member))
    }

    fn define_service(&mut self, service: &ServiceDescriptor) -> Result<(), Error> {
        self.within(&service.name, |linker| {
            let mut methods = service.methods.iter();
            methods.try_for_each(|method| linker.define(&method.name, Symbol::new(SymbolKind::Member)))
        })?;
        self.define(&service.name, Symbol::new(SymbolKind::Service))
    }

    fn check_file(&mut self, file: &FileDescriptor) -> Result<(), Error> {
        file.messages.iter().try_for_each(|message| self.check_message(message))?;
        for service in &file.services {
            self.within(&service.name, |linker| {
                for method in &service.methods {
                    linker.message_type(&method.name, &method.request)?;
                    linker.message_type(&method.name, &method.response)?;
                }
                Ok(())
            })?;
        }
        file.extensions.iter().try_for_each(|extension| self.check_field(extension))
    }

    fn check_message(&mut self, message: &MessageDescriptor) -> Result<(), Error> {
        self.within(&message.name, |linker| {
            message.nested.iter().try_for_each(|nested| linker.check_message(nested))?;
            message.fields.iter().try_for_each(|field| linker.check_field(field))?;
            linker.check_numbers(&message.fields)?;
            message.extensions.iter().try_for_each(|field| linker.check_field(field))
        })
    }

    fn check_numbers(&self, fields: &[FieldDescriptor]) -> Result<(), Error> {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort_by_key(|field| field.number);
        match sorted.windows(2).find(|pair| pair[0].number == pair[1].number) {
            Some(pair) => {
                let (first, second, message) = (&pair[0].name, pair[1], &self.scope);
                let number = second.number;
                let problem =
                    format!("Field number {number} has already been used in \"{message}\" by field \"{first}\".");
                Err(refused(&self.full_name(&second.name), &problem))
            }
            None => Ok(()),
        }
    }

    fn check_field(&self, field: &FieldDescriptor) -> Result<(), Error> {
        let refuse = |problem: &str| Err(refused(&self.full_name(&field.name), problem));
        if let Some(extendee) = &field.extendee {
            let (full, message) = self.message_type(&field.name, extendee)?;
            if !message.extension_ranges.iter().any(|(start, end)| (*start..*end).contains(&field.number)) {
                let number = field.number;
                return refuse(&format!("\"{full}\" does not declare {number} as an extension number."));
            }
        }
        let mut kind = field.kind;
        let mut values: &[String] = &[];
        if let Some(type_name) = &field.type_name {
            let (_, symbol) = self.type_symbol(&field.name, type_name)?;
            let found = if symbol.kind == SymbolKind::Message { FieldKind::Message } else { FieldKind::Enum };
            match kind.unwrap_or(found) {
                FieldKind::Message if found != FieldKind::Message => {
                    return refuse(&format!("\"{type_name}\" is not a message type."));
                }
                FieldKind::Enum if found != FieldKind::Enum => {
                    return refuse(&format!("\"{type_name}\" is not an enum type."));
                }
                _ => {}
            }
            if found == FieldKind::Message && field.default.is_some() {
                return refuse("Messages can't have default values.");
            }
            values = &symbol.values;
            kind = Some(found);
        }
        let repeated = field.label == Some(Label::Repeated);
        let packable = repeated && kind.is_some_and(FieldKind::is_packable);
        if field.packed && !packable {
            return refuse("[packed = true] can only be specified for repeated primitive fields.");
        }
        let Some(default) = &field.default else { return Ok(()) };
        if repeated {
            return refuse("Repeated fields cannot have default values.");
        }
        match kind {
            Some(FieldKind::Enum) if !values.contains(default) => {
                refuse(&format!("Unknown enum default value: \"{default}\""))
            }
            Some(FieldKind::Bytes) if !is_valid_default(FieldKind::Bytes, default) => {
                refuse("Couldn't parse default value: Invalid escape sequence")
            }
            Some(kind) if !is_valid_default(kind, default) => {
                refuse(&format!("Could not parse default value: \"{default}\""))
            }
            _ => Ok(()),
        }
    }

    /// The type that a member's `name` means, and its full name.
    fn type_symbol(&self, member: &str, name: &str) -> Result<(String, &Symbol), Error> {
        let found = self.lookup(&self.full_name(member), name)?;
        found.ok_or_else(|| refused(&self.full_name(member), &format!("\"{name}\" is not defined.")))
    }

    fn message_type(&self, member: &str, name: &str) -> Result<(String, &Symbol), Error> {
        let (full, symbol) = self.type_symbol(member, name)?;
        if symbol.kind == SymbolKind::Message {
            Ok((full, symbol))
        } else {
            Err(refused(&self.full_name(member), &format!("\"{name}\" is not a message type.")))
        }
    }

    fn find(&self, full: &str, accepts: impl Fn(&Symbol) -> bool) -> Option<&Symbol> {
        let own = self.symbols.get(full);
        let imported = self.visible.iter().filter_map(|file| file.symbols.get(full));
        own.into_iter().chain(imported).find(|symbol| accepts(symbol))
    }

    /// Looks the first part of a name up from the inside outwards, then the rest of it where that part was found.
    fn lookup(&self, relative_to: &str, name: &str) -> Result<Option<(String, &Symbol)>, Error> {
        self.budget.spend(1 + self.visible.len() as u64)?;
        let find_type = |full: String| self.find(&full, Symbol::is_type).map(|symbol| (full.clone(), symbol));
        if let Some(full) = name.strip_prefix('.') {
            return Ok(find_type(full.to_owned()));
        }
        let first = name.split_once('.').map_or(name, |(first, _)| first);
        let mut scope = relative_to;
        while let Some((outer, _)) = scope.rsplit_once('.') {
            self.budget.spend(1 + self.visible.len() as u64)?;
            scope = outer;
            let candidate = format!("{scope}.{first}");
            let Some(found) = self.find(&candidate, |symbol| symbol.kind != SymbolKind::Member) else { continue };
            if first.len() < name.len() {
                return Ok(find_type(format!("{scope}.{name}")));
            }
            if found.is_type() {
                return Ok(Some((candidate, found)));
            }
        }
        Ok(find_type(name.to_owned()))
    }
}

fn refused(full_name: &str, problem: &str) -> Error {
    Error::invalid(format!("Invalid protobuf schema definition: {full_name}: {problem}"))
}

impl std::fmt::Debug for LinkedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkedFile").field("name", &self.name).finish_non_exhaustive()
    }
}

//! The walk over two trees in step.
//!
//! Work that is still to do is kept on a stack of its own: messages refer to each other as deep as a schema likes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use avow_budget::{Budget, Exceeded};

use super::difference::{Difference, DifferenceKind};
use super::java_hash;
use super::kind::{Kind, ScalarGroup};
use super::scope::{Place, Scope};
use crate::syntax::{Enum, Field, File, Label, Message, Types};
use crate::types::{Definition, Source, TypeEntry, TypeTable};

/// All differences between two files, in the reference's order.
pub(crate) fn differences<'a>(
    (original, original_types): (&'a File, &TypeTable<'a>),
    (update, update_types): (&'a File, &TypeTable<'a>),
    budget: &Budget,
) -> Result<Vec<Difference>, Exceeded> {
    let mut walk = Walk {
        original: original_types,
        update: update_types,
        budget,
        entered: HashSet::new(),
        differences: Vec::new(),
        incompatible: 0,
        tasks: Vec::new(),
    };
    let scope = Rc::new(Scope {
        outer: None,
        name: Cow::Borrowed(""),
        original_package: original.package(),
        update_package: update.package(),
    });
    if original.package != update.package {
        walk.add(DifferenceKind::PackageChanged, &Place::of(&scope))?;
    }
    walk.compare_types(&original.types, &update.types, &scope)?;
    walk.run()?;
    Ok(walk.differences)
}

enum Task<'a> {
    Message {
        original: &'a Message,
        update: &'a Message,
        scope: Rc<Scope<'a>>,
    },
    Types {
        original: &'a Types,
        update: &'a Types,
        scope: Rc<Scope<'a>>,
    },
    Enum {
        original: &'a Enum,
        update: &'a Enum,
        scope: Rc<Scope<'a>>,
    },
    Field {
        original: &'a Field,
        update: &'a Field,
        place: Place<'a>,
    },
    Report(DifferenceKind, Place<'a>),
    /// The end of a message's comparison.
    Leave(*const Message),
    /// Reports a named type if something incompatible was found in it.
    NamedType {
        incompatible_before: usize,
        place: Place<'a>,
    },
}

/// A field, and the oneof it is in.
type Member<'a> = (&'a Field, Option<&'a str>);

/// The fields of a message by number, oneof members included, and the oneof that each is in.
struct FieldIndex<'a> {
    fields: BTreeMap<i32, Member<'a>>,
    oneofs: BTreeMap<&'a str, &'a [Field]>,
}

impl<'a> FieldIndex<'a> {
    fn of(message: &'a Message) -> Self {
        let mut fields: BTreeMap<_, _> = message.fields.iter().map(|field| (field.number, (field, None))).collect();
        let mut oneofs = BTreeMap::new();
        for oneof in &message.oneofs {
            oneofs.insert(oneof.name.as_str(), oneof.fields.as_slice());
            for field in &oneof.fields {
                let in_oneof = fields.entry(field.number).or_insert((field, None));
                *in_oneof = (field, Some(oneof.name.as_str()));
            }
        }
        Self { fields, oneofs }
    }

    /// Oneofs that `update` lacks together with all their members.
    fn deleted_oneofs(&self, update: &Self) -> HashSet<&'a str> {
        let survives = |fields: &[Field]| fields.iter().any(|field| update.fields.contains_key(&field.number));
        let is_deleted =
            |(name, fields): &(&&'a str, &&[Field])| !update.oneofs.contains_key(**name) && !survives(fields);
        self.oneofs.iter().filter(is_deleted).map(|(name, _)| *name).collect()
    }
}

struct Walk<'a, 't> {
    original: &'t TypeTable<'a>,
    update: &'t TypeTable<'a>,
    budget: &'t Budget,
    /// Messages of the original that are being compared.
    entered: HashSet<*const Message>,
    differences: Vec<Difference>,
    /// How many of the differences are not compatible.
    incompatible: usize,
    tasks: Vec<Task<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self) -> Result<(), Exceeded> {
        while let Some(task) = self.tasks.pop() {
            self.budget.step()?;
            match task {
                Task::Message { original, update, scope } => self.compare_messages(original, update, scope)?,
                Task::Types { original, update, scope } => self.compare_types(original, update, &scope)?,
                Task::Enum { original, update, scope } => self.compare_enums(original, update, &scope)?,
                Task::Field { original, update, place } => self.compare_fields(original, update, place)?,
                Task::Report(kind, place) => self.add(kind, &place)?,
                Task::Leave(message) => {
                    self.entered.remove(&message);
                }
                Task::NamedType { incompatible_before, place } => {
                    if self.incompatible > incompatible_before {
                        self.add(DifferenceKind::FieldNamedTypeChanged, &place)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Does `tasks` next, the first one first.
    fn then(&mut self, tasks: Vec<Task<'a>>) {
        self.tasks.extend(tasks.into_iter().rev());
    }

    fn add(&mut self, kind: DifferenceKind, place: &Place<'_>) -> Result<(), Exceeded> {
        let path = place.path();
        self.budget.spend(path.len() as u64 / 16)?;
        self.budget.hold(path.len() + size_of::<Difference>())?;
        self.incompatible += usize::from(!kind.is_compatible());
        self.differences.push(Difference { kind, path });
        Ok(())
    }

    fn find_original(&self, scope: &Scope<'_>, name: &str) -> Result<Option<TypeEntry<'a>>, Exceeded> {
        Ok(self.original.find(&scope.full(scope.original_package), name, self.budget)?.copied())
    }

    fn find_update(&self, scope: &Scope<'_>, name: &str) -> Result<Option<TypeEntry<'a>>, Exceeded> {
        Ok(self.update.find(&scope.full(scope.update_package), name, self.budget)?.copied())
    }

    fn compare_types(&mut self, original: &'a Types, update: &'a Types, scope: &Rc<Scope<'a>>) -> Result<(), Exceeded> {
        let mut tasks = Vec::new();
        let index = |types: &'a Types| -> HashMap<&'a str, (usize, &'a Message)> {
            types.messages.iter().enumerate().map(|(at, message)| (message.name.as_str(), (at, message))).collect()
        };
        let (originals, updates) = (index(original), index(update));
        let names = |types: &'a Types| types.messages.iter().map(|message| message.name.as_str()).collect::<Vec<_>>();
        for name in java_hash::union(names(original), names(update)) {
            self.budget.step()?;
            let inner = scope.enter(name);
            let is_named = |entry: Option<TypeEntry<'_>>| entry.is_some_and(|entry| !entry.is_map);
            match (originals.get(name), updates.get(name)) {
                (Some(_), None) => {
                    if is_named(self.find_original(&inner, name)?) {
                        tasks.push(Task::Report(DifferenceKind::MessageRemoved, Place::of(&inner)));
                    }
                }
                (None, Some(_)) => {
                    if is_named(self.find_update(&inner, name)?) {
                        tasks.push(Task::Report(DifferenceKind::MessageAdded, Place::of(&inner)));
                    }
                }
                (Some((original_at, original)), Some((update_at, update))) => {
                    let place = Place::of(&inner);
                    tasks.push(Task::Message { original, update, scope: inner });
                    if original_at != update_at {
                        tasks.push(Task::Report(DifferenceKind::MessageMoved, place));
                    }
                }
                (None, None) => {}
            }
        }

        let index = |types: &'a Types| -> HashMap<&'a str, &'a Enum> {
            types.enums.iter().map(|declared| (declared.name.as_str(), declared)).collect()
        };
        let (originals, updates) = (index(original), index(update));
        let names = |types: &'a Types| types.enums.iter().map(|declared| declared.name.as_str()).collect::<Vec<_>>();
        for name in java_hash::union(names(original), names(update)) {
            let inner = scope.enter(name);
            tasks.push(match (originals.get(name), updates.get(name)) {
                (Some(original), Some(update)) => Task::Enum { original, update, scope: inner },
                (Some(_), None) => Task::Report(DifferenceKind::EnumRemoved, Place::of(&inner)),
                _ => Task::Report(DifferenceKind::EnumAdded, Place::of(&inner)),
            });
        }
        self.then(tasks);
        Ok(())
    }

    fn compare_enums(&mut self, original: &Enum, update: &Enum, scope: &Rc<Scope<'a>>) -> Result<(), Exceeded> {
        let by_number = |declared: &'_ Enum| -> BTreeMap<i32, String> {
            declared.values.iter().map(|value| (value.number, value.name.clone())).collect()
        };
        let (originals, updates) = (by_number(original), by_number(update));
        // In the order of the text: numbers that share a bucket keep it.
        let numbers = |declared: &'_ Enum| declared.values.iter().map(|value| value.number).collect::<Vec<_>>();
        for number in java_hash::union(numbers(original), numbers(update)) {
            self.budget.step()?;
            let kind = match (originals.get(&number), updates.get(&number)) {
                (Some(original), Some(update)) if original != update => DifferenceKind::EnumConstChanged,
                (Some(_), None) => DifferenceKind::EnumConstRemoved,
                (None, Some(_)) => DifferenceKind::EnumConstAdded,
                _ => continue,
            };
            self.add(kind, &Place { number: Some(number), ..Place::of(scope) })?;
        }
        Ok(())
    }

    fn compare_messages(
        &mut self,
        original: &'a Message,
        update: &'a Message,
        scope: Rc<Scope<'a>>,
    ) -> Result<(), Exceeded> {
        let mut tasks = Vec::new();
        let entered = self.entered.insert(std::ptr::from_ref(original));
        if entered {
            self.budget.spend((original.fields.len() + update.fields.len()) as u64)?;
            let (originals, updates) = (FieldIndex::of(original), FieldIndex::of(update));
            self.report_exclusivity(&originals, update, &scope)?;
            for name in originals.oneofs.keys().chain(updates.oneofs.keys()).collect::<BTreeSet<_>>() {
                let place = Place { oneof: Some(name), ..Place::of(&scope) };
                match (originals.oneofs.contains_key(name), updates.oneofs.contains_key(name)) {
                    (true, false) => self.add(DifferenceKind::OneofRemoved, &place)?,
                    (false, true) => self.add(DifferenceKind::OneofAdded, &place)?,
                    _ => {}
                }
            }
            let deleted = originals.deleted_oneofs(&updates);
            for number in
                originals.fields.keys().chain(updates.fields.keys()).collect::<std::collections::BTreeSet<_>>()
            {
                let pair = (originals.fields.get(number), updates.fields.get(number));
                field_tasks(*number, pair, &deleted, &scope, &mut tasks);
            }
        }
        tasks.push(Task::Types { original: &original.types, update: &update.types, scope });
        if entered {
            tasks.push(Task::Leave(std::ptr::from_ref(original)));
        }
        self.then(tasks);
        Ok(())
    }

    /// Fields that could be set together before, and exclude each other now.
    fn report_exclusivity(
        &mut self,
        originals: &FieldIndex<'a>,
        update: &'a Message,
        scope: &Rc<Scope<'a>>,
    ) -> Result<(), Exceeded> {
        for oneof in &update.oneofs {
            let mut groups = HashSet::new();
            let mut moved = 0;
            for field in &oneof.fields {
                self.budget.step()?;
                match originals.fields.get(&field.number) {
                    Some((_, Some(name))) => groups.insert((Some(*name), 0)),
                    Some((_, None)) => {
                        moved += 1;
                        groups.insert((None, field.number))
                    }
                    None => continue,
                };
            }
            if groups.len() > 1 {
                let kind = if moved > 1 {
                    DifferenceKind::MultipleFieldsMovedToOneof
                } else {
                    DifferenceKind::FieldMovedToExistingOneof
                };
                self.add(kind, &Place { oneof: Some(&oneof.name), ..Place::of(scope) })?;
            }
        }
        Ok(())
    }

    fn compare_fields(&mut self, original: &'a Field, update: &'a Field, place: Place<'a>) -> Result<(), Exceeded> {
        if original.name != update.name {
            self.add(DifferenceKind::FieldNameChanged, &place)?;
        }
        let scope = Rc::clone(&place.scope);
        let scope = &*scope;
        let mut labels = (original.label, update.label);
        let mut types = (original.type_name.clone(), update.type_name.clone());
        // Maps are compared key by key and value by value, without labels.
        loop {
            self.budget.step()?;
            let original = self.find_original(scope, &types.0)?.and_then(|entry| entry.map_type()).unwrap_or(types.0);
            let update = self.find_update(scope, &types.1)?.and_then(|entry| entry.map_type()).unwrap_or(types.1);
            let kinds = (
                Kind::of(&original, self.find_original(scope, &original)?),
                Kind::of(&update, self.find_update(scope, &update)?),
            );
            match kinds {
                (Kind::Scalar(original), Kind::Scalar(update)) => {
                    return self.compare_scalars(original, update, labels, &place);
                }
                (Kind::Message, Kind::Message) => return self.compare_named(&original, &update, scope, place),
                (Kind::Map(original), Kind::Map(update)) => {
                    let key = |key: &str, entry| match Kind::of(key, entry) {
                        Kind::Scalar(group) => group,
                        Kind::Message | Kind::Map(_) => ScalarGroup::Number,
                    };
                    let original_key = key(&original.0, self.find_original(scope, &original.0)?);
                    let update_key = key(&update.0, self.find_update(scope, &update.0)?);
                    self.compare_scalars(original_key, update_key, (None, None), &place)?;
                    types = (original.1, update.1);
                    labels = (None, None);
                }
                _ => return self.add(DifferenceKind::FieldKindChanged, &place),
            }
        }
    }

    fn compare_scalars(
        &mut self,
        original: ScalarGroup,
        update: ScalarGroup,
        labels: (Option<Label>, Option<Label>),
        place: &Place<'a>,
    ) -> Result<(), Exceeded> {
        if original != update {
            return self.add(DifferenceKind::FieldScalarKindChanged, place);
        }
        match labels {
            (Some(before), Some(after)) if before != after => {
                let kind = match original {
                    ScalarGroup::StringOrBytes => DifferenceKind::FieldStringOrBytesLabelChanged,
                    _ => DifferenceKind::FieldNumericLabelChanged,
                };
                self.add(kind, place)
            }
            _ => Ok(()),
        }
    }

    fn compare_named(
        &mut self,
        original: &str,
        update: &str,
        scope: &Scope<'a>,
        place: Place<'a>,
    ) -> Result<(), Exceeded> {
        let original_full = self.original.resolve(&scope.full(scope.original_package), original, self.budget)?;
        let update_full = self.update.resolve(&scope.full(scope.update_package), update, self.budget)?;
        let (Some(original_full), Some(update_full)) = (original_full, update_full) else {
            return if original == update { Ok(()) } else { self.add(DifferenceKind::FieldNamedTypeChanged, &place) };
        };
        let (original, update) = (self.find_original(scope, &original_full)?, self.find_update(scope, &update_full)?);
        let (Some(original), Some(update)) = (original, update) else { return Ok(()) };
        let local = local_name(&original_full, original.package);
        if local != local_name(&update_full, update.package) {
            return self.add(DifferenceKind::FieldNamedTypeChanged, &place);
        }
        if original.source != Source::Unnamed && original.source == update.source {
            return Ok(());
        }
        let (Definition::Message(original_message), Definition::Message(update_message)) =
            (original.definition, update.definition)
        else {
            return Ok(());
        };
        let scope = Scope::of_type(local, original.package, update.package);
        self.then(vec![
            Task::Message { original: original_message, update: update_message, scope },
            Task::NamedType { incompatible_before: self.incompatible, place },
        ]);
        Ok(())
    }
}

/// What is to be done for the fields of one number.
fn field_tasks<'a>(
    number: i32,
    pair: (Option<&Member<'a>>, Option<&Member<'a>>),
    deleted: &HashSet<&str>,
    scope: &Rc<Scope<'a>>,
    tasks: &mut Vec<Task<'a>>,
) {
    let place = |oneof: Option<&'a str>| Place { oneof, number: Some(number), ..Place::of(scope) };
    let mut report = |kind, oneof| tasks.push(Task::Report(kind, place(oneof)));
    match pair {
        (Some((_, Some(oneof))), None) => {
            if !deleted.contains(oneof) {
                report(DifferenceKind::OneofFieldRemoved, Some(*oneof));
            }
        }
        (Some((original, None)), None) => {
            let required = original.label == Some(Label::Required);
            report(if required { DifferenceKind::RequiredFieldRemoved } else { DifferenceKind::FieldRemoved }, None);
        }
        (None, Some((_, Some(oneof)))) => report(DifferenceKind::OneofFieldAdded, Some(*oneof)),
        (None, Some((update, None))) => {
            let required = update.label == Some(Label::Required);
            report(if required { DifferenceKind::RequiredFieldAdded } else { DifferenceKind::FieldAdded }, None);
        }
        (Some((original, before)), Some((update, after))) => {
            if before.is_some() && after.is_none() {
                report(DifferenceKind::OneofFieldMovedToTopLevel, None);
            }
            tasks.push(Task::Field { original, update, place: place(*after) });
        }
        (None, None) => {}
    }
}

fn local_name<'n>(full_name: &'n str, package: &str) -> &'n str {
    full_name.strip_prefix(package).and_then(|rest| rest.strip_prefix('.')).unwrap_or(full_name)
}

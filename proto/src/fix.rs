//! Changes to a reader's schema that make it read a writer's data, each tried before it is offered.

use avow_budget::{Budget, Exceeded};

use crate::Error;
use crate::compat::{Difference, DifferenceKind};
use crate::schema::Schema;
use crate::syntax::{Field, File, Label, Message, Style, Types, print};

/// A schema with one thing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    /// The stored text of the changed schema.
    pub text: String,
    /// Whether nothing else keeps the schemas from being compatible.
    pub is_complete: bool,
    /// The incompatibility that the fix is for.
    pub difference: Difference,
}

/// A fix for each incompatibility that has one. A fix that does not lower the number of incompatibilities is left out.
pub(crate) fn fixes(reader: &Schema, writer: &Schema, budget: &Budget) -> Result<Vec<Fix>, Exceeded> {
    let verdict = Schema::check(reader, writer, budget)?;
    let count = verdict.incompatibilities().count();
    let mut fixes: Vec<Fix> = Vec::new();
    for difference in verdict.incompatibilities() {
        let mut file = reader.file().clone();
        let Some(title) = apply(difference, &mut file, writer.file()) else { continue };
        let text = print(&file, Style::Stored, budget)?;
        let fixed = match reader.with_text(&text, budget) {
            Ok(fixed) => fixed,
            Err(Error::Exceeded(exceeded)) => return Err(exceeded),
            Err(Error::Refused { .. }) => continue,
        };
        let left = Schema::check(&fixed, writer, budget)?.incompatibilities().count();
        if left < count && fixes.iter().all(|fix| fix.title != title) {
            fixes.push(Fix { title, text, is_complete: left == 0, difference: difference.clone() });
        }
    }
    Ok(fixes)
}

/// Changes the reader's file, and says how.
fn apply(difference: &Difference, reader: &mut File, writer: &File) -> Option<String> {
    let path: Vec<&str> = difference.path.strip_prefix("#/")?.split('/').filter(|part| !part.is_empty()).collect();
    if difference.kind == DifferenceKind::PackageChanged {
        reader.package.clone_from(&writer.package);
        return Some(match &writer.package {
            Some(package) => format!("Keep the package `{package}`"),
            None => "Keep the file without a package".to_owned(),
        });
    }
    if difference.kind == DifferenceKind::MessageRemoved {
        let (name, parents) = path.split_last()?;
        let removed = types_at(&writer.types, parents)?.messages.iter().find(|message| message.name == *name)?;
        types_at_mut(&mut reader.types, parents)?.messages.push(removed.clone());
        return Some(format!("Keep the message `{}`", path.join(".")));
    }
    let number: i32 = path.last()?.parse().ok()?;
    // The part before the number may be a oneof.
    let messages = &path[..path.len() - 1];
    let (messages, oneof) = match message_at(&writer.types, messages) {
        Some(_) => (messages, None),
        None => (messages.split_last()?.1, messages.last()),
    };
    let before = message_at(&writer.types, messages)?.all_fields().find(|field| field.number == number);
    let message = message_at_mut(&mut reader.types, messages)?;
    let place = messages.join(".");
    match difference.kind {
        DifferenceKind::RequiredFieldAdded => {
            let field = field_mut(message, number)?;
            field.label = Some(Label::Optional);
            Some(format!("Make `{place}.{}` optional", field.name))
        }
        DifferenceKind::RequiredFieldRemoved => {
            let before = before?;
            message.fields.push(before.clone());
            Some(format!("Keep the field `{place}.{}`", before.name))
        }
        DifferenceKind::OneofFieldRemoved => {
            let before = before?;
            let oneof = message.oneofs.iter_mut().find(|known| Some(&known.name.as_str()) == oneof)?;
            oneof.fields.push(before.clone());
            Some(format!("Keep the field `{place}.{}`", before.name))
        }
        DifferenceKind::FieldKindChanged
        | DifferenceKind::FieldScalarKindChanged
        | DifferenceKind::FieldNamedTypeChanged => {
            let before = before?;
            let field = field_mut(message, number)?;
            field.type_name.clone_from(&before.type_name);
            Some(format!("Keep the type `{}` of `{place}.{}`", before.type_name, field.name))
        }
        DifferenceKind::FieldNumericLabelChanged => {
            let before = before?;
            let field = field_mut(message, number)?;
            field.label = before.label;
            Some(format!("Keep the label of `{place}.{}`", field.name))
        }
        _ => None,
    }
}

fn types_at<'a>(types: &'a Types, path: &[&str]) -> Option<&'a Types> {
    path.iter().try_fold(types, |types, name| {
        types.messages.iter().find(|message| message.name == **name).map(|message| &message.types)
    })
}

fn types_at_mut<'a>(types: &'a mut Types, path: &[&str]) -> Option<&'a mut Types> {
    path.iter().try_fold(types, |types, name| {
        types.messages.iter_mut().find(|message| message.name == **name).map(|message| &mut message.types)
    })
}

fn message_at<'a>(types: &'a Types, path: &[&str]) -> Option<&'a Message> {
    let (name, parents) = path.split_last()?;
    types_at(types, parents)?.messages.iter().find(|message| message.name == *name)
}

fn message_at_mut<'a>(types: &'a mut Types, path: &[&str]) -> Option<&'a mut Message> {
    let (name, parents) = path.split_last()?;
    types_at_mut(types, parents)?.messages.iter_mut().find(|message| message.name == *name)
}

fn field_mut(message: &mut Message, number: i32) -> Option<&mut Field> {
    let members = message.oneofs.iter_mut().flat_map(|oneof| &mut oneof.fields);
    message.fields.iter_mut().chain(members).find(|field| field.number == number)
}

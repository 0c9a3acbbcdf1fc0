//! Numbers that meant something else in an earlier version: no comparison of two neighbours sees them.

use std::collections::HashMap;

use avow_budget::{Budget, Exceeded};

use super::{Breach, Rule};
use crate::syntax::{Field, File, Message, Types};
use crate::types::push_name;

/// Fields of `new` whose number an earlier version used for another field. `earlier` starts with the oldest.
pub(crate) fn reused_numbers(new: &File, earlier: &[&File], budget: &Budget) -> Result<Vec<Breach>, Exceeded> {
    let mut before: HashMap<(String, i32), &Field> = HashMap::new();
    for file in earlier {
        each_message(&file.types, &mut |path, message| {
            for field in message.all_fields() {
                budget.step()?;
                before.entry((path.to_owned(), field.number)).or_insert(field);
            }
            Ok(())
        })?;
    }
    let mut breaches = Vec::new();
    each_message(&new.types, &mut |path, message| {
        for field in message.all_fields() {
            budget.step()?;
            let Some(old) = before.get(&(path.to_owned(), field.number)) else { continue };
            if old.name != field.name && old.type_name != field.type_name {
                breaches.push(Breach {
                    rule: Rule::FieldNumberReused,
                    path: format!("{path}.{}", field.name),
                    text: format!(
                        "number {} was `{} {}` in an earlier version; data written then is read as `{}`",
                        field.number, old.type_name, old.name, field.name
                    ),
                });
            }
        }
        Ok(())
    })?;
    Ok(breaches)
}

/// Visits messages with their dotted paths.
fn each_message<'a>(
    types: &'a Types,
    visit: &mut impl FnMut(&str, &'a Message) -> Result<(), Exceeded>,
) -> Result<(), Exceeded> {
    let mut pending = vec![(String::new(), types)];
    while let Some((scope, types)) = pending.pop() {
        for message in &types.messages {
            let mut path = scope.clone();
            push_name(&mut path, &message.name);
            visit(&path, message)?;
            pending.push((path, &message.types));
        }
    }
    Ok(())
}

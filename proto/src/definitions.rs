//! What a schema defines, for search.

use crate::syntax::{File, Types};
use crate::types::push_name;

/// A type that a schema defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub full_name: String,
    /// Names of fields, members of oneofs included, or of enum values.
    pub members: Vec<String>,
    pub is_enum: bool,
}

pub(crate) fn of(file: &File) -> Vec<Definition> {
    let mut definitions = Vec::new();
    let mut pending: Vec<(String, &Types)> = vec![(file.package().to_owned(), &file.types)];
    while let Some((scope, types)) = pending.pop() {
        for message in &types.messages {
            let full_name = qualified(&scope, &message.name);
            let members = message.all_fields().map(|field| field.name.clone()).collect();
            pending.push((full_name.clone(), &message.types));
            definitions.push(Definition { full_name, members, is_enum: false });
        }
        for declared in &types.enums {
            let members = declared.values.iter().map(|value| value.name.clone()).collect();
            definitions.push(Definition { full_name: qualified(&scope, &declared.name), members, is_enum: true });
        }
    }
    definitions
}

/// A name in a scope.
pub(crate) fn qualified(scope: &str, name: &str) -> String {
    let mut full = scope.to_owned();
    push_name(&mut full, name);
    full
}

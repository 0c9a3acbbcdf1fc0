//! Inline tags: strings that metadata options give to files, messages, fields, enums and values.

use crate::descriptor::items;
use crate::options::merge_all;
use crate::syntax::{Field, File, Opt, OptValue, Types};

pub(crate) fn of(file: &File) -> Vec<String> {
    let mut tags = Vec::new();
    add(&file.options, "confluent.file_meta", &mut tags);
    let mut pending: Vec<&Types> = vec![&file.types];
    while let Some(types) = pending.pop() {
        for message in &types.messages {
            add(&message.options, "confluent.message_meta", &mut tags);
            let add_field = |field: &Field| add(&field.options, "confluent.field_meta", &mut tags);
            message.all_fields().for_each(add_field);
            pending.push(&message.types);
        }
        for declared in &types.enums {
            add(&declared.options, "confluent.enum_meta", &mut tags);
            for value in &declared.values {
                add(&value.options, "confluent.enum_value_meta", &mut tags);
            }
        }
    }
    tags
}

/// Adds the tags of one element that are not there yet.
fn add(options: &[Opt], name: &str, tags: &mut Vec<String>) {
    let merged = merge_all(options);
    let meta = merged.iter().find(|option| option.name == name);
    let found = items(meta.and_then(|option| option.value.get("tags"))).iter().filter_map(OptValue::as_text);
    for tag in found {
        if tags.iter().all(|known| known != tag) {
            tags.push(tag.to_owned());
        }
    }
}

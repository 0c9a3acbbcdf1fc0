//! Inline tags: strings that metadata options give to files, messages, fields, enums and values.

use std::collections::HashSet;

use avow_budget::{Budget, Exceeded};

use crate::descriptor::items;
use crate::options::merge_all;
use crate::syntax::{File, Opt, OptValue, Types};

pub(crate) fn of(file: &File, budget: &Budget) -> Result<Vec<String>, Exceeded> {
    let mut tags = Tags { found: Vec::new(), seen: HashSet::new(), budget };
    tags.add(&file.options, "confluent.file_meta")?;
    let mut pending: Vec<&Types> = vec![&file.types];
    while let Some(types) = pending.pop() {
        for message in &types.messages {
            tags.add(&message.options, "confluent.message_meta")?;
            for field in message.all_fields() {
                tags.add(&field.options, "confluent.field_meta")?;
            }
            pending.push(&message.types);
        }
        for declared in &types.enums {
            tags.add(&declared.options, "confluent.enum_meta")?;
            for value in &declared.values {
                tags.add(&value.options, "confluent.enum_value_meta")?;
            }
        }
    }
    Ok(tags.found)
}

struct Tags<'b> {
    found: Vec<String>,
    seen: HashSet<String>,
    budget: &'b Budget,
}

impl Tags<'_> {
    /// Adds the tags of one element that are not there yet.
    fn add(&mut self, options: &[Opt], name: &str) -> Result<(), Exceeded> {
        self.budget.step()?;
        let merged = merge_all(options, self.budget)?;
        let meta = merged.iter().find(|option| option.name == name);
        for tag in items(meta.and_then(|option| option.value.get("tags"))).iter().filter_map(OptValue::as_text) {
            if self.seen.insert(tag.to_owned()) {
                self.found.push(tag.to_owned());
            }
        }
        Ok(())
    }
}

//! The keywords of each kind of value.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{Draft, Result};
use super::{Loader, NUMBER_KEYWORDS, ObjectSchema, STRING_KEYWORDS, array_keywords, object_keywords, parse_pattern};
use crate::decimal::Decimal;
use crate::model::{ArrayRules, NumberRules, ObjectRules, Rest, StringRules};
use crate::value::Json;

impl ObjectSchema<'_> {
    pub(super) fn string_rules(&mut self) -> Result<StringRules> {
        self.consume(&STRING_KEYWORDS);
        Ok(StringRules {
            typed: false,
            min_length: self.integer("minLength")?,
            max_length: self.integer("maxLength")?,
            pattern: self.pattern("pattern")?,
            format: self.string("format")?,
        })
    }

    pub(super) fn number_rules(&mut self) -> Result<NumberRules> {
        self.consume(&NUMBER_KEYWORDS);
        let mut rules = NumberRules {
            minimum: self.number("minimum")?,
            maximum: self.number("maximum")?,
            multiple_of: self.number("multipleOf")?,
            ..NumberRules::default()
        };
        if rules.multiple_of.as_ref().is_some_and(|value| value.to_f64() == 0.0) {
            return self.place.error("multipleOf should not be 0");
        }
        if self.place.draft == Draft::Four {
            rules.excluded = [
                self.boolean("exclusiveMinimum")?.unwrap_or(false),
                self.boolean("exclusiveMaximum")?.unwrap_or(false),
            ];
        } else {
            rules.exclusive_minimum = self.number("exclusiveMinimum")?;
            rules.exclusive_maximum = self.number("exclusiveMaximum")?;
        }
        Ok(rules)
    }

    fn number(&mut self, keyword: &str) -> Result<Option<Decimal>> {
        self.typed_value(keyword, "a number", |json| match json {
            Json::Number(number) => Some(number.clone()),
            _ => None,
        })
    }
}

impl Loader<'_> {
    pub(super) fn array_rules(&mut self, schema: &mut ObjectSchema) -> Result<ArrayRules> {
        let place = schema.place;
        schema.consume(array_keywords(place.draft));
        let mut rules = ArrayRules {
            min_items: schema.integer("minItems")?,
            max_items: schema.integer("maxItems")?,
            unique: schema.boolean("uniqueItems")?.unwrap_or(false),
            additional: self.rest(schema, "additionalItems")?,
            ..ArrayRules::default()
        };
        match schema.take("items") {
            None => {}
            Some(Json::Array(items)) => rules.tuple = self.children(place, "items", &items)?,
            Some(Json::Bool(_)) if place.draft == Draft::Four => {
                return place.descend("items").error("expected an array or an object, found boolean");
            }
            Some(json @ (Json::Object(_) | Json::Bool(_))) => {
                rules.all_items = Some(self.child(place, "items", &json)?);
            }
            Some(other) => return place.descend("items").expected("a schema or an array", &other),
        }
        if place.draft > Draft::Four
            && let Some(json) = schema.take("contains")
        {
            rules.contains = Some(self.child(place, "contains", &json)?);
        }
        Ok(rules)
    }

    pub(super) fn object_rules(&mut self, schema: &mut ObjectSchema) -> Result<ObjectRules> {
        let place = schema.place;
        schema.consume(object_keywords(place.draft));
        let mut rules = ObjectRules {
            min_properties: schema.integer("minProperties")?,
            max_properties: schema.integer("maxProperties")?,
            additional: self.rest(schema, "additionalProperties")?,
            ..ObjectRules::default()
        };
        if let Some(properties) = schema.members("properties")? {
            let list = place.child("properties", &Json::Object(Arc::clone(&properties)))?;
            for (name, json) in properties.iter() {
                // An identifier that stands among the properties is not one of them.
                if &**name != place.draft.id_keyword() || json.as_object().is_some() {
                    let property = self.child(&list, name, json)?;
                    rules.properties.insert(Arc::clone(name), property);
                }
            }
        }
        if let Some(names) = schema.array("required")? {
            rules.required = strings(schema, "required", &names)?;
        }
        if let Some(patterns) = schema.members("patternProperties")? {
            let list = place.child("patternProperties", &Json::Object(Arc::clone(&patterns)))?;
            for (source, json) in patterns.iter() {
                let property = self.child(&list, source, json)?;
                rules.pattern_properties.push((parse_pattern(source)?, property));
            }
        }
        if let Some(dependencies) = schema.members("dependencies")? {
            let list = place.child("dependencies", &Json::Object(Arc::clone(&dependencies)))?;
            for (name, json) in dependencies.iter() {
                match json {
                    Json::Array(names) => {
                        let names = strings(schema, "dependencies", names)?;
                        if !names.is_empty() {
                            rules.property_dependencies.insert(Arc::clone(name), names);
                        }
                    }
                    Json::Bool(_) if place.draft == Draft::Four => {
                        return list.descend(name).error("expected an array or an object, found boolean");
                    }
                    Json::Object(_) | Json::Bool(_) => {
                        let dependency = self.child(&list, name, json)?;
                        rules.schema_dependencies.insert(Arc::clone(name), dependency);
                    }
                    other => return list.descend(name).expected("a schema or an array", other),
                }
            }
        }
        if place.draft > Draft::Four
            && let Some(json) = schema.take("propertyNames")
        {
            rules.property_names = Some(self.child(place, "propertyNames", &json)?);
        }
        Ok(rules)
    }

    fn rest(&mut self, schema: &mut ObjectSchema, keyword: &str) -> Result<Rest> {
        match schema.take(keyword) {
            None => Ok(Rest::default()),
            Some(Json::Bool(permitted)) => Ok(Rest { permitted, schema: None }),
            Some(json @ Json::Object(_)) => {
                Ok(Rest { permitted: true, schema: Some(self.child(schema.place, keyword, &json)?) })
            }
            Some(other) => schema.place.descend(keyword).expected("a boolean or an object", &other),
        }
    }
}

fn strings(schema: &ObjectSchema, keyword: &str, items: &[Json]) -> Result<BTreeSet<Arc<str>>> {
    items
        .iter()
        .map(|item| match item {
            Json::String(name) => Ok(Arc::clone(name)),
            other => schema.place.descend(keyword).expected("a string", other),
        })
        .collect()
}

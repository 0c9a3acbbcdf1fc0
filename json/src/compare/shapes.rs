//! Which members of a combination are the same schema written twice.

use std::collections::HashMap;
use std::fmt::Write;

use avow_budget::{Budget, Exceeded};

use crate::model::{Kind, Model, NodeId};
use crate::printer::{identity, write_string};
use crate::stack::{FRAME_BYTES, deep};

/// A number for every distinct schema of a model. References are equal if their texts are.
#[derive(Default)]
pub(super) struct Shapes {
    of_nodes: HashMap<NodeId, usize>,
    of_texts: HashMap<String, usize>,
}

impl Shapes {
    pub(super) fn of(&mut self, model: &Model, id: NodeId, budget: &Budget) -> Result<usize, Exceeded> {
        if let Some(shape) = self.of_nodes.get(&id) {
            return Ok(*shape);
        }
        budget.step()?;
        budget.hold(FRAME_BYTES)?;
        let text = deep(|| self.text(model, id, budget))?;
        budget.release(FRAME_BYTES);
        budget.spend(text.len() as u64 / 64)?;
        budget.hold(text.len())?;
        let next = self.of_texts.len();
        let shape = *self.of_texts.entry(text).or_insert(next);
        self.of_nodes.insert(id, shape);
        Ok(shape)
    }

    /// All that a schema says, with its parts as numbers.
    fn text(&mut self, model: &Model, id: NodeId, budget: &Budget) -> Result<String, Exceeded> {
        let node = model.node(id);
        let mut text = String::new();
        for (label, value) in [("id", &node.id), ("title", &node.title), ("description", &node.description)] {
            if let Some(value) = value {
                text.push_str(label);
                write_string(value, &mut text);
            }
        }
        if let Some(default) = &node.default {
            text.push_str("default");
            text.push_str(&identity(default));
        }
        for (key, value) in &node.unprocessed {
            write_string(key, &mut text);
            text.push_str(&identity(value));
        }
        let mut parts = Parts { shapes: self, model, budget, text };
        parts.kind(&node.kind)?;
        Ok(parts.text)
    }
}

struct Parts<'a> {
    shapes: &'a mut Shapes,
    model: &'a Model,
    budget: &'a Budget,
    text: String,
}

impl Parts<'_> {
    fn kind(&mut self, kind: &Kind) -> Result<(), Exceeded> {
        match kind {
            Kind::Enum(values) => {
                self.text.push_str("enum");
                for value in values.iter() {
                    self.text.push_str(&identity(value));
                    self.text.push(',');
                }
            }
            Kind::Const(value) => {
                self.text.push_str("const");
                self.text.push_str(&identity(value));
            }
            Kind::Not(inner) => self.schema("not", Some(*inner))?,
            Kind::Combined(combined) => {
                self.text.push_str(combined.criterion.as_str());
                for member in &combined.members {
                    self.schema("", Some(*member))?;
                }
            }
            Kind::Conditional { condition, then, otherwise } => {
                self.schema("if", *condition)?;
                self.schema("then", *then)?;
                self.schema("else", *otherwise)?;
            }
            Kind::Reference { reference, .. } => {
                self.text.push_str("$ref");
                write_string(reference, &mut self.text);
            }
            Kind::Object(rules) => {
                self.value(&(rules.typed, &rules.required, rules.min_properties, rules.max_properties));
                self.value(&(rules.additional.permitted, &rules.property_dependencies));
                for (name, property) in &rules.properties {
                    write_string(name, &mut self.text);
                    self.schema("", Some(*property))?;
                }
                for (pattern, property) in &rules.pattern_properties {
                    self.value(pattern);
                    self.schema("", Some(*property))?;
                }
                for (name, dependency) in &rules.schema_dependencies {
                    write_string(name, &mut self.text);
                    self.schema("dependency", Some(*dependency))?;
                }
                self.schema("additional", rules.additional.schema)?;
                self.schema("unevaluated", rules.unevaluated)?;
                self.schema("names", rules.property_names)?;
            }
            Kind::Array(rules) => {
                self.value(&(rules.typed, rules.min_items, rules.max_items, rules.unique));
                self.value(&(rules.min_contains, rules.max_contains, rules.additional.permitted));
                self.schema("items", rules.all_items)?;
                for item in &rules.tuple {
                    self.schema("item", Some(*item))?;
                }
                self.schema("additional", rules.additional.schema)?;
                self.schema("unevaluated", rules.unevaluated)?;
                self.schema("contains", rules.contains)?;
            }
            Kind::Number(rules) => self.value(rules),
            Kind::String(rules) => self.value(rules),
            Kind::Empty | Kind::True | Kind::False | Kind::Null | Kind::Boolean => self.value(kind),
        }
        Ok(())
    }

    fn value(&mut self, value: &impl std::fmt::Debug) {
        write!(self.text, "{value:?}").expect("a string takes any text");
    }

    fn schema(&mut self, label: &str, id: Option<NodeId>) -> Result<(), Exceeded> {
        if let Some(id) = id {
            let shape = self.shapes.of(self.model, id, self.budget)?;
            write!(self.text, "{label}#{shape};").expect("a string takes any text");
        }
        Ok(())
    }
}

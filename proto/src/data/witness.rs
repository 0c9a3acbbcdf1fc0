//! A message that shows what a reader makes of a writer's data.

use avow_budget::{Budget, Exceeded};

use super::layout::{Layout, Layouts};
use super::message::{self, Message, ReadError, Value};
use super::sample;
use crate::syntax::File;
use crate::types::TypeTable;

/// What happens to data, from harmless to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Same,
    /// The reader does not know a field.
    Dropped,
    /// The reader gets other values than were written.
    Changed,
    /// The reader cannot read the message.
    Error,
}

/// Bytes written with one schema and read with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    pub effect: Effect,
    /// The full name of the message.
    pub message: String,
    pub bytes: Vec<u8>,
    pub written: String,
    /// What is read, or why nothing is.
    pub read: String,
}

/// The worst thing that happens to any of the sampled messages; none where no two messages correspond.
pub(crate) fn worst_effect(
    writer: (&File, &TypeTable<'_>),
    reader: (&File, &TypeTable<'_>),
    budget: &Budget,
) -> Result<Option<Witness>, Exceeded> {
    let writers = Layouts::of(writer.0, writer.1, budget)?;
    let readers = Layouts::of(reader.0, reader.1, budget)?;
    let mut worst: Option<Witness> = None;
    for written_name in &writers.own {
        let read_name = corresponding(written_name, writer.0.package(), reader.0.package());
        let (Some(written), Some(read)) = (writers.get(written_name), readers.get(&read_name)) else { continue };
        for bytes in sample::messages(written, &writers, &exclusive(written, read)) {
            budget.spend(1 + bytes.len() as u64)?;
            let sent = match message::read(&bytes, written_name, &writers, budget) {
                Ok(sent) => sent,
                Err(ReadError::Exceeded(exceeded)) => return Err(exceeded),
                // A number above the maximum has no tag that anybody can read.
                Err(ReadError::Malformed) => Message::default(),
                Err(ReadError::MissingRequired(_) | ReadError::InvalidUtf8) => continue,
            };
            let (effect, shown) = match message::read(&bytes, &read_name, &readers, budget) {
                Ok(received) => (compare(&sent, &received), message::print(&received, &read_name, &readers)),
                Err(ReadError::Exceeded(exceeded)) => return Err(exceeded),
                Err(error) => (Effect::Error, error.to_string()),
            };
            if worst.as_ref().is_none_or(|worst| worst.effect < effect) {
                let written = message::print(&sent, written_name, &writers);
                worst = Some(Witness { effect, message: written_name.clone(), bytes, written, read: shown });
            }
        }
    }
    Ok(worst)
}

/// The reader's name of a message: packages may differ, as bytes do not contain them.
fn corresponding(name: &str, writer_package: &str, reader_package: &str) -> String {
    let local = if writer_package.is_empty() {
        Some(name)
    } else {
        name.strip_prefix(writer_package).and_then(|rest| rest.strip_prefix('.'))
    };
    let local = local.unwrap_or(name);
    if reader_package.is_empty() { local.to_owned() } else { format!("{reader_package}.{local}") }
}

/// Pairs of fields that exclude each other for the reader, and not for the writer.
fn exclusive(writer: &Layout, reader: &Layout) -> Vec<(u32, u32)> {
    let members: Vec<_> = reader.fields.iter().filter_map(|(number, field)| Some((*number, field.oneof?))).collect();
    let writer_oneof = |number: u32| writer.fields.get(&number).map(|field| field.oneof);
    let mut pairs = Vec::new();
    for pair in members.windows(2) {
        let [(first, first_oneof), (second, second_oneof)] = *pair else { continue };
        let (Some(before), Some(after)) = (writer_oneof(first), writer_oneof(second)) else { continue };
        if first_oneof == second_oneof && (before.is_none() || before != after) {
            pairs.push((first, second));
        }
    }
    pairs
}

fn compare(sent: &Message, received: &Message) -> Effect {
    let effect = |(number, values): (&u32, &Vec<Value>)| match received.fields.get(number) {
        Some(read) => compare_values(values, read),
        None if received.unknown.contains(number) => Effect::Dropped,
        None => Effect::Changed,
    };
    sent.fields.iter().map(effect).max().unwrap_or(Effect::Same)
}

fn compare_values(sent: &[Value], received: &[Value]) -> Effect {
    if sent.len() != received.len() {
        return Effect::Changed;
    }
    let effect = |(sent, received): (&Value, &Value)| match (sent, received) {
        (Value::Message(sent), Value::Message(received)) => compare(sent, received),
        (sent, received) if sent == received => Effect::Same,
        _ => Effect::Changed,
    };
    sent.iter().zip(received).map(effect).max().unwrap_or(Effect::Same)
}

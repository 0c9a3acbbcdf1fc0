//! Message indexes: which message of a schema some bytes are, as serializers write it before them.

use crate::syntax::{File, Message};
use crate::types::push_name;
use crate::wire;

/// Levels that indexes may have; no descriptor goes deeper.
const MAX_LEVELS: usize = 100;

/// The index of a message at each level of nesting, enums not counted. Empty for a name that is no message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MessageIndexes(Vec<u32>);

/// Bytes that do not start with message indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidIndexes;

impl MessageIndexes {
    pub fn new(indexes: Vec<u32>) -> Self {
        Self(indexes)
    }

    pub fn as_slice(&self) -> &[u32] {
        &self.0
    }

    /// The bytes before the data: a count and the indexes, or a single zero for the first message.
    pub fn encode(&self) -> Vec<u8> {
        if matches!(self.as_slice(), [] | [0]) {
            return vec![0];
        }
        let mut out = Vec::new();
        for value in std::iter::once(self.0.len() as u64).chain(self.0.iter().copied().map(u64::from)) {
            wire::write_varint(&mut out, wire::zig_zag(value.cast_signed()));
        }
        out
    }

    /// Reads indexes from the front of `bytes`, and leaves the data.
    pub fn decode(bytes: &mut &[u8]) -> Result<Self, InvalidIndexes> {
        let mut next = || wire::read_varint(bytes).map(wire::un_zig_zag).map_err(|_| InvalidIndexes);
        let count = usize::try_from(next()?).map_err(|_| InvalidIndexes)?;
        match count {
            0 => Ok(Self(vec![0])),
            1..=MAX_LEVELS => {
                let index = |_| u32::try_from(next()?).map_err(|_| InvalidIndexes);
                (0..count).map(index).collect::<Result<_, _>>().map(Self)
            }
            _ => Err(InvalidIndexes),
        }
    }
}

/// The indexes of a full name. Each part of the name, packages included, is looked for among the messages of the level
/// reached so far, as the reference does.
pub(crate) fn indexes_of(file: &File, full_name: &str) -> MessageIndexes {
    let mut indexes = Vec::new();
    let mut messages = file.types.messages.as_slice();
    for part in full_name.split('.') {
        if let Some(index) = messages.iter().position(|message| message.name == part) {
            indexes.push(u32::try_from(index).unwrap_or(u32::MAX));
            messages = &messages[index].types.messages;
        }
    }
    MessageIndexes(indexes)
}

/// The message at some indexes and its full name. No indexes stand for the first message.
pub(crate) fn message_at<'a>(file: &'a File, indexes: &MessageIndexes) -> Option<(String, &'a Message)> {
    let path = if indexes.0.is_empty() { &[0] } else { indexes.as_slice() };
    let mut name = file.package().to_owned();
    let mut messages = file.types.messages.as_slice();
    let mut found = None;
    for index in path {
        let message = messages.get(usize::try_from(*index).ok()?)?;
        push_name(&mut name, &message.name);
        messages = &message.types.messages;
        found = Some(message);
    }
    found.map(|message| (name, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_read_as_written() {
        for (indexes, bytes) in [
            (vec![0], vec![0]),
            (vec![1], vec![2, 2]),
            (vec![0, 0], vec![4, 0, 0]),
            (vec![0, 1, 64], vec![6, 0, 2, 128, 1]),
        ] {
            let indexes = MessageIndexes::new(indexes);
            assert_eq!(indexes.encode(), bytes);
            let data = [bytes, vec![7]].concat();
            let mut rest = data.as_slice();
            assert_eq!(MessageIndexes::decode(&mut rest), Ok(indexes));
            assert_eq!(rest, [7]);
        }
    }

    #[test]
    fn counts_and_indexes_are_bounded() {
        for bytes in [&[][..], &[1], &[2], &[2, 1], &[0xff, 0xff, 0xff, 0xff, 0x0f, 0], &[0xca, 1]] {
            assert_eq!(MessageIndexes::decode(&mut &*bytes), Err(InvalidIndexes), "{bytes:?}");
        }
    }
}

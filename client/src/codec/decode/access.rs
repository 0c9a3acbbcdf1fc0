//! Arrays and maps, block by block.

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::de::DatumDeserializer;
use super::input::Input;
use super::program::{List, Op};
use crate::codec::error::DecodeError;
use crate::codec::logical::Logical;
use crate::codec::path::{Segment, WithPath};

/// A growing collection has up to twice the room it needs, and while it moves the old room as well.
pub(super) const GROWTH: usize = 3;

/// The blocks of an array or map.
struct Blocks<'a, 'de> {
    input: &'a mut Input<'de>,
    list: &'de List,
    /// Items left in this block; none means that the end was reached.
    left: usize,
}

impl<'a, 'de> Blocks<'a, 'de> {
    #[inline]
    fn new(input: &'a mut Input<'de>, list: u32) -> Result<Self, DecodeError> {
        let list = &input.program.lists[list as usize];
        input.enter()?;
        let left = input.items(list.width)?;
        Ok(Self { input, list, left })
    }

    #[inline]
    fn item<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        self.input.charge(GROWTH * size_of::<T::Value>())?;
        seed.deserialize(DatumDeserializer { input: &mut *self.input, op: &self.list.item })
    }

    /// Counts an item that was read, and looks for the next block behind the last of one.
    #[inline]
    fn count(&mut self) -> Result<(), DecodeError> {
        self.left -= 1;
        if self.left == 0 {
            self.left = self.input.items(self.list.width)?;
        }
        Ok(())
    }

    #[inline]
    fn finish(self) -> Result<(), DecodeError> {
        if self.left > 0 {
            return Err(DecodeError::custom("there are more items than the type accepts"));
        }
        self.input.leave();
        Ok(())
    }
}

pub(super) struct Items<'a, 'de> {
    blocks: Blocks<'a, 'de>,
    at: usize,
}

impl<'a, 'de> Items<'a, 'de> {
    #[inline]
    pub(super) fn visit<V: Visitor<'de>>(
        input: &'a mut Input<'de>,
        list: u32,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let mut items = Items { blocks: Blocks::new(input, list)?, at: 0 };
        let value = visitor.visit_seq(&mut items)?;
        items.blocks.finish()?;
        Ok(value)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        if self.blocks.left == 0 {
            return Ok(None);
        }
        let value = self.blocks.item(seed).map_err(|error| error.in_item(self.at))?;
        self.at += 1;
        self.blocks.count()?;
        Ok(Some(value))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.blocks.left)
    }
}

pub(super) struct Entries<'a, 'de> {
    blocks: Blocks<'a, 'de>,
    key: &'de [u8],
}

impl<'a, 'de> Entries<'a, 'de> {
    #[inline]
    pub(super) fn visit<V: Visitor<'de>>(
        input: &'a mut Input<'de>,
        list: u32,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let mut entries = Entries { blocks: Blocks::new(input, list)?, key: &[] };
        let value = visitor.visit_map(&mut entries)?;
        entries.blocks.finish()?;
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = DecodeError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        if self.blocks.left == 0 {
            return Ok(None);
        }
        let input = &mut *self.blocks.input;
        input.charge(GROWTH * size_of::<K::Value>())?;
        // For the path, should the value be wrong.
        let from = input.peek();
        let key = seed.deserialize(DatumDeserializer { input, op: &Op::String(Logical::Plain) })?;
        self.key = from;
        Ok(Some(key))
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        let value =
            self.blocks.item(seed).map_err(|error| error.push_segment(Segment::Key(Input::key_at(self.key))))?;
        self.blocks.count()?;
        Ok(value)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.blocks.left)
    }
}

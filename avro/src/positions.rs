//! Positions in a list by a key of its items: a hash table that copies no key.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A hash map with a fast hash that is seeded per process.
pub(crate) type FastMap<K, V> = std::collections::HashMap<K, V, RandomState>;
/// A hash set with a fast hash that is seeded per process.
pub(crate) type FastSet<K> = std::collections::HashSet<K, RandomState>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Positions {
    hasher: RandomState,
    table: HashTable<u32>,
}

impl Positions {
    /// Indexes `length` items; of items with equal keys the first counts.
    pub(crate) fn of<K: Hash + Eq>(length: usize, key_of: impl Fn(usize) -> K) -> Self {
        let mut positions = Self { hasher: RandomState::default(), table: HashTable::with_capacity(length) };
        for at in 0..length {
            positions.insert(at, &key_of);
        }
        positions
    }

    /// Adds the item at a position; returns the position of an earlier item with an equal key instead, if there is one.
    pub(crate) fn insert<K: Hash + Eq>(&mut self, at: usize, key_of: impl Fn(usize) -> K) -> Option<usize> {
        let key = key_of(at);
        let hash = self.hasher.hash_one(&key);
        if let Some(earlier) = self.table.find(hash, |at| key_of(*at as usize) == key) {
            return Some(*earlier as usize);
        }
        let position = u32::try_from(at).expect("documents are shorter than 4 GiB");
        self.table.insert_unique(hash, position, |at| self.hasher.hash_one(key_of(*at as usize)));
        None
    }

    pub(crate) fn get<K: Hash + Eq>(&self, key: &K, key_of: impl Fn(usize) -> K) -> Option<usize> {
        self.table.find(self.hasher.hash_one(key), |at| key_of(*at as usize) == *key).map(|at| *at as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Bytes for each item.
    pub(crate) const ITEM_BYTES: usize = 6;
}

/// The number of items up to which looking at each is faster than a table.
const FEW: usize = 8;

/// The first item whose key is that of an earlier one, with the position of that one.
pub(crate) fn first_duplicate<K: Hash + Eq>(length: usize, key_of: impl Fn(usize) -> K) -> Option<(usize, usize)> {
    if length <= FEW {
        return (1..length).find_map(|at| {
            let key = key_of(at);
            (0..at).find(|earlier| key_of(*earlier) == key).map(|earlier| (earlier, at))
        });
    }
    let mut positions = Positions { hasher: RandomState::default(), table: HashTable::with_capacity(length) };
    (0..length).find_map(|at| positions.insert(at, &key_of).map(|earlier| (earlier, at)))
}

#[cfg(test)]
mod tests {
    use super::{Positions, first_duplicate};

    #[test]
    fn of_equal_keys_the_first_counts() {
        let items = ["a", "b", "a"];
        let positions = Positions::of(items.len(), |at| items[at]);
        assert_eq!(positions.get(&"a", |at| items[at]), Some(0));
        assert_eq!(positions.get(&"c", |at| items[at]), None);
        assert_eq!(positions.len(), 2);
    }

    #[test]
    fn few_and_many_duplicates_are_found_alike() {
        for length in [3, 30] {
            let mut items: Vec<_> = (0..length).collect();
            assert_eq!(first_duplicate(items.len(), |at| items[at]), None);
            items[length - 1] = 1;
            assert_eq!(first_duplicate(items.len(), |at| items[at]), Some((1, length - 1)));
        }
    }
}

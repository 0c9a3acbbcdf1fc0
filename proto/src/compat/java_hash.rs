//! The order in which the reference visits names and numbers: that of a Java hash table.

use std::collections::HashSet;
use std::hash::Hash;

/// A key with the hash that Java gives it.
pub(super) trait Key: Copy + Eq + Hash {
    fn java_hash(self) -> u32;
}

impl Key for &str {
    fn java_hash(self) -> u32 {
        self.encode_utf16().fold(0, |hash: u32, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)))
    }
}

impl Key for i32 {
    fn java_hash(self) -> u32 {
        self.cast_unsigned()
    }
}

const INITIAL_CAPACITY: usize = 16;

/// Keys in the order of a hash set that got all of `first` and then all of `second`, each from a hash table of its own.
pub(super) fn union<K: Key>(first: impl IntoIterator<Item = K>, second: impl IntoIterator<Item = K>) -> Vec<K> {
    let first = iteration_order(first, INITIAL_CAPACITY);
    let second = iteration_order(second, INITIAL_CAPACITY);
    // A set made of a collection starts with room for it.
    let capacity = (first.len() * 4 / 3 + 1).max(INITIAL_CAPACITY).next_power_of_two();
    iteration_order(first.into_iter().chain(second), capacity)
}

/// Distinct keys in the order of a hash table that starts with `capacity` buckets and grows at three quarters.
fn iteration_order<K: Key>(keys: impl IntoIterator<Item = K>, capacity: usize) -> Vec<K> {
    let mut seen = HashSet::new();
    let mut distinct: Vec<K> = keys.into_iter().filter(|key| seen.insert(*key)).collect();
    let mut capacity = capacity;
    while distinct.len() > capacity / 4 * 3 {
        capacity *= 2;
    }
    distinct.sort_by_cached_key(|key| bucket(*key, capacity));
    distinct
}

fn bucket<K: Key>(key: K, capacity: usize) -> usize {
    let hash = key.java_hash();
    (hash ^ (hash >> 16)) as usize & (capacity - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_of_their_buckets() {
        assert_eq!(union(["b", "a"], ["c", "a"]), ["a", "b", "c"]);
        assert_eq!(union([16, 1], [0]), [16, 0, 1]);
    }

    #[test]
    fn strings_hash_as_in_java() {
        assert_eq!("Order".java_hash(), 76_453_678);
    }
}

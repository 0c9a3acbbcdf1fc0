//! A map bounded by count that evicts the oldest entries.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::wire::BuildKeyHasher;

pub(crate) struct BoundedMap<K, V> {
    entries: HashMap<K, V, BuildKeyHasher>,
    /// The keys in the order of insertion.
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Hash + Eq + Copy, V> BoundedMap<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::default(), order: VecDeque::new(), capacity: capacity.max(4) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Inserts an entry unless the key exists. Returns the number of evicted entries.
    pub(crate) fn insert(&mut self, key: K, value: V) -> usize {
        if self.entries.contains_key(&key) {
            return 0;
        }
        let mut evicted = 0;
        if self.entries.len() >= self.capacity {
            // A quarter at once, which amortizes the cost of eviction.
            for oldest in self.order.drain(..self.capacity / 4) {
                self.entries.remove(&oldest);
                evicted += 1;
            }
        }
        self.order.push_back(key);
        self.entries.insert(key, value);
        evicted
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.order.iter().filter_map(|key| self.entries.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_quarter_goes() {
        let mut map = BoundedMap::new(8);
        for key in 0_u32..8 {
            assert_eq!(map.insert(key, key), 0);
        }
        assert_eq!(map.insert(3, 99), 0, "there already");
        assert_eq!(map.insert(8, 8), 2);
        assert_eq!(map.values().copied().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((map.get(&1), map.get(&2)), (None, Some(&2)));
    }
}

//! A map that is bounded by count and forgets the oldest first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::wire::BuildKeyHasher;

pub(crate) struct Bounded<K, V> {
    entries: HashMap<K, V, BuildKeyHasher>,
    /// In the order they came.
    order: VecDeque<K>,
    bound: usize,
}

impl<K: Hash + Eq + Copy, V> Bounded<K, V> {
    pub(crate) fn new(bound: usize) -> Self {
        Self { entries: HashMap::default(), order: VecDeque::new(), bound: bound.max(4) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Adds an entry; the first one stays. Returns how many had to go.
    pub(crate) fn insert(&mut self, key: K, value: V) -> usize {
        if self.entries.contains_key(&key) {
            return 0;
        }
        let mut gone = 0;
        if self.entries.len() >= self.bound {
            // A quarter at once, so that being full costs something now and then, not with every entry.
            for oldest in self.order.drain(..self.bound / 4) {
                self.entries.remove(&oldest);
                gone += 1;
            }
        }
        self.order.push_back(key);
        self.entries.insert(key, value);
        gone
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
        let mut map = Bounded::new(8);
        for key in 0_u32..8 {
            assert_eq!(map.insert(key, key), 0);
        }
        assert_eq!(map.insert(3, 99), 0, "there already");
        assert_eq!(map.insert(8, 8), 2);
        assert_eq!(map.values().copied().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((map.get(&1), map.get(&2)), (None, Some(&2)));
    }
}

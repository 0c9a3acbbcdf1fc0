//! The order in which Java walks a hash set of strings. The reference names findings in it.

use std::collections::HashSet;
use std::sync::Arc;

/// Keys of a hash table with separate chaining, as `java.util.HashMap` grows it.
struct Table<'a> {
    buckets: Vec<Vec<(u32, &'a Arc<str>)>>,
    size: usize,
}

impl<'a> Table<'a> {
    /// `capacity` is a power of two.
    fn new(capacity: usize) -> Self {
        Self { buckets: vec![Vec::new(); capacity], size: 0 }
    }

    /// Adds a key that is not there yet.
    fn insert(&mut self, key: &'a Arc<str>) {
        let hash = key.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        let spread = hash ^ (hash >> 16);
        let mask = self.buckets.len() - 1;
        self.buckets[spread as usize & mask].push((spread, key));
        self.size += 1;
        if self.size > self.buckets.len() / 4 * 3 {
            let mut grown = vec![Vec::new(); self.buckets.len() * 2];
            for (spread, key) in self.buckets.drain(..).flatten() {
                let mask = grown.len() - 1;
                grown[spread as usize & mask].push((spread, key));
            }
            self.buckets = grown;
        }
    }

    fn keys(self) -> impl Iterator<Item = &'a Arc<str>> {
        self.buckets.into_iter().flatten().map(|(_, key)| key)
    }
}

/// The order of a map that `keys`, all different, were put into.
pub(super) fn map_order<'a>(keys: impl Iterator<Item = &'a Arc<str>>) -> Vec<&'a Arc<str>> {
    let keys: Vec<_> = keys.collect();
    if keys.len() < 2 {
        return keys;
    }
    let mut table = Table::new(16);
    for key in keys {
        table.insert(key);
    }
    table.keys().collect()
}

/// The order of a set made of the keys of one map, to which those of another are added.
pub(super) fn union_order<'a>(
    first: impl Iterator<Item = &'a Arc<str>>,
    second: impl Iterator<Item = &'a Arc<str>>,
) -> Vec<&'a Arc<str>> {
    let (first, second) = (map_order(first), map_order(second));
    if first.len() + second.len() < 2 {
        return [first, second].concat();
    }
    let capacity = (first.len() * 4 / 3 + 1).max(16).next_power_of_two();
    let mut known: HashSet<&str> = HashSet::with_capacity(first.len());
    let mut table = Table::new(capacity);
    for key in first.into_iter().chain(second) {
        if known.insert(key) {
            table.insert(key);
        }
    }
    table.keys().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(first: &[&str], second: &[&str]) -> Vec<String> {
        let [first, second] = [first, second].map(|keys| keys.iter().map(|key| Arc::from(*key)).collect::<Vec<_>>());
        union_order(first.iter(), second.iter()).into_iter().map(ToString::to_string).collect()
    }

    #[test]
    fn walks_buckets() {
        assert_eq!(order(&["b", "a"], &["c", "a"]), ["a", "b", "c"]);
        // Equal hashes: in the order they came.
        assert_eq!(order(&["BB", "Aa"], &[]), ["BB", "Aa"]);
    }

    #[test]
    fn grows_at_three_quarters() {
        let keys: Vec<String> = (0..13).map(|n| ((b'a' + n) as char).to_string()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        // 'a' is 97: bucket 1 of 16, and of 32.
        assert_eq!(order(&keys, &["`"])[0], "`");
    }
}

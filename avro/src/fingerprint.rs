//! Fingerprints of types: equal ones read each other's data as they read their own.
//!
//! A fingerprint covers what the rules of resolution look at: names, aliases, fields with their types and whether they have a
//! default, symbols, sizes, branches. It leaves out documentation, properties and the values of defaults. The hash has 128
//! bits and a key that is drawn once per process, so nobody can make two types that share one.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{LazyLock, OnceLock};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::model::{Enum, Id, Inner, Kind, Named, Node, Nodes, Record};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(u128);

static KEY: LazyLock<SipHasher13> = LazyLock::new(|| {
    let random = || RandomState::new().build_hasher().finish();
    SipHasher13::new_with_keys(random(), random())
});

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hasher = *KEY;
        hasher.write(bytes);
        Self(hasher.finish128().as_u128())
    }

    /// The fingerprint of a list with one more item.
    pub(crate) fn extended(self, bytes: &[u8]) -> Self {
        let mut hasher = *KEY;
        hasher.write_u128(self.0);
        hasher.write(bytes);
        Self(hasher.finish128().as_u128())
    }
}

/// The fingerprints of a schema's types, made when they are first asked for.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints(OnceLock<Known>);

#[derive(Debug)]
struct Known {
    types: Vec<Fingerprint>,
    has_field_aliases: bool,
}

impl Inner {
    /// The fingerprint of a type.
    pub(crate) fn fingerprint(&self, id: Id) -> Fingerprint {
        match (id.as_primitive(), id.index()) {
            (Some(primitive), _) => Fingerprint(primitive as u128),
            (None, Some(index)) => self.known_fingerprints().types[index],
            (None, None) => unreachable!("an id is of a primitive type or has an index"),
        }
    }

    /// Whether any field has an alias.
    pub(crate) fn has_field_aliases(&self) -> bool {
        self.known_fingerprints().has_field_aliases
    }

    fn known_fingerprints(&self) -> &Known {
        self.fingerprints.0.get_or_init(|| {
            let has_aliases = |kind: &Kind| match kind {
                Kind::Record(record) => record.fields.iter().any(|field| !field.aliases.is_empty()),
                _ => false,
            };
            let has_field_aliases = self.nodes.iter().any(|(_, node)| has_aliases(&node.kind));
            Known { types: all(&self.nodes), has_field_aliases }
        })
    }
}

/// One pass from the parts to what they are part of. Where types lead back to themselves, a part may not have been reached
/// yet: it counts by its name, and everything that leads to such a part is bound to the whole schema.
fn all(nodes: &Nodes) -> Vec<Fingerprint> {
    let mut pass = Pass { hasher: *KEY, known: Vec::with_capacity(nodes.len()), is_bound: false };
    let mut bound = vec![false; nodes.len()];
    for (_, node) in nodes.iter() {
        pass.hasher = *KEY;
        pass.is_bound = false;
        pass.node(nodes, node, &bound);
        bound[pass.known.len()] = pass.is_bound;
        let fingerprint = Fingerprint(pass.hasher.finish128().as_u128());
        pass.known.push(fingerprint);
    }
    let mut known = pass.known;
    if bound.contains(&true) {
        let mut whole = *KEY;
        for part in &known {
            whole.write_u128(part.0);
        }
        for fingerprint in known.iter_mut().zip(bound).filter_map(|(part, is_bound)| is_bound.then_some(part)) {
            let mut hasher = whole;
            hasher.write_u128(fingerprint.0);
            *fingerprint = Fingerprint(hasher.finish128().as_u128());
        }
    }
    known
}

struct Pass {
    hasher: SipHasher13,
    known: Vec<Fingerprint>,
    /// Whether the node at hand leads to one that was not reached yet.
    is_bound: bool,
}

impl Pass {
    fn node(&mut self, nodes: &Nodes, node: &Node, bound: &[bool]) {
        self.text(node.kind.type_name());
        match &node.kind {
            Kind::Primitive(_) => {}
            Kind::Array(part) | Kind::Map(part) => self.part(nodes, *part, bound),
            Kind::Union(branches) => {
                self.count(branches.len());
                for branch in branches {
                    self.part(nodes, *branch, bound);
                }
            }
            Kind::Record(Record { named, fields, .. }) => {
                self.named(named);
                self.count(fields.len());
                for field in fields {
                    self.text(&field.name);
                    self.count(usize::from(field.default.is_some()));
                    self.count(field.aliases.len());
                    for alias in &field.aliases {
                        self.text(alias);
                    }
                    self.part(nodes, field.kind, bound);
                }
            }
            Kind::Enum(Enum { named, symbols, default }) => {
                self.named(named);
                self.count(usize::from(default.is_some()));
                self.count(symbols.len());
                for symbol in symbols {
                    self.text(symbol);
                }
            }
            Kind::Fixed(fixed) => {
                self.named(&fixed.named);
                self.count(fixed.size as usize);
            }
            Kind::Unresolved(name) => self.name(name),
        }
    }

    fn part(&mut self, nodes: &Nodes, part: Id, bound: &[bool]) {
        if let Some(primitive) = part.as_primitive() {
            self.hasher.write_u128(primitive as u128);
            return;
        }
        let index = part.index().filter(|index| *index < self.known.len());
        match (index, nodes[part].kind.named()) {
            (Some(index), _) => {
                self.is_bound |= bound[index];
                self.hasher.write_u128(self.known[index].0);
            }
            (None, named) => {
                self.is_bound = true;
                if let Some(named) = named {
                    self.name(&named.name);
                }
            }
        }
    }

    fn named(&mut self, named: &Named) {
        self.name(&named.name);
        self.count(named.aliases.len());
        for alias in &named.aliases {
            self.name(alias);
        }
    }

    fn name(&mut self, name: &crate::name::Name) {
        self.hasher.write_u128(name.space().map_or(0, |space| space.fingerprint().0));
        self.text(name.simple());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.hasher.write(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.hasher.write_u64(count as u64);
    }
}

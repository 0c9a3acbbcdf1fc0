//! Locations as a tree of tokens: they cost nothing until they are printed, however deep.

use std::fmt::Write;

use super::rules::Token;
use crate::fingerprint::Fingerprint;

#[derive(Debug, Clone, Copy)]
pub(super) struct LocationId(u32);

#[derive(Default)]
pub(super) struct Locations {
    /// The parent and the token of each location but the root.
    nodes: Vec<(LocationId, Token)>,
    /// The fingerprints of the places that were asked for.
    fingerprints: Vec<Option<Fingerprint>>,
}

impl Locations {
    pub(super) const ROOT: LocationId = LocationId(0);

    pub(super) fn below(&mut self, location: LocationId, token: Token) -> LocationId {
        self.nodes.push((location, token));
        LocationId(u32::try_from(self.nodes.len()).expect("a walk has fewer steps than that"))
    }

    fn parent(&self, location: LocationId) -> Option<(LocationId, Token)> {
        location.0.checked_sub(1).map(|at| self.nodes[at as usize])
    }

    pub(super) fn location(&self, location: LocationId) -> String {
        let mut tokens = Vec::new();
        let mut next = self.parent(location);
        while let Some((outer, token)) = next {
            tokens.push(token);
            next = self.parent(outer);
        }
        if tokens.is_empty() {
            return "/".to_owned();
        }
        tokens.iter().rev().fold(String::new(), |mut location, token| {
            write!(location, "{token}").expect("writing to a string cannot fail");
            location
        })
    }

    /// A fingerprint that two places share exactly when their locations are equal.
    pub(super) fn fingerprint(&mut self, location: LocationId) -> Fingerprint {
        self.fingerprints.resize(self.nodes.len() + 1, None);
        let mut pending = Vec::new();
        let mut next = location;
        while self.fingerprints[next.0 as usize].is_none() {
            pending.push(next);
            match self.parent(next) {
                Some((outer, _)) => next = outer,
                None => break,
            }
        }
        let mut found = self.fingerprints[next.0 as usize].unwrap_or_else(|| Fingerprint::of(b""));
        for location in pending.into_iter().rev() {
            if let Some((_, token)) = self.parent(location) {
                found = found.extended(token.to_string().as_bytes());
            }
            self.fingerprints[location.0 as usize] = Some(found);
        }
        found
    }
}

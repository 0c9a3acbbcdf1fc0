//! The verbs of permissions, and which of them imply others.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Versions, ids, look-up, compatibility checks, settings and mode.
    Read,
    /// The first version of a subject.
    Create,
    /// Further versions.
    Register,
    /// Soft deletion, and restoring.
    Delete,
    /// Permanent deletion.
    Purge,
    /// Settings and mode, and `force` when registering.
    Configure,
    /// Chosen ids and versions, the mode IMPORT, and id floors.
    Import,
    /// The change feed.
    Watch,
    /// Roles, grants, and the tokens of others.
    Manage,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Create,
        Self::Register,
        Self::Delete,
        Self::Purge,
        Self::Configure,
        Self::Import,
        Self::Watch,
        Self::Manage,
    ];

    /// The verb and all that it implies.
    pub fn closure(self) -> Verbs {
        match self {
            Self::Read | Self::Watch | Self::Manage => Verbs::of(&[self]),
            Self::Create | Self::Register | Self::Delete | Self::Configure => Verbs::of(&[self, Self::Read]),
            Self::Purge => Verbs::of(&[self, Self::Delete, Self::Read]),
            Self::Import => Verbs::of(&[self, Self::Create, Self::Register, Self::Read]),
        }
    }

    /// The verb and all that imply it.
    pub fn implied_by(self) -> Verbs {
        Self::ALL.into_iter().filter(|verb| verb.closure().contains(self)).collect()
    }

    /// The lower-case word of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Register => "register",
            Self::Delete => "delete",
            Self::Purge => "purge",
            Self::Configure => "configure",
            Self::Import => "import",
            Self::Watch => "watch",
            Self::Manage => "manage",
        }
    }

    /// The verb of a lower-case word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of verbs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Verbs(u16);

impl Verbs {
    fn of(verbs: &[Verb]) -> Self {
        verbs.iter().copied().collect()
    }

    /// Whether a verb is in the set.
    pub fn contains(self, verb: Verb) -> bool {
        self.0 & (1 << verb as u16) != 0
    }

    /// The verbs of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The verbs of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The verbs in order.
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL.into_iter().filter(move |verb| self.contains(*verb))
    }
}

impl FromIterator<Verb> for Verbs {
    fn from_iter<I: IntoIterator<Item = Verb>>(verbs: I) -> Self {
        Self(verbs.into_iter().fold(0, |set, verb| set | 1 << verb as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implications_of_every_verb() {
        use Verb::{Configure, Create, Delete, Import, Manage, Purge, Read, Register, Watch};
        for (verb, closure) in [
            (Read, &[Read][..]),
            (Create, &[Read, Create]),
            (Register, &[Read, Register]),
            (Delete, &[Read, Delete]),
            (Purge, &[Read, Delete, Purge]),
            (Configure, &[Read, Configure]),
            (Import, &[Read, Create, Register, Import]),
            (Watch, &[Watch]),
            (Manage, &[Manage]),
        ] {
            assert_eq!(verb.closure(), closure.iter().copied().collect(), "{verb}");
            assert_eq!(Verb::parse(verb.as_str()), Some(verb));
            assert_eq!(serde_json::to_value(verb).ok(), Some(verb.as_str().into()));
        }
        assert_eq!(Verb::parse("Read"), None);
    }

    #[test]
    fn implication_is_transitive_and_has_an_inverse() {
        for verb in Verb::ALL {
            let again: Verbs = verb.closure().iter().flat_map(|implied| implied.closure().iter()).collect();
            assert_eq!(again, verb.closure(), "{verb}");
            for other in Verb::ALL {
                assert_eq!(verb.closure().contains(other), other.implied_by().contains(verb), "{verb} {other}");
            }
        }
    }
}

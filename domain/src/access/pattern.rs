//! Patterns of subjects' and contexts' names in rules, alone and compiled together.

use crate::glob::{Glob, literal_prefix};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::{RegexBuilder, RegexSet, RegexSetBuilder};
use std::fmt;
use std::sync::Arc;

/// A pattern as rules write it: a glob, or `regex:` and a regular expression that fits the whole name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pattern(Arc<str>);

const REGEX: &str = "regex:";

/// The most memory that compiled regular expressions may take.
const REGEX_BYTES: usize = 1 << 20;

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no pattern: {reason}")]
pub struct InvalidPattern {
    pattern: String,
    reason: String,
}

impl Pattern {
    /// The pattern of every name.
    pub fn any() -> Self {
        Self(Arc::from("*"))
    }

    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let checked = match text.strip_prefix(REGEX) {
            Some(expression) if expression.len() > Glob::MAX_BYTES => {
                Err(format!("it is longer than {} bytes", Glob::MAX_BYTES))
            }
            Some(expression) => RegexBuilder::new(&anchored(expression))
                .size_limit(REGEX_BYTES)
                .build()
                .map(drop)
                .map_err(|error| error.to_string()),
            None => Glob::parse(text).map(drop),
        };
        match checked {
            Ok(()) => Ok(Self(text.into())),
            Err(reason) => Err(InvalidPattern { pattern: text.chars().take(100).collect(), reason }),
        }
    }

    /// Whether every name fits.
    pub fn is_any(&self) -> bool {
        &*self.0 == "*"
    }

    /// The beginning that all fitting names share; empty where the pattern does not show it.
    pub fn prefix(&self) -> &str {
        if self.0.starts_with(REGEX) {
            return "";
        }
        literal_prefix(&self.0)
    }

    /// Whether it fits one name only: its own text.
    pub fn is_literal(&self) -> bool {
        !self.0.starts_with(REGEX) && literal_prefix(&self.0).len() == self.0.len()
    }

    /// The text of the rule.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn anchored(expression: &str) -> String {
    format!("^(?:{expression})$")
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.to_string()
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

/// Patterns compiled together: whether any of them fits.
#[derive(Debug, Clone)]
pub(super) enum PatternSet {
    Any,
    Some { globs: GlobSet, expressions: RegexSet },
}

impl PatternSet {
    pub(super) fn compile<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Result<Self, InvalidPattern> {
        let (mut globs, mut expressions) = (GlobSetBuilder::new(), Vec::new());
        let refused = |pattern: &str, reason: String| InvalidPattern { pattern: pattern.to_owned(), reason };
        for pattern in patterns {
            if pattern.is_any() {
                return Ok(Self::Any);
            }
            if let Some(expression) = pattern.0.strip_prefix(REGEX) {
                expressions.push(anchored(expression));
                continue;
            }
            let glob = GlobBuilder::new(&pattern.0).backslash_escape(true).build();
            globs.add(glob.map_err(|error| refused(&pattern.0, error.to_string()))?);
        }
        let globs = globs.build().map_err(|error| refused("subjects", error.to_string()))?;
        let expressions = RegexSetBuilder::new(expressions).size_limit(16 * REGEX_BYTES).build();
        let expressions = expressions.map_err(|error| refused("regex:", error.to_string()))?;
        Ok(Self::Some { globs, expressions })
    }

    pub(super) fn is_match(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Some { globs, expressions } => globs.is_match(name) || expressions.is_match(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_fit() {
        for (pattern, name, expected, prefix) in [
            ("orders-*", "orders-value", true, "orders-"),
            ("orders-*", "order", false, "orders-"),
            ("*", "", true, ""),
            ("orders", "orders", true, "orders"),
            (r"a\*", "a*", true, "a"),
            ("regex:orders", "orders", true, ""),
            ("regex:orders", "orders-value", false, ""),
            ("regex:a|b", "ab", false, ""),
            ("regex:(a|b)+", "abab", true, ""),
            ("regex:a.*", "a\nb", false, ""),
        ] {
            let pattern = Pattern::parse(pattern).expect(pattern);
            let set = PatternSet::compile([&pattern]).expect("what was read can be compiled");
            assert_eq!((set.is_match(name), pattern.prefix()), (expected, prefix), "{pattern} {name}");
        }
    }

    #[test]
    fn texts_that_are_refused() {
        for text in ["[a", "regex:(", "regex:a{1000}{1000}", &"x".repeat(1001), &format!("regex:{}", "x".repeat(1001))]
        {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_set_fits_where_one_of_its_patterns_does(
            patterns in proptest::collection::vec("[ab*?]{1,4}|regex:[ab.]{1,3}", 0..6),
            name in "[ab]{0,5}",
        ) {
            let patterns: Vec<_> = patterns.iter().map(|text| Pattern::parse(text).expect("a pattern")).collect();
            let alone = |pattern| PatternSet::compile([pattern]).expect("compiled").is_match(&name);
            let together = PatternSet::compile(&patterns).expect("compiled").is_match(&name);
            prop_assert_eq!(together, patterns.iter().any(alone));
        }

        #[test]
        fn names_that_fit_begin_with_the_prefix(pattern in "[ab]{0,2}[*?]?[ab]{0,2}", name in "[ab]{0,5}") {
            let pattern = Pattern::parse(&pattern).expect("a pattern");
            let fits = PatternSet::compile([&pattern]).expect("compiled").is_match(&name);
            prop_assert!(!fits || name.starts_with(pattern.prefix()));
        }
    }
}

//! Regular expressions of schemas, in the syntax of `java.util.regex`.

mod properties;
mod syntax;

use std::fmt;
use std::sync::{Arc, OnceLock};

use avow_budget::{Budget, Exceeded};
use fancy_regex::{Regex, RegexBuilder};

/// Backtracking steps of one match. A stranger's expression must not run longer.
const BACKTRACK_LIMIT: usize = 10_000;
/// Bytes of one compiled expression.
const SIZE_LIMIT: usize = 1024 * 1024;

/// An expression that Java compiles. It is compiled here when it is first matched.
#[derive(Clone)]
pub(crate) struct Pattern {
    source: Arc<str>,
    translation: Arc<str>,
    regex: Arc<OnceLock<Option<Regex>>>,
}

impl Pattern {
    /// Checks the syntax of `source`; the error says what is wrong.
    pub(crate) fn parse(source: &Arc<str>) -> Result<Self, String> {
        let translation = syntax::translate(source)?.into();
        Ok(Self { source: Arc::clone(source), translation, regex: Arc::default() })
    }

    /// The expression matches a part of `text`. An expression that is too large or too slow matches nothing.
    pub(crate) fn finds(&self, text: &str, budget: &Budget) -> Result<bool, Exceeded> {
        budget.spend(1 + (text.len() + self.source.len()) as u64 / 16)?;
        let regex = self.regex.get_or_init(|| {
            RegexBuilder::new(&self.translation)
                .backtrack_limit(BACKTRACK_LIMIT)
                .delegate_size_limit(SIZE_LIMIT)
                .delegate_dfa_size_limit(SIZE_LIMIT)
                .build()
                .ok()
        });
        Ok(regex.as_ref().is_some_and(|regex| regex.is_match(text).unwrap_or(false)))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_java_compiles() {
        let table = [
            r"\p{L}",
            r"\pL",
            r"(?=a)",
            r"(?>a)",
            r"(?<x>a)\k<x>",
            r"^\S(|(.|\n)*\S)\Z",
            r"a*+b",
            r"[a-z&&[^x]]",
            r"[]a]",
            r"\Q[\E",
            r"a{2,3}?",
            r"\x{1F600}",
            r"\u0041",
            r"(?i)a",
            r"(?i:a)b",
            r"[\w.-]+",
            r"}",
            r"]",
            r"\p{IsGreek}",
            r"\p{Alpha}",
            r"(?<!a)b",
            "",
            r"\07",
            r"[^\d\s]",
            r"\h\R\X",
            r"a{2}{3}",
            r"[-a]",
            r"[a-]",
        ];
        for source in table {
            assert!(Pattern::parse(&source.into()).is_ok(), "{source}");
        }
    }

    #[test]
    fn refuses_what_java_refuses() {
        let table = [
            r"[",
            r"a{2,1}",
            r"\p{Letter}",
            r"*a",
            r"a**",
            r"(a",
            r"a)",
            r"\",
            r"{",
            r"a{b}",
            r"a{,3}",
            r"a{1",
            r"[z-a]",
            r"\y",
            r"(?<1>a)",
            r"\k<n>",
            r"(?<x>a)(?<x>b)",
            r"(?P<x>a)",
            r"\x{110000}",
            r"\u12",
            r"[a",
            r"(?",
            r"\c",
        ];
        for source in table {
            assert!(Pattern::parse(&source.into()).is_err(), "{source}");
        }
    }

    #[test]
    fn finds_as_java_finds() {
        let table = [
            ("^x-", "x-a", true),
            ("^x-", "ax-", false),
            (r"\d", "٣", false),
            (r"\w$", "a\n", true),
            (r"^\p{Lu}", "Éa", true),
            (r"(a)\1", "aa", true),
            (r"[a-z&&[^x]]", "x", false),
            (r"\Qa.b\E", "axb", false),
            (r".", "\n", false),
            (r"(?s).", "\n", true),
        ];
        let budget = Budget::unlimited();
        for (source, text, expected) in table {
            let pattern = Pattern::parse(&source.into()).expect("a pattern");
            assert_eq!(pattern.finds(text, &budget), Ok(expected), "{source} in {text:?}");
        }
    }

    #[test]
    fn an_expression_that_backtracks_for_ever_stops() {
        let pattern = Pattern::parse(&r"^(a+)+\1$".into()).expect("a pattern");
        assert_eq!(pattern.finds(&("a".repeat(40) + "b"), &Budget::unlimited()), Ok(false));
    }
}

//! Patterns of names, as in `orders-*`.

use super::Subject;
use globset::{GlobBuilder, GlobMatcher};
use std::fmt;

/// A pattern: `*` matches anything, `?` one character of ASCII, `[ab]` and `{one,other}` one of several.
///
/// Names are not paths, so `*` matches slashes too.
#[derive(Clone)]
pub struct Glob {
    text: String,
    matcher: GlobMatcher,
}

impl Glob {
    /// The longest pattern, in bytes.
    pub const MAX_BYTES: usize = 1_000;

    /// The most braces within each other: each is a level of recursion for the library that compiles the pattern.
    pub const MAX_DEPTH: usize = 16;

    /// Reads a pattern; otherwise what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::build(text, false)
    }

    /// Reads a pattern to which capital and small letters are the same.
    pub fn any_case(text: &str) -> Result<Self, String> {
        Self::build(text, true)
    }

    fn build(text: &str, any_case: bool) -> Result<Self, String> {
        if text.len() > Self::MAX_BYTES {
            return Err(format!("the pattern is longer than {} bytes", Self::MAX_BYTES));
        }
        if brace_depth(text) > Self::MAX_DEPTH {
            return Err(format!("the pattern has more than {} braces within each other", Self::MAX_DEPTH));
        }
        let glob = GlobBuilder::new(text).case_insensitive(any_case).backslash_escape(true).build();
        let matcher = glob.map_err(|error| error.to_string())?.compile_matcher();
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether a name matches the pattern.
    pub fn is_match(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Whether a subject matches: by the name within its context, or in full where the pattern names a context.
    pub fn is_subject(&self, subject: &Subject) -> bool {
        self.is_match(if self.names_context() { subject.as_str() } else { subject.name() })
    }

    /// Whether the pattern names a context.
    pub fn names_context(&self) -> bool {
        self.text.starts_with(":.")
    }

    /// The literal prefix of every matching name; for case-sensitive patterns.
    pub fn prefix(&self) -> &str {
        literal_prefix(&self.text)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// What stands before the first character of a pattern that has a meaning of its own.
pub(crate) fn literal_prefix(pattern: &str) -> &str {
    let end = pattern.find(['*', '?', '[', ']', '{', '}', '\\']);
    &pattern[..end.unwrap_or(pattern.len())]
}

/// How deep braces are nested at most; those in brackets, which stand for themselves, count too.
fn brace_depth(pattern: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = pattern.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_paths() {
        for (pattern, name, expected, prefix) in [
            ("orders-*", "orders-a/b", true, "orders-"),
            ("orders-*", "payments", false, "orders-"),
            ("*-value", "a/../b-value", true, ""),
            ("o?ders", "orders", true, "o"),
            ("{a,b}-*", "b-1", true, ""),
            ("[ab]", "c", false, ""),
            (r"a\*b", "a*b", true, "a"),
            ("Orders", "orders", false, "Orders"),
            ("ü*", "über", true, "ü"),
        ] {
            let glob = Glob::parse(pattern).expect(pattern);
            assert_eq!((glob.is_match(name), glob.prefix()), (expected, prefix), "{pattern} {name}");
        }
        assert!(Glob::any_case("*EMAIL*").expect("a pattern").is_match("customerEmail"));
    }

    #[test]
    fn subjects_have_names_within_their_contexts() {
        for (pattern, subject, expected) in [
            ("orders", "orders", true),
            ("orders", ":.dev:orders", true),
            (":.dev:*", ":.dev:orders", true),
            (":.dev:*", "orders", false),
            ("*dev*", ":.dev:orders", false),
        ] {
            let glob = Glob::parse(pattern).expect(pattern);
            assert_eq!(glob.is_subject(&Subject::parse(subject)), expected, "{pattern} {subject}");
        }
    }

    #[test]
    fn braces_are_nested_so_deep_and_no_deeper() {
        let nested = |depth: usize| format!("{}a{}", "{".repeat(depth), "}".repeat(depth));
        assert!(Glob::parse(&nested(Glob::MAX_DEPTH)).expect("within the bound").is_match("a"));
        for depth in [Glob::MAX_DEPTH + 1, 250, 499] {
            assert!(Glob::parse(&nested(depth)).is_err(), "{depth}");
        }
        assert!(Glob::parse(&r"\{".repeat(100)).is_ok());
        assert!(Glob::parse(&"{a,b}".repeat(190)).is_ok());
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["[a", "{a", &"x".repeat(Glob::MAX_BYTES + 1)] {
            assert!(Glob::parse(pattern).is_err(), "{pattern}");
        }
    }
}

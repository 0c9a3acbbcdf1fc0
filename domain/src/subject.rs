//! Subjects and the contexts they live in (contract 9.1).

use std::fmt;
use std::sync::Arc;

/// A namespace of subjects and ids. Its name starts with a dot; `.` alone is the default context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Context(Arc<str>);

/// A context name with a colon in it, which would make qualified names ambiguous.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Context name '{0}' cannot contain a colon")]
pub struct InvalidContext(pub String);

/// The context whose settings apply to every other context; it has no subjects.
const EVERYWHERE: &str = ".__GLOBAL";

impl Context {
    /// The context of subjects that name none.
    pub fn default_context() -> Self {
        Self(Arc::from("."))
    }

    /// Reads a context as a path segment spells it: `ctx`, `.ctx` or `:.ctx:` (contract 9.6).
    pub fn from_segment(text: &str) -> Result<Self, InvalidContext> {
        let bare = match text.strip_prefix(":.") {
            Some(rest) => rest.strip_suffix(':').unwrap_or(rest),
            None => text.strip_prefix('.').unwrap_or(text),
        };
        if bare.contains(':') {
            return Err(InvalidContext(text.to_owned()));
        }
        Ok(Self(Arc::from(format!(".{bare}"))))
    }

    /// Takes a name that came out of the store.
    pub fn stored(name: String) -> Self {
        Self(Arc::from(name))
    }

    /// The name with its leading dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the context of subjects that name none.
    pub fn is_default(&self) -> bool {
        &*self.0 == "."
    }

    /// Whether this is `.__GLOBAL`, which has settings and no subjects.
    pub fn is_everywhere(&self) -> bool {
        &*self.0 == EVERYWHERE
    }

    /// The prefix of the subjects in it: empty for the default context, else `:.ctx:`.
    pub fn prefix(&self) -> String {
        if self.is_default() { String::new() } else { format!(":{}:", self.0) }
    }

    /// The scope of settings for the whole context: the subject with an empty name.
    pub fn scope(&self) -> Subject {
        Subject::new(self, "")
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The qualified name that versions are filed under.
///
/// An empty name means the whole context; its settings apply to all subjects in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Subject {
    /// The qualified spelling: `name` in the default context, `:.ctx:name` elsewhere.
    text: Arc<str>,
    /// The offset of the name within `text`.
    name_start: usize,
}

impl Subject {
    /// The longest subject accepted, in characters.
    pub const MAX_CHARS: usize = 1000;

    /// The subject `name` of `context`.
    pub fn new(context: &Context, name: &str) -> Self {
        let prefix = context.prefix();
        Self { name_start: prefix.len(), text: Arc::from(prefix + name) }
    }

    /// Parses a subject as clients write it: `name`, `:.ctx:name`, or `:.ctx` for a whole context.
    ///
    /// `:.:name` is `name`. Every text is a valid subject; [`Subject::is_registrable`] says which may have schemas.
    pub fn parse(text: &str) -> Self {
        if !text.starts_with(":.") {
            return Self { text: Arc::from(text), name_start: 0 };
        }
        let (context, name) = text[1..].split_once(':').unwrap_or((&text[1..], ""));
        Self::new(&Context(Arc::from(context)), name)
    }

    /// Reads a subject inside `context`: a text that names no context itself belongs there.
    pub fn parse_in(context: &Context, text: &str) -> Self {
        if context.is_default() || text.starts_with(":.") || text.starts_with(":*:") {
            Self::parse(text)
        } else {
            Self::new(context, text)
        }
    }

    /// The scope of the settings of the default context.
    pub fn global() -> Self {
        Self { text: Arc::from(""), name_start: 0 }
    }

    /// The scope whose settings reach every context.
    pub fn everywhere() -> Self {
        Context(Arc::from(EVERYWHERE)).scope()
    }

    /// The qualified spelling, as in responses.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name within its context.
    pub fn name(&self) -> &str {
        &self.text[self.name_start..]
    }

    /// The context the subject lives in.
    pub fn context(&self) -> Context {
        Context(Arc::from(self.context_name()))
    }

    /// The name of its context.
    pub fn context_name(&self) -> &str {
        if self.name_start == 0 { "." } else { &self.text[1..self.name_start - 1] }
    }

    /// Whether the subject lives in the default context.
    pub fn is_unqualified(&self) -> bool {
        self.name_start == 0
    }

    /// Whether this is the scope of a whole context rather than of one subject.
    pub fn is_context(&self) -> bool {
        self.name().is_empty()
    }

    /// Whether this is a global scope, which has settings even when none were ever set.
    pub fn is_top(&self) -> bool {
        self.text.is_empty() || *self == Self::everywhere()
    }

    /// Whether settings may be kept for it (contract 9.2): no control character, no reserved name.
    pub fn is_configurable(&self) -> bool {
        !self.text.chars().any(char::is_control) && !matches!(self.name(), "__GLOBAL" | "__EMPTY")
    }

    /// Whether versions may be registered under it (contract 9.2).
    ///
    /// `:*:name` is refused too: it would make a context that the listing of all contexts hides.
    pub fn is_registrable(&self) -> bool {
        self.is_configurable() && !self.context().is_everywhere() && !self.text.starts_with(":*:")
    }

    /// Whether both databases can store the text: bounded, and without the NUL that Postgres refuses.
    pub fn is_storable(&self) -> bool {
        !self.text.contains('\0') && self.text.chars().count() <= Self::MAX_CHARS
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.as_str().to_owned()
    }
}

impl From<String> for Subject {
    fn from(qualified: String) -> Self {
        Self::parse(&qualified)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_contract_9_1() {
        for (text, context, name, qualified) in [
            ("orders-value", ".", "orders-value", "orders-value"),
            ("", ".", "", ""),
            (":.:foo", ".", "foo", "foo"),
            (":.dev:foo", ".dev", "foo", ":.dev:foo"),
            (":.dev:", ".dev", "", ":.dev:"),
            (":.dev", ".dev", "", ":.dev:"),
            (":.dev:a:b", ".dev", "a:b", ":.dev:a:b"),
            ("a:b", ".", "a:b", "a:b"),
        ] {
            let subject = Subject::parse(text);
            assert_eq!(
                (subject.context().as_str(), subject.name(), subject.as_str()),
                (context, name, qualified),
                "{text}"
            );
        }
    }

    #[test]
    fn a_context_prefix_reaches_only_unqualified_names() {
        let dev = Context::from_segment("dev").expect("a plain name is a context");
        assert_eq!(Subject::parse_in(&dev, "a").as_str(), ":.dev:a");
        assert_eq!(Subject::parse_in(&dev, ":.ops:a").as_str(), ":.ops:a");
        assert_eq!(Subject::parse_in(&Context::default_context(), "a").as_str(), "a");
    }

    #[test]
    fn contexts_as_segments() {
        for text in ["dev", ".dev", ":.dev:"] {
            assert_eq!(Context::from_segment(text).map(|context| context.to_string()), Ok(".dev".to_owned()));
        }
        assert!(Context::from_segment("a:b").is_err());
    }

    #[test]
    fn reserved_and_unstorable_names() {
        for text in ["__GLOBAL", "__EMPTY", "a\u{7}", ":.__GLOBAL:a", ":*:a"] {
            assert!(!Subject::parse(text).is_registrable(), "{text:?}");
        }
        assert!(Subject::parse("sl/ash ü").is_registrable());
        assert!(!Subject::parse("a\0").is_storable());
        assert!(!Subject::parse(&"x".repeat(1001)).is_storable());
    }

    proptest! {
        #[test]
        fn printing_and_parsing_agree(text in "(:\\.[a-z]{0,3}:?)?[a-z:./ ]{0,8}") {
            let subject = Subject::parse(&text);
            prop_assert_eq!(Subject::new(&subject.context(), subject.name()), subject.clone());
            if !subject.as_str().starts_with(":.") || subject.name_start > 0 {
                prop_assert_eq!(Subject::parse(subject.as_str()), subject);
            }
        }
    }
}

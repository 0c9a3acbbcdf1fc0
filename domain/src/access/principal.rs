//! Principals: who asks, by a name that says which source vouches for it.

use crate::Timestamp;
use std::fmt;
use std::sync::Arc;

/// A caller whose credential was verified, or a nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The name that grants and the log use.
    pub name: PrincipalName,
    /// The groups that grants may name as well.
    pub groups: Vec<GroupName>,
    /// The way it authenticated.
    pub method: Method,
    /// The id of the credential, where it has one that is no secret.
    pub credential: Option<Arc<str>>,
    /// The end of the credential's validity.
    pub until: Option<Timestamp>,
}

impl Principal {
    /// The caller without a credential.
    pub fn anonymous() -> Self {
        let name = PrincipalName(Arc::from(ANONYMOUS));
        Self { name, groups: Vec::new(), method: Method::Anonymous, credential: None, until: None }
    }

    /// Whether no credential was sent.
    pub fn is_anonymous(&self) -> bool {
        self.method == Method::Anonymous
    }

    /// Whether the credential is still valid at a moment.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A user name and a password.
    Basic,
    /// A token of the registry.
    Token,
    /// An access token of an identity provider.
    Oidc,
    /// A client certificate.
    Certificate,
    /// None.
    Anonymous,
}

const ANONYMOUS: &str = "anonymous";

/// The longest name of a principal or a group, in bytes.
const MAX_BYTES: usize = 256;

/// A name of a principal: its kind, a colon, and the name within the kind. Names of two sources are never equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrincipalName(Arc<str>);

/// A name of a group: `group:NAME` in the access file, `group:ISSUER/NAME` in claims.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupName(Arc<str>);

/// A name that no principal or group may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("a name begins with its kind: user:, service:, cert:, oidc:ISSUER/ or group:")]
    Kind,
    #[error("a name cannot be empty")]
    Empty,
    #[error("a name cannot be longer than {MAX_BYTES} bytes with its kind")]
    TooLong,
    #[error("a name cannot contain control characters")]
    Control,
    #[error("a name of this kind cannot contain a slash")]
    Slash,
}

impl PrincipalName {
    /// A user of the access file.
    pub fn user(name: &str) -> Result<Self, InvalidName> {
        qualified("user", name).map(Self)
    }

    /// The owner of a token.
    pub fn service(owner: &str) -> Result<Self, InvalidName> {
        qualified("service", owner).map(Self)
    }

    /// The subject of an access token, by the configured short name of its issuer.
    pub fn oidc(issuer: &str, subject: &str) -> Result<Self, InvalidName> {
        qualified("oidc", &sourced(issuer, subject)?).map(Self)
    }

    /// The holder of a client certificate.
    pub fn certificate(name: &str) -> Result<Self, InvalidName> {
        qualified("cert", name).map(Self)
    }

    /// Reads a name with its kind.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        match text.split_once(':') {
            Some(("user", name)) => Self::user(name),
            Some(("service", name)) => Self::service(name),
            Some(("cert", name)) => Self::certificate(name),
            Some(("oidc", name)) => {
                name.split_once('/').ok_or(InvalidName::Kind).and_then(|(issuer, subject)| Self::oidc(issuer, subject))
            }
            _ => Err(InvalidName::Kind),
        }
    }

    /// The name with its kind.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with its kind, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The name within its kind.
    pub fn short(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(_, short)| short)
    }
}

impl GroupName {
    /// A group of the access file.
    pub fn local(name: &str) -> Result<Self, InvalidName> {
        if name.contains('/') {
            return Err(InvalidName::Slash);
        }
        qualified("group", name).map(Self)
    }

    /// Reads a name with its kind.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name = text.strip_prefix("group:").ok_or(InvalidName::Kind)?;
        match name.split_once('/') {
            Some((issuer, name)) => Self::claimed(issuer, name),
            None => Self::local(name),
        }
    }

    /// A group that an issuer's claims name.
    pub fn claimed(issuer: &str, name: &str) -> Result<Self, InvalidName> {
        qualified("group", &sourced(issuer, name)?).map(Self)
    }

    /// The name with its kind.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn sourced(issuer: &str, name: &str) -> Result<String, InvalidName> {
    if issuer.is_empty() || name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if issuer.contains('/') {
        return Err(InvalidName::Slash);
    }
    Ok(format!("{issuer}/{name}"))
}

fn qualified(kind: &str, name: &str) -> Result<Arc<str>, InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if name.chars().any(char::is_control) {
        return Err(InvalidName::Control);
    }
    if kind.len() + 1 + name.len() > MAX_BYTES {
        return Err(InvalidName::TooLong);
    }
    Ok(format!("{kind}:{name}").into())
}

/// The recipient of a grant: a principal or a group, or, with a `*` at its end, all whose names begin so.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Recipient {
    text: Arc<str>,
}

/// A text that names no recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecipient {
    #[error("`{0}` names no kind of principal; write user:, service:, oidc:ISSUER/, cert: or group: before the name")]
    Kind(String),
    #[error("`{0}` names no issuer; write oidc:ISSUER/NAME")]
    Issuer(String),
    #[error("`{0}` has a * elsewhere than at its end")]
    Star(String),
    #[error("`{text}`: {reason}")]
    Name { text: String, reason: InvalidName },
}

impl Recipient {
    /// Reads a recipient as grants write it.
    pub fn parse(text: &str) -> Result<Self, InvalidRecipient> {
        let (kind, name) = text.split_once(':').ok_or_else(|| InvalidRecipient::Kind(text.to_owned()))?;
        if !matches!(kind, "user" | "service" | "oidc" | "cert" | "group") {
            return Err(InvalidRecipient::Kind(text.to_owned()));
        }
        if name.find('*').is_some_and(|star| star + 1 < name.len()) {
            return Err(InvalidRecipient::Star(text.to_owned()));
        }
        if kind == "oidc" && !name.split_once('/').is_some_and(|(issuer, name)| !issuer.is_empty() && !name.is_empty())
        {
            return Err(InvalidRecipient::Issuer(text.to_owned()));
        }
        let text = qualified(kind, name).map_err(|reason| InvalidRecipient::Name { text: text.to_owned(), reason })?;
        Ok(Self { text })
    }

    /// Whether a grant to it reaches a principal, by its name or by one of its groups.
    pub fn includes(&self, name: &PrincipalName, groups: &[GroupName]) -> bool {
        self.is_match(name.as_str()) || groups.iter().any(|group| self.is_match(group.as_str()))
    }

    fn is_match(&self, name: &str) -> bool {
        let Some(prefix) = self.text.strip_suffix('*') else { return *self.text == *name };
        let Some(rest) = name.strip_prefix(prefix).filter(|rest| !rest.is_empty()) else { return false };
        // A group of the access file and one of an issuer differ by the slash, which no star stands for.
        !prefix.starts_with("group:") || prefix.contains('/') || !rest.contains('/')
    }

    /// The text of the grant.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.text.to_string()
    }
}

impl TryFrom<String> for Recipient {
    type Error = InvalidRecipient;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_every_source() {
        for (name, expected) in [
            (PrincipalName::user("alice"), Ok("user:alice")),
            (PrincipalName::user("user:admin"), Ok("user:user:admin")),
            (PrincipalName::service("ci-orders"), Ok("service:ci-orders")),
            (PrincipalName::oidc("kc", "f3a/b"), Ok("oidc:kc/f3a/b")),
            (PrincipalName::certificate("spiffe://acme/ns/a"), Ok("cert:spiffe://acme/ns/a")),
            (PrincipalName::user(""), Err(InvalidName::Empty)),
            (PrincipalName::oidc("kc", ""), Err(InvalidName::Empty)),
            (PrincipalName::oidc("k/c", "a"), Err(InvalidName::Slash)),
            (PrincipalName::user("a\nb"), Err(InvalidName::Control)),
            (PrincipalName::user(&"x".repeat(252)), Err(InvalidName::TooLong)),
        ] {
            assert_eq!(name.as_ref().map(PrincipalName::as_str), expected.as_ref().copied());
        }
        for text in ["user:alice", "service:ci", "cert:a:b", "oidc:kc/a/b"] {
            assert_eq!(PrincipalName::parse(text).map(|name| name.to_string()), Ok(text.to_owned()));
        }
        for text in ["group:a", "group:kc/a"] {
            assert_eq!(GroupName::parse(text).map(|name| name.to_string()), Ok(text.to_owned()));
        }
        for text in ["alice", "group:a", "oidc:kc", "anonymous", "user:"] {
            assert!(PrincipalName::parse(text).is_err(), "{text}");
        }
        assert_eq!(GroupName::local("a/b"), Err(InvalidName::Slash));
        assert_eq!(GroupName::claimed("kc", "/team").map(|group| group.to_string()), Ok("group:kc//team".to_owned()));
    }

    #[test]
    fn recipients_of_grants() {
        let groups = [GroupName::local("orders").expect("a group"), GroupName::claimed("kc", "team").expect("a group")];
        let alice = PrincipalName::user("alice").expect("a name");
        for (text, expected) in [
            ("user:alice", true),
            ("user:al*", true),
            ("user:alice*", false),
            ("service:alice", false),
            ("group:orders", true),
            ("group:kc/team", true),
            ("group:kc/*", true),
            ("group:*", true),
            ("group:k*", false),
            ("user:bob", false),
        ] {
            let recipient = Recipient::parse(text).expect(text);
            assert_eq!(recipient.includes(&alice, &groups), expected, "{text}");
        }
        for text in ["alice", "*", "role:x", "anonymous", "oidc:*", "oidc:kc/", "user:a*b", "user:", "user:\n"] {
            assert!(Recipient::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn credentials_end() {
        let mut principal = Principal::anonymous();
        assert!(principal.is_valid_at(Timestamp(i64::MAX)));
        principal.until = Some(Timestamp(10));
        assert!(principal.is_valid_at(Timestamp(9)) && !principal.is_valid_at(Timestamp(10)));
    }

    proptest! {
        #[test]
        fn names_of_two_sources_differ(a in "\\PC{1,20}", b in "\\PC{1,20}", issuer in "[a-z:]{1,5}") {
            let names = [
                PrincipalName::user(&a), PrincipalName::service(&b), PrincipalName::certificate(&a),
                PrincipalName::oidc(&issuer, &b),
            ];
            let names: Vec<_> = names.into_iter().flatten().chain([Principal::anonymous().name]).collect();
            let distinct: std::collections::BTreeSet<_> = names.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
        }
    }
}

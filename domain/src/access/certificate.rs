//! The principal of a client certificate: one of its names, rewritten by rules.

use super::{InvalidName, PrincipalName};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// A kind of name in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateField {
    /// A URI among the alternative names, as SPIFFE uses it.
    SanUri,
    /// A DNS name among the alternative names.
    SanDns,
    /// An address of email among the alternative names.
    SanEmail,
    /// The common name of the subject.
    Cn,
    /// The whole subject, as RFC 2253 writes it.
    Dn,
}

/// The names of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateNames(pub Vec<(CertificateField, String)>);

impl CertificateNames {
    /// The name of a kind; several of one kind are ambiguous and count as none.
    fn only(&self, field: CertificateField) -> Option<&str> {
        let mut names = self.0.iter().filter(|(known, _)| *known == field).map(|(_, name)| name.as_str());
        names.next().filter(|_| names.next().is_none())
    }
}

/// How principals are made of certificates.
#[derive(Debug, Clone)]
pub struct CertificateMapping {
    fields: Vec<CertificateField>,
    rules: Vec<MappingRule>,
}

impl Default for CertificateMapping {
    fn default() -> Self {
        Self { fields: vec![CertificateField::SanUri, CertificateField::Cn], rules: vec![MappingRule::Default] }
    }
}

impl CertificateMapping {
    /// A mapping by the first field that a certificate has, and the first rule that fits its value.
    pub fn new(fields: Option<Vec<CertificateField>>, rules: Option<&[String]>) -> Result<Self, InvalidMapping> {
        let default = Self::default();
        let rules = rules.map(|rules| rules.iter().map(|rule| MappingRule::parse(rule)).collect()).transpose()?;
        Ok(Self { fields: fields.unwrap_or(default.fields), rules: rules.unwrap_or(default.rules) })
    }

    /// The principal of a certificate; `None` where no name or no rule fits.
    pub fn principal(&self, names: &CertificateNames) -> Option<Result<PrincipalName, InvalidName>> {
        let name = self.fields.iter().find_map(|field| names.only(*field))?;
        let mapped = self.rules.iter().find_map(|rule| rule.apply(name))?;
        Some(PrincipalName::certificate(&mapped))
    }
}

/// A rule as Kafka's `ssl.principal.mapping.rules` has them.
#[derive(Debug, Clone)]
enum MappingRule {
    /// The name as it is.
    Default,
    /// A name that fits the pattern as a whole, replaced.
    Replace { pattern: Regex, replacement: String, case: Case },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Kept,
    Lower,
    Upper,
}

/// A text that is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` is no mapping rule: {reason}")]
pub struct InvalidMapping {
    rule: String,
    reason: String,
}

/// The most memory that a compiled pattern may take.
const REGEX_BYTES: usize = 1 << 20;

impl MappingRule {
    fn parse(text: &str) -> Result<Self, InvalidMapping> {
        let invalid = |reason: String| InvalidMapping { rule: text.to_owned(), reason };
        if text == "DEFAULT" {
            return Ok(Self::Default);
        }
        let shape = || invalid("write DEFAULT or RULE:pattern/replacement/, with L or U at the end".to_owned());
        let rule = text.strip_prefix("RULE:").ok_or_else(shape)?;
        let (rule, case) = match (rule.strip_suffix("/L"), rule.strip_suffix("/U"), rule.strip_suffix('/')) {
            (Some(rule), ..) => (rule, Case::Lower),
            (_, Some(rule), _) => (rule, Case::Upper),
            (.., Some(rule)) => (rule, Case::Kept),
            _ => return Err(shape()),
        };
        // The pattern may have slashes of its own, the replacement has none.
        let (pattern, replacement) = rule.rsplit_once('/').ok_or_else(shape)?;
        let pattern = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(REGEX_BYTES).build();
        let pattern = pattern.map_err(|error| invalid(error.to_string()))?;
        Ok(Self::Replace { pattern, replacement: braced(replacement), case })
    }

    fn apply(&self, name: &str) -> Option<String> {
        let Self::Replace { pattern, replacement, case } = self else { return Some(name.to_owned()) };
        let captures = pattern.captures(name)?;
        let mut mapped = String::new();
        captures.expand(replacement, &mut mapped);
        Some(match case {
            Case::Kept => mapped,
            Case::Lower => mapped.to_lowercase(),
            Case::Upper => mapped.to_uppercase(),
        })
    }
}

/// `$1` as `${1}`: what follows the digit is never part of a group's name.
fn braced(replacement: &str) -> String {
    let mut text = String::with_capacity(replacement.len());
    let mut rest = replacement.chars().peekable();
    while let Some(c) = rest.next() {
        text.push(c);
        if c == '$' && rest.peek().is_some_and(char::is_ascii_digit) {
            text.push('{');
            text.extend(rest.next());
            text.push('}');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use CertificateField::{Cn, Dn, SanDns, SanUri};

    #[test]
    fn names_by_field_and_rule() {
        let spiffe = "RULE:^spiffe://acme/ns/([^/]+)/sa/([^/]+)$/$1.$2/";
        let names = |list: &[(CertificateField, &str)]| {
            CertificateNames(list.iter().map(|(field, name)| (*field, (*name).to_owned())).collect())
        };
        for (fields, rules, certificate, expected) in [
            (None, None, names(&[(Cn, "client")]), Some("cert:client")),
            (None, None, names(&[(Cn, "client"), (SanUri, "spiffe://a/b")]), Some("cert:spiffe://a/b")),
            (None, None, names(&[(SanUri, "spiffe://a"), (SanUri, "spiffe://b"), (Cn, "c")]), Some("cert:c")),
            (Some(vec![SanUri]), None, names(&[(SanUri, "spiffe://a"), (SanUri, "spiffe://b")]), None),
            (Some(vec![SanDns]), None, names(&[(Cn, "client")]), None),
            (
                None,
                Some(vec![spiffe]),
                names(&[(SanUri, "spiffe://acme/ns/payments/sa/api")]),
                Some("cert:payments.api"),
            ),
            (None, Some(vec![spiffe]), names(&[(SanUri, "spiffe://evil/ns/payments/sa/api")]), None),
            (None, Some(vec![spiffe]), names(&[(SanUri, "xspiffe://acme/ns/payments/sa/api")]), None),
            (None, Some(vec![spiffe, "DEFAULT"]), names(&[(Cn, "other")]), Some("cert:other")),
            (
                Some(vec![Dn]),
                Some(vec!["RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L"]),
                names(&[(Dn, "CN=ServiceUser,OU=ServiceUsers,O=Unknown")]),
                Some("cert:serviceuser"),
            ),
            (Some(vec![Cn]), Some(vec!["RULE:(.*)/$1x/U"]), names(&[(Cn, "a")]), Some("cert:AX")),
            (Some(vec![Cn]), None, names(&[(Cn, "a,CN=admin")]), Some("cert:a,CN=admin")),
        ] {
            let rules: Option<Vec<String>> = rules.map(|rules| rules.into_iter().map(str::to_owned).collect());
            let mapping = CertificateMapping::new(fields, rules.as_deref()).expect("a mapping");
            let found = mapping.principal(&certificate).map(|name| name.expect("a name").to_string());
            assert_eq!(found.as_deref(), expected, "{certificate:?}");
        }
        for rule in ["default", "RULE:", "RULE:a", "RULE:a/b", "RULE:(/b/", "a/b/"] {
            assert!(CertificateMapping::new(None, Some(&[rule.to_owned()])).is_err(), "{rule}");
        }
    }
}

//! Rules, the roles that bundle them, and the grants that hand roles out.

use super::{Pattern, Recipient, Scope, Verb};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Verbs on resources. Whether it allows or denies depends on the list of the role it stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRule")]
pub struct Rule {
    /// The verbs, as written: what they imply is not listed.
    pub verbs: Vec<Verb>,
    /// Names of subjects; none where the rule is about other resources only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Pattern>,
    /// The contexts of the subjects and of the settings of whole contexts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<Pattern>,
    /// Other resources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<On>,
}

/// A resource other than subjects, as rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum On {
    /// The settings and the mode of the contexts that the rule names.
    Context(OnContext),
    /// A resource that is not in a context.
    Scope(Scope),
}

/// The word `context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnContext {
    /// The settings and the mode of whole contexts.
    Context,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    verbs: Vec<Verb>,
    subjects: Option<Vec<Pattern>>,
    contexts: Option<Vec<Pattern>>,
    on: Option<Vec<String>>,
}

/// A rule that says nothing, or something it cannot say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    #[error("a rule needs at least one verb")]
    NoVerb,
    #[error("a rule needs `subjects` or `on`")]
    NoResource,
    #[error("an empty list of `{0}` fits nothing; leave it out or fill it")]
    Empty(&'static str),
    #[error("`contexts` says nothing without `subjects` or on = [\"context\"]")]
    NoUseForContexts,
    #[error("`{0}` is no resource; known are context, global, changes, metrics, audit and access")]
    UnknownResource(String),
    #[error("the subject pattern `{0}` names a context; write the context in `contexts`")]
    ContextInSubject(Pattern),
    #[error("no context fits `{0}`: their names begin with a dot, as in `.dev`")]
    ContextWithoutDot(Pattern),
}

impl TryFrom<WrittenRule> for Rule {
    type Error = InvalidRule;

    fn try_from(written: WrittenRule) -> Result<Self, InvalidRule> {
        let WrittenRule { verbs, subjects, contexts, on } = written;
        if verbs.is_empty() {
            return Err(InvalidRule::NoVerb);
        }
        if on.as_ref().is_some_and(Vec::is_empty) {
            return Err(InvalidRule::Empty("on"));
        }
        check(subjects.as_deref(), contexts.as_deref())?;
        let on: Vec<On> = on.unwrap_or_default().into_iter().map(resource).collect::<Result<_, _>>()?;
        let in_contexts = subjects.is_some() || on.contains(&On::Context(OnContext::Context));
        if subjects.is_none() && on.is_empty() {
            return Err(InvalidRule::NoResource);
        }
        if contexts.is_some() && !in_contexts {
            return Err(InvalidRule::NoUseForContexts);
        }
        let contexts = contexts.unwrap_or_else(|| if in_contexts { default_contexts() } else { Vec::new() });
        Ok(Self { verbs, subjects: subjects.unwrap_or_default(), contexts, on })
    }
}

fn resource(word: String) -> Result<On, InvalidRule> {
    if word == "context" {
        return Ok(On::Context(OnContext::Context));
    }
    let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
    scope.map(On::Scope).ok_or(InvalidRule::UnknownResource(word))
}

/// The contexts of a rule that names none.
fn default_contexts() -> Vec<Pattern> {
    vec![Pattern::parse(".").expect("a dot is a glob")]
}

/// Refuses lists of patterns that can fit nothing.
fn check(subjects: Option<&[Pattern]>, contexts: Option<&[Pattern]>) -> Result<(), InvalidRule> {
    for (name, list) in [("subjects", subjects), ("contexts", contexts)] {
        if list.is_some_and(<[_]>::is_empty) {
            return Err(InvalidRule::Empty(name));
        }
    }
    if let Some(pattern) = subjects.unwrap_or_default().iter().find(|pattern| pattern.as_str().starts_with(":.")) {
        return Err(InvalidRule::ContextInSubject(pattern.clone()));
    }
    let dotted = |pattern: &&Pattern| !pattern.as_str().starts_with(['.', '*', '?', '[', '{', '\\', 'r']);
    if let Some(pattern) = contexts.unwrap_or_default().iter().find(dotted) {
        return Err(InvalidRule::ContextWithoutDot(pattern.clone()));
    }
    Ok(())
}

impl Rule {
    /// A rule on every subject of every context.
    fn on_subjects(verbs: &[Verb]) -> Self {
        Self { verbs: verbs.to_vec(), subjects: vec![Pattern::any()], contexts: vec![Pattern::any()], on: Vec::new() }
    }

    /// A rule on other resources; on the settings of every context if they are among them.
    fn on(verbs: &[Verb], on: &[On]) -> Self {
        let contexts = if on.contains(&On::Context(OnContext::Context)) { vec![Pattern::any()] } else { Vec::new() };
        Self { verbs: verbs.to_vec(), subjects: Vec::new(), contexts, on: on.to_vec() }
    }
}

/// A name of a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct RoleName(Arc<str>);

impl Deref for RoleName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for RoleName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RoleName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for RoleName {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.0.to_string()
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A named set of rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The permissions.
    #[serde(default)]
    pub allow: Vec<Rule>,
    /// The exceptions, which beat every permission of any role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Rule>,
}

/// A role handed out, for all subjects it is about or for some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenGrant")]
pub struct Grant {
    /// The name of the role.
    pub role: RoleName,
    /// The principals and groups that get it.
    pub to: Vec<Recipient>,
    /// The subjects it is narrowed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Vec<Pattern>>,
    /// The contexts it is narrowed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contexts: Option<Vec<Pattern>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGrant {
    role: RoleName,
    to: Vec<Recipient>,
    subjects: Option<Vec<Pattern>>,
    contexts: Option<Vec<Pattern>>,
}

impl TryFrom<WrittenGrant> for Grant {
    type Error = InvalidRule;

    fn try_from(written: WrittenGrant) -> Result<Self, InvalidRule> {
        let WrittenGrant { role, to, subjects, contexts } = written;
        if to.is_empty() {
            return Err(InvalidRule::Empty("to"));
        }
        check(subjects.as_deref(), contexts.as_deref())?;
        // As in a rule, subjects are those of the default context unless the grant names others.
        let contexts = contexts.or_else(|| subjects.is_some().then(default_contexts));
        Ok(Self { role, to, subjects, contexts })
    }
}

/// The roles that every registry has, by name.
pub fn built_in_roles() -> Vec<(&'static str, Role)> {
    use Verb::{Configure, Create, Delete, Import, Manage, Purge, Read, Register, Watch};
    const CONTEXT: On = On::Context(OnContext::Context);
    const GLOBAL: On = On::Scope(Scope::Global);
    let allow = |rules: &[Rule]| Role { allow: rules.to_vec(), deny: Vec::new() };
    let read = Rule::on(&[Read], &[CONTEXT, GLOBAL]);
    let scope = |verb, scope| Rule::on(&[verb], &[On::Scope(scope)]);
    vec![
        ("reader", allow(&[Rule::on_subjects(&[Read]), read.clone()])),
        ("writer", allow(&[Rule::on_subjects(&[Create, Register]), read.clone()])),
        ("manager", allow(&[Rule::on_subjects(&[Delete, Configure]), Rule::on(&[Configure], &[CONTEXT, GLOBAL])])),
        (
            "owner",
            allow(&[
                Rule::on_subjects(&[Create, Register, Purge, Configure]),
                Rule::on(&[Configure], &[CONTEXT, GLOBAL]),
            ]),
        ),
        ("importer", allow(&[Rule::on_subjects(&[Import]), Rule::on(&[Import], &[CONTEXT, GLOBAL])])),
        (
            "operator",
            allow(&[
                Rule::on_subjects(&[Configure]),
                Rule::on(&[Configure], &[CONTEXT, GLOBAL]),
                scope(Watch, Scope::Changes),
                scope(Read, Scope::Metrics),
            ]),
        ),
        (
            "auditor",
            allow(&[
                Rule::on_subjects(&[Read]),
                read,
                scope(Watch, Scope::Changes),
                scope(Read, Scope::Audit),
                scope(Read, Scope::Access),
            ]),
        ),
        ("metrics", allow(&[scope(Read, Scope::Metrics)])),
        (
            "admin",
            allow(&[
                Rule::on_subjects(&[Purge, Configure, Import]),
                Rule::on(&[Purge, Configure, Import], &[CONTEXT, GLOBAL]),
                scope(Watch, Scope::Changes),
                scope(Read, Scope::Metrics),
                scope(Read, Scope::Audit),
                Rule::on(&[Read, Manage], &[On::Scope(Scope::Access)]),
            ]),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(json: &str) -> Result<Rule, String> {
        serde_json::from_str(json).map_err(|error: serde_json::Error| error.to_string())
    }

    #[test]
    fn rules_as_they_are_written() {
        let plain = rule(r#"{"verbs": ["read"], "subjects": ["a-*"]}"#).expect("a rule");
        assert_eq!(plain.contexts.iter().map(Pattern::as_str).collect::<Vec<_>>(), ["."]);
        for (json, complaint) in [
            (r#"{"verbs": [], "subjects": ["*"]}"#, "at least one verb"),
            (r#"{"verbs": ["reed"], "subjects": ["*"]}"#, "unknown variant `reed`"),
            (r#"{"verbs": ["read"]}"#, "needs `subjects` or `on`"),
            (r#"{"verbs": ["read"], "subjects": []}"#, "an empty list of `subjects`"),
            (r#"{"verbs": ["read"], "on": []}"#, "an empty list of `on`"),
            (r#"{"verbs": ["read"], "on": ["globe"]}"#, "`globe` is no resource"),
            (r#"{"verbs": ["read"], "on": ["global"], "contexts": ["*"]}"#, "says nothing"),
            (r#"{"verbs": ["read"], "subjects": [":.dev:*"]}"#, "names a context"),
            (r#"{"verbs": ["read"], "subjects": ["*"], "contexts": ["dev"]}"#, "begin with a dot"),
            (r#"{"verbs": ["read"], "subjects": ["[a"]}"#, "is no pattern"),
            (r#"{"verbs": ["read"], "subjects": ["*"], "context": [".dev"]}"#, "unknown field `context`"),
        ] {
            let error = rule(json).expect_err(json);
            assert!(error.contains(complaint), "{json}: {error}");
        }
    }

    #[test]
    fn rules_are_written_as_they_are_read() {
        for json in [
            r#"{"verbs":["create","register"],"subjects":["orders-*"],"contexts":["."]}"#,
            r#"{"verbs":["configure"],"contexts":[".dev*"],"on":["context","global"]}"#,
            r#"{"verbs":["watch"],"on":["changes"]}"#,
        ] {
            assert_eq!(serde_json::to_string(&rule(json).expect(json)).ok().as_deref(), Some(json));
        }
    }

    #[test]
    fn grants_as_they_are_written() {
        let grant = |json| serde_json::from_str::<Grant>(json).map_err(|error| error.to_string());
        let narrowed = grant(r#"{"role": "reader", "to": ["cert:payments.*"], "subjects": ["payments-*"]}"#);
        assert_eq!(narrowed.map(|grant| grant.contexts), Ok(Some(default_contexts())));
        assert_eq!(grant(r#"{"role": "reader", "to": ["user:a"]}"#).map(|grant| grant.contexts), Ok(None));
        assert!(grant(r#"{"role": "reader", "to": []}"#).is_err());
        assert!(grant(r#"{"role": "reader", "to": ["alice"]}"#).is_err());
    }
}

//! The permissions of one principal: its rules, compiled so that a decision costs a few set lookups.

use super::pattern::PatternSet;
use super::role::{On, OnContext};
use super::{InvalidPattern, Origin, Pattern, Resource, RoleName, Rule, Scope, Verb, Verbs};
use crate::Subject;

/// Whether a rule allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It allows, unless another denies.
    Allow,
    /// It denies, whatever others allow.
    Deny,
}

/// A rule that a principal has by a role, narrowed by the grant of that role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedRule {
    /// The rule of the role.
    pub rule: Rule,
    /// Allow or deny.
    pub effect: Effect,
    /// The role's name.
    pub role: RoleName,
    /// Where the grant is written.
    pub origin: Origin,
    /// The subjects that the grant is narrowed to.
    pub subjects: Option<Vec<Pattern>>,
    /// The contexts that the grant is narrowed to.
    pub contexts: Option<Vec<Pattern>>,
}

impl GrantedRule {
    /// The verbs it decides on: those it implies if it allows, those that imply it if it denies.
    pub(super) fn verbs(&self) -> Verbs {
        let verbs = self.rule.verbs.iter();
        match self.effect {
            Effect::Allow => verbs.flat_map(|verb| verb.closure().iter()).collect(),
            // Registering requires reading, since a refusal quotes stored schemas.
            Effect::Deny => verbs.flat_map(|verb| verb.implied_by().iter()).collect(),
        }
    }

    /// Whether it is narrowed, so that it reaches nothing but subjects and contexts.
    pub(super) fn is_narrowed(&self) -> bool {
        self.subjects.is_some() || self.contexts.is_some()
    }
}

/// The permissions of one principal.
#[derive(Debug, Clone)]
pub struct Permissions {
    rules: Vec<GrantedRule>,
    allow: Side,
    deny: Side,
    /// Verbs allowed on every subject.
    unrestricted: Verbs,
    /// The permissions of the token's own roles, which have to allow as well.
    limit: Option<Box<Permissions>>,
}

impl Permissions {
    /// Compiles the rules of a principal.
    pub fn compile(rules: Vec<GrantedRule>) -> Result<Self, InvalidPattern> {
        let side = |effect| Side::compile(rules.iter().filter(move |rule| rule.effect == effect));
        let (allow, deny) = (side(Effect::Allow)?, side(Effect::Deny)?);
        let everywhere = allow.subjects.iter().filter(|clause| clause.is_everything());
        let everywhere = everywhere.fold(Verbs::default(), |verbs, clause| verbs.union(clause.verbs));
        let excepted = deny.subjects.iter().fold(Verbs::default(), |verbs, clause| verbs.union(clause.verbs));
        Ok(Self { allow, deny, unrestricted: everywhere.without(excepted), rules, limit: None })
    }

    /// The same permissions where a token's own roles allow them, too.
    #[must_use]
    pub fn limited_to(self, limit: Self) -> Self {
        Self { limit: Some(Box::new(limit)), ..self }
    }

    /// Whether a verb is allowed on a resource.
    pub fn allows(&self, verb: Verb, resource: Resource<'_>) -> bool {
        let own = match resource {
            Resource::Subject(_) if self.unrestricted.contains(verb) => true,
            resource => !self.deny.fits(verb, resource) && self.allow.fits(verb, resource),
        };
        own && self.limit.as_ref().is_none_or(|limit| limit.allows(verb, resource))
    }

    /// Whether a verb is allowed on every subject.
    pub fn is_unrestricted(&self, verb: Verb) -> bool {
        self.unrestricted.contains(verb) && self.limit.as_ref().is_none_or(|limit| limit.is_unrestricted(verb))
    }

    /// Whether a verb could be allowed on some subject of a context.
    pub fn reaches(&self, verb: Verb, context: &str) -> bool {
        let own = self.allow.subjects.iter().any(|clause| {
            clause.verbs.contains(verb) && clause.contexts.iter().all(|contexts| contexts.is_match(context))
        });
        own && self.limit.as_ref().is_none_or(|limit| limit.reaches(verb, context))
    }

    /// Beginnings of qualified names, one of which every subject has that a verb is allowed on; sorted, and none within
    /// another. A single empty one where a rule does not show it.
    pub fn prefixes(&self, verb: Verb) -> Vec<String> {
        let mut prefixes: Vec<String> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.effect == Effect::Allow && rule.verbs().contains(verb)) {
            // The grant's patterns are the narrower ones where there are any.
            let subjects = rule.subjects.as_ref().filter(|_| !rule.rule.subjects.is_empty());
            let subjects = subjects.unwrap_or(&rule.rule.subjects);
            let contexts = rule.contexts.as_ref().unwrap_or(&rule.rule.contexts);
            let default = |pattern: &Pattern| pattern.as_str() == ".";
            for subject in subjects {
                prefixes.extend(contexts.iter().map(|context| match context.as_str() {
                    _ if default(context) => subject.prefix().to_owned(),
                    name if context.is_literal() => format!(":{name}:{}", subject.prefix()),
                    _ => String::new(),
                }));
            }
        }
        prefixes.sort_unstable();
        prefixes.dedup_by(|later, earlier| later.starts_with(earlier.as_str()));
        prefixes
    }

    /// Whether there is any permission at all.
    pub fn is_empty(&self) -> bool {
        self.rules.iter().all(|rule| rule.effect == Effect::Deny)
    }

    /// The rules, in the order of the roles and grants they come from.
    pub fn rules(&self) -> &[GrantedRule] {
        &self.rules
    }

    /// The permissions that the token's own roles leave; `None` where the token has none of its own.
    pub fn limit(&self) -> Option<&Self> {
        self.limit.as_deref()
    }
}

/// All rules of one effect.
#[derive(Debug, Clone, Default)]
struct Side {
    subjects: Vec<Clause>,
    contexts: Vec<Clause>,
    /// Verbs by scope, in the order of [`Scope::ALL`].
    scopes: [Verbs; Scope::ALL.len()],
}

/// Verbs on the names that all sets of patterns fit.
#[derive(Debug, Clone)]
struct Clause {
    verbs: Verbs,
    contexts: Vec<PatternSet>,
    names: Vec<PatternSet>,
}

/// A clause before its patterns are compiled.
#[derive(PartialEq)]
struct Draft<'r> {
    verbs: Verbs,
    contexts: Vec<&'r [Pattern]>,
    names: Vec<Vec<&'r Pattern>>,
}

impl Side {
    fn compile<'r>(rules: impl Iterator<Item = &'r GrantedRule>) -> Result<Self, InvalidPattern> {
        let (mut subjects, mut contexts): (Vec<Draft<'_>>, Vec<Draft<'_>>) = (Vec::new(), Vec::new());
        let mut scopes = [Verbs::default(); Scope::ALL.len()];
        for granted in rules {
            let (rule, verbs) = (&granted.rule, granted.verbs());
            let within = [Some(rule.contexts.as_slice()), granted.contexts.as_deref()];
            let within: Vec<_> = within.into_iter().flatten().filter(|patterns| !is_any(patterns)).collect();
            if !rule.subjects.is_empty() {
                let names = [Some(rule.subjects.as_slice()), granted.subjects.as_deref()];
                let names = names.into_iter().flatten().filter(|patterns| !is_any(patterns));
                let names = names.map(|patterns| patterns.iter().collect()).collect();
                merge(&mut subjects, Draft { verbs, contexts: within.clone(), names });
            }
            for on in &rule.on {
                match on {
                    On::Context(OnContext::Context) if granted.subjects.is_none() => {
                        contexts.push(Draft { verbs, contexts: within.clone(), names: Vec::new() });
                    }
                    On::Scope(scope) if !granted.is_narrowed() => {
                        let known = &mut scopes[*scope as usize];
                        *known = known.union(verbs);
                    }
                    On::Context(_) | On::Scope(_) => {}
                }
            }
        }
        let compile = |drafts: Vec<Draft<'_>>| drafts.iter().map(Draft::compile).collect::<Result<Vec<_>, _>>();
        Ok(Self { subjects: compile(subjects)?, contexts: compile(contexts)?, scopes })
    }

    fn fits(&self, verb: Verb, resource: Resource<'_>) -> bool {
        match resource {
            Resource::Subject(subject) => self.subjects.iter().any(|clause| clause.fits(verb, subject)),
            Resource::Context(context) => self.contexts.iter().any(|clause| {
                clause.verbs.contains(verb) && clause.contexts.iter().all(|set| set.is_match(context.as_str()))
            }),
            Resource::Scope(scope) => self.scopes[scope as usize].contains(verb),
        }
    }
}

fn is_any(patterns: &[Pattern]) -> bool {
    patterns.iter().any(Pattern::is_any)
}

/// Adds a clause, or its names to those of one that is otherwise equal: many grants of one role make one set.
fn merge<'r>(drafts: &mut Vec<Draft<'r>>, draft: Draft<'r>) {
    let alike = |known: &&mut Draft<'r>| {
        (known.verbs, &known.contexts) == (draft.verbs, &draft.contexts) && known.names.len() == 1
    };
    match (draft.names.as_slice(), drafts.iter_mut().find(alike)) {
        ([names], Some(known)) => known.names[0].extend(names),
        _ => drafts.push(draft),
    }
}

impl Draft<'_> {
    fn compile(&self) -> Result<Clause, InvalidPattern> {
        let contexts = self.contexts.iter().map(|patterns| PatternSet::compile(*patterns));
        let names = self.names.iter().map(|patterns| PatternSet::compile(patterns.iter().copied()));
        Ok(Clause {
            verbs: self.verbs,
            contexts: contexts.collect::<Result<_, _>>()?,
            names: names.collect::<Result<_, _>>()?,
        })
    }
}

impl Clause {
    fn fits(&self, verb: Verb, subject: &Subject) -> bool {
        self.verbs.contains(verb)
            && self.contexts.iter().all(|set| set.is_match(subject.context_name()))
            && self.names.iter().all(|set| set.is_match(subject.name()))
    }

    fn is_everything(&self) -> bool {
        self.contexts.is_empty() && self.names.is_empty()
    }
}

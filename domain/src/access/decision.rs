//! The decision for people: not only whether, but by which rule.

use super::pattern::PatternSet;
use super::role::{On, OnContext};
use super::{Effect, GrantedRule, InvalidPattern, Permissions, Resource, Verb};

/// A decision and the one rule that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'p> {
    /// Whether the verb is allowed.
    pub allowed: bool,
    /// The rule: the deny or the allow that fits; `None` where no rule allows it.
    pub rule: Option<&'p GrantedRule>,
    /// Whether it is the token's own roles that do not allow it.
    pub by_token: bool,
}

impl Permissions {
    /// The decision on a verb and a resource, with its rule. Equal to [`Permissions::allows`], by a plain walk.
    pub fn decide(&self, verb: Verb, resource: Resource<'_>) -> Result<Decision<'_>, InvalidPattern> {
        let find = |effect| {
            for rule in self.rules().iter().filter(|rule| rule.effect == effect) {
                if rule.fits(verb, resource)? {
                    return Ok(Some(rule));
                }
            }
            Ok::<_, InvalidPattern>(None)
        };
        if let Some(rule) = find(Effect::Deny)? {
            return Ok(Decision { allowed: false, rule: Some(rule), by_token: false });
        }
        let rule = find(Effect::Allow)?;
        let own = Decision { allowed: rule.is_some(), rule, by_token: false };
        match self.limit() {
            Some(limit) if own.allowed => {
                let limited = limit.decide(verb, resource)?;
                Ok(if limited.allowed { own } else { Decision { by_token: true, ..limited } })
            }
            _ => Ok(own),
        }
    }
}

impl GrantedRule {
    /// Whether it decides on a verb and a resource.
    fn fits(&self, verb: Verb, resource: Resource<'_>) -> Result<bool, InvalidPattern> {
        if !self.verbs().contains(verb) {
            return Ok(false);
        }
        let all = |lists: [Option<&Vec<_>>; 2], name: &str| {
            for patterns in lists.into_iter().flatten() {
                if !PatternSet::compile(patterns)?.is_match(name) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let contexts = [Some(&self.rule.contexts), self.contexts.as_ref()];
        match resource {
            Resource::Subject(subject) => Ok(!self.rule.subjects.is_empty()
                && all(contexts, subject.context_name())?
                && all([Some(&self.rule.subjects), self.subjects.as_ref()], subject.name())?),
            Resource::Context(context) => Ok(self.rule.on.contains(&On::Context(OnContext::Context))
                && self.subjects.is_none()
                && all(contexts, context.as_str())?),
            Resource::Scope(scope) => Ok(self.rule.on.contains(&On::Scope(scope)) && !self.is_narrowed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Origin, Rule, Scope, Target};
    use crate::{Context, Subject};
    use proptest::prelude::*;

    fn granted(effect: Effect, rule: &str) -> GrantedRule {
        let rule: Rule = serde_json::from_str(rule).expect(rule);
        GrantedRule { rule, effect, role: "r".into(), origin: Origin::File, subjects: None, contexts: None }
    }

    fn narrowed(rule: GrantedRule, subjects: Option<&[&str]>, contexts: Option<&[&str]>) -> GrantedRule {
        let patterns =
            |list: &[&str]| list.iter().map(|text| super::super::Pattern::parse(text).expect("a pattern")).collect();
        GrantedRule { subjects: subjects.map(patterns), contexts: contexts.map(patterns), ..rule }
    }

    #[test]
    fn decisions_by_the_rules() {
        use Verb::{Configure, Create, Delete, Purge, Read, Register, Watch};
        let allow = |rule| granted(Effect::Allow, rule);
        let deny = |rule| granted(Effect::Deny, rule);
        let anything = r#"{"verbs": ["purge", "register"], "subjects": ["*"], "contexts": ["*"]}"#;
        let context = |name: &str| Target::Context(Context::stored(name.to_owned()));
        let subject = |name| Target::Subject(Subject::parse(name));
        let global = Target::Scope(Scope::Global);
        for (rules, verb, target, expected) in [
            (vec![], Read, subject("a"), false),
            (vec![allow(anything)], Read, subject(":.dev:a"), true),
            (vec![allow(anything)], Create, subject("a"), false),
            // A star fits the empty name, but the scope of a context is no subject.
            (vec![allow(anything)], Read, context(".dev"), false),
            (vec![allow(anything)], Read, global.clone(), false),
            // Verbs and patterns never part.
            (
                vec![
                    allow(r#"{"verbs": ["register"], "subjects": ["a"]}"#),
                    allow(r#"{"verbs": ["read"], "subjects": ["*"]}"#),
                ],
                Register,
                subject("b"),
                false,
            ),
            (vec![allow(r#"{"verbs": ["read"], "subjects": ["a"]}"#)], Read, subject(":.dev:a"), false),
            (
                vec![allow(r#"{"verbs": ["read"], "subjects": ["a"], "contexts": [".d*"]}"#)],
                Read,
                subject(":.dev:a"),
                true,
            ),
            (vec![allow(r#"{"verbs": ["configure"], "on": ["context"]}"#)], Configure, context(".dev"), false),
            (vec![allow(r#"{"verbs": ["configure"], "on": ["context"]}"#)], Configure, context("."), true),
            (vec![allow(r#"{"verbs": ["configure"], "on": ["global"]}"#)], Read, global.clone(), true),
            (vec![allow(r#"{"verbs": ["read"], "on": ["changes"]}"#)], Watch, Target::Scope(Scope::Changes), false),
            // Deny beats allow, whatever their order.
            (vec![deny(r#"{"verbs": ["purge"], "subjects": ["a"]}"#), allow(anything)], Purge, subject("a"), false),
            (vec![allow(anything), deny(r#"{"verbs": ["purge"], "subjects": ["a"]}"#)], Delete, subject("a"), true),
            (vec![allow(anything), deny(r#"{"verbs": ["delete"], "subjects": ["a"]}"#)], Purge, subject("a"), false),
            (vec![allow(anything), deny(r#"{"verbs": ["read"], "subjects": ["a"]}"#)], Register, subject("a"), false),
            (vec![allow(anything), deny(r#"{"verbs": ["read"], "subjects": ["a"]}"#)], Register, subject("b"), true),
            // A grant narrows every rule of its role.
            (vec![narrowed(allow(anything), Some(&["o-*"]), None)], Read, subject(":.x:o-1"), true),
            (vec![narrowed(allow(anything), Some(&["o-*"]), Some(&["."]))], Read, subject(":.x:o-1"), false),
            (vec![narrowed(allow(anything), Some(&["o-*"]), Some(&["."]))], Read, subject("p"), false),
            (
                vec![narrowed(allow(r#"{"verbs": ["read"], "subjects": ["*-key"]}"#), Some(&["o-*"]), None)],
                Read,
                subject("o-key"),
                true,
            ),
            (
                vec![narrowed(allow(r#"{"verbs": ["read"], "subjects": ["*-key"]}"#), Some(&["o-*"]), None)],
                Read,
                subject("o-value"),
                false,
            ),
            (
                vec![narrowed(allow(r#"{"verbs": ["read"], "on": ["global"]}"#), Some(&["*"]), None)],
                Read,
                global,
                false,
            ),
        ] {
            let permissions = Permissions::compile(rules.clone()).expect("patterns that were read");
            assert_eq!(permissions.allows(verb, target.resource()), expected, "{verb} on {target:?} by {rules:?}");
        }
    }

    #[test]
    fn a_token_may_do_what_both_its_owner_and_its_roles_may() {
        let owner = granted(Effect::Allow, r#"{"verbs": ["register"], "subjects": ["a-*"]}"#);
        let own = granted(Effect::Allow, r#"{"verbs": ["register"], "subjects": ["a-1", "b"]}"#);
        let compile = |rule: GrantedRule| Permissions::compile(vec![rule]).expect("compiled");
        let token = compile(owner).limited_to(compile(own));
        for (subject, expected) in [("a-1", true), ("a-2", false), ("b", false)] {
            let subject = Subject::parse(subject);
            assert_eq!(token.allows(Verb::Register, Resource::Subject(&subject)), expected, "{subject}");
        }
        let refused = Subject::parse("a-2");
        let decision = token.decide(Verb::Register, Resource::Subject(&refused)).expect("decided");
        assert!(!decision.allowed && decision.by_token);
    }

    fn any_rule() -> impl Strategy<Value = GrantedRule> {
        let pattern = || proptest::sample::select(vec!["*", "a", "a*", "?", "regex:a|b"]);
        let context = || proptest::sample::select(vec!["*", ".", ".d", ".d*"]);
        let verb = proptest::sample::select(Verb::ALL.to_vec());
        let on = proptest::option::of(proptest::sample::select(vec!["context", "global", "changes", "access"]));
        let shape = (verb, pattern(), context(), on, any::<bool>());
        let within = (proptest::option::of(pattern()), proptest::option::of(context()));
        (shape, within).prop_map(|((verb, pattern, context, on, denies), (subject, within))| {
            let rule = match on {
                Some("context") => {
                    format!(r#"{{"verbs": ["{verb}"], "on": ["context"], "contexts": ["{context}"]}}"#)
                }
                Some(on) => format!(r#"{{"verbs": ["{verb}"], "on": ["{on}"]}}"#),
                None => format!(r#"{{"verbs": ["{verb}"], "subjects": ["{pattern}"], "contexts": ["{context}"]}}"#),
            };
            let rule = granted(if denies { Effect::Deny } else { Effect::Allow }, &rule);
            narrowed(rule, subject.as_ref().map(std::slice::from_ref), within.as_ref().map(std::slice::from_ref))
        })
    }

    fn any_target() -> impl Strategy<Value = Target> {
        let subject = proptest::sample::select(vec!["a", "b", "ab", ":.d:a", ":.de:ab", ":.d:", ""]);
        prop_oneof![
            subject.prop_map(|text| Target::of(Subject::parse(text))),
            proptest::sample::select(Scope::ALL.to_vec()).prop_map(Target::Scope),
        ]
    }

    proptest! {
        #[test]
        fn both_ways_to_decide_agree(
            rules in proptest::collection::vec(any_rule(), 0..6),
            verb in proptest::sample::select(Verb::ALL.to_vec()),
            target in any_target(),
        ) {
            let permissions = Permissions::compile(rules).expect("compiled");
            let decision = permissions.decide(verb, target.resource()).expect("decided");
            prop_assert_eq!(permissions.allows(verb, target.resource()), decision.allowed);
        }

        #[test]
        fn a_deny_never_allows_and_an_allow_never_denies(
            rules in proptest::collection::vec(any_rule(), 0..5),
            more in any_rule(),
            verb in proptest::sample::select(Verb::ALL.to_vec()),
            target in any_target(),
        ) {
            let before = Permissions::compile(rules.clone()).expect("compiled").allows(verb, target.resource());
            let effect = more.effect;
            let rules = rules.into_iter().chain([more]).collect();
            let after = Permissions::compile(rules).expect("compiled").allows(verb, target.resource());
            match effect {
                Effect::Allow => prop_assert!(after || !before),
                Effect::Deny => prop_assert!(before || !after),
            }
        }

        #[test]
        fn what_is_allowed_implies_what_it_implies(
            rules in proptest::collection::vec(any_rule(), 0..6),
            verb in proptest::sample::select(Verb::ALL.to_vec()),
            target in any_target(),
        ) {
            let permissions = Permissions::compile(rules).expect("compiled");
            if permissions.allows(verb, target.resource()) {
                for implied in verb.closure().iter() {
                    prop_assert!(permissions.allows(implied, target.resource()), "{} without {}", verb, implied);
                }
            }
        }

        #[test]
        fn readable_subjects_are_reached_and_begin_with_a_prefix(
            rules in proptest::collection::vec(any_rule(), 0..6),
            target in any_target(),
        ) {
            let permissions = Permissions::compile(rules).expect("compiled");
            if let Target::Subject(subject) = &target && permissions.allows(Verb::Read, target.resource()) {
                prop_assert!(permissions.reaches(Verb::Read, subject.context_name()));
                let prefixes = permissions.prefixes(Verb::Read);
                prop_assert!(prefixes.iter().any(|prefix| subject.as_str().starts_with(prefix.as_str())));
            }
        }
    }
}

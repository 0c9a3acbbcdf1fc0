//! All roles and grants of a registry, and what they come to for one principal.

use super::{
    Effect, Grant, GrantedRule, InvalidPattern, Permissions, Principal, PrincipalName, Resource, Role, RoleName, Scope,
    Verb, built_in_roles,
};
use std::collections::BTreeMap;

/// Where a role or a grant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// In the program.
    BuiltIn,
    /// In the access file.
    File,
    /// In the database.
    Database,
    /// In the bootstrap token's file.
    Bootstrap,
}

/// All roles and grants.
#[derive(Debug, Clone)]
pub struct Policy {
    roles: BTreeMap<RoleName, (Origin, Role)>,
    grants: Vec<(Origin, Grant)>,
    anonymous: Vec<RoleName>,
}

/// Why roles and grants make no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    #[error("the role `{0}` is defined twice, or has the name of a role that every registry has")]
    RoleTwice(RoleName),
    #[error("there is no role `{0}`")]
    NoSuchRole(RoleName),
    #[error("more than {} rules", Policy::MAX_RULES)]
    TooManyRules,
    #[error("more than {} patterns", Policy::MAX_PATTERNS)]
    TooManyPatterns,
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
}

impl Default for Policy {
    fn default() -> Self {
        let roles = built_in_roles().into_iter().map(|(name, role)| (RoleName::from(name), (Origin::BuiltIn, role)));
        Self { roles: roles.collect(), grants: Vec::new(), anonymous: Vec::new() }
    }
}

impl Policy {
    /// The most rules in all roles together.
    pub const MAX_RULES: usize = 1_000;
    /// The most patterns in all roles and grants together.
    pub const MAX_PATTERNS: usize = 10_000;

    /// Adds a role.
    pub fn add_role(&mut self, origin: Origin, name: &str, role: Role) -> Result<(), InvalidPolicy> {
        if self.roles.contains_key(name) {
            return Err(InvalidPolicy::RoleTwice(name.into()));
        }
        self.roles.insert(name.into(), (origin, role));
        let rules = || self.roles.values().flat_map(|(_, role)| role.allow.iter().chain(&role.deny));
        let patterns: usize = rules().map(|rule| rule.subjects.len() + rule.contexts.len()).sum();
        if rules().count() > Self::MAX_RULES {
            return Err(InvalidPolicy::TooManyRules);
        }
        self.check_patterns(patterns)
    }

    /// Adds a grant of a role that is known.
    pub fn add_grant(&mut self, origin: Origin, grant: Grant) -> Result<(), InvalidPolicy> {
        self.known(&grant.role)?;
        self.grants.push((origin, grant));
        self.check_patterns(0)
    }

    /// Gives roles to callers without a credential.
    pub fn grant_anonymous(&mut self, roles: Vec<RoleName>) -> Result<(), InvalidPolicy> {
        roles.iter().try_for_each(|role| self.known(role))?;
        self.anonymous.extend(roles);
        Ok(())
    }

    fn check_patterns(&self, of_roles: usize) -> Result<(), InvalidPolicy> {
        let lists = self.grants.iter().flat_map(|(_, grant)| [&grant.subjects, &grant.contexts]);
        let of_grants: usize = lists.flatten().map(Vec::len).sum();
        if of_roles + of_grants > Self::MAX_PATTERNS { Err(InvalidPolicy::TooManyPatterns) } else { Ok(()) }
    }

    /// Fails where there is no role of a name.
    pub fn known(&self, role: &str) -> Result<(), InvalidPolicy> {
        if self.roles.contains_key(role) { Ok(()) } else { Err(InvalidPolicy::NoSuchRole(role.into())) }
    }

    /// The roles by name.
    pub fn roles(&self) -> impl Iterator<Item = (&str, Origin, &Role)> {
        self.roles.iter().map(|(name, (origin, role))| (&**name, *origin, role))
    }

    /// The grants in order.
    pub fn grants(&self) -> impl Iterator<Item = (Origin, &Grant)> {
        self.grants.iter().map(|(origin, grant)| (*origin, grant))
    }

    /// The names of the roles that a principal has.
    pub fn roles_of(&self, principal: &Principal) -> Vec<RoleName> {
        let mut roles: Vec<_> = if principal.is_anonymous() {
            self.anonymous.clone()
        } else {
            self.grants_of(principal).map(|(_, grant)| grant.role.clone()).collect()
        };
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    fn grants_of(&self, principal: &Principal) -> impl Iterator<Item = &(Origin, Grant)> {
        let Principal { name, groups, .. } = principal;
        self.grants.iter().filter(move |(_, grant)| grant.to.iter().any(|to| to.includes(name, groups)))
    }

    /// The permissions of a principal; those of its token's own roles limit them.
    pub fn permissions(&self, principal: &Principal, limit: Option<&[RoleName]>) -> Result<Permissions, InvalidPolicy> {
        let plain = |roles: &[RoleName]| -> Vec<GrantedRule> {
            roles.iter().flat_map(|role| self.granted(Origin::File, role, None)).collect()
        };
        let rules = if principal.is_anonymous() {
            plain(&self.anonymous)
        } else {
            let grants = self.grants_of(principal);
            grants.flat_map(|(origin, grant)| self.granted(*origin, &grant.role, Some(grant))).collect()
        };
        let permissions = Permissions::compile(rules)?;
        match limit {
            Some(roles) => Ok(permissions.limited_to(Permissions::compile(plain(roles))?)),
            None => Ok(permissions),
        }
    }

    /// The rules of a role, narrowed by a grant.
    fn granted<'p>(
        &'p self,
        origin: Origin,
        name: &'p RoleName,
        grant: Option<&'p Grant>,
    ) -> impl Iterator<Item = GrantedRule> + use<'p> {
        // A token's role may have been deleted since: then it allows nothing.
        let role = self.roles.get(name).map(|(_, role)| role);
        role.into_iter().flat_map(move |role| {
            let allow = role.allow.iter().map(|rule| (rule, Effect::Allow));
            allow.chain(role.deny.iter().map(|rule| (rule, Effect::Deny))).map(move |(rule, effect)| GrantedRule {
                rule: rule.clone(),
                effect,
                role: name.clone(),
                origin,
                subjects: grant.and_then(|grant| grant.subjects.clone()),
                contexts: grant.and_then(|grant| grant.contexts.clone()),
            })
        })
    }

    /// Whether anybody at all may manage access by a grant of an origin that counts.
    pub fn has_manager(&self, counts: impl Fn(Origin) -> bool) -> bool {
        self.grants().filter(|(origin, _)| counts(*origin)).any(|(origin, grant)| {
            let rules = self.granted(origin, &grant.role, Some(grant)).collect();
            Permissions::compile(rules)
                .is_ok_and(|permissions| permissions.allows(Verb::Manage, Resource::Scope(Scope::Access)))
        })
    }

    /// The owner of a token as a principal, to ask what it may do.
    pub fn named(name: PrincipalName) -> Principal {
        Principal { name, groups: Vec::new(), method: super::Method::Token, credential: None, until: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;
    use crate::access::GroupName;

    fn grant(json: &str) -> Grant {
        serde_json::from_str(json).expect(json)
    }

    fn user(name: &str) -> Principal {
        Policy::named(PrincipalName::user(name).expect("a name"))
    }

    #[test]
    fn grants_reach_their_recipients_alone() {
        let mut policy = Policy::default();
        policy
            .add_grant(Origin::File, grant(r#"{"role": "writer", "to": ["group:orders"], "subjects": ["o-*"]}"#))
            .expect("added");
        policy.grant_anonymous(vec!["metrics".into()]).expect("granted");
        let member = Principal { groups: vec![GroupName::local("orders").expect("a group")], ..user("a") };
        let subject = Subject::parse("o-1");
        let register = |principal: &Principal| {
            let permissions = policy.permissions(principal, None).expect("compiled");
            permissions.allows(Verb::Register, Resource::Subject(&subject))
        };
        assert!(register(&member));
        assert!(!register(&user("a")) && !register(&Principal::anonymous()));
        assert_eq!(policy.roles_of(&member), ["writer".into()]);
        let nobody = policy.permissions(&Principal::anonymous(), None).expect("compiled");
        assert!(nobody.allows(Verb::Read, Resource::Scope(Scope::Metrics)) && !nobody.is_empty());
        assert!(policy.permissions(&user("a"), None).expect("compiled").is_empty());
    }

    #[test]
    fn the_built_in_roles() {
        use Verb::{Configure, Create, Delete, Import, Manage, Purge, Read, Register, Watch};
        let subject = Subject::parse(":.dev:a");
        let (on_subject, global) = (Resource::Subject(&subject), Resource::Scope(Scope::Global));
        for (role, subjects, globals) in [
            ("reader", &[Read][..], &[Read][..]),
            ("writer", &[Read, Create, Register], &[Read]),
            ("manager", &[Read, Delete, Configure], &[Read, Configure]),
            ("owner", &[Read, Create, Register, Delete, Purge, Configure], &[Read, Configure]),
            ("importer", &[Read, Create, Register, Import], &[Read, Create, Register, Import]),
            ("operator", &[Read, Configure], &[Read, Configure]),
            ("auditor", &[Read], &[Read]),
            ("metrics", &[], &[]),
            (
                "admin",
                &[Read, Create, Register, Delete, Purge, Configure, Import],
                &[Read, Create, Register, Delete, Purge, Configure, Import],
            ),
        ] {
            let mut policy = Policy::default();
            policy.add_grant(Origin::File, grant(&format!(r#"{{"role": "{role}", "to": ["user:a"]}}"#))).expect(role);
            let permissions = policy.permissions(&user("a"), None).expect("compiled");
            for verb in Verb::ALL {
                assert_eq!(permissions.allows(verb, on_subject), subjects.contains(&verb), "{role}: {verb}");
                assert_eq!(permissions.allows(verb, global), globals.contains(&verb), "{role}: {verb} on global");
            }
            assert_eq!(permissions.is_unrestricted(Read), subjects.contains(&Read), "{role}");
            let allowed = |verb, scope| permissions.allows(verb, Resource::Scope(scope));
            assert_eq!(allowed(Manage, Scope::Access), role == "admin", "{role}");
            assert_eq!(policy.has_manager(|_| true), role == "admin", "{role}");
            assert_eq!(allowed(Watch, Scope::Changes), matches!(role, "operator" | "auditor" | "admin"), "{role}");
            assert_eq!(allowed(Read, Scope::Metrics), matches!(role, "operator" | "metrics" | "admin"), "{role}");
            assert_eq!(allowed(Read, Scope::Audit), matches!(role, "auditor" | "admin"), "{role}");
        }
    }

    #[test]
    fn policies_that_are_refused() {
        let mut policy = Policy::default();
        assert_eq!(
            policy.add_role(Origin::File, "admin", Role::default()),
            Err(InvalidPolicy::RoleTwice("admin".into()))
        );
        let unknown = grant(r#"{"role": "nobody", "to": ["user:a"]}"#);
        assert_eq!(policy.add_grant(Origin::File, unknown), Err(InvalidPolicy::NoSuchRole("nobody".into())));
        assert!(policy.grant_anonymous(vec!["nobody".into()]).is_err());
        let rule = serde_json::from_str(r#"{"verbs": ["watch"], "on": ["changes"]}"#).expect("a rule");
        let many = Role { allow: vec![rule; Policy::MAX_RULES + 1], deny: Vec::new() };
        assert_eq!(policy.add_role(Origin::File, "many", many), Err(InvalidPolicy::TooManyRules));
        let mut patterns = grant(r#"{"role": "reader", "to": ["user:a"], "subjects": ["a"]}"#);
        patterns.subjects = patterns.subjects.map(|subjects| vec![subjects[0].clone(); Policy::MAX_PATTERNS + 1]);
        assert_eq!(policy.add_grant(Origin::File, patterns), Err(InvalidPolicy::TooManyPatterns));
    }

    #[test]
    fn a_token_of_a_role_that_is_gone_may_do_nothing() {
        let mut policy = Policy::default();
        policy.add_grant(Origin::File, grant(r#"{"role": "admin", "to": ["user:a"]}"#)).expect("added");
        let limit = ["gone".into()];
        let permissions = policy.permissions(&user("a"), Some(&limit)).expect("compiled");
        assert!(!permissions.allows(Verb::Read, Resource::Scope(Scope::Global)));
    }
}

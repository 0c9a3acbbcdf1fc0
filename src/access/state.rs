//! All that is known of access at one moment, and the identities that follow from it.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use avow_domain::Timestamp;
use avow_domain::access::{
    CertificateNames, Grant, GroupName, InvalidPolicy, Method, Origin, Permissions, Policy, Principal, PrincipalName,
    Recipient, Resource, RoleName, Verb,
};

use super::file::{AccessFile, KnownToken, User};
use super::token::{Token, TokenId};

/// A caller with what it may do. Good for as long as the state it was made from.
#[derive(Debug)]
pub struct Identity {
    /// Who it is.
    pub principal: Principal,
    /// What it may do.
    pub permissions: Permissions,
    /// The roles that it has by grants.
    pub roles: Vec<RoleName>,
    generation: u64,
}

impl Identity {
    /// Whether a verb is allowed on a resource.
    pub fn allows(&self, verb: Verb, resource: Resource<'_>) -> bool {
        self.permissions.allows(verb, resource)
    }

    /// Whether this is somebody, or a nobody to whom roles were given.
    pub fn is_authenticated(&self) -> bool {
        !self.principal.is_anonymous() || !self.permissions.is_empty()
    }
}

/// Why a credential was refused. Callers learn no more than that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the credential cannot be read")]
    Malformed,
    #[error("there is no such user, or the password is wrong")]
    Password,
    #[error("there is no such token")]
    Token,
    #[error("the credential has expired")]
    Expired,
}

/// All that is known of access at one moment.
#[derive(Debug)]
pub struct State {
    generation: u64,
    file: AccessFile,
    bootstrap: Option<(TokenId, KnownToken)>,
    anonymous: Arc<Identity>,
    decoys: RandomState,
}

/// The principal of the bootstrap token.
const BOOTSTRAP: &str = "bootstrap";

impl State {
    fn new(generation: u64, mut file: AccessFile, bootstrap: Option<&Token>) -> Result<Self, InvalidPolicy> {
        // Once somebody else can manage access, the bootstrap token has done its work.
        let bootstrap = bootstrap.filter(|_| !file.policy.has_manager(|_| true)).map(|token| {
            let owner = PrincipalName::service(BOOTSTRAP).expect("a short word is a name");
            let known = KnownToken { owner, hash: token.hash(), expires: None, roles: None };
            (token.id(), known)
        });
        if bootstrap.is_some() {
            let to = vec![Recipient::parse("service:bootstrap").expect("a short word is a name")];
            let grant = Grant { role: "admin".into(), to, subjects: None, contexts: None };
            file.policy.add_grant(Origin::Bootstrap, grant)?;
        }
        let anonymous = identity(&file.policy, generation, Principal::anonymous(), None)?;
        Ok(Self { generation, file, bootstrap, anonymous, decoys: RandomState::new() })
    }

    /// The caller without a credential.
    pub fn anonymous(&self) -> Arc<Identity> {
        Arc::clone(&self.anonymous)
    }

    /// The number of the state: each change makes a higher one.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an identity was made from this state and its credential has not expired.
    pub fn vouches_for(&self, identity: &Identity, now: Timestamp) -> bool {
        identity.generation == self.generation && identity.principal.is_valid_at(now)
    }

    /// Whether anybody can authenticate with a password or a token.
    pub fn has_passwords(&self) -> bool {
        !self.file.users.is_empty() || !self.file.tokens.is_empty() || self.bootstrap.is_some()
    }

    /// Roles and grants.
    pub fn policy(&self) -> &Policy {
        &self.file.policy
    }

    /// The principal of a token.
    pub fn token(&self, text: &str, now: Timestamp) -> Result<Arc<Identity>, Refused> {
        let token = Token::parse(text).ok_or(Refused::Malformed)?;
        let id = token.id();
        let bootstrap = self.bootstrap.as_ref().filter(|(known, _)| *known == id).map(|(_, known)| known);
        let known = bootstrap.or_else(|| self.file.tokens.get(&id)).ok_or(Refused::Token)?;
        if !known.hash.matches(&token.hash()) {
            return Err(Refused::Token);
        }
        let principal = Principal {
            name: known.owner.clone(),
            groups: Vec::new(),
            method: Method::Token,
            credential: Some(id.as_str().into()),
            until: known.expires,
        };
        if !principal.is_valid_at(now) {
            return Err(Refused::Expired);
        }
        let identity = identity(self.policy(), self.generation, principal, known.roles.as_deref());
        identity.map_err(|_| Refused::Token)
    }

    /// Whose password is to be verified: the user's, or for an unknown name that of some other one, so that it takes as
    /// long; in vain.
    pub fn user(&self, name: &str) -> Option<(&User, bool)> {
        let users = &self.file.users;
        users.get(name).map(|user| (user, true)).or_else(|| {
            let count = users.len() as u64;
            let at = self.decoys.hash_one(name).checked_rem(count)?;
            users.values().nth(usize::try_from(at).ok()?).map(|user| (user, false))
        })
    }

    /// The principal of a verified client certificate; anonymous if no rule matches it.
    pub fn certificate(&self, certificate: &CertificateNames, until: Timestamp) -> Arc<Identity> {
        let Some(Ok(name)) = self.file.mapping.principal(certificate) else { return self.anonymous() };
        let until = Some(until);
        let principal = Principal { name, groups: Vec::new(), method: Method::Certificate, credential: None, until };
        identity(self.policy(), self.generation, principal, None).unwrap_or_else(|_| self.anonymous())
    }

    /// A principal by its name, to ask what it may do.
    pub fn named(&self, name: PrincipalName, groups: Vec<GroupName>) -> Result<Arc<Identity>, InvalidPolicy> {
        let principal = Principal { groups, ..Policy::named(name) };
        identity(self.policy(), self.generation, principal, None)
    }

    /// A user whose password was right.
    pub fn logged_in(&self, user: &User) -> Result<Arc<Identity>, Refused> {
        let principal = Principal {
            name: user.name.clone(),
            groups: user.groups.clone(),
            method: Method::Basic,
            credential: None,
            until: None,
        };
        identity(self.policy(), self.generation, principal, None).map_err(|_| Refused::Password)
    }
}

fn identity(
    policy: &Policy,
    generation: u64,
    principal: Principal,
    limit: Option<&[RoleName]>,
) -> Result<Arc<Identity>, InvalidPolicy> {
    let permissions = policy.permissions(&principal, limit)?;
    let roles = policy.roles_of(&principal);
    Ok(Arc::new(Identity { principal, permissions, roles, generation }))
}

/// The state that holds now.
#[derive(Debug)]
pub struct Access {
    state: ArcSwap<State>,
    bootstrap: Option<Token>,
}

impl Access {
    /// The state that a file and a bootstrap token make.
    pub fn new(file: AccessFile, bootstrap: Option<Token>) -> Result<Self, InvalidPolicy> {
        let state = State::new(0, file, bootstrap.as_ref())?;
        if bootstrap.is_some() && state.bootstrap.is_none() {
            tracing::warn!("The bootstrap token is ignored: others can manage access already");
        }
        Ok(Self { state: ArcSwap::from_pointee(state), bootstrap })
    }

    /// The state that holds now.
    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Takes a new version of the file. Whatever was decided by the old one is decided again.
    pub fn replace(&self, file: AccessFile) -> Result<(), InvalidPolicy> {
        let generation = self.state.load().generation + 1;
        self.state.store(Arc::new(State::new(generation, file, self.bootstrap.as_ref())?));
        Ok(())
    }

    /// Reads the file again and takes it, or keeps what there is.
    pub fn reload(&self, path: &Path) -> Result<(), super::Error> {
        self.replace(AccessFile::read(path)?)?;
        Ok(())
    }
}

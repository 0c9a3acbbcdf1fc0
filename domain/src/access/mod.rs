//! Who may do what: principals, roles, and the decision, without IO or clock.
//!
//! - `principal`: who asks, and whom a grant reaches
//! - `certificate`: the principal of a client certificate
//! - `verb`, `resource`, `pattern`: the words of rules
//! - `role`: rules, roles, grants
//! - `policy`: all roles and grants of a registry
//! - `permissions`: what they come to for one principal, compiled; `decision`: the rule that decides, for people

mod certificate;
mod decision;
mod pattern;
mod permissions;
mod policy;
mod principal;
mod resource;
mod role;
mod verb;

pub use certificate::{CertificateField, CertificateMapping, CertificateNames, InvalidMapping};
pub use decision::Decision;
pub use pattern::{InvalidPattern, Pattern};
pub use permissions::{Effect, GrantedRule, Permissions};
pub use policy::{InvalidPolicy, Origin, Policy};
pub use principal::{GroupName, InvalidName, InvalidRecipient, Method, Principal, PrincipalName, Recipient};
pub use resource::{Resource, Scope, Target};
pub use role::{Grant, InvalidRule, On, OnContext, Role, RoleName, Rule, built_in_roles};
pub use verb::{Verb, Verbs};

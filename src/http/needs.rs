//! The permission that each operation needs before its handler runs. An operation that is not in the table is denied.
//!
//! What a request's names turn out to mean, and what its body asks for, the use cases ask about themselves.

use super::error::Error;
use super::extract::Incoming;
use crate::domain::Context;
use crate::domain::access::{Scope, Target, Verb};
use crate::registry;
use axum::http::Method;

/// The permission that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// None: strangers may ask.
    Nothing,
    /// To be somebody, or a nobody with roles. The use case leaves out or refuses what the caller may not read.
    Authenticated,
    /// A verb on the subject of the path.
    Subject(Verb),
    /// To register under the subject of the path, or to find what is registered there.
    Register,
    /// Soft or permanent deletion of the subject of the path or one of its versions.
    Delete,
    /// A verb on the settings of the subject or the context of the path.
    Settings(Verb),
    /// A verb on the settings above all others, or on those of the context that the path begins with.
    TopSettings(Verb),
    /// A verb on the settings of the context of the path.
    Context(Verb),
    /// A verb on another resource.
    Scope(Verb, Scope),
}

/// The need of every operation, by method and path.
pub(super) const NEEDS: &[(Method, &str, Need)] = &{
    use Need::{Authenticated, Delete, Nothing, Register, Settings, Subject, TopSettings};
    use Verb::{Configure, Import, Read, Watch};
    [
        (Method::GET, "/", Nothing),
        (Method::POST, "/", Nothing),
        (Method::GET, "/livez", Nothing),
        (Method::GET, "/readyz", Nothing),
        (Method::GET, "/metrics", Need::Scope(Read, Scope::Metrics)),
        (Method::GET, "/v1/metadata/id", Authenticated),
        (Method::GET, "/v1/metadata/version", Authenticated),
        (Method::GET, "/v1/metadata/deployment", Authenticated),
        (Method::GET, "/associations/resources/{namespace}/{name}", Authenticated),
        (Method::GET, "/schemas/types", Authenticated),
        (Method::GET, "/avow/v1/rules", Authenticated),
        (Method::GET, "/subjects", Authenticated),
        (Method::GET, "/schemas", Authenticated),
        (Method::GET, "/contexts", Authenticated),
        (Method::POST, "/subjects/{subject}", Subject(Read)),
        (Method::DELETE, "/subjects/{subject}", Delete),
        (Method::GET, "/subjects/{subject}/metadata", Subject(Read)),
        (Method::GET, "/subjects/{subject}/versions", Subject(Read)),
        (Method::POST, "/subjects/{subject}/versions", Register),
        // A version is also readable through a readable one that refers to it.
        (Method::GET, "/subjects/{subject}/versions/{version}", Authenticated),
        (Method::DELETE, "/subjects/{subject}/versions/{version}", Delete),
        (Method::GET, "/subjects/{subject}/versions/{version}/schema", Authenticated),
        (Method::GET, "/subjects/{subject}/versions/{version}/referencedby", Subject(Read)),
        (Method::GET, "/schemas/ids/{id}", Authenticated),
        (Method::GET, "/schemas/ids/{id}/schema", Authenticated),
        (Method::GET, "/schemas/ids/{id}/subjects", Authenticated),
        (Method::GET, "/schemas/ids/{id}/versions", Authenticated),
        (Method::GET, "/schemas/guids/{guid}", Authenticated),
        (Method::GET, "/schemas/guids/{guid}/ids", Authenticated),
        (Method::POST, "/compatibility/subjects/{subject}/versions", Subject(Read)),
        (Method::POST, "/compatibility/subjects/{subject}/versions/{version}", Subject(Read)),
        (Method::GET, "/config", TopSettings(Read)),
        (Method::PUT, "/config", TopSettings(Configure)),
        (Method::DELETE, "/config", TopSettings(Configure)),
        (Method::GET, "/config/{subject}", Settings(Read)),
        (Method::PUT, "/config/{subject}", Settings(Configure)),
        (Method::DELETE, "/config/{subject}", Settings(Configure)),
        (Method::GET, "/mode", TopSettings(Read)),
        (Method::PUT, "/mode", TopSettings(Configure)),
        (Method::DELETE, "/mode", TopSettings(Configure)),
        (Method::GET, "/mode/{subject}", Settings(Read)),
        (Method::PUT, "/mode/{subject}", Settings(Configure)),
        (Method::DELETE, "/mode/{subject}", Settings(Configure)),
        (Method::DELETE, "/contexts/{context}", Need::Context(Configure)),
        (Method::POST, "/avow/v1/apply", Authenticated),
        (Method::GET, "/avow/v1/changes", Need::Scope(Watch, Scope::Changes)),
        (Method::POST, "/avow/v1/compatibility", Authenticated),
        (Method::GET, "/avow/v1/contents/{guid}", Authenticated),
        (Method::PUT, "/avow/v1/contexts/{context}/id-floor", Need::Context(Import)),
        (Method::GET, "/avow/v1/snapshot", Authenticated),
        (Method::GET, "/avow/v1/subjects", Authenticated),
        (Method::GET, "/avow/v1/subjects/{subject}", Subject(Read)),
        (Method::POST, "/avow/v1/subjects/{subject}/versions/{version}/restore", Subject(Verb::Delete)),
        (Method::GET, "/avow/v1/whoami", Authenticated),
        (Method::POST, "/avow/v1/access/explain", Authenticated),
    ]
};

impl Need {
    /// The need of an operation; HEAD needs what GET needs.
    pub(super) fn of(method: &Method, path: &str) -> Option<Self> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        NEEDS.iter().find(|(known, template, _)| known == method && *template == path).map(|(_, _, need)| *need)
    }

    /// Refuses a request whose caller lacks what it needs; else what that was, for those who share the answer.
    pub(super) fn check(self, incoming: &Incoming) -> Result<Option<(Verb, Target)>, Error> {
        let authority = &incoming.arrival.authority;
        if authority.identity().is_none() || self == Self::Nothing {
            return Ok(None);
        }
        authority.require_authenticated()?;
        let subject = || Ok::<_, Error>(Target::Subject(incoming.subject()?));
        let (operation, verb, target) = match self {
            Self::Nothing | Self::Authenticated => return Ok(None),
            Self::Subject(verb) => (None, verb, subject()?),
            Self::Register => (Some("Write"), Verb::Read, subject()?),
            Self::Delete if incoming.flag("permanent") => (None, Verb::Purge, subject()?),
            Self::Delete => (None, Verb::Delete, subject()?),
            Self::Settings(verb) => (settings(verb), verb, Target::of(incoming.subject()?)),
            Self::TopSettings(verb) => (settings(verb), verb, Target::of(incoming.arrival.context.scope())),
            Self::Context(verb) => (None, verb, Target::Context(Context::from_segment(incoming.segment("context"))?)),
            Self::Scope(verb, scope) => (None, verb, Target::Scope(scope)),
        };
        match operation {
            Some(operation) => authority.require_as(operation, verb, &target)?,
            None => authority.require(verb, &target)?,
        }
        Ok(Some((verb, target)))
    }
}

/// The words of operations on settings.
fn settings(verb: Verb) -> Option<&'static str> {
    (verb == Verb::Read).then_some("ReadCompatibility")
}

/// The refusal of an operation that nobody has said the need of.
pub(super) fn unknown(method: &Method, path: &str) -> Error {
    tracing::error!(%method, path, "An operation has no row in the table of needs; it is denied");
    registry::Error::Denied { operation: "Call", on: "this server.".to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::openapi;
    use std::collections::BTreeSet;

    #[test]
    fn every_documented_operation_has_one_row() {
        let mut documented = BTreeSet::new();
        for (path, item) in &openapi::document().paths.paths {
            for (method, operation) in
                [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("DELETE", &item.delete)]
            {
                if operation.is_some() {
                    documented.insert((method.to_owned(), path.clone()));
                }
            }
        }
        let rows: Vec<_> = NEEDS.iter().map(|(method, path, _)| (method.to_string(), (*path).to_owned())).collect();
        assert_eq!(rows.iter().cloned().collect::<BTreeSet<_>>(), documented);
        assert_eq!(rows.len(), documented.len(), "an operation has two rows");
        assert_eq!(Need::of(&Method::HEAD, "/subjects"), Some(Need::Authenticated));
        assert_eq!(Need::of(&Method::PATCH, "/subjects"), None);
    }
}

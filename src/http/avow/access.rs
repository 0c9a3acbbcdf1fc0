//! `/avow/v1/whoami` and `/avow/v1/access`.

use crate::access::Identity;
use crate::domain::Moment;
use crate::domain::access::{
    GrantedRule, GroupName, InvalidPattern, On, OnContext, Pattern, Permissions, PrincipalName, Resource, Scope,
    Target, Verb,
};
use crate::http::AppState;
use crate::http::body::RawBody;
use crate::http::error::Error;
use crate::http::extract::Incoming;
use crate::http::openapi::Refusals;
use crate::http::respond::Json;
use avow_api::{AccessAnswer, AccessQuestion, AccessRule, Whoami};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;

/// Say who is asking.
#[utoipa::path(get, path = "/avow/v1/whoami", tag = "avow",
    responses((status = 200, description = "The caller, its roles and their rules", body = Whoami), Refusals))]
pub(in crate::http) async fn whoami(incoming: Incoming) -> Response {
    let Some(identity) = incoming.arrival.authority.identity() else {
        return Json(Whoami {
            principal: "anonymous".to_owned(),
            method: "none".to_owned(),
            credential: None,
            until: None,
            groups: Vec::new(),
            roles: Vec::new(),
            rules: Vec::new(),
        })
        .into_response();
    };
    let principal = &identity.principal;
    Json(Whoami {
        principal: principal.name.to_string(),
        method: word(&principal.method),
        credential: principal.credential.as_ref().map(ToString::to_string),
        until: principal.until.map(|until| Moment(until).to_string()),
        groups: principal.groups.iter().map(ToString::to_string).collect(),
        roles: identity.roles.iter().map(ToString::to_string).collect(),
        rules: identity.permissions.rules().iter().map(rule).collect(),
    })
    .into_response()
}

/// Explain whether something is allowed, and by which rule.
///
/// Everybody may ask about themselves; asking about others needs to read access.
#[utoipa::path(post, path = "/avow/v1/access/explain", tag = "avow", request_body = AccessQuestion,
    responses((status = 200, description = "The decision", body = AccessAnswer), Refusals))]
pub(in crate::http) async fn explain(
    State(state): State<AppState>,
    incoming: Incoming,
    body: RawBody,
) -> Result<Response, Error> {
    let question: AccessQuestion = body.parse("explainAccess.arg0")?;
    let verb = question.verb.as_deref().and_then(Verb::parse);
    let verb = verb.ok_or_else(|| {
        let verbs = Verb::ALL.map(Verb::as_str).join(", ");
        Error::BadRequest(format!("`verb` must be one of {verbs}"))
    })?;
    let target = match (&question.subject, &question.on) {
        (Some(subject), None) => Target::of(incoming.named(subject)?),
        (None, Some(on)) => Scope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == on)
            .map(Target::Scope)
            .ok_or_else(|| Error::BadRequest("`on` must be global, changes, metrics, audit or access".to_owned()))?,
        _ => return Err(Error::BadRequest("name either a `subject` or a resource with `on`".to_owned())),
    };
    let authority = &incoming.arrival.authority;
    let (Some(own), Some(access)) = (authority.identity(), &state.access) else {
        let steps = vec!["there is no authentication: everything is allowed".to_owned()];
        return Ok(Json(AccessAnswer { allowed: true, rule: None, steps }).into_response());
    };
    let asked = match &question.principal {
        None => Arc::clone(own),
        Some(name) if *name == own.principal.name.as_str() && question.groups.is_empty() => Arc::clone(own),
        Some(name) => {
            authority.require(Verb::Read, &Target::Scope(Scope::Access))?;
            let name = PrincipalName::parse(name).map_err(|error| Error::BadRequest(error.to_string()))?;
            let groups = question.groups.iter().map(|group| GroupName::parse(group));
            let groups = groups.collect::<Result<_, _>>().map_err(|error| Error::BadRequest(error.to_string()))?;
            let identity = access.state().named(name, groups);
            identity.map_err(|error| Error::BadRequest(error.to_string()))?
        }
    };
    Ok(Json(answer(&asked, verb, &target).map_err(|error| Error::BadRequest(error.to_string()))?).into_response())
}

fn answer(identity: &Identity, verb: Verb, target: &Target) -> Result<AccessAnswer, InvalidPattern> {
    let resource: Resource<'_> = target.resource();
    let permissions: &Permissions = &identity.permissions;
    let decision = permissions.decide(verb, resource)?;
    let mut steps = vec![match identity.roles.as_slice() {
        [] => format!("{} has no roles", identity.principal.name),
        roles => {
            let roles: Vec<&str> = roles.iter().map(|role| &**role).collect();
            format!("{} has the roles {}", identity.principal.name, roles.join(", "))
        }
    }];
    steps.push(match (decision.allowed, decision.rule, decision.by_token) {
        (true, ..) => format!("a rule allows {verb} on {target}"),
        (false, None, false) => format!("no rule allows {verb} on {target}"),
        (false, Some(_), false) => format!("a rule denies {verb} on {target}, whatever others allow"),
        (false, _, true) => format!("the roles of the token do not allow {verb} on {target}"),
    });
    Ok(AccessAnswer { allowed: decision.allowed, rule: decision.rule.map(rule), steps })
}

fn rule(granted: &GrantedRule) -> AccessRule {
    let texts = |patterns: &[Pattern]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
    let on = granted.rule.on.iter().map(|on| match on {
        On::Context(OnContext::Context) => "context".to_owned(),
        On::Scope(scope) => scope.as_str().to_owned(),
    });
    AccessRule {
        verbs: granted.rule.verbs.iter().map(ToString::to_string).collect(),
        subjects: texts(&granted.rule.subjects),
        contexts: texts(&granted.rule.contexts),
        on: on.collect(),
        only_subjects: granted.subjects.as_deref().map(texts),
        only_contexts: granted.contexts.as_deref().map(texts),
        effect: word(&granted.effect),
        role: granted.role.to_string(),
        source: word(&granted.origin),
    }
}

/// The word that serialisation has for a variant.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("variants without data are always JSON");
    value.as_str().unwrap_or_default().to_owned()
}

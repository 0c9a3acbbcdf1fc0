//! Who asks: secrets that never print, and where renewed ones come from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::BoxError;

/// What a request carries to say who asks. Prints without its secret.
#[derive(Clone)]
pub struct Authorization {
    scheme: Scheme,
    valid_for: Option<Duration>,
}

#[derive(Clone)]
enum Scheme {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Authorization {
    /// A user name and a password.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { scheme: Scheme::Basic { user: user.into(), password: password.into() }, valid_for: None }
    }

    /// A token.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self { scheme: Scheme::Bearer(token.into()), valid_for: None }
    }

    /// After this time a new one is asked for; without it, only when the registry answers 401.
    pub fn valid_for(mut self, time: Duration) -> Self {
        self.valid_for = Some(time);
        self
    }

    fn put_on(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.scheme {
            Scheme::Basic { user, password } => request.basic_auth(user, Some(password)),
            Scheme::Bearer(token) => request.bearer_auth(token),
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scheme {
            Scheme::Basic { user, .. } => write!(f, "Basic {user}:…"),
            Scheme::Bearer(_) => write!(f, "Bearer …"),
        }
    }
}

/// Where credentials come from when they have to be renewed. Every async closure that returns an [`Authorization`] is
/// one.
pub trait Credentials: Send + Sync + 'static {
    /// New credentials; the answer is kept for as long as it is valid, or until the registry refuses it.
    fn renew(&self) -> Pin<Box<dyn Future<Output = Result<Authorization, BoxError>> + Send + '_>>;
}

impl<F, Answer> Credentials for F
where
    F: Fn() -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Authorization, BoxError>> + Send + 'static,
{
    fn renew(&self) -> Pin<Box<dyn Future<Output = Result<Authorization, BoxError>> + Send + '_>> {
        Box::pin(self())
    }
}

/// What a client holds.
#[derive(Clone, Default)]
pub(super) enum Identity {
    #[default]
    Nobody,
    Fixed(Authorization),
    Renewed(Arc<Renewed>),
}

/// Credentials with the last ones had; one renewal at a time however many requests wait for it.
pub(super) struct Renewed {
    source: Box<dyn Credentials>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    had: Option<(Authorization, Option<Instant>)>,
    /// Counts renewals, so that a refused request can tell whether its credentials are still the newest.
    age: u64,
}

impl Identity {
    pub(super) fn renewed(source: impl Credentials) -> Self {
        Self::Renewed(Arc::new(Renewed { source: Box::new(source), last: Mutex::default() }))
    }

    /// Whether asking again may bring other credentials.
    pub(super) fn can_renew(&self) -> bool {
        matches!(self, Self::Renewed(_))
    }

    /// Puts the credentials on a request; `refused` is the age of those that the registry did not accept.
    pub(super) async fn put_on(
        &self,
        request: RequestBuilder,
        refused: Option<u64>,
    ) -> Result<(RequestBuilder, u64), BoxError> {
        match self {
            Self::Nobody => Ok((request, 0)),
            Self::Fixed(authorization) => Ok((authorization.put_on(request), 0)),
            Self::Renewed(renewed) => {
                let (authorization, age) = renewed.get(refused).await?;
                Ok((authorization.put_on(request), age))
            }
        }
    }
}

impl Renewed {
    async fn get(&self, refused: Option<u64>) -> Result<(Authorization, u64), BoxError> {
        let mut last = self.last.lock().await;
        if let Some((authorization, until)) = &last.had
            && refused != Some(last.age)
            && until.is_none_or(|until| Instant::now() < until)
        {
            return Ok((authorization.clone(), last.age));
        }
        let authorization = self.source.renew().await?;
        let until = authorization.valid_for.map(|time| Instant::now() + time);
        last.had = Some((authorization.clone(), until));
        last.age += 1;
        Ok((authorization, last.age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Authorization::basic("ann", "hunter2")), "Basic ann:…");
        assert_eq!(format!("{:?}", Authorization::bearer("eyJhbGciOi")), "Bearer …");
    }
}

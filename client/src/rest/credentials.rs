//! Credentials: secrets that never print, and their renewal.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::RequestBuilder;
use tokio::time::Instant;

use crate::error::Kind;
use crate::single_flight::SingleFlight;
use crate::{BoxError, Error};

/// The part of the lifetime after which credentials are renewed.
const RENEW_AT: f32 = 0.8;
/// How long a failed renewal is not repeated.
const FAILURE_TTL: Duration = Duration::from_secs(1);
/// How often a token file is read.
const TOKEN_FILE_LIFETIME: Duration = Duration::from_mins(1);

/// The credentials of a request. Prints without the secret.
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

    /// Sets the lifetime. The credentials are renewed at 80 % of it; without one only when the registry answers 401.
    pub fn valid_for(mut self, time: Duration) -> Self {
        self.valid_for = Some(time);
        self
    }

    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
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

/// A source of credentials that expire. Every async closure that returns an [`Authorization`] is one.
pub trait Credentials: Send + Sync + 'static {
    /// New credentials, which are used until they have to be renewed.
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

/// A bearer token in a file, as Kubernetes projects it.
pub(super) struct TokenFile(pub(super) PathBuf);

impl Credentials for TokenFile {
    fn renew(&self) -> Pin<Box<dyn Future<Output = Result<Authorization, BoxError>> + Send + '_>> {
        Box::pin(async {
            let path = self.0.clone();
            let token = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await??;
            Ok(Authorization::bearer(token.trim()).valid_for(TOKEN_FILE_LIFETIME))
        })
    }
}

/// The authentication of a client.
pub(super) enum Authenticator {
    None,
    Fixed(Authorization),
    Renewed(Arc<Renewed>),
}

/// Credentials with the number of their renewal.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) authorization: Authorization,
    /// `None` for fixed credentials.
    pub(super) generation: Option<u64>,
}

impl Authenticator {
    pub(super) fn renewed(source: Arc<dyn Credentials>) -> Self {
        Self::Renewed(Arc::new(Renewed { source, state: Mutex::default(), renewals: SingleFlight::new() }))
    }

    /// The credentials for a request; `refused` is the generation that the registry did not accept.
    pub(super) async fn get(&self, refused: Option<u64>) -> Result<Option<Issued>, Error> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(authorization) => Ok(Some(Issued { authorization: authorization.clone(), generation: None })),
            Self::Renewed(renewed) => renewed.get(refused).await.map(Some),
        }
    }
}

/// Credentials that expire. Renewals run ahead of expiry, in their own task, and one at a time.
pub(super) struct Renewed {
    source: Arc<dyn Credentials>,
    state: Mutex<State>,
    renewals: SingleFlight<(), Issued>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    generation: u64,
    failed: Option<(Instant, Error)>,
}

#[derive(Clone)]
struct Current {
    issued: Issued,
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
}

impl Renewed {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(self: &Arc<Self>, refused: Option<u64>) -> Result<Issued, Error> {
        let now = Instant::now();
        let (usable, failure) = {
            let state = self.state();
            let is_usable = |current: &&Current| {
                (refused.is_none() || current.issued.generation != refused)
                    && current.expires_at.is_none_or(|at| now < at)
            };
            let failed = state.failed.as_ref().filter(|(at, _)| now.duration_since(*at) < FAILURE_TTL);
            (state.current.as_ref().filter(is_usable).cloned(), failed.map(|(_, error)| error.clone()))
        };
        match (usable, failure) {
            (Some(current), failure) => {
                if failure.is_none() && current.renew_at.is_some_and(|at| now >= at) {
                    // Started, not awaited: the current credentials are still valid.
                    drop(self.start_renewal());
                }
                Ok(current.issued)
            }
            (None, Some(error)) => Err(error),
            (None, None) => self.start_renewal().wait().await,
        }
    }

    fn start_renewal(self: &Arc<Self>) -> crate::single_flight::Waiter<Issued> {
        let renewed = Arc::clone(self);
        self.renewals.join(&(), || async move { renewed.renew().await })
    }

    async fn renew(&self) -> Result<Issued, Error> {
        let outcome = self.source.renew().await;
        let now = Instant::now();
        let mut state = self.state();
        match outcome {
            Ok(authorization) => {
                state.generation += 1;
                state.failed = None;
                let lifetime = authorization.valid_for;
                let issued = Issued { authorization, generation: Some(state.generation) };
                state.current = Some(Current {
                    issued: issued.clone(),
                    renew_at: lifetime.and_then(|lifetime| now.checked_add(lifetime.mul_f32(RENEW_AT))),
                    expires_at: lifetime.and_then(|lifetime| now.checked_add(lifetime)),
                });
                Ok(issued)
            }
            Err(error) => {
                let error = Error::new("renewing the credentials", Kind::Credentials(error));
                state.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use super::*;

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Authorization::basic("ann", "hunter2")), "Basic ann:…");
        assert_eq!(format!("{:?}", Authorization::bearer("eyJhbGciOi")), "Bearer …");
    }

    /// Numbered tokens that live for 100 seconds.
    struct Source {
        renewals: AtomicU32,
        fails: AtomicBool,
    }

    impl Credentials for Source {
        fn renew(&self) -> Pin<Box<dyn Future<Output = Result<Authorization, BoxError>> + Send + '_>> {
            Box::pin(async {
                self.renewals.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
                if self.fails.load(Ordering::SeqCst) {
                    return Err("the vault is sealed".into());
                }
                Ok(Authorization::bearer("token").valid_for(Duration::from_secs(100)))
            })
        }
    }

    struct Fixture {
        source: Arc<Source>,
        authenticator: Authenticator,
    }

    impl Fixture {
        fn new() -> Self {
            let source = Arc::new(Source { renewals: AtomicU32::new(0), fails: AtomicBool::new(false) });
            Self { authenticator: Authenticator::renewed(Arc::clone(&source) as Arc<dyn Credentials>), source }
        }

        async fn generation(&self, refused: Option<u64>) -> Option<u64> {
            self.authenticator.get(refused).await.ok().flatten().and_then(|issued| issued.generation)
        }

        fn renewals(&self) -> u32 {
            self.source.renewals.load(Ordering::SeqCst)
        }

        async fn pass(&self, seconds: u64) {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_are_renewed_ahead_of_expiry() {
        let fixture = Fixture::new();
        assert_eq!(fixture.generation(None).await, Some(1));
        fixture.pass(79).await;
        assert_eq!((fixture.generation(None).await, fixture.renewals()), (Some(1), 1));
        fixture.pass(2).await;
        assert_eq!(fixture.generation(None).await, Some(1), "nobody waits for the renewal");
        fixture.pass(1).await;
        assert_eq!((fixture.generation(None).await, fixture.renewals()), (Some(2), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_matters_once_the_credentials_have_expired() {
        let fixture = Fixture::new();
        assert_eq!(fixture.generation(None).await, Some(1));
        fixture.source.fails.store(true, Ordering::SeqCst);
        fixture.pass(90).await;
        for _ in 0..10 {
            assert_eq!(fixture.generation(None).await, Some(1));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(fixture.renewals(), 2, "once a second");
        fixture.pass(10).await;
        assert_eq!(fixture.generation(None).await, None);
        fixture.source.fails.store(false, Ordering::SeqCst);
        fixture.pass(1).await;
        assert_eq!(fixture.generation(None).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_renewal_serves_everybody() {
        let fixture = Fixture::new();
        let all = (0..100).map(|_| fixture.generation(None));
        assert_eq!(futures_util::future::join_all(all).await, [Some(1); 100]);
        let refused = (0..100).map(|_| fixture.generation(Some(1)));
        assert_eq!(futures_util::future::join_all(refused).await, [Some(2); 100]);
        assert_eq!(fixture.generation(Some(1)).await, Some(2), "others were renewed since");
        assert_eq!(fixture.renewals(), 2);
    }
}

//! Authentication: from the headers of a request to the identity behind them.

use std::str;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::{constant_time, digest, rand};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::error::Error;
use super::peer::Peer;
use super::respond::REVALIDATE;
use super::tls::PeerCertificate;
use crate::access::password::MAX_PASSWORD_BYTES;
use crate::access::token::Token;
use crate::access::{Access, Identity, Refused, State};
use crate::domain::Timestamp;
use crate::registry;

/// Verdicts that are remembered, of either kind.
const REMEMBERED: u64 = 10_000;

/// How long a verified credential is remembered.
const ACCEPTED: Duration = Duration::from_mins(1);

/// How long a refused credential is remembered, so that a client with an old password does not cost a hash each time.
const REFUSED: Duration = Duration::from_secs(30);

/// Requests that wait for a password to be hashed; further ones are asked to retry.
const WAITING: usize = 64;

/// Verifies credentials, and remembers which were right.
#[derive(Debug)]
pub(super) struct Authenticator {
    access: Arc<Access>,
    /// The key of the digests that credentials are remembered by, new in each process.
    key: [u8; 32],
    accepted: Cache<Digest, Arc<Identity>>,
    refused: Cache<Digest, Refused>,
    hashing: Semaphore,
    waiting: AtomicUsize,
}

type Digest = [u8; 32];

const UNAUTHENTICATED: Error = Error::Registry(registry::Error::Unauthenticated);

/// The last credential of a connection that was verified, and whose it is. A certificate has no header.
#[derive(Default)]
pub(super) struct Memo(Mutex<Option<(Option<HeaderValue>, Arc<Identity>)>>);

/// The principal of a certificate. One that has expired or is not trusted any more is refused, not ignored.
fn by_certificate(
    state: &State,
    certificate: &PeerCertificate,
    memo: &Memo,
    now: Timestamp,
) -> Result<Arc<Identity>, Error> {
    if certificate.until <= now || !certificate.is_trusted() {
        return Err(UNAUTHENTICATED);
    }
    if let Some(identity) = memo.get(None).filter(|identity| state.vouches_for(identity, now)) {
        return Ok(identity);
    }
    let identity = state.certificate(&certificate.names, certificate.until);
    memo.set(None, &identity);
    Ok(identity)
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Why a request has no identity.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Refused(Refused),
    Busy,
}

impl Authenticator {
    /// An authenticator that hashes so many passwords at a time.
    pub(super) fn new(access: Arc<Access>, hashing: usize) -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("a system without random bytes cannot authenticate anybody");
        let accepted = Cache::builder().max_capacity(REMEMBERED).time_to_live(ACCEPTED).build();
        let refused = Cache::builder().max_capacity(REMEMBERED).time_to_live(REFUSED).build();
        Self { access, key, accepted, refused, hashing: Semaphore::new(hashing), waiting: AtomicUsize::new(0) }
    }

    /// The state that identities are made from.
    pub(super) fn state(&self) -> Arc<State> {
        self.access.state()
    }

    /// The caller of a request.
    pub(super) async fn identify(
        &self,
        headers: &HeaderMap,
        peer: Option<&Peer>,
        now: Timestamp,
    ) -> Result<Arc<Identity>, Error> {
        let state = self.access.state();
        let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
        let Some(credential) = credentials.next() else {
            let certificate = peer.and_then(|peer| Some((peer.certificate.as_ref()?, &peer.memo)));
            return certificate
                .map_or(Ok(state.anonymous()), |(certificate, memo)| by_certificate(&state, certificate, memo, now));
        };
        if credentials.next().is_some() {
            return Err(UNAUTHENTICATED);
        }
        let memo = peer.map(|peer| &peer.memo);
        if let Some(identity) = memo.and_then(|memo| memo.get(Some(credential))).filter(|it| state.vouches_for(it, now))
        {
            return Ok(identity);
        }
        let digest = self.digest(&state, credential);
        if let Some(identity) = self.accepted.get(&digest).await.filter(|it| state.vouches_for(it, now)) {
            if let Some(memo) = memo {
                memo.set(Some(credential), &identity);
            }
            return Ok(identity);
        }
        if self.refused.contains_key(&digest) {
            return Err(UNAUTHENTICATED);
        }
        // Once for all who send the same.
        let verified = self.accepted.try_get_with(digest, self.verify(&state, credential, now)).await;
        if let Err(failure) = &verified {
            let Failure::Refused(refused) = **failure else { return Err(Error::Busy) };
            self.refused.insert(digest, refused).await;
            return Err(UNAUTHENTICATED);
        }
        let identity = verified.ok().filter(|it| state.vouches_for(it, now)).ok_or(UNAUTHENTICATED)?;
        if let Some(memo) = memo {
            memo.set(Some(credential), &identity);
        }
        Ok(identity)
    }

    /// What a credential is remembered by: nobody who reads the memory learns it, and no change of the state is missed.
    fn digest(&self, state: &State, credential: &HeaderValue) -> Digest {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.key);
        context.update(&state.generation().to_le_bytes());
        context.update(credential.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        digest
    }

    async fn verify(&self, state: &State, credential: &HeaderValue, now: Timestamp) -> Result<Arc<Identity>, Failure> {
        match Credential::parse(credential.as_bytes()).map_err(Failure::Refused)? {
            Credential::Bearer(token) => state.token(&token, now).map_err(Failure::Refused),
            Credential::Basic { user, password } if Token::resembles(&password) => {
                let identity = state.token(&password, now).map_err(Failure::Refused)?;
                // Some clients speak Basic only: the token is their password, and the user its owner.
                let fits = user == "token" || user == identity.principal.name.short();
                if fits { Ok(identity) } else { Err(Failure::Refused(Refused::Token)) }
            }
            Credential::Basic { user, password } => self.verify_password(state, &user, password).await,
        }
    }

    async fn verify_password(&self, state: &State, name: &str, password: String) -> Result<Arc<Identity>, Failure> {
        let refused = Failure::Refused(Refused::Password);
        let Some((user, known)) = state.user(name).filter(|_| password.len() <= MAX_PASSWORD_BYTES) else {
            return Err(refused);
        };
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Failure::Busy);
        }
        let waiting = Waiting(&self.waiting);
        let _permit = self.hashing.acquire().await.expect("the semaphore is never closed");
        drop(waiting);
        let hash = user.password.clone();
        let right = tokio::task::spawn_blocking(move || hash.verify(password.as_bytes())).await;
        if right.unwrap_or(false) && known { state.logged_in(user).map_err(Failure::Refused) } else { Err(refused) }
    }
}

/// A request in the queue; it leaves when this is dropped, also if its client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Memo {
    fn get(&self, credential: Option<&HeaderValue>) -> Option<Arc<Identity>> {
        let memo = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, identity) = memo.as_ref()?;
        let same = match (known, credential) {
            (Some(known), Some(credential)) => {
                constant_time::verify_slices_are_equal(known.as_bytes(), credential.as_bytes()).is_ok()
            }
            (known, credential) => known.is_none() && credential.is_none(),
        };
        same.then(|| Arc::clone(identity))
    }

    fn set(&self, credential: Option<&HeaderValue>, identity: &Arc<Identity>) {
        let memo = Some((credential.cloned(), Arc::clone(identity)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = memo;
    }
}

/// The response headers for clients that have to authenticate, and for caches in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Challenge {
    basic: bool,
    bearer_was_sent: bool,
    /// Whether a body was announced, which nobody reads after a refusal.
    has_body: bool,
}

impl Challenge {
    pub(super) fn new<B>(authenticator: &Authenticator, request: &Request<B>) -> Self {
        let headers = request.headers();
        // A browser would open a dialogue of its own over a page that asks in the background.
        let by_script = headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        let credential = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let bearer_was_sent = credential.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
        let has_body = request.version() < Version::HTTP_2
            && (headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING));
        Self { basic: !by_script && authenticator.state().has_passwords(), bearer_was_sent, has_body }
    }

    pub(super) fn apply<B>(self, response: &mut Response<B>) {
        let refused = response.status() == StatusCode::UNAUTHORIZED;
        let headers = response.headers_mut();
        if refused {
            if self.basic {
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="avow""#));
            }
            let bearer = match self.bearer_was_sent {
                true => r#"Bearer realm="avow", error="invalid_token""#,
                false => r#"Bearer realm="avow""#,
            };
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(bearer));
            if self.has_body {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
        }
        if let Some(caching) = headers.get_mut(header::CACHE_CONTROL).filter(|caching| **caching == REVALIDATE) {
            // No shared cache may serve one caller's answer to another.
            *caching = HeaderValue::from_static("private, max-age=0, stale-if-error=604800");
            headers.append(header::VARY, HeaderValue::from_static("authorization, cookie"));
        }
    }
}

/// A credential as a header spells it.
enum Credential {
    Basic { user: String, password: String },
    Bearer(String),
}

impl Credential {
    fn parse(header: &[u8]) -> Result<Self, Refused> {
        let (scheme, value) =
            str::from_utf8(header).ok().and_then(|text| text.split_once(' ')).ok_or(Refused::Malformed)?;
        let value = value.trim_matches(' ');
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self::Bearer(value.to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Refused::Malformed);
        }
        let decoded = BASE64_STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or(Refused::Malformed)?;
        let (user, password) = decoded.split_once(':').ok_or(Refused::Malformed)?;
        if user.is_empty() {
            return Err(Refused::Malformed);
        }
        Ok(Self::Basic { user: user.to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::file::{AccessFile, KnownToken, User};
    use crate::access::password::PasswordHash;
    use crate::domain::access::PrincipalName;

    const NOW: Timestamp = Timestamp(1_000);

    fn header(value: impl AsRef<[u8]>) -> HeaderValue {
        HeaderValue::from_bytes(value.as_ref()).expect("a header")
    }

    fn basic(user: &str, password: &str) -> HeaderValue {
        header(format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
    }

    /// A file with the user `alice`, whose password is `password`, and tokens by owner and end.
    fn file(tokens: &[(&Token, &str, Option<Timestamp>)]) -> AccessFile {
        let hash = "$pbkdf2-sha256$i=1$c2FsdA$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs";
        let password = PasswordHash::parse(hash).expect("a hash");
        let name = PrincipalName::user("alice").expect("a name");
        let mut file = AccessFile::default();
        file.users.insert("alice".into(), User { name, password, groups: Vec::new() });
        for (token, owner, expires) in tokens {
            let owner = PrincipalName::service(owner).expect("a name");
            let known = KnownToken { owner, hash: token.hash(), expires: *expires, roles: None };
            file.tokens.insert(token.id(), known);
        }
        file
    }

    fn authenticator(file: AccessFile) -> Authenticator {
        Authenticator::new(Arc::new(Access::new(file, None).expect("a policy")), 2)
    }

    async fn identify(
        authenticator: &Authenticator,
        credentials: &[HeaderValue],
        now: Timestamp,
    ) -> Result<String, u32> {
        let headers = credentials.iter().map(|credential| (header::AUTHORIZATION, credential.clone())).collect();
        let identity = authenticator.identify(&headers, None, now).await;
        identity.map(|identity| identity.principal.name.to_string()).map_err(|error| error.code())
    }

    #[tokio::test]
    async fn credentials_of_every_spelling() {
        let (token, short_lived) = (Token::make().expect("random"), Token::make().expect("random"));
        let tokens = [(&token, "ci", None), (&short_lived, "ci", Some(Timestamp(1_001)))];
        let authenticator = authenticator(file(&tokens));
        let (secret, short_lived) = (token.reveal(), short_lived.reveal());
        let bearer = |token: &str| header(format!("Bearer {token}"));
        let other = Token::rotate(&token.id()).expect("random");
        for (credentials, expected) in [
            (vec![], Ok("anonymous")),
            (vec![basic("alice", "password")], Ok("user:alice")),
            (vec![header("bAsIc  YWxpY2U6cGFzc3dvcmQ=")], Ok("user:alice")),
            (vec![bearer(secret)], Ok("service:ci")),
            (vec![header(format!("BEARER {secret}"))], Ok("service:ci")),
            (vec![basic("token", secret)], Ok("service:ci")),
            (vec![basic("ci", secret)], Ok("service:ci")),
            (vec![bearer(short_lived)], Ok("service:ci")),
            (vec![basic("alice", "wrong")], Err(401)),
            (vec![basic("alice", "")], Err(401)),
            (vec![basic("alice", "password:")], Err(401)),
            (vec![basic("mallory", "password")], Err(401)),
            (vec![basic("", "password")], Err(401)),
            (vec![basic("alice", &"x".repeat(513))], Err(401)),
            (vec![basic("alice", secret)], Err(401)),
            (vec![basic(secret, "")], Err(401)),
            (vec![basic(secret, "password")], Err(401)),
            (vec![header("Basic YWxpY2U=")], Err(401)),
            (vec![header("Basic %%%")], Err(401)),
            (vec![header("Basic /zpwYXNzd29yZA==")], Err(401)),
            (vec![header("Basic")], Err(401)),
            (vec![header("")], Err(401)),
            (vec![header(b"Basic \xff")], Err(401)),
            (vec![header(format!("Basic {}", "A".repeat(65_536)))], Err(401)),
            (vec![header("Digest username=\"alice\"")], Err(401)),
            (vec![header(secret)], Err(401)),
            (vec![bearer(&secret[..secret.len() - 1])], Err(401)),
            (vec![bearer(other.reveal())], Err(401)),
            (vec![bearer(&format!("{secret} "))], Ok("service:ci")),
            (vec![basic("alice", "password"), basic("alice", "password")], Err(401)),
        ] {
            let found = identify(&authenticator, &credentials, NOW).await;
            assert_eq!(found.as_deref().map_err(|code| *code), expected, "{credentials:?}");
            // Remembered or not makes no difference.
            assert_eq!(identify(&authenticator, &credentials, NOW).await, found, "{credentials:?}, again");
        }
        assert_eq!(identify(&authenticator, &[bearer(short_lived)], Timestamp(1_001)).await, Err(401));
    }

    #[tokio::test]
    async fn a_change_of_the_file_ends_what_was_remembered() {
        let token = Token::make().expect("random");
        let authenticator = authenticator(file(&[(&token, "ci", None)]));
        let peer = Peer::new("127.0.0.1:1".parse().expect("an address"), None);
        let headers: HeaderMap =
            [(header::AUTHORIZATION, header(format!("Bearer {}", token.reveal())))].into_iter().collect();
        for _ in 0..2 {
            assert!(authenticator.identify(&headers, Some(&peer), NOW).await.is_ok());
        }
        authenticator.access.replace(file(&[])).expect("a policy");
        assert!(authenticator.identify(&headers, Some(&peer), NOW).await.is_err());
        authenticator.access.replace(file(&[(&token, "ci", None)])).expect("a policy");
        assert!(authenticator.identify(&headers, Some(&peer), NOW).await.is_ok());
    }

    #[tokio::test]
    async fn what_a_connection_remembers_is_one_credential_alone() {
        let (one, other) = (Token::make().expect("random"), Token::make().expect("random"));
        let authenticator = authenticator(file(&[(&one, "one", None), (&other, "other", None)]));
        let peer = Peer::new("127.0.0.1:1".parse().expect("an address"), None);
        for (token, expected) in [(&one, "service:one"), (&other, "service:other"), (&one, "service:one")] {
            let headers = [(header::AUTHORIZATION, header(format!("Bearer {}", token.reveal())))].into_iter().collect();
            let identity = authenticator.identify(&headers, Some(&peer), NOW).await.expect("known");
            assert_eq!(identity.principal.name.as_str(), expected);
        }
        let nobody = authenticator.identify(&HeaderMap::new(), Some(&peer), NOW).await.expect("a nobody");
        assert!(nobody.principal.is_anonymous());
    }
}

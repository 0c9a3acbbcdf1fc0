//! Tokens: secrets that scanners recognise, and of which only a hash is kept.

use std::fmt;

use aws_lc_rs::{constant_time, digest, rand};

/// A token as its owner has it: `avow_`, an id, `_`, a secret of 256 bits, and a checksum, all in base 62.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

/// The id of a token, which is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TokenId(Box<str>);

/// The SHA-256 of a token. The secret in it cannot be guessed, so nothing slower is needed.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TokenHash([u8; 32]);

const PREFIX: &str = "avow_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID: usize = 12;
const SECRET: usize = 43;
const CHECKSUM: usize = 6;

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// A text that is no id or hash of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("an id of a token has {ID} letters and digits")]
    Id,
    #[error("a hash of a token has 64 hexadecimal digits")]
    Hash,
}

impl Token {
    /// A new token under a new id.
    pub fn make() -> Result<Self, NoRandomness> {
        Self::rotate(&TokenId(random::<ID>()?.into()))
    }

    /// A new token under a known id.
    pub fn rotate(id: &TokenId) -> Result<Self, NoRandomness> {
        let body = format!("{PREFIX}{}_{}", id.0, random::<SECRET>()?);
        let checksum = checksum(&body);
        Ok(Self(format!("{body}{checksum}").into()))
    }

    /// Reads a token; one with a slip of the pen is none.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (id, secret) = rest.split_once('_')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if id.len() != ID || secret.len() != SECRET + CHECKSUM || !digits(id) || !digits(secret) {
            return None;
        }
        let (body, sum) = text.split_at(text.len() - CHECKSUM);
        (checksum(body) == sum).then(|| Self(text.into()))
    }

    /// Whether a text was meant to be a token.
    pub fn resembles(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The part that is no secret.
    pub fn id(&self) -> TokenId {
        TokenId(self.0[PREFIX.len()..][..ID].into())
    }

    /// The hash that is kept.
    pub fn hash(&self) -> TokenHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref());
        TokenHash(hash)
    }

    /// The secret itself, for its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// A secret does not get into logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", &self.0[PREFIX.len()..][..ID])
    }
}

impl TokenHash {
    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hex::encode(hash.0)
    }
}

impl TryFrom<String> for TokenHash {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(|_| InvalidToken::Hash)?;
        Ok(Self(hash))
    }
}

impl TokenId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<TokenId> for String {
    fn from(id: TokenId) -> Self {
        id.0.into()
    }
}

impl TryFrom<String> for TokenId {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        let fits = text.len() == ID && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.into())) } else { Err(InvalidToken::Id) }
    }
}

/// Random digits of base 62, each as likely as any other.
fn random<const N: usize>() -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(N);
    while text.len() < N {
        let mut bytes = [0; N];
        rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        // 248 is the largest multiple of 62 that a byte holds.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(DIGITS[usize::from(byte % 62)]));
        text.extend(fair.take(N - text.len()));
    }
    Ok(text)
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % 62];
        rest /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_read_as_it_was_made() {
        let token = Token::make().expect("random bytes");
        assert_eq!(token.reveal().len(), 5 + 12 + 1 + 43 + 6);
        let read = Token::parse(token.reveal()).expect("a token");
        assert!(read == token && read.hash().matches(&token.hash()));
        assert!(!format!("{token:?}").contains(&token.reveal()[20..]));
        let rotated = Token::rotate(&token.id()).expect("random bytes");
        assert!(rotated.id() == token.id() && !rotated.hash().matches(&token.hash()));
        let hash: TokenHash = String::from(token.hash()).try_into().expect("a hash");
        assert!(hash.matches(&token.hash()));
    }

    #[test]
    fn a_slip_of_the_pen_is_seen_without_a_look_up() {
        let token = Token::make().expect("random bytes");
        for at in 0..token.reveal().len() {
            let mut changed = token.reveal().as_bytes().to_vec();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(Token::parse(std::str::from_utf8(&changed).expect("text")), None, "{at}");
        }
        for text in ["", "avow_", "avow__", &token.reveal()[1..], &format!("{}0", token.reveal())] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(avow_)?\\PC{0,70}") {
            Token::parse(&text);
        }
    }
}

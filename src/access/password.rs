//! Password hashes in the PHC string format: argon2id of our own making, and what other registries' files bring.

use std::fmt;
use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Version};
use aws_lc_rs::{constant_time, pbkdf2, rand};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;

/// The hash of a password, with everything needed to verify it.
#[derive(Clone)]
pub struct PasswordHash {
    function: Function,
    salt: Box<[u8]>,
    hash: Box<[u8]>,
}

#[derive(Clone)]
enum Function {
    Argon2id(argon2::Params),
    Scrypt(scrypt::Params),
    Pbkdf2(pbkdf2::Algorithm, NonZeroU32),
}

/// The longest password, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 512;

/// The memory of a new hash in KiB, its passes and its lanes.
const PARAMETERS: (u32, u32, u32) = (19_456, 2, 1);

/// Bytes of a new salt, and of a new hash.
const SALT: usize = 16;
const HASH: usize = 32;

/// A text that is no hash that can be verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHash {
    #[error("it is not made by argon2id, scrypt or PBKDF2; make one with `avow access hash-password`")]
    UnknownFunction,
    #[error("it is not a complete PHC string")]
    Malformed,
    #[error("its parameters are out of bounds: {0}")]
    Parameters(&'static str),
}

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashFailed {
    #[error("a password has between 1 and {MAX_PASSWORD_BYTES} bytes")]
    Length,
    #[error("the system gives no random bytes, or no memory")]
    System,
}

impl PasswordHash {
    /// Hashes a password under a new salt.
    pub fn make(password: &[u8]) -> Result<Self, HashFailed> {
        if password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
            return Err(HashFailed::Length);
        }
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| HashFailed::System)?;
        let (memory, passes, lanes) = PARAMETERS;
        let parameters = argon2::Params::new(memory, passes, lanes, None).map_err(|_| HashFailed::System)?;
        let function = Function::Argon2id(parameters);
        let mut hash = [0; HASH];
        if !function.derive(password, &salt, &mut hash) {
            return Err(HashFailed::System);
        }
        Ok(Self { function, salt: salt.into(), hash: hash.into() })
    }

    /// Reads a PHC string.
    pub fn parse(text: &str) -> Result<Self, InvalidHash> {
        let mut fields = text.strip_prefix('$').ok_or(InvalidHash::UnknownFunction)?.split('$');
        let name = fields.next().unwrap_or_default();
        if !matches!(name, "argon2id" | "scrypt" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512") {
            return Err(InvalidHash::UnknownFunction);
        }
        let mut field = || fields.next().ok_or(InvalidHash::Malformed);
        if name == "argon2id" && field()? != "v=19" {
            return Err(InvalidHash::Parameters("the version of argon2id must be 19"));
        }
        let parameters = field()?;
        let decode = |text: &str| BASE64.decode(text).map_err(|_| InvalidHash::Malformed);
        let (salt, hash) = (decode(field()?)?, decode(field()?)?);
        if fields.next().is_some() {
            return Err(InvalidHash::Malformed);
        }
        if !(1..=64).contains(&salt.len()) || !(16..=64).contains(&hash.len()) {
            return Err(InvalidHash::Parameters("a salt has at most 64 bytes, a hash between 16 and 64"));
        }
        let function = Function::parse(name, parameters)?;
        if matches!(function, Function::Argon2id(_)) && salt.len() < argon2::MIN_SALT_LEN {
            return Err(InvalidHash::Parameters("a salt of argon2id has at least 8 bytes"));
        }
        Ok(Self { function, salt: salt.into(), hash: hash.into() })
    }

    /// Whether it is the hash of a password. Takes as long as its parameters say, right or wrong.
    pub fn verify(&self, password: &[u8]) -> bool {
        let mut derived = vec![0; self.hash.len()];
        password.len() <= MAX_PASSWORD_BYTES
            && self.function.derive(password, &self.salt, &mut derived)
            && constant_time::verify_slices_are_equal(&derived, &self.hash).is_ok()
    }
}

impl Function {
    fn parse(name: &str, parameters: &str) -> Result<Self, InvalidHash> {
        match name {
            "argon2id" => {
                let [memory, passes, lanes] = numbers(parameters, ["m", "t", "p"])?;
                if memory > 262_144 || passes > 10 || lanes > 4 {
                    return Err(InvalidHash::Parameters("argon2id may have m=262144, t=10, p=4 at most"));
                }
                let parameters = argon2::Params::new(memory, passes, lanes, None);
                parameters.map(Self::Argon2id).map_err(|_| InvalidHash::Parameters("argon2id wants more memory"))
            }
            "scrypt" => {
                let [log_n, block, lanes] = numbers(parameters, ["ln", "r", "p"])?;
                let log_n = u8::try_from(log_n).ok().filter(|log_n| (1..=17).contains(log_n));
                let parameters =
                    log_n.filter(|_| (block, lanes) == (8, 1)).and_then(|log_n| scrypt::Params::new(log_n, 8, 1).ok());
                parameters.map(Self::Scrypt).ok_or(InvalidHash::Parameters("scrypt may have ln=17, r=8, p=1 at most"))
            }
            _ => {
                let [rounds] = numbers(parameters, ["i"])?;
                let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= 2_000_000);
                let rounds = rounds.ok_or(InvalidHash::Parameters("PBKDF2 may have i=2000000 at most"))?;
                let algorithm = match name {
                    "pbkdf2-sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
                    "pbkdf2-sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
                    _ => pbkdf2::PBKDF2_HMAC_SHA512,
                };
                Ok(Self::Pbkdf2(algorithm, rounds))
            }
        }
    }

    /// Derives as many bytes as fit; false where the system has no memory for it.
    fn derive(&self, password: &[u8], salt: &[u8], derived: &mut [u8]) -> bool {
        match self {
            Self::Argon2id(parameters) => Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters.clone())
                .hash_password_into(password, salt, derived)
                .is_ok(),
            Self::Scrypt(parameters) => scrypt::scrypt(password, salt, parameters, derived).is_ok(),
            Self::Pbkdf2(algorithm, rounds) => {
                pbkdf2::derive(*algorithm, *rounds, salt, password, derived);
                true
            }
        }
    }
}

/// The numbers of `a=1,b=2`, whose names and order are known.
fn numbers<const N: usize>(parameters: &str, names: [&str; N]) -> Result<[u32; N], InvalidHash> {
    let mut numbers = [0; N];
    let mut fields = parameters.split(',');
    for (number, name) in numbers.iter_mut().zip(names) {
        let value = fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
        *number = value.and_then(|value| value.parse().ok()).ok_or(InvalidHash::Malformed)?;
    }
    if fields.next().is_some() { Err(InvalidHash::Malformed) } else { Ok(numbers) }
}

/// The PHC string.
impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Function::Argon2id(parameters) => {
                let (m, t, p) = (parameters.m_cost(), parameters.t_cost(), parameters.p_cost());
                write!(f, "$argon2id$v=19$m={m},t={t},p={p}")?;
            }
            Function::Scrypt(parameters) => write!(f, "$scrypt$ln={},r=8,p=1", parameters.log_n())?,
            Function::Pbkdf2(algorithm, rounds) => {
                let digest = match *algorithm {
                    known if known == pbkdf2::PBKDF2_HMAC_SHA1 => "sha1",
                    known if known == pbkdf2::PBKDF2_HMAC_SHA256 => "sha256",
                    _ => "sha512",
                };
                write!(f, "$pbkdf2-{digest}$i={rounds}")?;
            }
        }
        write!(f, "${}${}", BASE64.encode(&self.salt), BASE64.encode(&self.hash))
    }
}

/// A hash is a secret, too: it can be attacked offline.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hashes_of_every_function() {
        for (hash, password) in [
            // RFC 7914, section 12, with the parameters that are accepted; RFC 6070 for PBKDF2 with SHA-1.
            ("$pbkdf2-sha1$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE", "password"),
            ("$pbkdf2-sha1$i=2$c2FsdA$6mwBTcctb4zNHtkqzh1B8NjeiVc", "password"),
            ("$pbkdf2-sha256$i=1$c2FsdA$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs", "password"),
        ] {
            let parsed = PasswordHash::parse(hash).unwrap_or_else(|error| panic!("{hash}: {error}"));
            assert!(parsed.verify(password.as_bytes()), "{hash}");
            assert!(!parsed.verify(b"other") && !parsed.verify(b""), "{hash}");
            assert_eq!(parsed.to_string(), hash);
            assert_eq!(format!("{parsed:?}"), "…");
        }
    }

    #[test]
    fn a_hash_of_our_own_is_read_again() {
        let made = PasswordHash::make(b"correct horse").expect("hashed");
        let text = made.to_string();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let read = PasswordHash::parse(&text).expect("read");
        assert!(read.verify(b"correct horse") && !read.verify(b"correct horsf"));
        assert_ne!(PasswordHash::make(b"correct horse").expect("hashed").to_string(), text);
        assert!(PasswordHash::make(b"").is_err() && PasswordHash::make(&[b'x'; MAX_PASSWORD_BYTES + 1]).is_err());
    }

    #[test]
    fn scrypt_as_files_of_karapace_bring_it() {
        let mut hash = [0; 64];
        let parameters = scrypt::Params::new(14, 8, 1).expect("parameters");
        scrypt::scrypt(b"secret", b"a salt", &parameters, &mut hash).expect("derived");
        let text = format!("$scrypt$ln=14,r=8,p=1${}${}", BASE64.encode("a salt"), BASE64.encode(hash));
        let read = PasswordHash::parse(&text).expect("read");
        assert!(read.verify(b"secret") && !read.verify(b"Secret"));
        assert_eq!(read.to_string(), text);
    }

    #[test]
    fn hashes_that_are_refused() {
        let (salt, hash) = ("c2FsdHNhbHQ", "Eg+2z/z4syxDJ5zSxVTN4LTvxJLDTLyVbfHOwQp9N5g");
        for (text, expected) in [
            ("secret".to_owned(), InvalidHash::UnknownFunction),
            ("$2b$12$abc".to_owned(), InvalidHash::UnknownFunction),
            ("$1$salt$hash".to_owned(), InvalidHash::UnknownFunction),
            (format!("$argon2i$v=19$m=19456,t=2,p=1${salt}${hash}"), InvalidHash::UnknownFunction),
            ("$argon2id$v=19$m=19456,t=2,p=1".to_owned(), InvalidHash::Malformed),
            (format!("$argon2id$v=19$m=19456,t=2${salt}${hash}"), InvalidHash::Malformed),
            (format!("$argon2id$v=19$m=19456,t=2,p=1,x=1${salt}${hash}"), InvalidHash::Malformed),
            (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${hash}$"), InvalidHash::Malformed),
            (format!("$argon2id$v=19$m=19456,t=2,p=1$*${hash}"), InvalidHash::Malformed),
        ] {
            assert_eq!(PasswordHash::parse(&text).err(), Some(expected), "{text}");
        }
        for text in [
            format!("$argon2id$v=16$m=19456,t=2,p=1${salt}${hash}"),
            format!("$argon2id$v=19$m=262145,t=2,p=1${salt}${hash}"),
            format!("$argon2id$v=19$m=19456,t=11,p=1${salt}${hash}"),
            format!("$argon2id$v=19$m=19456,t=2,p=5${salt}${hash}"),
            format!("$argon2id$v=19$m=0,t=2,p=1${salt}${hash}"),
            format!("$scrypt$ln=18,r=8,p=1${salt}${hash}"),
            format!("$scrypt$ln=14,r=9,p=1${salt}${hash}"),
            format!("$pbkdf2-sha256$i=0${salt}${hash}"),
            format!("$pbkdf2-sha256$i=2000001${salt}${hash}"),
            format!("$pbkdf2-sha256$i=1${salt}$c2FsdA"),
            format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA${hash}"),
        ] {
            assert!(matches!(PasswordHash::parse(&text), Err(InvalidHash::Parameters(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(\\$(argon2id|scrypt|pbkdf2-sha1))?(\\$[a-z0-9=,+/]{0,20}){0,6}") {
            let _ = PasswordHash::parse(&text);
        }
    }
}

//! The access file: users, tokens, roles and grants in TOML.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use avow_domain::access::{
    CertificateField, CertificateMapping, Grant, GroupName, Origin, Policy, PrincipalName, Role, RoleName,
};
use avow_domain::{Moment, Timestamp};
use serde::Deserialize;
use toml::Spanned;

use super::password::PasswordHash;
use super::token::{TokenHash, TokenId};

/// What an access file says.
#[derive(Debug, Clone, Default)]
pub struct AccessFile {
    /// Roles and grants, beside those that every registry has.
    pub policy: Policy,
    /// Users by the name they log in with.
    pub users: BTreeMap<Box<str>, User>,
    /// How principals are made of client certificates.
    pub mapping: CertificateMapping,
    /// Tokens by their ids.
    pub tokens: HashMap<TokenId, KnownToken>,
}

/// A user with a password.
#[derive(Debug, Clone)]
pub struct User {
    /// The name that grants use.
    pub name: PrincipalName,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The groups of the file.
    pub groups: Vec<GroupName>,
}

/// A token as the registry knows it.
#[derive(Debug, Clone)]
pub struct KnownToken {
    /// The principal that it is.
    pub owner: PrincipalName,
    /// The hash of the secret.
    pub hash: TokenHash,
    /// The end of its validity.
    pub expires: Option<Timestamp>,
    /// The roles that limit it; `None` where it may do what its owner may.
    pub roles: Option<Vec<RoleName>>,
}

/// The most users, and the most tokens.
const MOST: usize = 10_000;

/// The largest file, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Why an access file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` can be written by others than its owner; run: chmod go-w {}", .0.display(), .0.display())]
    Writable(PathBuf),
    #[error("`{}` is larger than {MAX_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    #[error("`{}` line {line}, column {column}: {reason}", path.display())]
    Invalid { path: PathBuf, line: usize, column: usize, reason: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    user: Vec<Spanned<WrittenUser>>,
    #[serde(default)]
    token: Vec<Spanned<WrittenToken>>,
    #[serde(default)]
    role: BTreeMap<String, Spanned<Role>>,
    #[serde(default)]
    grant: Vec<Spanned<Grant>>,
    anonymous: Option<Spanned<Anonymous>>,
    mtls: Option<Spanned<Mtls>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUser {
    name: Spanned<String>,
    password: Spanned<String>,
    #[serde(default)]
    groups: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenToken {
    id: Spanned<TokenId>,
    owner: Spanned<String>,
    sha256: TokenHash,
    expires: Option<Spanned<toml::value::Datetime>>,
    roles: Option<Vec<RoleName>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Anonymous {
    roles: Vec<RoleName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mtls {
    principal: Option<Vec<CertificateField>>,
    rules: Option<Vec<String>>,
}

/// What is wrong, and at which bytes.
type Wrong = (Option<Range<usize>>, String);

impl AccessFile {
    /// Reads a file that only its owner can write.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let failed = |source| FileError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.mode() & 0o022 != 0 {
            return Err(FileError::Writable(path.to_owned()));
        }
        let mut text = String::new();
        file.by_ref().take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(FileError::TooLarge(path.to_owned()));
        }
        Self::parse(&text).map_err(|(span, reason)| {
            let (line, column) = position(&text, span.map_or(0, |span| span.start));
            FileError::Invalid { path: path.to_owned(), line, column, reason }
        })
    }

    fn parse(text: &str) -> Result<Self, Wrong> {
        let written: Written = toml::from_str(text).map_err(|error| (error.span(), error.message().to_owned()))?;
        let mut policy = Policy::default();
        for (name, role) in written.role {
            let span = role.span();
            policy.add_role(Origin::File, &name, role.into_inner()).map_err(at(span))?;
        }
        for grant in written.grant {
            let span = grant.span();
            policy.add_grant(Origin::File, grant.into_inner()).map_err(at(span))?;
        }
        if let Some(anonymous) = written.anonymous {
            let span = anonymous.span();
            policy.grant_anonymous(anonymous.into_inner().roles).map_err(at(span))?;
        }
        let mapping = written.mtls.map(|mtls| {
            let (span, Mtls { principal, rules }) = (mtls.span(), mtls.into_inner());
            CertificateMapping::new(principal, rules.as_deref()).map_err(at(span))
        });
        let mapping = mapping.transpose()?.unwrap_or_default();
        if written.user.len() > MOST || written.token.len() > MOST {
            return Err((None, format!("more than {MOST} users or tokens")));
        }
        let mut users = BTreeMap::new();
        for user in written.user {
            let (name, user) = user.into_inner().checked()?;
            if users.contains_key(name.as_ref().as_str()) {
                return Err((Some(name.span()), format!("the user `{}` is there twice", name.as_ref())));
            }
            users.insert(name.into_inner().into(), user);
        }
        let mut tokens = HashMap::new();
        for token in written.token {
            let span = token.span();
            let (id, token) = token.into_inner().checked()?;
            token.roles.iter().flatten().try_for_each(|role| policy.known(role)).map_err(at(span))?;
            if tokens.contains_key(id.as_ref()) {
                return Err((Some(id.span()), format!("the token `{}` is there twice", id.as_ref().as_str())));
            }
            tokens.insert(id.into_inner(), token);
        }
        Ok(Self { policy, users, mapping, tokens })
    }
}

impl WrittenUser {
    fn checked(self) -> Result<(Spanned<String>, User), Wrong> {
        let name = PrincipalName::user(self.name.as_ref()).map_err(at(self.name.span()))?;
        if self.name.as_ref().contains(':') {
            return Err((Some(self.name.span()), "no client can send a user name with a colon".to_owned()));
        }
        let password = PasswordHash::parse(self.password.as_ref()).map_err(|error| {
            (Some(self.password.span()), format!("the password of `{}`: {error}", self.name.as_ref()))
        })?;
        let groups = self.groups.iter().map(|group| GroupName::local(group.as_ref()).map_err(at(group.span())));
        let groups = groups.collect::<Result<_, _>>()?;
        Ok((self.name, User { name, password, groups }))
    }
}

impl WrittenToken {
    fn checked(self) -> Result<(Spanned<TokenId>, KnownToken), Wrong> {
        let owner = PrincipalName::service(self.owner.as_ref()).map_err(at(self.owner.span()))?;
        let expires = self.expires.map(|expires| {
            let moment = Moment::parse(&expires.as_ref().to_string());
            let no_zone = "a moment needs a date, a time and a zone, as in 2027-06-30T00:00:00Z";
            moment.map(|Moment(moment)| moment).ok_or_else(|| (Some(expires.span()), no_zone.to_owned()))
        });
        let expires = expires.transpose()?;
        Ok((self.id, KnownToken { owner, hash: self.sha256, expires, roles: self.roles }))
    }
}

fn at<E: std::fmt::Display>(span: Range<usize>) -> impl FnOnce(E) -> Wrong {
    move |error| (Some(span), error.to_string())
}

/// Line and column of a byte, both from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::PermissionsExt as _;

    const HASH: &str = "$pbkdf2-sha256$i=1$c2FsdA$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs";

    fn parse(text: &str) -> Result<AccessFile, (usize, usize, String)> {
        AccessFile::parse(text).map_err(|(span, reason)| {
            let (line, column) = position(text, span.map_or(0, |span| span.start));
            (line, column, reason)
        })
    }

    #[test]
    fn a_file_with_everything() {
        let file = parse(&format!(
            r#"
            [[user]]
            name = "alice"
            password = "{HASH}"
            groups = ["orders"]

            [[token]]
            id = "ciorders0001"
            owner = "ci-orders"
            sha256 = "{}"
            expires = 2027-06-30T00:00:00Z
            roles = ["orders-dev"]

            [role.orders-dev]
            allow = [
                {{ verbs = ["create", "register"], subjects = ["orders-*"] }},
                {{ verbs = ["read"], on = ["global"] }},
            ]
            deny = [{{ verbs = ["purge"], subjects = ["*"], contexts = ["*"] }}]

            [[grant]]
            role = "orders-dev"
            to = ["user:alice", "group:orders", "group:kc/orders-team", "service:ci-orders"]

            [anonymous]
            roles = ["metrics"]
            "#,
            "ab".repeat(32),
        ))
        .expect("a file");
        let alice = &file.users["alice"];
        assert_eq!((alice.name.as_str(), alice.groups[0].as_str()), ("user:alice", "group:orders"));
        assert!(alice.password.verify(b"password"));
        let token = file.tokens.values().next().expect("a token");
        assert_eq!(token.owner.as_str(), "service:ci-orders");
        assert_eq!(token.expires, Moment::parse("2027-06-30T00:00:00Z").map(|moment| moment.0));
        assert_eq!(file.policy.grants().count(), 1);
    }

    #[test]
    fn an_empty_file_lets_nobody_in() {
        let file = parse("").expect("a file");
        assert!(file.users.is_empty() && file.tokens.is_empty() && file.policy.grants().count() == 0);
    }

    #[test]
    fn mistakes_have_a_line_and_a_column() {
        let user = |fields: &str| format!("[[user]]\n{fields}\n");
        for (text, line, column, complaint) in [
            ("[[users]]\n".to_owned(), 1, 3, "unknown field `users`"),
            (user("name = \"a\"\npasword = \"x\""), 3, 1, "unknown field `pasword`"),
            (user("name = \"a\""), 1, 1, "missing field `password`"),
            (user("name = \"a\"\npassword = \"secret\""), 3, 12, "the password of `a`: it is not made by argon2id"),
            (user(&format!("name = \"a:b\"\npassword = \"{HASH}\"")), 2, 8, "colon"),
            (user(&format!("name = \"\"\npassword = \"{HASH}\"")), 2, 8, "empty"),
            (user(&format!("name = \"a\"\npassword = \"{HASH}\"\ngroups = [\"a/b\"]")), 4, 11, "slash"),
            (user(&format!("name = \"a\"\npassword = \"{HASH}\"")).repeat(2), 5, 8, "twice"),
            ("\n[[grant]]\nrole = \"nobody\"\nto = [\"user:a\"]\n".to_owned(), 2, 1, "there is no role `nobody`"),
            ("[[grant]]\nrole = \"reader\"\nto = [\"alice\"]\n".to_owned(), 3, 6, "names no kind of principal"),
            ("[role.admin]\nallow = []\n".to_owned(), 1, 1, "defined twice"),
            ("[role.x]\nallow = [{ verbs = [\"reed\"] }]\n".to_owned(), 2, 21, "unknown variant `reed`"),
            ("[anonymous]\nroles = [\"nobody\"]\n".to_owned(), 1, 1, "there is no role `nobody`"),
            ("[[token]]\nid = \"short\"\n".to_owned(), 2, 6, "12 letters and digits"),
            ("[mtls]\nrules = [\"x\"]\n".to_owned(), 1, 1, "no mapping rule"),
            ("[[user]\n".to_owned(), 1, 8, ""),
        ] {
            let (at_line, at_column, reason) = parse(&text).expect_err(&text);
            assert!(reason.contains(complaint), "{text}: {reason}");
            assert_eq!((at_line, at_column), (line, column), "{text}: {reason}");
        }
    }

    #[test]
    fn a_file_that_others_can_write_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let read = |mode| {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).expect("permissions");
            AccessFile::read(file.path())
        };
        assert!(read(0o600).is_ok() && read(0o644).is_ok());
        for mode in [0o620, 0o602, 0o666] {
            assert!(matches!(read(mode), Err(FileError::Writable(_))), "{mode:o}");
        }
        assert!(matches!(AccessFile::read(Path::new("/nowhere/at/all")), Err(FileError::Read { .. })));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(\\[\\[(user|token|grant)\\]\\]\n|[a-z]{1,8} = (\"[a-z:*]{0,8}\"|\\[\\])\n){0,8}") {
            let _ = AccessFile::parse(&text);
        }
    }
}

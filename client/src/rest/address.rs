//! Base URLs of a registry, and percent-encoding of paths.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::ConfigError;

/// Everything but the unreserved characters of RFC 3986.
pub(super) const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The addresses of one registry: one, or several of which the first is used until it fails.
///
/// ```
/// use avow_client::rest::Addresses;
///
/// Addresses::from("http://localhost:8081");
/// Addresses::from("https://registry-1:8081, https://registry-2:8081");
/// Addresses::from(["https://registry-1:8081", "https://registry-2:8081"]);
/// ```
#[derive(Debug, Clone)]
pub struct Addresses(pub(super) Vec<String>);

impl From<&str> for Addresses {
    fn from(list: &str) -> Self {
        Self(list.split(',').map(|address| address.trim().to_owned()).filter(|address| !address.is_empty()).collect())
    }
}

impl From<&String> for Addresses {
    fn from(list: &String) -> Self {
        Self::from(list.as_str())
    }
}

impl From<String> for Addresses {
    fn from(list: String) -> Self {
        Self::from(list.as_str())
    }
}

impl<S: AsRef<str>> From<&[S]> for Addresses {
    fn from(addresses: &[S]) -> Self {
        Self(addresses.iter().map(|address| address.as_ref().to_owned()).collect())
    }
}

impl<S: AsRef<str>> From<Vec<S>> for Addresses {
    fn from(addresses: Vec<S>) -> Self {
        Self::from(addresses.as_slice())
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for Addresses {
    fn from(addresses: [S; N]) -> Self {
        Self::from(addresses.as_slice())
    }
}

/// The base URL of a registry, without a trailing slash.
#[derive(Debug, Clone)]
pub(super) struct Address(String);

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        // The text is not in the message: a malformed URL may contain a password.
        let url = Url::parse(text.trim()).map_err(|error| ConfigError::NotAUrl(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::CredentialsInUrl(url.host_str().unwrap_or_default().to_owned()));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(ConfigError::NotHttp(url.scheme().to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::NotARoot(url.to_string()));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of an encoded path and a query that is not encoded yet.
    pub(super) fn join(&self, path: &Path, query: &[(String, String)]) -> String {
        let mut url = format!("{}{}", self.0, path.as_str());
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.extend(utf8_percent_encode(name, ESCAPED));
            url.push('=');
            url.extend(utf8_percent_encode(value, ESCAPED));
        }
        url
    }
}

/// An encoded path.
#[derive(Debug, Clone, Default)]
pub(super) struct Path(String);

impl Path {
    /// Starts with an encoded path.
    pub(super) fn of(literal: &str) -> Self {
        Self(literal.to_owned())
    }

    /// Appends one segment, encoded.
    pub(super) fn segment(mut self, text: &str) -> Self {
        self.0.push('/');
        // A URL has no way to write a segment that is just dots, but a registry reads a subject with the default
        // context in front as the same subject.
        if matches!(text, "." | "..") {
            self.0.push_str("%3A.%3A");
        }
        self.0.extend(utf8_percent_encode(text, ESCAPED));
        self
    }

    /// Appends encoded text.
    pub(super) fn literal(mut self, text: &str) -> Self {
        self.0.push_str(text);
        self
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_arrives_as_it_was() {
        let rows = [
            ("orders-value", "/orders-value"),
            ("a/b", "/a%2Fb"),
            ("50%", "/50%25"),
            (":.staging:s", "/%3A.staging%3As"),
            ("a#b?c", "/a%23b%3Fc"),
            ("a+b c", "/a%2Bb%20c"),
            ("zahlung-ü", "/zahlung-%C3%BC"),
            ("a;b&c=d", "/a%3Bb%26c%3Dd"),
            ("", "/"),
            ("..", "/%3A.%3A.."),
            (".", "/%3A.%3A."),
            ("...", "/..."),
        ];
        for (text, path) in rows {
            let escaped = Path::default().segment(text);
            assert_eq!(escaped.as_str(), path);
            let url = Address::parse("http://localhost/base/").unwrap().join(&escaped, &[]);
            assert_eq!(Url::parse(&url).unwrap().path(), format!("/base{path}"), "{text}: the URL library rewrote it");
        }
    }

    #[test]
    fn an_address_is_the_root_of_a_registry() {
        for (text, kept) in [
            ("http://localhost:8081", "http://localhost:8081"),
            ("http://localhost:8081/", "http://localhost:8081"),
            ("https://example.com/registry/", "https://example.com/registry"),
            (" http://[::1]:8081 ", "http://[::1]:8081"),
        ] {
            assert_eq!(Address::parse(text).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let error = Address::parse("https://ann:hunter2@example.com").unwrap_err();
        assert!(matches!(error, ConfigError::CredentialsInUrl(_)));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in ["", "localhost:8081", "ftp://example.com", "http://", "http://h/?a=b", "http://h/#x"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}

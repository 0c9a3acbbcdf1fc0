//! Guards against web pages: which names the registry answers by, and which sites may make a browser write to it.

use super::error::Error;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use std::net::IpAddr;

/// Set by browsers: how the page that makes a request relates to the site it is for.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The names that the registry answers by.
#[derive(Debug, Clone, Default)]
pub enum Hosts {
    /// Every name.
    #[default]
    Any,
    /// This machine's own names and addresses, and these.
    Loopback(Vec<String>),
    /// Every address, `localhost`, and these.
    Listed(Vec<String>),
}

/// The guard in front of every request.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// The names that the registry answers by.
    pub hosts: Hosts,
}

impl Guard {
    /// Refuses a request under a foreign name, or one by which a page of another site would write.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Error> {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        if !self.knows_host(uri, headers) {
            return Err(Error::Misdirected);
        }
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !reads && !is_same_site(uri, headers) {
            return Err(Error::CrossOrigin);
        }
        Ok(())
    }

    /// Whether every name that the request is addressed to is one of the registry's.
    ///
    /// A page whose name was made to resolve to this machine still sends its own name. Clients without a name are no
    /// browsers.
    fn knows_host(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let addressed = uri.authority().map(|authority| authority.as_str().as_bytes());
        let mut hosts = headers.get_all(header::HOST).iter().map(HeaderValue::as_bytes).chain(addressed);
        hosts.all(|host| std::str::from_utf8(host).is_ok_and(|authority| self.hosts.contain(host_of(authority))))
    }
}

impl Hosts {
    fn contain(&self, host: &str) -> bool {
        let address = host.parse::<IpAddr>();
        let (known, by_address) = match self {
            Self::Any => return true,
            Self::Loopback(known) => (known, address.is_ok_and(|address| address.to_canonical().is_loopback())),
            // No page can be under an address that belongs to somebody else.
            Self::Listed(known) => (known, address.is_ok()),
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        by_address
            || host.eq_ignore_ascii_case("localhost")
            || known.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// Whether a browser says that the request comes from a page of the registry's own or from no page, or is no browser.
fn is_same_site(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter().peekable();
    if sites.peek().is_some() {
        return sites.all(|site| site == "same-origin" || site == "none");
    }
    let own = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let own = own.or_else(|| uri.authority().map(|authority| authority.as_str().as_bytes()));
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let authority =
            origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, rest)| rest.as_bytes());
        authority.zip(own).is_some_and(|(origin, own)| origin.eq_ignore_ascii_case(own))
    })
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: Hosts, method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<u32> {
        let request = headers
            .iter()
            .fold(Request::builder().method(method).uri(uri), |request, (name, value)| request.header(*name, *value));
        Guard { hosts }.check(&request.body(()).expect("a request")).err().map(|error| error.code())
    }

    #[test]
    fn foreign_names_are_misdirected() {
        let loopback = || Hosts::Loopback(vec!["registry.test".to_owned()]);
        let listed = || Hosts::Listed(vec!["registry.test".to_owned()]);
        for (host, by_loopback, by_listed) in [
            ("localhost", true, true),
            ("LOCALHOST:8081", true, true),
            ("localhost.:8081", true, true),
            ("127.0.0.1:8081", true, true),
            ("127.1.2.3", true, true),
            ("[::1]:8081", true, true),
            ("registry.test:443", true, true),
            ("10.0.0.1:8081", false, true),
            ("[fe80::1]", false, true),
            ("evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("registry.test.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("", false, false),
            ("user@localhost", false, false),
        ] {
            let headers = [("host", host)];
            assert_eq!(check(loopback(), "GET", "/", &headers).is_none(), by_loopback, "{host} on loopback");
            assert_eq!(check(listed(), "GET", "/", &headers).is_none(), by_listed, "{host} where names are listed");
            assert_eq!(check(Hosts::Any, "GET", "/", &headers), None, "{host} where any name will do");
        }
        let both = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(check(loopback(), "GET", "/", &both), Some(421));
        assert_eq!(check(loopback(), "GET", "http://evil.example/", &[("host", "localhost")]), Some(421));
        assert_eq!(check(loopback(), "GET", "/", &[]), None);
    }

    #[test]
    fn pages_of_other_sites_cannot_write() {
        for (headers, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8081")], false),
            (&[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], false),
            (&[("origin", "http://localhost:8081")], true),
            (&[("origin", "HTTP://LOCALHOST:8081")], true),
            (&[("origin", "http://localhost:8082")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "http://localhost:8081"), ("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "")], false),
        ] {
            let headers: Vec<_> = [("host", "localhost:8081")].iter().chain(headers).copied().collect();
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                let refused = check(Hosts::Any, method, "/", &headers);
                assert_eq!(refused, (!expected).then_some(403), "{method} {headers:?}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                assert_eq!(check(Hosts::Any, method, "/", &headers), None, "{method} {headers:?}");
            }
        }
    }
}

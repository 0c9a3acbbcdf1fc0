//! URIs as `java.net.URI` reads and resolves them (RFC 2396, with its deviations).

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Uri {
    scheme: Option<String>,
    body: Body,
    fragment: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Body {
    /// After `scheme:`, without a leading slash: `urn:…`.
    Opaque(String),
    Hierarchical {
        authority: Option<String>,
        path: String,
        query: Option<String>,
    },
}

/// The text is no URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidUri(pub(crate) String);

impl Uri {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidUri> {
        let invalid = || InvalidUri(text.to_owned());
        let (rest, fragment) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (text, None),
        };
        if !legal(rest) || fragment.is_some_and(|fragment| !legal(fragment)) {
            return Err(invalid());
        }
        let (scheme, rest) = match rest.find([':', '/', '?']) {
            Some(at) if rest[at..].starts_with(':') => (Some(&rest[..at]), &rest[at + 1..]),
            _ => (None, rest),
        };
        if let Some(scheme) = scheme {
            let mut letters = scheme.chars();
            if !letters.next().is_some_and(|c| c.is_ascii_alphabetic())
                || !letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
                || rest.is_empty()
            {
                return Err(invalid());
            }
        }
        let body = if scheme.is_some() && !rest.starts_with('/') {
            Body::Opaque(rest.to_owned())
        } else {
            let (rest, query) = match rest.split_once('?') {
                Some((rest, query)) => (rest, Some(query.to_owned())),
                None => (rest, None),
            };
            let (authority, path) = match rest.strip_prefix("//") {
                Some(rest) => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    let authority = &rest[..end];
                    if authority.is_empty() && end == rest.len() {
                        return Err(invalid());
                    }
                    ((!authority.is_empty()).then(|| authority.to_owned()), &rest[end..])
                }
                None => (None, rest),
            };
            if path.contains(['[', ']']) {
                return Err(invalid());
            }
            Body::Hierarchical { authority, path: path.to_owned(), query }
        };
        Ok(Self { scheme: scheme.map(str::to_owned), body, fragment: fragment.map(str::to_owned) })
    }

    pub(crate) fn is_absolute(&self) -> bool {
        self.scheme.is_some()
    }

    pub(crate) fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    pub(crate) fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    pub(crate) fn without_fragment(&self) -> Self {
        Self { fragment: None, ..self.clone() }
    }

    /// Resolves `reference` against `self`.
    pub(crate) fn resolve(&self, reference: &str) -> Result<Self, InvalidUri> {
        let child = Self::parse(reference)?;
        let (
            Body::Hierarchical { authority, path, query: base_query },
            Body::Hierarchical { authority: child_authority, path: child_path, query },
        ) = (&self.body, &child.body)
        else {
            return Ok(child);
        };
        if child.scheme.is_some() {
            return Ok(child);
        }
        if child_authority.is_none() && child_path.is_empty() && query.is_none() && child.fragment.is_some() {
            let body =
                Body::Hierarchical { authority: authority.clone(), path: path.clone(), query: base_query.clone() };
            return Ok(Self { scheme: self.scheme.clone(), body, fragment: child.fragment });
        }
        let (authority, path) = if child_authority.is_some() {
            (child_authority.clone(), child_path.clone())
        } else if child_path.starts_with('/') {
            (authority.clone(), child_path.clone())
        } else {
            let folder = path.rfind('/').map_or("", |at| &path[..=at]);
            (authority.clone(), normalize(&format!("{folder}{child_path}")))
        };
        let body = Body::Hierarchical { authority, path, query: query.clone() };
        Ok(Self { scheme: self.scheme.clone(), body, fragment: child.fragment })
    }
}

/// Removes `.` and `..` segments; a `..` without a segment to take away stays.
fn normalize(path: &str) -> String {
    if !path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    let (root, rest) = match path.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", path),
    };
    let ends_in_folder =
        rest.ends_with('/') || rest.ends_with("/.") || rest.ends_with("/..") || matches!(rest, "." | "..");
    for segment in rest.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
        match kept.last() {
            Some(last) if segment == ".." && *last != ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let slash = if ends_in_folder && !kept.is_empty() && kept.last() != Some(&"..") { "/" } else { "" };
    format!("{root}{}{slash}", kept.join("/"))
}

/// Every character may stand in a URI, and every `%` starts an escape.
fn legal(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.char_indices().all(|(at, c)| match c {
        '%' => bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '#' => false,
        c => !c.is_control() && !c.is_whitespace(),
    })
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}:")?;
        }
        match &self.body {
            Body::Opaque(rest) => f.write_str(rest)?,
            Body::Hierarchical { authority, path, query } => {
                if let Some(authority) = authority {
                    write!(f, "//{authority}")?;
                } else if self.scheme.as_deref() == Some("file") && path.starts_with('/') {
                    f.write_str("//")?;
                }
                f.write_str(path)?;
                if let Some(query) = query {
                    write!(f, "?{query}")?;
                }
            }
        }
        match &self.fragment {
            Some(fragment) => write!(f, "#{fragment}"),
            None => Ok(()),
        }
    }
}

/// Decodes `%` escapes and `+`, as form data is decoded; `None` if an escape is malformed.
pub(crate) fn form_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, tail) = tail.split_at_checked(2)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                rest = tail;
            }
            byte => bytes.push(*byte),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_as_java_resolves() {
        let table = [
            ("http://e.x/root.json", "common.json", "http://e.x/common.json"),
            ("http://e.x/a/b", "../c#/d", "http://e.x/c#/d"),
            ("http://e.x/a/b", "/c", "http://e.x/c"),
            ("http://e.x/a/b", "#f", "http://e.x/a/b#f"),
            ("root.json", "common.json", "common.json"),
            ("root.json", "./common.json", "common.json"),
            ("UNKNOWN", "#/a", "UNKNOWN#/a"),
            ("urn:x:y", "#z", "#z"),
            ("http://e.x", "a.json", "http://e.xa.json"),
            ("http://e.x/a/", "urn:q", "urn:q"),
        ];
        for (base, reference, resolved) in table {
            let base = Uri::parse(base).expect("a base");
            assert_eq!(base.resolve(reference).expect("a reference").to_string(), resolved);
        }
    }

    #[test]
    fn refuses_what_java_refuses() {
        for text in ["a b", "%%", "%4", "a#b#c", "<x>", "1:x", "a:"] {
            assert_eq!(Uri::parse(text), Err(InvalidUri(text.to_owned())));
        }
    }

    #[test]
    fn decodes_escapes() {
        assert_eq!(form_decode("a%20b+c").as_deref(), Some("a b c"));
        assert_eq!(form_decode("%4"), None);
    }
}

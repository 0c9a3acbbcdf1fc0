//! Bulk loading: page by page from Avow, version by version from other registries.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::load::with_references;
use super::loaded::Content;
use super::{Inner, LoadedSchema};
use crate::Error;
use crate::rest::{Client, Method, Version};

const PATH: &str = "/avow/v1/snapshot";

/// The page size, which every registry supports.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
struct Page {
    registry: String,
    schemas: Vec<Content>,
    next: Option<String>,
}

impl Inner {
    /// Loads all versions of the subjects with a prefix, up to the capacity; returns the number of schemas.
    pub(super) async fn prefetch(self: &Arc<Self>, client: &Client, prefix: &str) -> Result<usize, Error> {
        let loaded = match self.prefetch_pages(client, prefix).await? {
            Some(loaded) => loaded,
            None => self.prefetch_versions(client, prefix).await?,
        };
        self.save_soon();
        Ok(loaded)
    }

    /// Loads from Avow's snapshot endpoint; `None` if the registry lacks it.
    async fn prefetch_pages(&self, client: &Client, prefix: &str) -> Result<Option<usize>, Error> {
        let pattern = format!("{}*", escape_glob(prefix));
        let mut next: Option<String> = None;
        let mut loaded = 0;
        loop {
            let cursor = next.as_deref().map(|next| ("cursor", next));
            let query = [("context", client.context().unwrap_or(".")), ("name", &pattern)].into_iter().chain(cursor);
            let page = match client.send_json(Method::GET, PATH, query, None::<&Value>).await {
                Err(error) if error.is_unsupported() || error.is_not_found() => return Ok(None),
                page => page?,
            };
            let Ok(page) = serde_json::from_value::<Page>(page) else { return Ok(None) };
            self.identity.note(&page.registry);
            self.check_snapshot();
            for content in page.schemas {
                self.insert(LoadedSchema::new(content));
                loaded += 1;
                if loaded >= self.capacity {
                    return Ok(Some(loaded));
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(Some(loaded));
            }
        }
    }

    async fn prefetch_versions(&self, client: &Client, prefix: &str) -> Result<usize, Error> {
        let mut seen = HashSet::new();
        let mut listing = Listing::Pages(0, None);
        while let Some(versions) = listing.next(client, prefix).await? {
            for version in versions {
                if !seen.insert(version.id) {
                    continue;
                }
                self.insert(with_references(client, &self.versions, Some(version.id), version.schema).await?);
                if seen.len() >= self.capacity {
                    return Ok(seen.len());
                }
            }
        }
        Ok(seen.len())
    }
}

/// A paged listing of versions.
enum Listing {
    /// The next offset, and the first version of the previous page.
    Pages(usize, Option<(String, i32)>),
    /// Subject by subject, at a registry without `GET /schemas`.
    Subjects(std::vec::IntoIter<String>),
    End,
}

impl Listing {
    async fn next(&mut self, client: &Client, prefix: &str) -> Result<Option<Vec<Version>>, Error> {
        loop {
            match self {
                Self::Pages(offset, before) => {
                    let call = client.schemas().prefix(prefix).include_deleted().offset(*offset).limit(PAGE);
                    match call.await {
                        Ok(page) => {
                            let first = page.first().map(|it| (it.subject.clone(), it.version));
                            // A registry without paging returns the whole list again.
                            if page.len() != PAGE || first == *before {
                                *self = Self::End;
                            } else {
                                *self = Self::Pages(*offset + PAGE, first);
                            }
                            return Ok(Some(page));
                        }
                        Err(error) if error.is_unsupported() => {
                            let mut subjects = client.subjects().await?;
                            let start_load = client.context().map(|context| format!(":{context}:")).unwrap_or_default();
                            subjects.retain(|subject| {
                                subject.strip_prefix(&start_load).unwrap_or(subject).starts_with(prefix)
                            });
                            *self = Self::Subjects(subjects.into_iter());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Self::Subjects(subjects) => {
                    let Some(subject) = subjects.next() else { return Ok(None) };
                    return Ok(Some(subject_versions(client, &subject).await?));
                }
                Self::End => return Ok(None),
            }
        }
    }
}

/// The versions of one subject; empty if it was deleted concurrently.
async fn subject_versions(client: &Client, subject: &str) -> Result<Vec<Version>, Error> {
    let mut versions = Vec::new();
    let numbers = match client.versions(subject).await {
        Err(error) if error.is_not_found() => return Ok(versions),
        numbers => numbers?,
    };
    for number in numbers {
        match client.version(subject, number).await {
            Err(error) if error.is_not_found() => {}
            version => versions.push(version?),
        }
    }
    Ok(versions)
}

/// A glob that matches exactly this text.
fn escape_glob(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_prefix_is_no_pattern() {
        assert_eq!(super::escape_glob(r"a*b{c}\d"), r"a\*b\{c\}\\d");
    }
}

//! Many schemas at once: from one of our registries page by page, from others version by version.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::load::complete;
use super::loaded::Content;
use super::{Inner, LoadedSchema};
use crate::Error;
use crate::rest::{Client, Method, Version};

const PATH: &str = "/avow/v1/snapshot";

/// As many as any registry lists at once.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
struct Page {
    registry: String,
    schemas: Vec<Content>,
    next: Option<String>,
}

impl Inner {
    /// Loads what the subjects that begin so hold or held, as far as there is room; how many schemas that was.
    pub(super) async fn load_all(self: &Arc<Self>, client: &Client, prefix: &str) -> Result<usize, Error> {
        let loaded = match self.load_pages(client, prefix).await? {
            Some(loaded) => loaded,
            None => self.load_versions(client, prefix).await?,
        };
        self.save_soon();
        Ok(loaded)
    }

    /// Asks a registry of ours; none if this one does not know the question.
    async fn load_pages(&self, client: &Client, prefix: &str) -> Result<Option<usize>, Error> {
        let pattern = format!("{}*", escaped(prefix));
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
            self.confirm();
            for content in page.schemas {
                self.keep(LoadedSchema::new(content));
                loaded += 1;
                if loaded >= self.bound {
                    return Ok(Some(loaded));
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(Some(loaded));
            }
        }
    }

    async fn load_versions(&self, client: &Client, prefix: &str) -> Result<usize, Error> {
        let mut seen = HashSet::new();
        let mut listed = Listed::Pages(0, None);
        while let Some(versions) = listed.next(client, prefix).await? {
            for version in versions {
                if !seen.insert(version.id) {
                    continue;
                }
                self.keep(complete(client, &self.versions, Some(version.id), version.schema).await?);
                if seen.len() >= self.bound {
                    return Ok(seen.len());
                }
            }
        }
        Ok(seen.len())
    }
}

/// A registry's versions, so many at a time.
enum Listed {
    /// From so many on; and what the page before began with.
    Pages(usize, Option<(String, i32)>),
    /// Of one subject after another, at a registry that lists no versions.
    Subjects(std::vec::IntoIter<String>),
    End,
}

impl Listed {
    async fn next(&mut self, client: &Client, prefix: &str) -> Result<Option<Vec<Version>>, Error> {
        loop {
            match self {
                Self::Pages(offset, before) => {
                    let call = client.schemas().prefix(prefix).include_deleted().offset(*offset).limit(PAGE);
                    match call.await {
                        Ok(page) => {
                            let first = page.first().map(|it| (it.subject.clone(), it.version));
                            // One that knows no pages has answered everything, and answers it again.
                            if page.len() != PAGE || first == *before {
                                *self = Self::End;
                            } else {
                                *self = Self::Pages(*offset + PAGE, first);
                            }
                            return Ok(Some(page));
                        }
                        Err(error) if error.is_unsupported() => {
                            let mut subjects = client.subjects().await?;
                            let begin = client.context().map(|context| format!(":{context}:")).unwrap_or_default();
                            subjects
                                .retain(|subject| subject.strip_prefix(&begin).unwrap_or(subject).starts_with(prefix));
                            *self = Self::Subjects(subjects.into_iter());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Self::Subjects(subjects) => {
                    let Some(subject) = subjects.next() else { return Ok(None) };
                    return Ok(Some(of_subject(client, &subject).await?));
                }
                Self::End => return Ok(None),
            }
        }
    }
}

/// The versions of one subject; none if it is gone meanwhile.
async fn of_subject(client: &Client, subject: &str) -> Result<Vec<Version>, Error> {
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

/// A text as a pattern that nothing else is like.
fn escaped(text: &str) -> String {
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
        assert_eq!(super::escaped(r"a*b{c}\d"), r"a\*b\{c\}\\d");
    }
}

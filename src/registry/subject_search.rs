//! Subject search by name, by context and by the contents of schemas, a page at a time.

use super::{Authority, DeletedFilter, Error, Registry, View, effective};
use crate::domain::{ContentKey, Context, Glob, Level, Mode, Subject, Version};
use crate::store::ListedSubject;
use avow_schema::{Definitions, definitions};
use futures_util::{StreamExt, stream};

/// The criteria of a subject search.
#[derive(Debug, Clone)]
pub struct Search {
    /// Patterns of the name; any of them has to match, and an empty list matches all.
    pub names: Vec<Glob>,
    /// The context; `None` for all.
    pub context: Option<Context>,
    /// Whether subjects whose versions are all soft-deleted are included.
    pub deleted: DeletedFilter,
    /// The name of a field that a schema must define.
    pub field: Option<Glob>,
    /// The full name of a type that a schema must define.
    pub named: Option<Glob>,
    /// The schemas that are searched.
    pub lookup: Lookup,
}

/// The schemas of a subject that are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The newest one.
    Latest,
    /// All live ones, oldest first, until one matches.
    Live,
}

/// The start of the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The next subject, by its qualified name.
    pub subject: String,
    /// The next version to search.
    pub version: i32,
}

/// The scope that sets the level in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelOf {
    /// The subject itself.
    Subject,
    /// The context of the subject.
    Context,
    /// The settings for all contexts.
    Everywhere,
    /// None: the server's default.
    Server,
}

/// A subject that matches.
#[derive(Debug, Clone)]
pub struct FoundSubject {
    /// The stored versions and settings.
    pub listed: ListedSubject,
    /// The version that defines the wanted name; the newest if none was wanted.
    pub version: Version,
    /// The level in force.
    pub level: Level,
    /// The scope that sets it.
    pub level_of: LevelOf,
    /// The mode in force.
    pub mode: Mode,
}

/// A page of subjects.
#[derive(Debug, Clone)]
pub struct Found {
    /// Ascending by their qualified names.
    pub subjects: Vec<FoundSubject>,
    /// The start of the next page; `None` on the last one.
    pub next: Option<Cursor>,
}

/// The budget of one request; a search that needs more continues on the next page.
struct Budget {
    subjects: usize,
    contents: usize,
    bytes: usize,
}

impl Budget {
    const fn new() -> Self {
        Self { subjects: 5_000, contents: 500, bytes: 8 << 20 }
    }

    fn is_spent(&self) -> bool {
        self.subjects == 0 || self.contents == 0 || self.bytes == 0
    }
}

/// The number of subjects read at once where not all of them may be needed.
const WINDOW: usize = 500;

/// The number of contents fetched at a time.
const AT_ONCE: usize = 8;

/// The upper bound of all texts with a prefix: no name has a greater character, nor a control one.
const GREATEST: char = '\u{10FFFF}';
const LEAST: char = '\u{1}';

impl Search {
    fn looks_inside(&self) -> bool {
        self.field.is_some() || self.named.is_some()
    }

    /// Whether every subject of the range matches.
    fn is_plain(&self) -> bool {
        self.names.is_empty() && !self.looks_inside() && self.deleted == DeletedFilter::All
    }

    /// The first and the last of the candidate names.
    fn range(&self) -> (String, String) {
        let prefix = match self.names.as_slice() {
            [only] => only.prefix(),
            _ => "",
        };
        let first = match &self.context {
            _ if prefix.starts_with(":.") => prefix.to_owned(),
            Some(context) => context.prefix() + prefix,
            None => return (String::new(), GREATEST.to_string()),
        };
        let last = format!("{first}{GREATEST}");
        (first, last)
    }

    /// The next candidate name from this one on.
    fn skip_to(&self, subject: &Subject) -> Option<String> {
        // The names of other contexts sort into the middle of the default one.
        let foreign = self.context.as_ref().is_some_and(Context::is_default) && !subject.is_unqualified();
        foreign.then(|| format!(":.{GREATEST}"))
    }

    fn wants(&self, listed: &ListedSubject) -> bool {
        let wanted = match self.deleted {
            DeletedFilter::Live => listed.live > 0,
            DeletedFilter::All => true,
            DeletedFilter::Only => listed.live == 0,
        };
        let inside = self.context.as_ref().is_none_or(|context| *context == listed.subject.context());
        let named = self.names.is_empty() || self.names.iter().any(|glob| glob.is_subject(&listed.subject));
        wanted && inside && named
    }

    fn fits(&self, found: &Definitions) -> bool {
        let has = |glob: &Option<Glob>, names: &[String]| {
            glob.as_ref().is_none_or(|glob| names.iter().any(|name| glob.is_match(name)))
        };
        has(&self.field, &found.fields) && has(&self.named, &found.types)
    }
}

impl Cursor {
    fn of(subject: &Subject, version: i32) -> Self {
        Self { subject: subject.to_string(), version }
    }
}

/// The result of searching a subject's schemas.
enum Look {
    Found(Version),
    Nothing,
    /// The budget was spent before this version.
    Spent(i32),
}

impl Registry {
    /// Finds subjects, at most `limit`, from where an earlier page ended.
    pub async fn find_subjects(
        &self,
        authority: &Authority,
        search: &Search,
        from: Option<&Cursor>,
        limit: usize,
    ) -> Result<Found, Error> {
        let mut view = self.view(authority);
        let wants = |listed: &ListedSubject| search.wants(listed) && authority.reads(&listed.subject);
        let mut budget = Budget::new();
        let mut found = Vec::new();
        let (mut first, last) = search.range();
        if let Some(cursor) = from {
            first = first.max(cursor.subject.clone());
        }
        let window = if search.is_plain() && authority.reads_everything() {
            limit.saturating_add(1).min(budget.subjects)
        } else {
            WINDOW
        };
        loop {
            let most = i64::try_from(window).unwrap_or(i64::MAX);
            let listed = self.store.subjects_between(&first, &last, most).await?;
            let is_last = listed.len() < window;
            if search.looks_inside() && search.lookup == Lookup::Latest {
                let wanted = listed.iter().filter(|listed| wants(listed)).take(budget.contents);
                let wanted: Vec<ContentKey> = wanted.map(|listed| listed.key).collect();
                self.warm(wanted).await;
            }
            let mut skip_to = None;
            for listed in listed {
                if let Some(to) = search.skip_to(&listed.subject) {
                    skip_to = Some(to);
                    break;
                }
                let start = from.filter(|from| from.subject == listed.subject.as_str()).map_or(0, |from| from.version);
                if found.len() == limit || budget.is_spent() {
                    return Ok(Found { subjects: found, next: Some(Cursor::of(&listed.subject, start)) });
                }
                budget.subjects -= 1;
                first = format!("{}{LEAST}", listed.subject);
                if !wants(&listed) {
                    continue;
                }
                match self.look(&mut view, search, &listed, start, &mut budget).await? {
                    Look::Found(version) => found.push(self.found(&mut view, listed, version).await?),
                    Look::Nothing => {}
                    Look::Spent(version) => {
                        return Ok(Found { subjects: found, next: Some(Cursor::of(&listed.subject, version)) });
                    }
                }
            }
            match skip_to {
                Some(to) => first = first.max(to),
                None if is_last => return Ok(Found { subjects: found, next: None }),
                None => {}
            }
        }
    }

    /// Searches the schemas of a subject, from a version on.
    async fn look(
        &self,
        view: &mut View<'_>,
        search: &Search,
        listed: &ListedSubject,
        start: i32,
        budget: &mut Budget,
    ) -> Result<Look, Error> {
        if !search.looks_inside() {
            return Ok(Look::Found(listed.version));
        }
        let looked: Vec<(Version, ContentKey)> = match search.lookup {
            Lookup::Latest => vec![(listed.version, listed.key)],
            Lookup::Live => {
                let scope = view.scope(&listed.subject).await?;
                let live = scope.versions.iter().filter(|stored| !stored.deleted && stored.version.get() >= start);
                live.map(|stored| (stored.version, stored.key)).take(budget.contents + 1).collect()
            }
        };
        if search.lookup == Lookup::Live {
            let wanted: Vec<ContentKey> = looked.iter().map(|(_, it)| *it).take(budget.contents).collect();
            self.warm(wanted).await;
        }
        for (version, key) in looked {
            if budget.is_spent() {
                return Ok(Look::Spent(version.get()));
            }
            let content = self.content(key).await?;
            budget.contents -= 1;
            budget.bytes = budget.bytes.saturating_sub(content.text.len());
            if search.fits(&definitions(content.schema_type, &content.text)) {
                return Ok(Look::Found(version));
            }
            tokio::task::yield_now().await;
        }
        Ok(Look::Nothing)
    }

    /// Prefetches contents, several at a time. A failed fetch is reported when its content is needed.
    async fn warm(&self, keys: Vec<ContentKey>) {
        let fetched = stream::iter(keys).map(|key| self.content(key)).buffer_unordered(AT_ONCE);
        fetched.for_each(async |content| drop(content)).await;
    }

    async fn found(&self, view: &mut View<'_>, listed: ListedSubject, version: Version) -> Result<FoundSubject, Error> {
        let (level, level_of) = effective::level(view, &listed.subject, listed.config.as_ref()).await?;
        let mode = match listed.mode {
            Some(mode) => mode,
            None => effective::inherited_mode(view, &listed.subject).await?,
        };
        Ok(FoundSubject { listed, version, level, level_of, mode })
    }
}

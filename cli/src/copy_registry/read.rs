//! The contents of a registry, read over HTTP.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use avow_client::rest::Scope;

use super::contents::{Contents, CopiedVersion, context_of};
use crate::listing::{Wanted, versions};
use crate::remote::{Remote, ask_all};
use crate::terminal::Terminal;
use crate::{Error, mode};

/// The subject by which an id is reserved for a moment.
pub(super) const FLOOR: &str = "avow-migration-highest-id";

pub(super) fn scope(name: &str) -> Scope<'_> {
    if name.is_empty() { Scope::Global } else { Scope::Subject(name) }
}

/// Reads everything; a registry does not list settings of subjects without versions, so those of `scopes` are asked for.
pub(super) async fn read(remote: &Remote, scopes: BTreeSet<String>, terminal: &Terminal) -> Result<Contents, Error> {
    let all = Wanted { deleted: true, every_context: true, latest_only: false };
    let live = versions(remote, Wanted { deleted: false, ..all }, terminal).await?;
    let live: HashSet<_> = live.into_iter().map(|it| (it.subject, it.version)).collect();
    let mut contents = Contents::default();
    for it in versions(remote, all, terminal).await? {
        if it.subject.ends_with(FLOOR) {
            continue;
        }
        contents.note_highest(context_of(&it.subject), it.id);
        let key = (it.subject, it.version);
        // Older registries do not say themselves what is deleted.
        let deleted = it.schema.deleted || !live.contains(&key);
        contents.versions.insert(key, CopiedVersion { id: it.id, schema: it.schema, deleted });
    }
    let mut scopes = scopes;
    scopes.insert(String::new());
    scopes.extend(contents.versions.keys().map(|(subject, _)| subject.clone()));
    scopes.extend(contents.highest.keys().filter(|it| *it != ".").map(|context| format!(":{context}:")));
    let scopes: Vec<String> = scopes.into_iter().collect();
    let settings = ask_all(terminal, &scopes, |at| remote.settings(scope(&scopes[at]))).await?;
    for (name, (config, mode)) in scopes.into_iter().zip(settings) {
        contents.configs.extend(config.map(|config| (name.clone(), config)));
        contents.modes.extend(mode.map(|mode| (name, mode)));
    }
    contents.highest = highest(remote, contents.highest).await?;
    Ok(contents)
}

/// The highest ids given out, as the registry reports them; else the highest in use.
async fn highest(remote: &Remote, there: BTreeMap<String, u32>) -> Result<BTreeMap<String, u32>, Error> {
    let mut highest = BTreeMap::new();
    for (context, id) in there {
        let asked = remote.client.in_context(&context).schema_by_id(id).with_max_id().await.map_err(remote.failed())?;
        highest.insert(context, asked.max_id.unwrap_or_default().max(id));
    }
    Ok(highest)
}

/// The mode that is set at the target, if one is.
pub(super) async fn own_mode(remote: &Remote, name: &str) -> Result<Option<String>, Error> {
    Ok(mode::own(remote, scope(name)).await?.map(|mode| mode.as_str().to_owned()))
}

//! Writing what the source holds and the target does not, in an order that no step of it can trip over.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use avow_client::rest::{ConfigUpdate, NewSchema};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value};

use super::contents::{Contents, CopiedVersion, context_of};
use super::read::{FLOOR, own_mode, scope};
use crate::Error;
use crate::remote::{AT_ONCE, Remote};
use crate::terminal::Terminal;

type Place = (String, i32);

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan<'c> {
    /// Versions that can be written at the same time, each wave after all that it needs.
    waves: Vec<Vec<(&'c Place, &'c CopiedVersion)>>,
    pub(super) writes: usize,
    /// To be soft-deleted, those that refer to others first.
    pub(super) deletions: Vec<&'c Place>,
    pub(super) configs: Vec<(&'c str, &'c Map<String, Value>)>,
    pub(super) modes: Vec<(&'c str, &'c str)>,
    /// Contexts, with the id to be given out last.
    pub(super) highest: Vec<(&'c str, u32)>,
}

impl<'c> Plan<'c> {
    pub(super) fn new(source: &'c Contents, target: &Contents) -> Result<Self, Error> {
        let mut plan = Self::default();
        let depths = depths(source)?;
        let mut waves: BTreeMap<usize, Vec<(&Place, &CopiedVersion)>> = BTreeMap::new();
        for (place, held) in &source.versions {
            let there = target.versions.get(place);
            if there.is_none_or(|there| there.deleted && !held.deleted) {
                waves.entry(depths[place]).or_default().push((place, held));
                plan.writes += 1;
            }
            if held.deleted && there.is_none_or(|there| !there.deleted) {
                plan.deletions.push(place);
            }
        }
        plan.waves = waves.into_values().collect();
        plan.deletions.sort_by_key(|place| std::cmp::Reverse(depths[*place]));
        let configs = source.configs.iter().filter(|(name, config)| target.configs.get(*name) != Some(config));
        plan.configs = configs.map(|(name, config)| (name.as_str(), config)).collect();
        // The mode of the whole registry stays the target's own: that of the source is often a freeze for the move.
        let modes =
            source.modes.iter().filter(|(name, mode)| !name.is_empty() && target.modes.get(*name) != Some(mode));
        plan.modes = modes.map(|(name, mode)| (name.as_str(), mode.as_str())).collect();
        let written = plan.waves.iter().flatten();
        let mut reached: BTreeMap<String, u32> = target.highest.clone();
        for (place, held) in written {
            let highest = reached.entry(context_of(&place.0)).or_default();
            *highest = held.id.max(*highest);
        }
        let below = |(context, id): &(&String, &u32)| reached.get(*context).is_none_or(|reached| reached < *id);
        plan.highest = source.highest.iter().filter(below).map(|(context, id)| (context.as_str(), *id)).collect();
        Ok(plan)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes == 0
            && self.deletions.is_empty()
            && self.configs.is_empty()
            && self.modes.is_empty()
            && self.highest.is_empty()
    }

    /// The scopes that have to be in import mode: contexts, and subjects with a mode of their own.
    fn scopes(&self, target: &Contents) -> BTreeSet<String> {
        let written = self.waves.iter().flatten().map(|(place, _)| place.0.as_str());
        let touched: BTreeSet<&str> = written.chain(self.deletions.iter().map(|place| place.0.as_str())).collect();
        let context = |name: &str| if name == "." { String::new() } else { format!(":{name}:") };
        let mut scopes: BTreeSet<String> = touched.iter().map(|subject| context(&context_of(subject))).collect();
        scopes.extend(self.highest.iter().map(|(name, _)| context(name)));
        scopes.extend(touched.iter().filter(|it| target.modes.contains_key(**it)).map(|it| (*it).to_owned()));
        scopes
    }

    /// Does it. What is put into import mode is noted in `to_put_back` before it is.
    pub(super) async fn execute(
        &self,
        remote: &Remote,
        target: &Contents,
        to_put_back: &RefCell<Vec<(String, Option<String>)>>,
        terminal: &Terminal,
    ) -> Result<(), Error> {
        for name in self.scopes(target) {
            let own = own_mode(remote, &name).await?;
            if own.as_deref() == Some("IMPORT") {
                continue;
            }
            to_put_back.borrow_mut().push((name.clone(), own));
            // By force: without it, what is soft-deleted would be deleted for good.
            remote.client.set_mode(scope(&name), "IMPORT").force().await.map_err(remote.failed())?;
        }
        let mut done = 0;
        for wave in &self.waves {
            let mut written =
                stream::iter(wave.iter().map(|(place, held)| write(remote, place, held))).buffered(AT_ONCE);
            while written.try_next().await?.is_some() {
                done += 1;
                terminal.progress(format_args!(
                    "{} {done} of {} versions written",
                    bar(done, self.writes),
                    self.writes
                ));
            }
        }
        for (at, (subject, version)) in self.deletions.iter().enumerate() {
            remote.client.delete_version(subject, *version).await.map_err(remote.failed())?;
            terminal.progress(format_args!(
                "{} {} of {} deleted",
                bar(at, self.deletions.len()),
                at + 1,
                self.deletions.len()
            ));
        }
        for (context, id) in &self.highest {
            reserve(remote, context, *id).await?;
        }
        for (name, config) in &self.configs {
            let update = config.iter().fold(ConfigUpdate::default(), |update, (key, value)| {
                update.set(if key == "compatibilityLevel" { "compatibility" } else { key }, value.clone())
            });
            remote.client.set_config(scope(name), &update).await.map_err(remote.failed())?;
        }
        terminal.done();
        Ok(())
    }
}

/// Gives scopes the modes they had.
pub(super) async fn put_back(remote: &Remote, modes: &[(String, Option<String>)]) -> Result<(), Error> {
    for (name, mode) in modes {
        match mode {
            Some(mode) => remote.client.set_mode(scope(name), mode.as_str()).await,
            None => remote.client.delete_mode(scope(name)).await,
        }
        .map_err(remote.failed())?;
    }
    Ok(())
}

/// How many versions have to be written before each: those it refers to, and the earlier ones of its subject.
fn depths(source: &Contents) -> Result<HashMap<&Place, usize>, Error> {
    let mut waits: HashMap<&Place, usize> = HashMap::new();
    let mut frees: HashMap<Place, Vec<&Place>> = HashMap::new();
    let mut previous: Option<&Place> = None;
    for (place, held) in &source.versions {
        let mut needs: BTreeSet<Place> = BTreeSet::new();
        needs.extend(previous.filter(|it| it.0 == place.0).cloned());
        let context = context_of(&place.0);
        for reference in &held.schema.references {
            let is_bare = context != "." && !reference.subject.starts_with(":.");
            let subject = if is_bare { format!(":{context}:{}", reference.subject) } else { reference.subject.clone() };
            needs.insert((subject, reference.version));
        }
        needs.retain(|need| need != place && source.versions.contains_key(need));
        waits.insert(place, needs.len());
        for need in needs {
            frees.entry(need).or_default().push(place);
        }
        previous = Some(place);
    }
    let mut depths: HashMap<&Place, usize> = HashMap::new();
    let mut ready: Vec<&Place> = waits.iter().filter(|(_, waits)| **waits == 0).map(|(place, _)| *place).collect();
    let mut depth = 0;
    while !ready.is_empty() {
        let mut next = Vec::new();
        for place in ready {
            depths.insert(place, depth);
            for freed in frees.get(place).into_iter().flatten() {
                let waits = waits.entry(freed).or_default();
                *waits -= 1;
                if *waits == 0 {
                    next.push(*freed);
                }
            }
        }
        ready = next;
        depth += 1;
    }
    match source.versions.keys().find(|place| !depths.contains_key(place)) {
        Some((subject, version)) => {
            Err(Error::Input(format!("{subject}@{version} refers to itself by way of others; no registry takes that")))
        }
        None => Ok(depths),
    }
}

async fn write(remote: &Remote, (subject, version): &Place, held: &CopiedVersion) -> Result<(), Error> {
    let schema = NewSchema::from(&held.schema).version(*version).id(held.id);
    let registered = remote.client.register(subject, &schema).await;
    registered.map(drop).map_err(|error| match remote.failed()(error) {
        Error::Input(reason) => Error::Input(format!("{subject}@{version} was refused: {reason}")),
        other => other,
    })
}

/// Gives out an id, and takes it back: the next one will be higher.
async fn reserve(remote: &Remote, context: &str, id: u32) -> Result<(), Error> {
    let client = remote.client.in_context(context);
    let schema = NewSchema::avro(format!(r#"{{"type":"fixed","name":"HighestId{id}","size":1}}"#)).version(1).id(id);
    client.register(FLOOR, &schema).await.map_err(remote.failed())?;
    client.delete_version(FLOOR, 1).await.map_err(remote.failed())?;
    client.delete_version(FLOOR, 1).permanent().await.map_err(remote.failed())?;
    Ok(())
}

fn bar(done: usize, all: usize) -> String {
    const WIDTH: usize = 20;
    let full = done * WIDTH / all.max(1);
    format!("[{}{}]", "#".repeat(full), " ".repeat(WIDTH - full.min(WIDTH)))
}

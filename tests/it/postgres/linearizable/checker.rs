//! Linearizability of a history: can its requests have happened in some order, each between its start and its end?
//!
//! Every answer has a witness: the log position at which it is true. So the order can be checked, and does not have to
//! be searched for, except in short windows of answers without a witness.

use std::collections::{BTreeMap, HashSet};

use super::model::{Model, Request, Response};

/// A request that was answered.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub(crate) request: Request,
    pub(crate) response: Response,
    /// The witness: the log position of a write, or the one at which a read is true.
    pub(crate) seq: Option<u64>,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Done {
    fn is_read_of(&self, model: &Model) -> bool {
        let (response, wrote) = model.clone().apply(self.request);
        !wrote && response == self.response
    }

    /// The position of an answer that shows the state. Of a refusal only the lowest possible position is known.
    fn witness(&self) -> Option<u64> {
        self.seq.filter(|_| !matches!(self.response, Response::Refused(_)))
    }
}

/// Checks a history that holds every write since the log stood at `base`, when the registry was empty.
pub(crate) fn check(history: &[Done], base: u64) -> Result<(), String> {
    let mut at = BTreeMap::<u64, Vec<usize>>::from([(base, Vec::new())]);
    for (index, done) in history.iter().enumerate() {
        if let Some(seq) = done.witness() {
            at.entry(seq).or_default().push(index);
        }
    }
    let mut model = Model::default();
    let mut writes = vec![false; history.len()];
    let mut in_order = Vec::new();
    for ((seq, mut here), expected) in at.into_iter().zip(base..) {
        if seq != expected {
            return Err(format!("no answered request wrote at {expected}"));
        }
        if seq > base {
            let write = take_write(&mut model, history, &mut here).ok_or_else(|| {
                let here: Vec<_> = here.iter().map(|index| &history[*index]).collect();
                format!("no write explains {seq}, of {here:?} after {model:?}")
            })?;
            writes[write] = true;
            in_order.push(write);
        }
        for index in here {
            let done = &history[index];
            if !done.is_read_of(&model) {
                return Err(format!("at {seq} this is wrong: {done:?}, {model:?}"));
            }
        }
    }
    in_time(history, &writes)?;
    unwitnessed(history, &writes, &in_order, base)
}

/// Applies the one that wrote, and removes it; the others must be reads of its result.
///
/// Concurrent registrations of one schema get the same response, at the same position; the first in the log wrote it.
fn take_write(model: &mut Model, history: &[Done], here: &mut Vec<usize>) -> Option<usize> {
    here.sort_unstable_by_key(|index| history[*index].start);
    for place in 0..here.len() {
        let mut after = model.clone();
        let done = &history[here[place]];
        let (response, wrote) = after.apply(done.request);
        let fits = |index: &usize| *index == here[place] || !after.clone().apply(history[*index].request).1;
        if wrote && response == done.response && here.iter().all(fits) {
            *model = after;
            return Some(here.remove(place));
        }
    }
    None
}

/// Checks that a request sent after another one was answered sees at least as much, and writes only behind that.
fn in_time(history: &[Done], writes: &[bool]) -> Result<(), String> {
    let witnessed = || (0..history.len()).filter(|index| history[*index].witness().is_some());
    let (mut by_start, mut by_end): (Vec<_>, Vec<_>) = (witnessed().collect(), witnessed().collect());
    by_start.sort_unstable_by_key(|index| history[*index].start);
    by_end.sort_unstable_by_key(|index| history[*index].end);
    let mut ended = by_end.into_iter().peekable();
    let mut newest: Option<usize> = None;
    for index in by_start {
        let done = &history[index];
        while let Some(before) = ended.next_if(|before| history[*before].end < done.start) {
            if newest.is_none_or(|newest| history[newest].seq < history[before].seq) {
                newest = Some(before);
            }
        }
        if let Some(newest) = newest {
            let before = &history[newest];
            if before.seq > done.seq || (writes[index] && before.seq == done.seq) {
                return Err(format!("{before:?} was over before {done:?} began"));
            }
        }
    }
    Ok(())
}

/// Finds a position for each answer without a witness: one within its bounds at which it is true.
fn unwitnessed(history: &[Done], writes: &[bool], in_order: &[usize], base: u64) -> Result<(), String> {
    let witnessed = || (0..history.len()).filter_map(|index| Some((index, history[index].witness()?)));
    // Up to each end the newest place of what is over by then, and from each start the lowest place of what comes then.
    let mut over: Vec<(u64, u64)> = witnessed().map(|(index, seq)| (history[index].end, seq)).collect();
    let mut later: Vec<(u64, u64)> =
        witnessed().map(|(index, seq)| (history[index].start, seq - u64::from(writes[index]))).collect();
    over.sort_unstable();
    later.sort_unstable();
    for place in 1..over.len() {
        over[place].1 = over[place].1.max(over[place - 1].1);
        let (this, next) = (later.len() - place - 1, later.len() - place);
        later[this].1 = later[this].1.min(later[next].1);
    }
    let mut waiting: Vec<(u64, u64, &Done)> = Vec::new();
    for done in history.iter().filter(|done| done.witness().is_none()) {
        let before = over.partition_point(|(end, _)| *end < done.start);
        let after = later.partition_point(|(start, _)| *start <= done.end);
        let lowest = done.seq.unwrap_or(base).max(if before > 0 { over[before - 1].1 } else { base });
        let highest = later.get(after).map_or(u64::MAX, |(_, seq)| *seq);
        waiting.push((lowest, highest, done));
    }
    waiting.sort_unstable_by_key(|(lowest, ..)| *lowest);
    let mut waiting = waiting.into_iter().peekable();
    let mut model = Model::default();
    let mut open: Vec<(u64, &Done)> = Vec::new();
    let mut writes = in_order.iter();
    for seq in base.. {
        while let Some((_, highest, done)) = waiting.next_if(|(lowest, ..)| *lowest <= seq) {
            open.push((highest, done));
        }
        open.retain(|(_, done)| !done.is_read_of(&model));
        if let Some((_, done)) = open.iter().find(|(highest, _)| *highest <= seq) {
            return Err(format!("this was never true: {done:?}"));
        }
        match writes.next() {
            Some(write) => drop(model.apply(history[*write].request)),
            None => break,
        }
    }
    match open.first().map(|(_, done)| *done).or_else(|| waiting.next().map(|(.., done)| done)) {
        Some(done) => Err(format!("this was never true: {done:?}")),
        None => Ok(()),
    }
}

/// All states a registry may be in after a short history, found by trying every order that time allows; none if there is no
/// such order. Witnesses are not looked at.
pub(crate) fn search(history: &[Done], before: &[Model]) -> Vec<Model> {
    assert!(history.len() <= 32, "every order is tried");
    let mut seen: HashSet<(u32, Model)> = before.iter().map(|model| (0, model.clone())).collect();
    let mut open: Vec<_> = seen.iter().cloned().collect();
    let mut found = Vec::new();
    while let Some((done, model)) = open.pop() {
        let left = || (0..history.len()).filter(|index| done & (1 << index) == 0);
        if left().next().is_none() {
            found.push(model);
            continue;
        }
        // Whatever began after another one ended comes after it.
        let soonest = left().map(|index| history[index].end).min().unwrap_or(u64::MAX);
        for index in left().filter(|index| history[*index].start <= soonest) {
            let mut after = model.clone();
            let next = (done | (1 << index), {
                let (response, _) = after.apply(history[index].request);
                if response != history[index].response {
                    continue;
                }
                after
            });
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}

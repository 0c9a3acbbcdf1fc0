//! The walk over pairs of types: every pair once, on a stack of its own, optimistic about recursion.
//!
//! A pair that is met while it is being looked at counts as compatible. A result that relied on this is provisional: it
//! is kept while that pair is open, becomes final when the pair turns out compatible, and is forgotten when anything on
//! the way turns out incompatible. So the verdict does not depend on the order of the walk. Incompatibility is always
//! final, because optimism can only hide it.
//!
//! The walk notes rules and places only; texts are made at the end, and only when something is wrong.

use avow_budget::{Budget, Exceeded, Held};

use super::history::Proven;
use super::locations::{LocationId, Locations};
use super::rules::{Cursor, Rules, Step, Token};
use super::{Incompatibility, IncompatibilityKind, Verdict};
use crate::fingerprint::Fingerprint;
use crate::model::{Id, Inner, Kind};
use crate::positions::{FastMap, FastSet};

type Pair = (Id, Id);

/// The verdict with everything that is wrong, of which at most so many findings are listed.
pub(super) fn verdict(
    reader: &Inner,
    writer: &Inner,
    most_findings: usize,
    budget: &Budget,
) -> Result<Verdict, Exceeded> {
    let root = (reader.root, writer.root);
    let mut walk = Walk::new(reader, writer, None, budget)?;
    match walk.run(root)? {
        Ending::GaveUp { at: (reader, writer), field, .. } => {
            let exception = Some(walk.rules.exception(reader, writer, field)?);
            Ok(Verdict { exception, ..Verdict::default() })
        }
        Ending::Answered if matches!(walk.known.get(&root.0.pair(root.1)), Some(Outcome::Incompatible(_))) => {
            walk.collect(root, most_findings)
        }
        Ending::Answered => Ok(Verdict::default()),
    }
}

/// Whether the pair is compatible, given pairs that were proved before; what is proved is added to them.
pub(super) fn is_compatible(
    reader: &Inner,
    writer: &Inner,
    proven: &mut Proven,
    budget: &Budget,
) -> Result<bool, Exceeded> {
    let root = (reader.root, writer.root);
    if proven.contains(reader, writer, root) {
        return Ok(true);
    }
    let pairs = {
        let mut walk = Walk::new(reader, writer, Some(proven), budget)?;
        walk.rules.branches.skip_hopeless()?;
        let Ending::Answered = walk.run(root)? else { return Ok(false) };
        let is_compatible =
            |pair: &Pair| matches!(walk.known.get(&pair.0.pair(pair.1)), Some(Outcome::Compatible { .. }));
        if !is_compatible(&root) {
            return Ok(false);
        }
        // With the root, everything that was assumed on the way is proved.
        let mut pairs = std::mem::take(&mut walk.entered);
        pairs.retain(is_compatible);
        pairs
    };
    for pair in pairs {
        proven.insert(reader, writer, pair);
    }
    Ok(true)
}

/// All pairs of types that are incompatible; where Java gives up, the pairs that were open then count as such.
pub(crate) fn incompatible_pairs(reader: &Inner, writer: &Inner, budget: &Budget) -> Result<FastSet<u64>, Exceeded> {
    let mut walk = Walk::new(reader, writer, None, budget)?;
    let open = match walk.run((reader.root, writer.root))? {
        Ending::Answered => Vec::new(),
        Ending::GaveUp { open, .. } => open,
    };
    let known = walk.known.into_iter();
    Ok(known
        .filter_map(|(pair, outcome)| matches!(outcome, Outcome::Incompatible(_)).then_some(pair))
        .chain(open.into_iter().map(|(reader, writer)| reader.pair(writer)))
        .collect())
}

/// Findings beyond this number, or beyond this many bytes of text, are counted but not listed.
pub(super) const MOST_FINDINGS: usize = 1000;
const MOST_TEXT: usize = 256 << 10;

enum Outcome {
    /// Being looked at, at this depth of the stack.
    Open(usize),
    /// Compatible; provisional when it relied on an open pair, the outermost of which is at that depth.
    Compatible {
        relied_on: Option<usize>,
    },
    Incompatible(Vec<Wrong>),
}

/// Something wrong with a pair: a broken rule, or everything that is wrong with a pair below it.
#[derive(Clone, Copy)]
enum Wrong {
    Here { pair: Pair, rule: IncompatibilityKind, field: Option<usize>, location: LocationId },
    Below(Pair),
}

struct Frame {
    pair: Pair,
    location: LocationId,
    cursor: Cursor,
    waiting: Option<Waiting>,
    wrong: Vec<Wrong>,
    relied_on: Option<usize>,
    /// The number of provisional results before this pair.
    provisional_from: usize,
    was_relied_on: bool,
}

/// The step that waits for the answer about a pair.
#[derive(Clone, Copy)]
enum Waiting {
    Below(Pair),
    WriterBranch { writer: Id, location: LocationId },
    ReaderUnion { asked: Id, next: usize },
}

enum Ending {
    Answered,
    GaveUp { at: Pair, field: usize, open: Vec<Pair> },
}

struct Walk<'s> {
    rules: Rules<'s>,
    known: FastMap<u64, Outcome>,
    /// The pairs in the order in which they were met; only where they are of use to later checks.
    entered: Vec<Pair>,
    proven: Option<&'s Proven>,
    provisional: Vec<u64>,
    open: Vec<Frame>,
    locations: Locations,
    budget: &'s Budget,
    held: Held<'s>,
}

impl<'s> Walk<'s> {
    fn new(
        reader: &'s Inner,
        writer: &'s Inner,
        proven: Option<&'s Proven>,
        budget: &'s Budget,
    ) -> Result<Self, Exceeded> {
        Ok(Self {
            rules: Rules::new(reader, writer, budget)?,
            known: FastMap::default(),
            entered: Vec::new(),
            proven,
            provisional: Vec::new(),
            open: Vec::new(),
            locations: Locations::default(),
            budget,
            held: budget.scope(),
        })
    }

    fn run(&mut self, root: Pair) -> Result<Ending, Exceeded> {
        self.enter(root, Locations::ROOT)?;
        while let Some(mut frame) = self.open.pop() {
            let pair_below = if let Some(waiting) = frame.waiting.take() {
                self.answer(&mut frame, waiting)?
            } else {
                match self.rules.next(frame.pair.0, frame.pair.1, &mut frame.cursor)? {
                    Some(Step::GiveUp { field }) => {
                        let open = self.open.iter().map(|frame| frame.pair).chain([frame.pair]).collect();
                        return Ok(Ending::GaveUp { at: frame.pair, field, open });
                    }
                    Some(step) => self.begin(&mut frame, step)?,
                    None => {
                        self.leave(frame);
                        continue;
                    }
                }
            };
            self.open.push(frame);
            if let Some((pair, location)) = pair_below {
                self.enter(pair, location)?;
            }
        }
        Ok(Ending::Answered)
    }

    fn enter(&mut self, pair: Pair, location: LocationId) -> Result<(), Exceeded> {
        let key = pair.0.pair(pair.1);
        if self.known.contains_key(&key) {
            return Ok(());
        }
        self.held.hold(ENTRY_BYTES)?;
        self.known.insert(key, Outcome::Open(self.open.len()));
        if self.proven.is_some() {
            self.entered.push(pair);
        }
        self.open.push(Frame {
            pair,
            location,
            cursor: Cursor::default(),
            waiting: None,
            wrong: Vec::new(),
            relied_on: None,
            provisional_from: self.provisional.len(),
            was_relied_on: false,
        });
        Ok(())
    }

    /// Begins a step; returns the pair it has to wait for.
    fn begin(&mut self, frame: &mut Frame, step: Step) -> Result<Option<(Pair, LocationId)>, Exceeded> {
        match step {
            Step::GiveUp { .. } => Ok(None),
            Step::Wrong { rule, field } => {
                let location = match Rules::token(rule, field) {
                    Some(token) => self.locations.below(frame.location, token),
                    None => frame.location,
                };
                self.wrong(frame, Wrong::Here { pair: frame.pair, rule, field, location })?;
                Ok(None)
            }
            Step::Below { reader, writer, at } => {
                if self.is_fine((reader, writer)) {
                    return Ok(None);
                }
                let location = self.locations.below(frame.location, at);
                if self.rules.is_leaf(reader, writer) {
                    let rule = IncompatibilityKind::TypeMismatch;
                    self.wrong(frame, Wrong::Here { pair: (reader, writer), rule, field: None, location })?;
                    return Ok(None);
                }
                frame.waiting = Some(Waiting::Below((reader, writer)));
                Ok(Some(((reader, writer), location)))
            }
            // In a search through a union Java begins a new location and drops what it finds.
            Step::WriterBranch { writer, at } => {
                let pair = (frame.pair.0, writer);
                if self.is_fine(pair) {
                    return Ok(None);
                }
                let location = self.locations.below(frame.location, Token::Branch(at));
                frame.waiting = Some(Waiting::WriterBranch { writer, location });
                Ok(Some((pair, Locations::ROOT)))
            }
            Step::ReaderUnion => self.try_branches(frame, 0),
        }
    }

    /// Takes the answer that a step waited for; returns the next pair it has to wait for.
    fn answer(&mut self, frame: &mut Frame, waiting: Waiting) -> Result<Option<(Pair, LocationId)>, Exceeded> {
        match waiting {
            Waiting::Below(pair) => {
                if !self.is_compatible(frame, pair) {
                    self.wrong(frame, Wrong::Below(pair))?;
                }
                Ok(None)
            }
            Waiting::WriterBranch { writer, location } => {
                let pair = (frame.pair.0, writer);
                if !self.is_compatible(frame, pair) {
                    self.lacks(frame, pair, location)?;
                }
                Ok(None)
            }
            Waiting::ReaderUnion { asked, next } => {
                if self.is_compatible(frame, (asked, frame.pair.1)) {
                    return Ok(None);
                }
                self.try_branches(frame, next)
            }
        }
    }

    /// Looks for a branch of the reader's union, from a position on.
    fn try_branches(&mut self, frame: &mut Frame, from: usize) -> Result<Option<(Pair, LocationId)>, Exceeded> {
        let (union, writer) = frame.pair;
        let mut at = from;
        while let Some(asked) = self.rules.branches.get(union, writer, at) {
            self.budget.step()?;
            at += 1;
            if self.is_fine((asked, writer)) {
                return Ok(None);
            }
            if !self.rules.is_leaf(asked, writer) {
                frame.waiting = Some(Waiting::ReaderUnion { asked, next: at });
                return Ok(Some(((asked, writer), Locations::ROOT)));
            }
        }
        self.lacks(frame, frame.pair, frame.location)?;
        Ok(None)
    }

    fn lacks(&mut self, frame: &mut Frame, pair: Pair, location: LocationId) -> Result<(), Exceeded> {
        self.wrong(frame, Wrong::Here { pair, rule: IncompatibilityKind::MissingUnionBranch, field: None, location })
    }

    fn wrong(&mut self, frame: &mut Frame, wrong: Wrong) -> Result<(), Exceeded> {
        self.held.hold(size_of::<Wrong>())?;
        frame.wrong.push(wrong);
        Ok(())
    }

    /// Whether nothing can be wrong with a pair: it is primitive, or it was proved before.
    fn is_fine(&self, pair: Pair) -> bool {
        self.rules.are_readable_primitives(pair.0, pair.1)
            || self.proven.is_some_and(|proven| proven.contains(self.rules.reader, self.rules.writer, pair))
            || self.is_plain_union(pair)
    }

    /// Whether a pair has unions of a few primitive types that are all readable: most optional fields.
    fn is_plain_union(&self, pair: Pair) -> bool {
        const FEW: usize = 4;
        let (reader, writer) = (&self.rules.reader[pair.0].kind, &self.rules.writer[pair.1].kind);
        let reads = |reader: Id, writer: Id| self.rules.are_readable_primitives(reader, writer);
        match (reader, writer) {
            (Kind::Union(expected), Kind::Union(found)) if expected.len() <= FEW && found.len() <= FEW => {
                found.iter().all(|found| expected.iter().any(|expected| reads(*expected, *found)))
            }
            (Kind::Union(expected), Kind::Primitive(_)) if expected.len() <= FEW => {
                expected.iter().any(|expected| reads(*expected, pair.1))
            }
            _ => false,
        }
    }

    fn is_compatible(&mut self, frame: &mut Frame, pair: Pair) -> bool {
        let relied_on = match self.known.get(&pair.0.pair(pair.1)) {
            Some(Outcome::Open(depth)) => {
                // The frame at hand is off the stack.
                let relied_on = self.open.get_mut(*depth).unwrap_or(frame);
                relied_on.was_relied_on = true;
                Some(*depth)
            }
            Some(Outcome::Compatible { relied_on }) => *relied_on,
            Some(Outcome::Incompatible(_)) | None => return false,
        };
        frame.relied_on = match (frame.relied_on, relied_on) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        true
    }

    fn leave(&mut self, frame: Frame) {
        let depth = self.open.len();
        let outcome = if !frame.wrong.is_empty() {
            if frame.was_relied_on {
                for pair in self.provisional.drain(frame.provisional_from..) {
                    self.known.remove(&pair);
                }
            }
            Outcome::Incompatible(frame.wrong)
        } else if let Some(outer) = frame.relied_on.filter(|relied_on| *relied_on < depth) {
            self.provisional.push(frame.pair.0.pair(frame.pair.1));
            Outcome::Compatible { relied_on: Some(outer) }
        } else {
            for pair in self.provisional.drain(frame.provisional_from..) {
                self.known.insert(pair, Outcome::Compatible { relied_on: None });
            }
            Outcome::Compatible { relied_on: None }
        };
        self.known.insert(frame.pair.0.pair(frame.pair.1), outcome);
    }

    /// Lists what is wrong with the root: each pair once, however often it is used.
    fn collect(mut self, root: Pair, most_findings: usize) -> Result<Verdict, Exceeded> {
        let mut open = vec![Wrong::Below(root)];
        let mut seen = FastSet::default();
        let mut findings = Vec::new();
        let mut text_left = MOST_TEXT;
        while let Some(wrong) = open.pop() {
            self.budget.step()?;
            match wrong {
                Wrong::Below(pair) => {
                    // Every pair is taken apart at its first use.
                    if let Some(Outcome::Incompatible(below)) = self.known.remove(&pair.0.pair(pair.1)) {
                        open.extend(below.into_iter().rev());
                    }
                }
                Wrong::Here { pair, rule, field, location } => {
                    let mut message = String::new();
                    self.rules.write_message(&mut message, pair, rule, field).expect("writing to a string cannot fail");
                    self.budget.spend(message.len() as u64)?;
                    let fingerprint = self.locations.fingerprint(location);
                    if !seen.insert((rule, fingerprint, Fingerprint::of(message.as_bytes()))) {
                        continue;
                    }
                    self.held.hold(size_of::<(Fingerprint, Fingerprint)>() * 2)?;
                    if findings.len() < most_findings && text_left > 0 {
                        let location = self.locations.location(location);
                        self.budget.spend(location.len() as u64)?;
                        text_left = text_left.saturating_sub(location.len() + message.len());
                        findings.push(Incompatibility { kind: rule, location, message });
                    }
                }
            }
        }
        let omitted = seen.len() - findings.len();
        Ok(Verdict { findings, omitted, exception: None })
    }
}

/// The memory of a pair: its entry, its frame, its location.
const ENTRY_BYTES: usize = 2 * (size_of::<u64>() + size_of::<Outcome>()) + size_of::<Frame>();

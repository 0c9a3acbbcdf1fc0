//! The walk over pairs of types: every pair once, on a stack of its own, optimistic about recursion.
//!
//! A pair that is met while it is being looked at counts as compatible. A result that relied on this is provisional: it
//! is kept while that pair is open, becomes final when the pair turns out compatible, and is forgotten when anything on
//! the way turns out incompatible. So the verdict does not depend on the order of the walk. Incompatibility is always
//! final, because optimism can only hide it.

use std::collections::{HashMap, HashSet};
use std::vec::IntoIter;

use super::rules::{Rules, Step, Token, upper};
use super::{Incompatibility, IncompatibilityKind};
use crate::model::{Id, Inner};

type Pair = (Id, Id);

/// Finds everything that is wrong; an error is the text of Java's exception.
pub(super) fn run(reader: &Inner, writer: &Inner) -> Result<Vec<Incompatibility>, String> {
    let root = (reader.root, writer.root);
    let mut walk = Walk::new(reader, writer);
    walk.run(root)?;
    Ok(walk.collect(root))
}

/// Finds all pairs of types that are incompatible; where Java gives up, the pairs that were open then count as such.
pub(crate) fn incompatible_pairs(reader: &Inner, writer: &Inner) -> HashSet<(Id, Id)> {
    let mut walk = Walk::new(reader, writer);
    let open = match walk.run((reader.root, writer.root)) {
        Ok(()) => Vec::new(),
        Err(_) => walk.gave_up_at,
    };
    let known = walk.known.into_iter();
    known
        .filter_map(|(pair, outcome)| matches!(outcome, Outcome::Incompatible(_)).then_some(pair))
        .chain(open)
        .collect()
}

/// Beyond this the schemas are not worth comparing: a few seconds of work, which only hostile schemas need.
const MOST_STEPS: usize = 10_000_000;

enum Outcome {
    /// Being looked at, at this depth of the stack.
    Open(usize),
    /// Compatible; provisional when it relied on an open pair, the outermost of which is at that depth.
    Compatible {
        relied_on: Option<usize>,
    },
    Incompatible(Vec<Wrong>),
}

/// What is wrong with a pair: something of its own, or everything that is wrong with a pair below it.
enum Wrong {
    Here(Incompatibility),
    Below(Pair),
}

struct Frame {
    pair: Pair,
    place: Place,
    steps: IntoIter<Step>,
    waiting: Option<Waiting>,
    wrong: Vec<Wrong>,
    relied_on: Option<usize>,
    /// How many provisional results there were before this pair.
    provisional_from: usize,
    was_relied_on: bool,
}

/// The step that waits for the answer about a pair.
enum Waiting {
    Below(Pair),
    WriterBranch { writer: Id, place: Place },
    ReaderUnion { asked: Id, rest: IntoIter<Id>, writer: Id },
}

struct Walk<'s> {
    rules: Rules<'s>,
    known: HashMap<Pair, Outcome>,
    provisional: Vec<Pair>,
    open: Vec<Frame>,
    places: Places,
    steps_left: usize,
    gave_up_at: Vec<Pair>,
}

impl<'s> Walk<'s> {
    fn new(reader: &'s Inner, writer: &'s Inner) -> Self {
        Self {
            rules: Rules::new(reader, writer),
            known: HashMap::new(),
            provisional: Vec::new(),
            open: Vec::new(),
            places: Places { nodes: vec![(0, Token::Name(""))] },
            steps_left: MOST_STEPS,
            gave_up_at: Vec::new(),
        }
    }

    fn run(&mut self, root: Pair) -> Result<(), String> {
        self.enter(root, Places::ROOT);
        while let Some(mut frame) = self.open.pop() {
            self.steps_left = self.steps_left.checked_sub(1).ok_or("The schemas are too large to be compared")?;
            let pair_below = if let Some(waiting) = frame.waiting.take() {
                self.answer(&mut frame, waiting)
            } else if let Some(step) = frame.steps.next() {
                self.begin(&mut frame, step)?
            } else {
                self.leave(frame);
                continue;
            };
            self.open.push(frame);
            if let Some((pair, place)) = pair_below {
                self.enter(pair, place);
            }
        }
        Ok(())
    }

    fn enter(&mut self, pair: Pair, place: Place) {
        if self.known.contains_key(&pair) {
            return;
        }
        self.known.insert(pair, Outcome::Open(self.open.len()));
        self.open.push(Frame {
            pair,
            place,
            steps: self.rules.steps(pair.0, pair.1).into_iter(),
            waiting: None,
            wrong: Vec::new(),
            relied_on: None,
            provisional_from: self.provisional.len(),
            was_relied_on: false,
        });
    }

    /// Begins a step; returns the pair it has to wait for.
    fn begin(&mut self, frame: &mut Frame, step: Step) -> Result<Option<(Pair, Place)>, String> {
        match step {
            Step::GiveUp { message } => {
                self.gave_up_at = self.open.iter().map(|frame| frame.pair).chain([frame.pair]).collect();
                Err(message)
            }
            Step::Wrong { rule, at, message } => {
                let place = self.places.below(frame.place, &at);
                let location = self.places.location(place);
                frame.wrong.push(Wrong::Here(Incompatibility { kind: rule, location, message }));
                Ok(None)
            }
            // Most fields are primitive and need no frame of their own.
            Step::Below { reader, writer, .. } if self.rules.are_readable_primitives(reader, writer) => Ok(None),
            Step::Below { reader, writer, at } => {
                frame.waiting = Some(Waiting::Below((reader, writer)));
                Ok(Some(((reader, writer), self.places.below(frame.place, &at))))
            }
            // In a search through a union Java begins a new location and drops what it finds.
            Step::WriterBranch { writer, at } => {
                let place = self.places.below(frame.place, &at);
                frame.waiting = Some(Waiting::WriterBranch { writer, place });
                Ok(Some(((frame.pair.0, writer), Places::ROOT)))
            }
            Step::ReaderUnion { branches, writer } => Ok(self.ask_next(frame, branches.into_iter(), writer)),
        }
    }

    /// Takes the answer that a step waited for; returns the next pair it has to wait for.
    fn answer(&mut self, frame: &mut Frame, waiting: Waiting) -> Option<(Pair, Place)> {
        match waiting {
            Waiting::Below(pair) => {
                if !self.is_compatible(frame, pair) {
                    frame.wrong.push(Wrong::Below(pair));
                }
                None
            }
            Waiting::WriterBranch { writer, place } => {
                if !self.is_compatible(frame, (frame.pair.0, writer)) {
                    self.lacks(frame, writer, place);
                }
                None
            }
            Waiting::ReaderUnion { asked, rest, writer } => {
                if self.is_compatible(frame, (asked, writer)) {
                    return None;
                }
                self.ask_next(frame, rest, writer)
            }
        }
    }

    fn ask_next(&mut self, frame: &mut Frame, mut rest: IntoIter<Id>, writer: Id) -> Option<(Pair, Place)> {
        let Some(asked) = rest.next() else {
            self.lacks(frame, writer, frame.place);
            return None;
        };
        frame.waiting = Some(Waiting::ReaderUnion { asked, rest, writer });
        Some(((asked, writer), Places::ROOT))
    }

    fn lacks(&self, frame: &mut Frame, writer: Id, place: Place) {
        let writer = upper(&self.rules.writer[writer].kind);
        frame.wrong.push(Wrong::Here(Incompatibility {
            kind: IncompatibilityKind::MissingUnionBranch,
            location: self.places.location(place),
            message: format!("reader union lacking writer type: {writer}"),
        }));
    }

    fn is_compatible(&mut self, frame: &mut Frame, pair: Pair) -> bool {
        let relied_on = match self.known.get(&pair) {
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
            self.provisional.push(frame.pair);
            Outcome::Compatible { relied_on: Some(outer) }
        } else {
            for pair in self.provisional.drain(frame.provisional_from..) {
                self.known.insert(pair, Outcome::Compatible { relied_on: None });
            }
            Outcome::Compatible { relied_on: None }
        };
        self.known.insert(frame.pair, outcome);
    }

    /// Lists what is wrong with the root: each pair once, however often it is used.
    fn collect(mut self, root: Pair) -> Vec<Incompatibility> {
        let mut open = vec![Wrong::Below(root)];
        let mut seen = HashSet::new();
        let mut findings = Vec::new();
        while let Some(wrong) = open.pop() {
            match wrong {
                Wrong::Below(pair) => {
                    // Every pair is taken apart at its first use.
                    if let Some(Outcome::Incompatible(below)) = self.known.remove(&pair) {
                        open.extend(below.into_iter().rev());
                    }
                }
                Wrong::Here(finding) => {
                    if seen.insert(finding.clone()) {
                        findings.push(finding);
                    }
                }
            }
        }
        findings
    }
}

#[derive(Debug, Clone, Copy)]
struct Place(usize);

/// Locations as a tree of tokens, so that a place costs nothing until it is printed.
struct Places {
    nodes: Vec<(usize, Token)>,
}

impl Places {
    const ROOT: Place = Place(0);

    fn below(&mut self, place: Place, tokens: &[Token]) -> Place {
        tokens.iter().fold(place, |place, token| {
            self.nodes.push((place.0, *token));
            Place(self.nodes.len() - 1)
        })
    }

    fn location(&self, mut place: Place) -> String {
        let mut tokens = Vec::new();
        while place.0 > 0 {
            let (parent, token) = self.nodes[place.0];
            tokens.push(match token {
                Token::Name(name) => name.to_owned(),
                Token::Index(index) => index.to_string(),
            });
            place = Place(parent);
        }
        tokens.reverse();
        format!("/{}", tokens.join("/"))
    }
}

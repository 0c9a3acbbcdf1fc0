//! The compatibility engine: walks two models in step and collects how the update differs from the original.
//!
//! The original is what data was written with, the update what reads it; inside `not` they change places.

mod array;
mod combined;
mod hash_order;
mod matching;
mod object;
mod outcome;
mod scalar;
mod shapes;

use std::collections::{HashMap, HashSet};

use avow_budget::{Budget, Exceeded};

use crate::difference::{Difference, DifferenceKind as D, Policy};
use crate::model::{Combined, Criterion, Kind, Model, Node, NodeId};
use crate::stack::{FRAME_BYTES, deep};
use outcome::{Findings, OutcomeId, Outcomes};
use shapes::Shapes;

/// A schema to compare: a model and its root.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) model: &'a Model,
    pub(crate) root: NodeId,
}

pub(crate) fn compare(
    writer: Side,
    reader: Side,
    policy: Policy,
    budget: &Budget,
) -> Result<Vec<Difference>, Exceeded> {
    let mut engine = Engine {
        models: [writer.model, reader.model],
        policy,
        budget,
        outcomes: Outcomes::default(),
        finished: HashMap::new(),
        open: HashSet::new(),
        refuted: HashMap::new(),
        assumed: false,
        shapes: [Shapes::default(), Shapes::default()],
    };
    let pair = Pair { original: Handle { side: 0, id: writer.root }, update: Handle { side: 1, id: reader.root } };
    // A pair that is met again inside itself is taken for equal. Where that proves wrong, the walk starts again with
    // what is known, until nothing new is learned.
    loop {
        let root = engine.pair(pair)?;
        if !engine.assumed || !engine.learn() {
            return engine.outcomes.flatten(root, budget);
        }
        engine.finished.clear();
        engine.assumed = false;
    }
}

/// A node of one of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Handle {
    side: usize,
    id: NodeId,
}

impl Handle {
    /// Another node of the same model.
    fn of(self, id: NodeId) -> Self {
        Self { id, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Pair {
    original: Handle,
    update: Handle,
}

impl Pair {
    /// The same two models at other nodes.
    fn at(self, original: NodeId, update: NodeId) -> Self {
        Self { original: self.original.of(original), update: self.update.of(update) }
    }
}

struct Engine<'a> {
    models: [&'a Model; 2],
    policy: Policy,
    budget: &'a Budget,
    outcomes: Outcomes,
    finished: HashMap<Pair, OutcomeId>,
    /// Pairs that are being compared.
    open: HashSet<Pair>,
    /// Pairs that an earlier walk found incompatible.
    refuted: HashMap<Pair, OutcomeId>,
    /// A pair was taken for equal in this walk.
    assumed: bool,
    shapes: [Shapes; 2],
}

impl<'a> Engine<'a> {
    fn node(&self, handle: Handle) -> &'a Node {
        self.models[handle.side].node(handle.id)
    }

    /// What a reference refers to, or the node itself.
    fn referred(&self, handle: Handle) -> Handle {
        match self.node(handle).kind {
            Kind::Reference { target, .. } => match self.models[handle.side].target(target) {
                Some(id) => handle.of(id),
                None => handle,
            },
            _ => handle,
        }
    }

    /// Keeps the pairs that this walk found incompatible; `false` if all of them were known.
    fn learn(&mut self) -> bool {
        let known = self.refuted.len();
        for (pair, outcome) in &self.finished {
            if !self.outcomes.is_compatible(*outcome) {
                self.refuted.insert(*pair, *outcome);
            }
        }
        self.refuted.len() > known
    }

    /// Compares two schemas of which one or both may be absent, and puts the differences at `path`.
    fn optional(
        &mut self,
        findings: &mut Findings,
        path: &str,
        pair: Pair,
        original: Option<NodeId>,
        update: Option<NodeId>,
    ) -> Result<(), Exceeded> {
        match (original, update) {
            (None, None) => {}
            (None, Some(_)) => findings.add(path, D::SchemaAdded),
            (Some(_), None) => findings.add(path, D::SchemaRemoved),
            (Some(original), Some(update)) => {
                let outcome = self.pair(pair.at(original, update))?;
                findings.include(path, outcome, &self.outcomes);
            }
        }
        Ok(())
    }

    fn pair(&mut self, pair: Pair) -> Result<OutcomeId, Exceeded> {
        self.budget.step()?;
        let pair = Pair { original: self.referred(pair.original), update: self.referred(pair.update) };
        if let Some(outcome) = self.finished.get(&pair) {
            return Ok(*outcome);
        }
        if !self.open.insert(pair) {
            if let Some(outcome) = self.refuted.get(&pair) {
                return Ok(*outcome);
            }
            self.assumed = true;
            return Ok(self.outcomes.nothing());
        }
        self.budget.hold(FRAME_BYTES)?;
        let mut findings = Findings::new(self.policy);
        deep(|| self.schemas(&mut findings, pair))?;
        self.budget.release(FRAME_BYTES);
        self.open.remove(&pair);
        let outcome = self.outcomes.add(findings, self.budget)?;
        self.finished.insert(pair, outcome);
        Ok(outcome)
    }

    fn schemas(&mut self, findings: &mut Findings, pair: Pair) -> Result<(), Exceeded> {
        let (original, update) = (self.node(pair.original), self.node(pair.update));
        match (&original.kind, &update.kind) {
            (Kind::Combined(_), Kind::Combined(_)) => {}
            (_, Kind::Combined(combined)) if self.joins(findings, pair, combined)? => return Ok(()),
            (Kind::Combined(combined), _) if self.leaves(findings, pair, combined)? => return Ok(()),
            _ => {}
        }
        if std::mem::discriminant(&original.kind) != std::mem::discriminant(&update.kind) {
            let accepted = matches!(original.kind, Kind::False)
                || update.accepts_all()
                || (original.is_connect_bytes() && update.is_connect_bytes());
            if !accepted {
                findings.add("", D::TypeChanged);
            }
            return Ok(());
        }
        for (differs, kind) in [
            (original.id != update.id, D::IdChanged),
            (original.title != update.title, D::TitleChanged),
            (original.description != update.description, D::DescriptionChanged),
            (original.default != update.default, D::DefaultChanged),
        ] {
            if differs {
                findings.add("", kind);
            }
        }
        self.rules(findings, pair, &original.kind, &update.kind)
    }

    fn rules(&mut self, findings: &mut Findings, pair: Pair, original: &Kind, update: &Kind) -> Result<(), Exceeded> {
        match (original, update) {
            (Kind::String(original), Kind::String(update)) => scalar::strings(findings, original, update),
            (Kind::Number(original), Kind::Number(update)) => scalar::numbers(findings, original, update),
            (Kind::Enum(original), Kind::Enum(update)) => {
                self.budget.spend((original.len() + update.len()) as u64)?;
                scalar::enums(findings, original, update);
            }
            (Kind::Const(original), Kind::Const(update)) => scalar::constants(findings, original, update),
            (Kind::Not(original), Kind::Not(update)) => {
                let turned = Pair { original: pair.update.of(*update), update: pair.original.of(*original) };
                let outcome = self.pair(turned)?;
                let narrowed = self.outcomes.is_compatible(outcome);
                findings.add("not", if narrowed { D::NotTypeNarrowed } else { D::NotTypeExtended });
            }
            (Kind::Combined(original), Kind::Combined(update)) => {
                self.combinations(findings, pair, original, update)?;
            }
            (Kind::Object(original), Kind::Object(update)) => self.objects(findings, pair, original, update)?,
            (Kind::Array(original), Kind::Array(update)) => self.arrays(findings, pair, original, update)?,
            _ => {}
        }
        Ok(())
    }

    /// The original is compatible with a member of the update.
    fn joins(&mut self, findings: &mut Findings, pair: Pair, update: &Combined) -> Result<bool, Exceeded> {
        if let [only] = update.members[..] {
            return self.try_pair(findings, pair.at(pair.original.id, only));
        }
        if update.criterion != Criterion::All {
            for member in &update.members {
                if self.try_pair(findings, pair.at(pair.original.id, *member))? {
                    findings.add("", D::SumTypeExtended);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// A member of the original is compatible with the update.
    fn leaves(&mut self, findings: &mut Findings, pair: Pair, original: &Combined) -> Result<bool, Exceeded> {
        if let [only] = original.members[..] {
            return self.try_pair(findings, pair.at(only, pair.update.id));
        }
        if original.criterion == Criterion::All {
            for member in &original.members {
                if self.try_pair(findings, pair.at(*member, pair.update.id))? {
                    findings.add("", D::ProductTypeNarrowed);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes the differences of a pair if all of them are allowed.
    fn try_pair(&mut self, findings: &mut Findings, pair: Pair) -> Result<bool, Exceeded> {
        let outcome = self.pair(pair)?;
        let compatible = self.outcomes.is_compatible(outcome);
        if compatible {
            findings.include("", outcome, &self.outcomes);
        }
        Ok(compatible)
    }
}

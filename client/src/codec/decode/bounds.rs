//! Static bounds of a program: the minimum width of each type, and which records are recursive.

use std::collections::HashSet;

use super::program::{Op, Program, Record, Step};

impl Program {
    /// Computes the bounds against which block counts are checked.
    pub(super) fn bound(&mut self) {
        self.mark_recursive();
        self.measure();
    }

    /// The least number of bytes that a type takes; recursive types at least as much as was found so far.
    fn width(&self, op: Op, records: &[usize]) -> usize {
        match op {
            Op::Null | Op::Error(_) => 0,
            Op::Boolean
            | Op::Int(_)
            | Op::IntAsLong(_)
            | Op::IntAsFloat
            | Op::IntAsDouble
            | Op::Long(_)
            | Op::LongAsFloat
            | Op::LongAsDouble
            | Op::Bytes(_)
            | Op::BytesAsString(_)
            | Op::String(_)
            | Op::StringAsBytes(_)
            | Op::Enum(_)
            | Op::Array(_)
            | Op::Map(_) => 1,
            Op::Float | Op::FloatAsDouble => 4,
            Op::Double => 8,
            Op::Fixed(at) => self.fixed[at as usize].size,
            Op::Record(at) => records[at as usize],
            Op::Union(at) => {
                let branches = self.unions[at as usize].iter().map(|branch| self.width(branch.op, records));
                branches.min().unwrap_or(0).saturating_add(1)
            }
            Op::Branch(at) => self.width(self.branches[at as usize].op, records),
        }
    }

    fn measure(&mut self) {
        const MAX_ROUNDS: usize = 100;
        let mut widths = vec![0_usize; self.records.len()];
        for _ in 0..MAX_ROUNDS {
            let mut has_changed = false;
            for at in (0..widths.len()).rev() {
                let read = self.records[at].steps.iter().filter_map(Step::op_of_message);
                let width = read.fold(0_usize, |sum, op| sum.saturating_add(self.width(op, &widths)));
                has_changed |= width != widths[at];
                widths[at] = width;
            }
            if !has_changed {
                break;
            }
        }
        for at in 0..self.records.len() {
            let read = self.records[at].steps.iter().filter_map(Step::op_of_message);
            self.records[at].zero_width_fields = read.filter(|op| self.width(*op, &widths) == 0).count();
        }
        for at in 0..self.lists.len() {
            let item = self.width(self.lists[at].item, &widths);
            self.lists[at].width = self.lists[at].width.saturating_add(item);
        }
    }

    /// Finds the records that contain themselves.
    fn mark_recursive(&mut self) {
        let edges: Vec<Vec<usize>> = self.records.iter().map(|record| self.records_in(record)).collect();
        let cycles = cycles(&edges);
        for (record, is_recursive) in self.records.iter_mut().zip(cycles) {
            record.is_recursive = is_recursive;
        }
    }

    fn records_in(&self, record: &Record) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open: Vec<Op> = record
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Read { op, .. } | Step::Default { op, .. } => Some(*op),
                Step::Skip(_) => None,
            })
            .collect();
        let mut seen = HashSet::new();
        while let Some(op) = open.pop() {
            match op {
                Op::Record(at) => found.push(at as usize),
                Op::Array(at) | Op::Map(at) if seen.insert((0, at)) => open.push(self.lists[at as usize].item),
                Op::Union(at) if seen.insert((1, at)) => {
                    open.extend(self.unions[at as usize].iter().map(|branch| branch.op));
                }
                Op::Branch(at) => open.push(self.branches[at as usize].op),
                _ => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// For each node of a graph, whether it may be on a cycle: nodes without successors and nodes without predecessors are
/// removed until none is left. Nodes between two cycles stay marked, which is the safe side.
fn cycles(edges: &[Vec<usize>]) -> Vec<bool> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, tos) in edges.iter().enumerate() {
        for to in tos {
            reversed[*to].push(from);
        }
    }
    let mut is_left = vec![true; edges.len()];
    for (ways, back) in [(edges, &reversed[..]), (&reversed[..], edges)] {
        let mut counts: Vec<usize> = ways.iter().map(|ways| ways.iter().filter(|to| is_left[**to]).count()).collect();
        let mut open: Vec<usize> = (0..ways.len()).filter(|at| is_left[*at] && counts[*at] == 0).collect();
        while let Some(at) = open.pop() {
            is_left[at] = false;
            for from in &back[at] {
                counts[*from] -= 1;
                if counts[*from] == 0 && is_left[*from] {
                    open.push(*from);
                }
            }
        }
    }
    is_left
}

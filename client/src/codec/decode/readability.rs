//! Whether a resolution can decode any datum at all.

use std::collections::HashMap;

use avow_avro::{ActionId, Resolution, Step};
use avow_budget::{Budget, Exceeded};

/// An action on the way from the root.
struct Node {
    children: Vec<ActionId>,
    /// Unreadable children that make this action unreadable; zero once it is.
    failures_left: usize,
}

impl Node {
    fn new(step: &Step) -> Self {
        let (children, failures_left) = match step {
            Step::Error(_) => (Vec::new(), 0),
            Step::Enum(mapping) => (Vec::new(), usize::from(mapping.iter().any(Option::is_some))),
            Step::Branch { inner, .. } => (vec![*inner], 1),
            Step::Record { fields, .. } => (fields.iter().flatten().map(|(_, field)| *field).collect(), 1),
            Step::Branches(branches) => (branches.clone(), branches.len()),
            // Whatever its items are, an array or map may be empty.
            Step::Items(_) | Step::Read => (Vec::new(), 1),
        };
        Self { children, failures_left }
    }
}

/// Whether some datum of the writer can be decoded.
///
/// An action is unreadable when every datum runs into an error. A recursive action counts as readable, which only moves
/// the error from the plan to the record. Every action and every edge between two is visited once.
pub(super) fn is_readable(resolution: &Resolution<'_>, root: ActionId, budget: &Budget) -> Result<bool, Exceeded> {
    let mut nodes = Vec::new();
    let mut index_of = HashMap::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        budget.step()?;
        if index_of.contains_key(&id) {
            continue;
        }
        let Some(action) = resolution.action(id) else { return Ok(false) };
        index_of.insert(id, nodes.len());
        let node = Node::new(&action.step);
        open.extend(&node.children);
        nodes.push(node);
    }
    let mut parents = vec![Vec::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for child in &node.children {
            parents[index_of[child]].push(index);
        }
    }
    let mut unreadable: Vec<usize> = (0..nodes.len()).filter(|index| nodes[*index].failures_left == 0).collect();
    while let Some(index) = unreadable.pop() {
        for parent in &parents[index] {
            let left = &mut nodes[*parent].failures_left;
            if *left > 0 {
                *left -= 1;
                if *left == 0 {
                    unreadable.push(*parent);
                }
            }
        }
    }
    Ok(nodes[index_of[&root]].failures_left > 0)
}

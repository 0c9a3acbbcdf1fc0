//! The tree that schemas of all drafts are loaded into, and that the comparison walks.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::decimal::Decimal;
use crate::pattern::Pattern;
use crate::value::Json;

/// The place of a node in its [`Model`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// What a reference refers to, once that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TargetId(u32);

/// All nodes of one schema. References make it a graph.
#[derive(Debug, Default)]
pub(crate) struct Model {
    nodes: Vec<Node>,
    targets: Vec<Option<NodeId>>,
}

impl Model {
    pub(crate) fn add(&mut self, node: impl Into<Node>) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("the step budget keeps documents below 2^32 nodes"));
        self.nodes.push(node.into());
        id
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// A target for references whose schema is loaded later.
    pub(crate) fn open_target(&mut self) -> TargetId {
        let id = TargetId(u32::try_from(self.targets.len()).expect("there are fewer targets than nodes"));
        self.targets.push(None);
        id
    }

    pub(crate) fn close_target(&mut self, target: TargetId, node: NodeId) {
        self.targets[target.0 as usize] = Some(node);
    }

    pub(crate) fn target(&self, target: TargetId) -> Option<NodeId> {
        self.targets[target.0 as usize]
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: Option<Arc<str>>,
    pub(crate) title: Option<Arc<str>>,
    pub(crate) description: Option<Arc<str>>,
    pub(crate) default: Option<Json>,
    /// Members that no keyword of the draft accounts for.
    pub(crate) unprocessed: Vec<(Arc<str>, Json)>,
    pub(crate) kind: Kind,
}

impl From<Kind> for Node {
    fn from(kind: Kind) -> Self {
        Self { id: None, title: None, description: None, default: None, unprocessed: Vec::new(), kind }
    }
}

impl Node {
    /// The kind and bytes of Kafka Connect: such schemas are not compared by type.
    pub(crate) fn is_connect_bytes(&self) -> bool {
        self.unprocessed
            .iter()
            .any(|(key, value)| &**key == "connect.type" && value.as_str().is_some_and(|value| &**value == "bytes"))
    }

    /// `{}` or `true`.
    pub(crate) fn accepts_all(&self) -> bool {
        matches!(self.kind, Kind::Empty | Kind::True)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Empty,
    True,
    False,
    Null,
    Boolean,
    Number(NumberRules),
    String(StringRules),
    Object(Box<ObjectRules>),
    Array(Box<ArrayRules>),
    Enum(Arc<Vec<Json>>),
    Const(Json),
    Not(NodeId),
    Combined(Combined),
    Conditional { condition: Option<NodeId>, then: Option<NodeId>, otherwise: Option<NodeId> },
    Reference { reference: Arc<str>, target: TargetId },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct NumberRules {
    /// The type is asked for, not only constrained.
    pub(crate) typed: bool,
    pub(crate) integer: bool,
    pub(crate) minimum: Option<Decimal>,
    pub(crate) maximum: Option<Decimal>,
    pub(crate) exclusive_minimum: Option<Decimal>,
    pub(crate) exclusive_maximum: Option<Decimal>,
    pub(crate) multiple_of: Option<Decimal>,
    /// The flags of draft 4 for the minimum and the maximum, which are never compared.
    pub(crate) excluded: [bool; 2],
}

#[derive(Clone, Debug, Default)]
pub(crate) struct StringRules {
    pub(crate) typed: bool,
    pub(crate) min_length: Option<i32>,
    pub(crate) max_length: Option<i32>,
    pub(crate) pattern: Option<Pattern>,
    /// Never compared.
    pub(crate) format: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectRules {
    pub(crate) typed: bool,
    pub(crate) properties: IndexMap<Arc<str>, NodeId>,
    pub(crate) required: BTreeSet<Arc<str>>,
    pub(crate) pattern_properties: Vec<(Pattern, NodeId)>,
    pub(crate) additional: Rest,
    pub(crate) unevaluated: Option<NodeId>,
    pub(crate) property_dependencies: IndexMap<Arc<str>, BTreeSet<Arc<str>>>,
    pub(crate) schema_dependencies: IndexMap<Arc<str>, NodeId>,
    /// Never compared.
    pub(crate) property_names: Option<NodeId>,
    pub(crate) min_properties: Option<i32>,
    pub(crate) max_properties: Option<i32>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ArrayRules {
    pub(crate) typed: bool,
    pub(crate) all_items: Option<NodeId>,
    pub(crate) tuple: Vec<NodeId>,
    pub(crate) additional: Rest,
    pub(crate) unevaluated: Option<NodeId>,
    /// Never compared.
    pub(crate) contains: Option<NodeId>,
    pub(crate) min_contains: Option<i32>,
    pub(crate) max_contains: Option<i32>,
    pub(crate) min_items: Option<i32>,
    pub(crate) max_items: Option<i32>,
    pub(crate) unique: bool,
}

impl ArrayRules {
    /// The items after the last that has a schema of its own. One schema for all items leaves none to close.
    pub(crate) fn rest(&self) -> Rest {
        let Rest { permitted, schema } = self.additional;
        Rest { permitted: permitted || schema.is_some() || self.all_items.is_some(), schema }
    }
}

/// The properties or items that nothing else describes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) permitted: bool,
    pub(crate) schema: Option<NodeId>,
}

impl Default for Rest {
    fn default() -> Self {
        Self { permitted: true, schema: None }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Combined {
    pub(crate) criterion: Criterion,
    pub(crate) members: Vec<NodeId>,
    pub(crate) origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Criterion {
    All,
    Any,
    One,
}

impl Criterion {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::All => "allOf",
            Self::Any => "anyOf",
            Self::One => "oneOf",
        }
    }
}

/// Where a combination comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A keyword of the document.
    Keyword,
    /// Several kinds of keywords, or several types, in one object.
    Generated,
}

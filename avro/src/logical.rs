//! Logical types: which ones Java Avro 1.12.1 recognises. They never decide anything, except the normal form.

use crate::json::{Number, Value};
use crate::model::{Fixed, Kind, Node, Primitive};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logical<'n> {
    Decimal { precision: i32, scale: i32 },
    Named(&'n str),
}

const LONG_TYPES: [&str; 7] = [
    "time-micros",
    "timestamp-millis",
    "timestamp-micros",
    "timestamp-nanos",
    "local-timestamp-millis",
    "local-timestamp-micros",
    "local-timestamp-nanos",
];

impl Logical<'_> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Decimal { .. } => "decimal",
            Self::Named(name) => name,
        }
    }
}

impl Node {
    /// The logical type when Java would; an invalid one is a plain property.
    pub(crate) fn logical(&self) -> Option<Logical<'_>> {
        let name = self.property("logicalType")?.as_str()?;
        let fits = match &self.kind {
            _ if name == "decimal" => return self.decimal(),
            Kind::Primitive(Primitive::Int) => matches!(name, "date" | "time-millis"),
            Kind::Primitive(Primitive::Long) => LONG_TYPES.contains(&name),
            Kind::Primitive(Primitive::String) | Kind::Fixed(Fixed { size: 16, .. }) => name == "uuid",
            Kind::Primitive(Primitive::Bytes) => name == "big-decimal",
            Kind::Fixed(Fixed { size: 12, .. }) => name == "duration",
            _ => false,
        };
        fits.then_some(Logical::Named(name))
    }

    fn decimal(&self) -> Option<Logical<'_>> {
        let most = match &self.kind {
            Kind::Primitive(Primitive::Bytes) => f64::from(i32::MAX),
            Kind::Fixed(fixed) => (std::f64::consts::LOG10_2 * (8.0 * f64::from(fixed.size) - 1.0)).floor(),
            _ => return None,
        };
        let int = |name| match self.property(name)? {
            Value::Number(Number::Int(number)) => Some(*number),
            _ => None,
        };
        let precision = int("precision")?;
        let scale = if self.property("scale").is_some() { int("scale")? } else { 0 };
        (precision > 0 && f64::from(precision) <= most && (0..=precision).contains(&scale))
            .then_some(Logical::Decimal { precision, scale })
    }
}

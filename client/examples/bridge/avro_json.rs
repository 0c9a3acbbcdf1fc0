//! Data of any schema, to and from Avro's JSON encoding: what programs in other languages read and write as well.

use std::fmt;

use avow_avro::{Schema, Type, TypeId};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// A datum, as far as a decoder knows its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Any {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Items(Vec<Any>),
    Fields(Vec<(String, Any)>),
    /// Only to be written: the name says which branch of a union is meant.
    Branch(&'static str, Box<Any>),
}

/// Reads a datum of a schema.
pub(crate) fn from_json(schema: &Schema, json: &Value) -> Result<Any, String> {
    read(schema, schema.root_type(), json).ok_or_else(|| format!("{json} does not fit the schema"))
}

/// Writes a datum of a schema.
pub(crate) fn to_json(schema: &Schema, datum: &Any) -> Result<Value, String> {
    write(schema, schema.root_type(), datum).ok_or_else(|| format!("{datum:?} does not fit the schema"))
}

fn read(schema: &Schema, id: TypeId, json: &Value) -> Option<Any> {
    Some(match (schema.type_of(id), json) {
        (Type::Null | Type::Union(_), Value::Null) => Any::Null,
        (Type::Boolean, Value::Bool(value)) => Any::Boolean(*value),
        (Type::Int, value) => Any::Int(value.as_i64()?.try_into().ok()?),
        (Type::Long, value) => Any::Long(value.as_i64()?),
        #[expect(clippy::cast_possible_truncation, reason = "what was a float before it was written in decimal")]
        (Type::Float, value) => Any::Float(value.as_f64()? as f32),
        (Type::Double, value) => Any::Double(value.as_f64()?),
        (Type::String | Type::Enum(_), Value::String(text)) => Any::Text(text.clone()),
        (Type::Bytes | Type::Fixed(_), Value::String(latin)) => {
            Any::Bytes(latin.chars().map(|one| u8::try_from(one).ok()).collect::<Option<_>>()?)
        }
        (Type::Array(item), Value::Array(items)) => {
            Any::Items(items.iter().map(|json| read(schema, item, json)).collect::<Option<_>>()?)
        }
        (Type::Map(value), Value::Object(entries)) => {
            let entry = |(key, json): (&String, &Value)| Some((key.clone(), read(schema, value, json)?));
            Any::Fields(entries.iter().map(entry).collect::<Option<_>>()?)
        }
        (Type::Record(members), Value::Object(fields)) => {
            let mut data = Vec::with_capacity(members.len());
            for member in members {
                data.push((member.name.to_owned(), read(schema, member.kind, fields.get(member.name)?)?));
            }
            Any::Fields(data)
        }
        (Type::Union(branches), Value::Object(tagged)) => {
            let (name, json) = tagged.iter().next()?;
            let branch = *branches.iter().find(|branch| schema.name_of(**branch) == *name)?;
            // A handful of names for the life of a small program: serde wants them to be forever.
            Any::Branch(String::leak(name.clone()), Box::new(read(schema, branch, json)?))
        }
        _ => return None,
    })
}

fn write(schema: &Schema, id: TypeId, datum: &Any) -> Option<Value> {
    Some(match (schema.type_of(id), datum) {
        (Type::Null | Type::Union(_), Any::Null) => Value::Null,
        (Type::Boolean, Any::Boolean(value)) => json!(value),
        (Type::Int, Any::Int(value)) => json!(value),
        (Type::Long, Any::Long(value)) => json!(value),
        (Type::Float, Any::Float(value)) => json!(value),
        (Type::Double, Any::Double(value)) => json!(value),
        (Type::String, Any::Text(text)) => json!(text),
        (Type::Enum(symbols), Any::Text(symbol)) if symbols.contains(symbol) => json!(symbol),
        (Type::Bytes | Type::Fixed(_), Any::Bytes(bytes)) => {
            Value::String(bytes.iter().copied().map(char::from).collect())
        }
        (Type::Array(item), Any::Items(items)) => {
            Value::Array(items.iter().map(|datum| write(schema, item, datum)).collect::<Option<_>>()?)
        }
        (Type::Map(value), Any::Fields(entries)) => {
            let entry = |(key, datum): &(String, Any)| Some((key.clone(), write(schema, value, datum)?));
            Value::Object(entries.iter().map(entry).collect::<Option<Map<_, _>>>()?)
        }
        (Type::Record(members), Any::Fields(fields)) if members.len() == fields.len() => {
            let mut object = Map::new();
            for member in members {
                // Fields come in the order of the writer.
                let (_, datum) = fields.iter().find(|(name, _)| name == member.name)?;
                object.insert(member.name.to_owned(), write(schema, member.kind, datum)?);
            }
            Value::Object(object)
        }
        // The first branch that fits: a decoder does not report which one it was.
        (Type::Union(branches), datum) => {
            let tagged = |id: &TypeId| Some((schema.name_of(*id), write(schema, *id, datum)?));
            let (name, value) = branches.iter().find_map(tagged)?;
            json!({ name: value })
        }
        _ => return None,
    })
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i32(*value),
            Self::Long(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f32(*value),
            Self::Double(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Items(items) => serializer.collect_seq(items),
            Self::Fields(fields) => serializer.collect_map(fields.iter().map(|(name, datum)| (name, datum))),
            Self::Branch(name, datum) => serializer.serialize_newtype_variant("Union", 0, name, datum),
        }
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

/// A datum of one shape, as it is.
macro_rules! visit {
    ($($method:ident: $type:ty => $variant:expr;)+) => {
        $(fn $method<E>(self, value: $type) -> Result<Any, E> { Ok($variant(value)) })+
    };
}

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a datum")
    }

    visit! {
        visit_bool: bool => Any::Boolean;
        visit_i32: i32 => Any::Int;
        visit_i64: i64 => Any::Long;
        visit_f32: f32 => Any::Float;
        visit_f64: f64 => Any::Double;
        visit_string: String => Any::Text;
        visit_byte_buf: Vec<u8> => Any::Bytes;
    }

    fn visit_str<E>(self, text: &str) -> Result<Any, E> {
        Ok(Any::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Any, E> {
        Ok(Any::Bytes(bytes.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any, A::Error> {
        let mut data = Vec::new();
        while let Some(item) = items.next_element()? {
            data.push(item);
        }
        Ok(Any::Items(data))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Any, A::Error> {
        let mut data = Vec::new();
        while let Some(field) = fields.next_entry()? {
            data.push(field);
        }
        Ok(Any::Fields(data))
    }
}

//! Lenient reading of request fields (contract 1.2): `null` counts as absent, scalars are coerced.

use avow_domain::{Patch, RuleKind, RuleMode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

/// Why a request cannot be read, and in which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    path: String,
    reason: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "." => write!(f, "the request body: {}", self.reason),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

impl std::error::Error for Invalid {}

/// Reads a request from the JSON object in its body.
pub fn read<T: DeserializeOwned>(body: Value) -> Result<T, Invalid> {
    let Object(request) = serde_path_to_error::deserialize(body)
        .map_err(|error| Invalid { path: error.path().to_string(), reason: error.inner().to_string() })?;
    Ok(request)
}

/// A type that request fields are read as.
pub(crate) trait Lenient: Sized {
    /// Reads a value; `None` for `null`.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;

    /// The value that `null` stands for inside a map.
    fn null() -> Option<Self> {
        None
    }
}

/// A field that may be absent.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: Lenient>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::read(deserializer)
}

/// A field with a default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Lenient + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(T::read(deserializer)?.unwrap_or_default())
}

/// A field of an update: absent keeps the stored value, `null` clears it.
pub(crate) fn patch<'de, D: Deserializer<'de>, T: Lenient>(deserializer: D) -> Result<Patch<T>, D::Error> {
    Ok(T::read(deserializer)?.map_or(Patch::Clear, Patch::Set))
}

/// The text of a schema: unlike other texts it may contain NUL, which its parser refuses with a place.
pub(crate) fn schema_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(boolean) => Ok(Some(boolean.to_string())),
        other => Err(invalid_type(&other, "a string")),
    }
}

impl Lenient for String {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        schema_text(deserializer)?.map(without_nul).transpose()
    }
}

/// Refuses a text that not every database can store.
fn without_nul<E: Error>(text: String) -> Result<String, E> {
    match text.contains('\0') {
        false => Ok(text),
        true => Err(E::custom("contains the character NUL, which cannot be stored; leave it out")),
    }
}

impl Lenient for i32 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let out_of_range = || D::Error::custom("must lie between -2^31 and 2^31-1");
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(None),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::try_from(integer).map(Some).map_err(|_| out_of_range()),
                // A fraction is cut off, as the reference does.
                (None, Some(float)) if float.abs() < 2_147_483_648.0 => {
                    format!("{:.0}", float.trunc()).parse().map(Some).map_err(|_| out_of_range())
                }
                _ => Err(out_of_range()),
            },
            Value::String(text) if text.trim().is_empty() => Ok(Some(0)),
            Value::String(text) => {
                let integer = text.trim().parse().map(Some);
                integer.map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"an integer"))
            }
            other => Err(invalid_type(&other, "an integer")),
        }
    }
}

/// A number of Avow's own endpoints, which are strict.
impl Lenient for i64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(None),
            value => match value.as_i64().filter(|number| *number >= 0) {
                Some(number) => Ok(Some(number)),
                None => Err(D::Error::custom("must be a whole number, 0 or more")),
            },
        }
    }
}

impl Lenient for u64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(i64::read(deserializer)?.map(i64::unsigned_abs))
    }
}

impl Lenient for bool {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(None),
            Value::Bool(boolean) => Ok(Some(boolean)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Value::Number(number) if number.is_i64() => Ok(Some(number.as_i64() != Some(0))),
            other => Err(invalid_type(&other, "true or false")),
        }
    }
}

/// `null` elements do not count.
impl<T: Lenient> Lenient for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let items = Option::<Vec<Item<T>>>::deserialize(deserializer)?;
        Ok(items.map(|items| items.into_iter().filter_map(|Item(item)| item).collect()))
    }

    fn null() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Lenient + Ord> Lenient for BTreeSet<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Vec::read(deserializer)?.map(Self::from_iter))
    }

    fn null() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Lenient> Lenient for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let Some(Object(entries)) = Option::<Object<BTreeMap<String, Item<T>>>>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let entries = entries.into_iter().map(|(key, Item(value))| {
            let value = value.or_else(T::null).ok_or_else(|| D::Error::custom(format!("`{key}` must not be null")))?;
            Ok((without_nul(key)?, value))
        });
        entries.collect::<Result<_, _>>().map(Some)
    }
}

/// Types that are read from an object, field by field.
pub(crate) trait Fields: DeserializeOwned {}

impl<T: Fields> Lenient for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
    }
}

impl Lenient for RuleKind {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        variant(deserializer)
    }
}

impl Lenient for RuleMode {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        variant(deserializer)
    }
}

/// One of a few words.
pub(crate) fn variant<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    String::read(deserializer)?.map(|text| T::deserialize(text.into_deserializer())).transpose()
}

struct Item<T>(Option<T>);

impl<'de, T: Lenient> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

/// A JSON object: derived structs alone would take an array of their fields, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

fn invalid_type<E: Error>(found: &Value, expected: &'static str) -> E {
    let found = match found {
        Value::Null => Unexpected::Unit,
        Value::Bool(boolean) => Unexpected::Bool(*boolean),
        Value::Number(_) => Unexpected::Other("a number"),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    };
    E::invalid_type(found, &expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompatibilityBatch, ConfigUpdate, Plan, RegisterSchemaRequest};
    use serde_json::json;

    #[test]
    fn coercions_of_contract_1_2() {
        let request = json!({
            "schema": 7, "schemaType": null, "unknown": {}, "version": "2", "id": 1.9,
            "references": [null, {"name": true, "subject": "s", "version": " "}],
            "metadata": {"tags": {"a": ["b", null], "c": null}, "properties": {"n": 1}, "sensitive": null},
            "ruleSet": {"domainRules": [{"name": "r", "type": "CEL", "kind": "CONDITION", "disabled": "TRUE"}]},
        });
        let request: RegisterSchemaRequest = read(request).expect("lenient");
        assert_eq!(request.schema.as_deref(), Some("7"));
        assert_eq!((request.schema_type, request.version, request.id), (None, Some(2), Some(1)));
        let reference = &request.references[..];
        assert!(matches!(reference, [it] if it.name == "true" && it.version == 0));
        let metadata = request.metadata.expect("metadata");
        assert_eq!(metadata.tags["a"], BTreeSet::from(["b".to_owned()]));
        assert!(metadata.tags["c"].is_empty());
        assert_eq!(metadata.properties["n"], "1");
        let rules = request.rule_set.expect("rules").domain_rules;
        assert!(matches!(&rules[..], [rule] if rule.disabled && rule.kind == RuleKind::Condition));
    }

    #[test]
    fn absent_null_and_value_differ_in_an_update() {
        let update: ConfigUpdate = read(json!({"alias": null, "normalize": "true"})).expect("lenient");
        assert_eq!((update.alias, update.normalize), (Patch::Clear, Patch::Set(true)));
        assert_eq!(update.compatibility, Patch::Keep);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        fn refused<T: DeserializeOwned>(body: Value) -> String {
            read::<T>(body).map(|_| ()).expect_err("refused").to_string()
        }
        for (body, expected) in [
            (json!([]), "the request body: invalid type: sequence, expected an object"),
            (json!({"schema": []}), "schema: invalid type: sequence, expected a string"),
            (
                json!({"schemaType": "a\0"}),
                "schemaType: contains the character NUL, which cannot be stored; leave it out",
            ),
            (json!({"metadata": []}), "metadata: invalid type: sequence, expected an object"),
            (json!({"references": {}}), "references: invalid type: map, expected a sequence"),
            (
                json!({"references": [{"version": "x"}]}),
                "references[0].version: invalid value: string \"x\", expected an integer",
            ),
            (json!({"id": 2_147_483_648_i64}), "id: must lie between -2^31 and 2^31-1"),
            (
                json!({"metadata": {"properties": {"a": {}}}}),
                "metadata.properties.a: invalid type: map, expected a string",
            ),
            (json!({"metadata": {"properties": {"a": null}}}), "metadata.properties: `a` must not be null"),
            (
                json!({"ruleSet": {"domainRules": [{"kind": "X"}]}}),
                "ruleSet.domainRules[0].kind: unknown variant `X`, expected `TRANSFORM` or `CONDITION`",
            ),
        ] {
            assert_eq!(refused::<RegisterSchemaRequest>(body), expected);
        }
        assert_eq!(refused::<Plan>(json!({"seq": -1, "operations": []})), "seq: must be a whole number, 0 or more");
        let check = json!({"checks": [{"subject": "s", "reader": 1}]});
        assert_eq!(
            refused::<CompatibilityBatch>(check),
            "checks[0].reader: invalid type: integer `1`, expected an object"
        );
    }
}

//! Bytes of a record that is given as JSON: in Avro's own encoding, or plainly where it is clear what is meant.

use avow_avro::{LogicalType, Schema, Type, TypeId};
use serde_json::Value;

use super::logical;

const MOST_DEPTH: usize = 200;

/// Encodes a record; the error says where it is none, and why.
pub fn record(schema: &Schema, value: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let root = schema.name_of(schema.root_type());
    let root = root.rsplit('.').next().unwrap_or(&root);
    write(schema, schema.root_type(), value, root, 0, &mut out)?;
    Ok(out)
}

fn write(
    schema: &Schema,
    id: TypeId,
    value: &Value,
    path: &str,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let depth = depth + 1;
    if depth > MOST_DEPTH {
        return Err(format!("{path}: nested more than {MOST_DEPTH} levels deep"));
    }
    let misfit = |expected: &str| format!("{path}: {} is not {expected}", brief(value));
    let logical = schema.logical_type_of(id);
    match schema.type_of(id) {
        Type::Null => value.as_null().ok_or_else(|| misfit("null"))?,
        Type::Boolean => out.push(u8::from(value.as_bool().ok_or_else(|| misfit("a boolean"))?)),
        Type::Int => {
            let number = whole(value, logical.as_ref()).filter(|number| i32::try_from(*number).is_ok());
            long(number.ok_or_else(|| misfit("an int"))?, out);
        }
        Type::Long => long(whole(value, logical.as_ref()).ok_or_else(|| misfit("a long"))?, out),
        #[expect(clippy::cast_possible_truncation, reason = "a float is written with a float's digits")]
        Type::Float => out.extend((floating(value).ok_or_else(|| misfit("a float"))? as f32).to_le_bytes()),
        Type::Double => out.extend(floating(value).ok_or_else(|| misfit("a double"))?.to_le_bytes()),
        Type::Bytes => {
            let bytes = decimal(value, logical.as_ref()).map(logical::shortest).or_else(|| latin(value));
            let expected = "bytes, which are text with a character of up to ÿ for each";
            sized(&bytes.ok_or_else(|| misfit(expected))?, out);
        }
        Type::Fixed(size) => {
            let bytes = match decimal(value, logical.as_ref()) {
                Some(number) => padded(number, size as usize),
                None => latin(value).filter(|bytes| bytes.len() == size as usize),
            };
            out.extend(bytes.ok_or_else(|| misfit(&format!("a fixed of {size} bytes")))?);
        }
        Type::String => sized(value.as_str().ok_or_else(|| misfit("a string"))?.as_bytes(), out),
        Type::Enum(symbols) => {
            let symbol = value.as_str().and_then(|text| symbols.iter().position(|symbol| symbol == text));
            let symbol = symbol.ok_or_else(|| misfit(&format!("a symbol; there are {}", symbols.join(", "))))?;
            index(symbol, out);
        }
        Type::Array(items) => {
            let values = value.as_array().ok_or_else(|| misfit("an array"))?;
            if !values.is_empty() {
                index(values.len(), out);
            }
            for (at, value) in values.iter().enumerate() {
                write(schema, items, value, &format!("{path}[{at}]"), depth, out)?;
            }
            out.push(0);
        }
        Type::Map(values) => {
            let entries = value.as_object().ok_or_else(|| misfit("a map"))?;
            if !entries.is_empty() {
                index(entries.len(), out);
            }
            for (key, value) in entries {
                sized(key.as_bytes(), out);
                write(schema, values, value, &format!("{path}[{key:?}]"), depth, out)?;
            }
            out.push(0);
        }
        Type::Record(fields) => {
            let object = value.as_object().ok_or_else(|| misfit("a record"))?;
            if let Some(unknown) = object.keys().find(|key| fields.iter().all(|field| field.name != key.as_str())) {
                return Err(format!("{path}: the schema has no field `{unknown}`"));
            }
            for (at, field) in fields.iter().enumerate() {
                let below = format!("{path}.{}", field.name);
                match object.get(field.name) {
                    Some(value) => write(schema, field.kind, value, &below, depth, out)?,
                    None => match schema.default_of(id, at) {
                        Some(default) => out.extend(default),
                        None => return Err(format!("{below} is missing, and has no default")),
                    },
                }
            }
        }
        Type::Union(branches) => {
            let (at, bytes) = branch(schema, branches, value, path, depth)?;
            index(at, out);
            out.extend(bytes);
        }
    }
    Ok(())
}

/// The branch that is named, or else the only one that fits; of several primitive ones the first.
fn branch(
    schema: &Schema,
    branches: &[TypeId],
    value: &Value,
    path: &str,
    depth: usize,
) -> Result<(usize, Vec<u8>), String> {
    let attempt = |at: usize, value: &Value| {
        let mut bytes = Vec::new();
        write(schema, branches[at], value, path, depth, &mut bytes).map(|()| (at, bytes))
    };
    let named = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    if let Some((name, inner)) = named
        && let Some(at) = branches.iter().position(|branch| schema.name_of(*branch) == *name)
    {
        return attempt(at, inner);
    }
    let names = || branches.iter().map(|branch| schema.name_of(*branch)).collect::<Vec<_>>().join(", ");
    let (mut fits, mut reasons) = (Vec::new(), Vec::new());
    for at in 0..branches.len() {
        match attempt(at, value) {
            Ok(fit) => fits.push(fit),
            Err(reason) => reasons.push(reason),
        }
    }
    let is_named = |at: usize| matches!(schema.type_of(branches[at]), Type::Record(_) | Type::Enum(_) | Type::Fixed(_));
    if fits.len() > 1 && fits.iter().any(|(at, _)| is_named(*at)) {
        return Err(format!(
            "{path}: it is not clear which branch is meant; write {{\"NAME\": …}} with one of {}",
            names()
        ));
    }
    // Where one branch might have been meant, its own complaint helps most.
    let complaint = reasons.pop().filter(|_| branches.len() == 2 && !value.is_null());
    let none = || complaint.unwrap_or_else(|| format!("{path}: {} is none of {}", brief(value), names()));
    fits.into_iter().next().ok_or_else(none)
}

fn brief(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    let short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

/// A whole number, or a date, time or moment as people write it.
fn whole(value: &Value, logical: Option<&LogicalType>) -> Option<i64> {
    value.as_i64().or_else(|| logical::number(logical?, value.as_str()?))
}

/// A decimal as people write it: a number, or text with a point in it. Other text is bytes in Avro's encoding.
fn decimal(value: &Value, logical: Option<&LogicalType>) -> Option<i128> {
    let Some(LogicalType::Decimal { precision, scale }) = logical else { return None };
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.contains('.') => text.clone(),
        _ => return None,
    };
    logical::unscaled(&text, *precision, *scale)
}

/// The two's complement of a number in that many bytes.
fn padded(number: i128, size: usize) -> Option<Vec<u8>> {
    let bytes = logical::shortest(number);
    let filler = if number < 0 { 0xff } else { 0 };
    let missing = size.checked_sub(bytes.len())?;
    Some([vec![filler; missing], bytes].concat())
}

fn latin(value: &Value) -> Option<Vec<u8>> {
    value.as_str()?.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn floating(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    index(bytes.len(), out);
    out.extend(bytes);
}

fn index(number: usize, out: &mut Vec<u8>) {
    long(i64::try_from(number).unwrap_or(i64::MAX), out);
}

fn long(number: i64, out: &mut Vec<u8>) {
    let mut zigzag = (number << 1 ^ number >> 63).cast_unsigned();
    while zigzag >= 0x80 {
        out.push(zigzag.to_le_bytes()[0] | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use avow_avro::{Strictness, parse};
    use serde_json::json;

    use super::super::walk::Walk;
    use super::*;

    const ALL: &str = r#"{"type":"record","name":"n.All","fields":[
        {"name":"a","type":["null","int","string",{"type":"record","name":"R","fields":[{"name":"x","type":"float"}]}]},
        {"name":"b","type":{"type":"map","values":{"type":"array","items":"double"}}},
        {"name":"c","type":{"type":"enum","name":"E","symbols":["X","Y"]},"default":"Y"},
        {"name":"d","type":{"type":"fixed","name":"F","size":2}},
        {"name":"e","type":["bytes","boolean","long"]}]}"#;

    #[test]
    fn made_up_records_survive_being_read_and_written() {
        let schema = parse(ALL, &[], Strictness::Strict).expect("a schema");
        for bytes in schema.made_up_data(7).take(300) {
            let value = Walk::new(&schema, &bytes, 0, Vec::new()).record().expect("a record");
            assert_eq!(record(&schema, &value).as_ref(), Ok(&bytes), "{value}");
        }
    }

    #[test]
    fn logical_types_are_written_as_people_do() {
        let text = r#"{"type":"record","name":"L","fields":[
            {"name":"d","type":{"type":"int","logicalType":"date"}},
            {"name":"t","type":{"type":"long","logicalType":"timestamp-micros"}},
            {"name":"b","type":{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}},
            {"name":"f","type":{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":6,"scale":2}}]}"#;
        let schema = parse(text, &[], Strictness::Strict).expect("a schema");
        let plain = json!({"d": "2023-01-01", "t": "2023-01-01T00:00:00.000001Z", "b": 12.34, "f": "-0.5"});
        let exact = json!({"d": 19358, "t": 1_672_531_200_000_001_i64, "b": "\u{4}\u{d2}", "f": "ÿÿÿ\u{ce}"});
        assert_eq!(record(&schema, &plain), record(&schema, &exact));
        let fine = json!({"d": 0, "t": 0, "b": 12.345, "f": 0});
        assert!(record(&schema, &fine).is_err_and(|error| error.starts_with("L.b: 12.345 is not bytes")));
    }

    #[test]
    fn plain_values_are_taken_where_they_are_clear() {
        let schema = parse(ALL, &[], Strictness::Strict).expect("a schema");
        let plain = json!({"a": "x", "b": {}, "d": "\u{0}ÿ", "e": true});
        let exact = json!({"a": {"string": "x"}, "b": {}, "c": "Y", "d": "\u{0}ÿ", "e": {"boolean": true}});
        assert_eq!(record(&schema, &plain), record(&schema, &exact));
        for (value, complaint) in [
            (json!({"b": {}, "d": "ab", "e": true}), "All.a is missing, and has no default"),
            (json!({"a": null, "b": {"k": [1, "x"]}, "d": "ab", "e": 1}), "All.b[\"k\"][1]: \"x\" is not a double"),
            (json!({"a": null, "b": {}, "d": "abc", "e": 1}), "All.d: \"abc\" is not a fixed of 2 bytes"),
            (json!({"a": [], "b": {}, "d": "ab", "e": 1}), "All.a: [] is none of null, int, string, n.R"),
            (json!({"z": 1}), "All: the schema has no field `z`"),
            (json!({"a": null, "b": {}, "c": "Z", "d": "ab", "e": 1}), "All.c: \"Z\" is not a symbol; there are X, Y"),
        ] {
            assert_eq!(record(&schema, &value).expect_err("it is wrong"), complaint);
        }
    }
}

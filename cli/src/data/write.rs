//! Bytes of a record that is given as JSON: in Avro's own encoding, or plainly where it is clear what is meant.

use avow_avro::{Schema, Type, TypeId};
use serde_json::Value;

const MOST_DEPTH: usize = 200;

/// Encodes a record; the error says where it is none, and why.
pub(super) fn record(schema: &Schema, value: &Value) -> Result<Vec<u8>, String> {
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
    let misfit = |expected: &str| format!("{path}: {} is no {expected}", brief(value));
    match schema.type_of(id) {
        Type::Null => value.as_null().ok_or_else(|| misfit("null"))?,
        Type::Boolean => out.push(u8::from(value.as_bool().ok_or_else(|| misfit("boolean"))?)),
        Type::Int => {
            let number = value.as_i64().filter(|number| i32::try_from(*number).is_ok());
            long(number.ok_or_else(|| misfit("int"))?, out);
        }
        Type::Long => long(value.as_i64().ok_or_else(|| misfit("long"))?, out),
        #[expect(clippy::cast_possible_truncation, reason = "a float is written with a float's digits")]
        Type::Float => out.extend((floating(value).ok_or_else(|| misfit("float"))? as f32).to_le_bytes()),
        Type::Double => out.extend(floating(value).ok_or_else(|| misfit("double"))?.to_le_bytes()),
        Type::Bytes => {
            sized(
                &latin(value).ok_or_else(|| misfit("bytes, which are text with a character of up to ÿ for each"))?,
                out,
            );
        }
        Type::Fixed(size) => {
            let bytes = latin(value).filter(|bytes| bytes.len() == size as usize);
            out.extend(bytes.ok_or_else(|| misfit(&format!("fixed of {size} bytes")))?);
        }
        Type::String => sized(value.as_str().ok_or_else(|| misfit("string"))?.as_bytes(), out),
        Type::Enum(symbols) => {
            let symbol = value.as_str().and_then(|text| symbols.iter().position(|symbol| symbol == text));
            let symbol = symbol.ok_or_else(|| misfit(&format!("symbol; there are {}", symbols.join(", "))))?;
            index(symbol, out);
        }
        Type::Array(items) => {
            let values = value.as_array().ok_or_else(|| misfit("array"))?;
            if !values.is_empty() {
                index(values.len(), out);
            }
            for (at, value) in values.iter().enumerate() {
                write(schema, items, value, &format!("{path}[{at}]"), depth, out)?;
            }
            out.push(0);
        }
        Type::Map(values) => {
            let entries = value.as_object().ok_or_else(|| misfit("map"))?;
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
            let object = value.as_object().ok_or_else(|| misfit("record"))?;
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
    fn plain_values_are_taken_where_they_are_clear() {
        let schema = parse(ALL, &[], Strictness::Strict).expect("a schema");
        let plain = json!({"a": "x", "b": {}, "d": "\u{0}ÿ", "e": true});
        let exact = json!({"a": {"string": "x"}, "b": {}, "c": "Y", "d": "\u{0}ÿ", "e": {"boolean": true}});
        assert_eq!(record(&schema, &plain), record(&schema, &exact));
        for (value, complaint) in [
            (json!({"b": {}, "d": "ab", "e": true}), "All.a is missing, and has no default"),
            (json!({"a": null, "b": {"k": [1, "x"]}, "d": "ab", "e": 1}), "All.b[\"k\"][1]: \"x\" is no double"),
            (json!({"a": null, "b": {}, "d": "abc", "e": 1}), "All.d: \"abc\" is no fixed of 2 bytes"),
            (json!({"a": [], "b": {}, "d": "ab", "e": 1}), "All.a: [] is none of null, int, string, n.R"),
            (json!({"z": 1}), "All: the schema has no field `z`"),
            (json!({"a": null, "b": {}, "c": "Z", "d": "ab", "e": 1}), "All.c: \"Z\" is no symbol; there are X, Y"),
        ] {
            assert_eq!(record(&schema, &value).expect_err("it is wrong"), complaint);
        }
    }
}

//! Beside the `apache-avro` crate: its values, its schemas by derive, its bytes.

use apache_avro::types::Value;
use apache_avro::{AvroSchema, Schema};
use avow_client::codec::{DecodePlan, EncodePlan, Limits, schema_of};
use serde::{Deserialize, Serialize};

use super::corpus::pairs;
use super::round_trips::{ORDER, order};
use super::schema;

fn theirs(text: &str) -> Schema {
    Schema::parse_str(text).unwrap()
}

#[test]
#[expect(deprecated, reason = "the shortest way to their bytes")]
fn the_same_bytes_and_the_same_values() {
    let value = order(Some(order(None)));
    let bytes = super::encode(ORDER, &value).unwrap();
    let decoded = apache_avro::from_avro_datum(&theirs(ORDER), &mut &bytes[..], None).unwrap();
    let plan = DecodePlan::new(&schema(ORDER), None).unwrap();
    assert_eq!(plan.decode_value(&bytes, &Limits::default()).unwrap(), decoded);
    let mut again = Vec::new();
    EncodePlan::new(&schema(ORDER)).unwrap().encode_value(&decoded, &mut again).unwrap();
    assert_eq!(again, bytes);
    assert_eq!(apache_avro::to_avro_datum(&theirs(ORDER), decoded).unwrap(), bytes);
}

#[test]
fn values_of_every_recorded_schema_make_the_same_bytes_again() {
    let limits = Limits { depth: 1000, ..Limits::default() };
    let mut same = 0;
    for pair in pairs().iter().step_by(5) {
        let (writer, _) = pair.schemas();
        let (plan, encode) = (DecodePlan::new(&writer, None).unwrap(), EncodePlan::new(&writer).unwrap());
        for bytes in writer.made_up_data(9).take(3) {
            // Made-up bytes are seldom a uuid or a big decimal; no bytes at all are a decimal that makes no bytes.
            let Ok(value) = plan.decode_value(&bytes, &limits) else { continue };
            let mut again = Vec::new();
            match encode.encode_value(&value, &mut again) {
                Err(error) if error.to_string().contains("decimal sign extension 0") => continue,
                result => result.unwrap(),
            }
            // Maps may come out in another order, so what counts is what they are read as.
            assert_eq!(again.len(), bytes.len());
            let reread = plan.decode_value(&again, &limits).unwrap();
            assert_eq!(format!("{:?}", sorted(&reread)), format!("{:?}", sorted(&value)));
            same += 1;
        }
    }
    assert!(same > 3000, "{same}");
}

/// Maps with their keys in order, for printing: NaN is not itself.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Record(entries)
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Record(fields) => {
            Value::Record(fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Value::Union(at, value) => Value::Union(*at, Box::new(sorted(value))),
        other => other.clone(),
    }
}

#[test]
fn logical_types_are_values_of_their_own() {
    let text = r#"{"type":"record","name":"R","fields":[
        {"name":"date","type":{"type":"int","logicalType":"date"}},
        {"name":"time","type":{"type":"int","logicalType":"time-millis"}},
        {"name":"micros","type":{"type":"long","logicalType":"time-micros"}},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"local","type":{"type":"long","logicalType":"local-timestamp-nanos"}},
        {"name":"decimal","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
        {"name":"fixed","type":{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":9}},
        {"name":"big","type":{"type":"bytes","logicalType":"big-decimal"}},
        {"name":"uuid","type":{"type":"string","logicalType":"uuid"}},
        {"name":"raw","type":{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}},
        {"name":"span","type":{"type":"fixed","name":"D","size":12,"logicalType":"duration"}}]}"#;
    let uuid = apache_avro::Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let field = |name: &str, value| (name.to_owned(), value);
    let value = Value::Record(vec![
        field("date", Value::Date(1)),
        field("time", Value::TimeMillis(2)),
        field("micros", Value::TimeMicros(3)),
        field("at", Value::TimestampMillis(4)),
        field("local", Value::LocalTimestampNanos(5)),
        field("decimal", Value::Decimal(vec![0x01, 0x00].into())),
        field("fixed", Value::Decimal(vec![0xff].into())),
        field("big", Value::BigDecimal("-12.5".parse().unwrap())),
        field("uuid", Value::Uuid(uuid)),
        field("raw", Value::Uuid(uuid)),
        field("span", Value::Duration([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0].into())),
    ]);
    let mut bytes = Vec::new();
    EncodePlan::new(&schema(text)).unwrap().encode_value(&value, &mut bytes).unwrap();
    let plan = DecodePlan::new(&schema(text), None).unwrap();
    assert_eq!(plan.decode_value(&bytes, &Limits::default()).unwrap(), value);
}

#[test]
fn values_are_what_the_reader_calls_them() {
    let writer = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"string"},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["X","Y"]}}]}"#;
    let reader = r#"{"type":"record","name":"R","fields":[{"name":"c","type":"int","default":3},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["Y","Z"],"default":"Z"}},
        {"name":"a","type":["null","double"]}]}"#;
    let plan = DecodePlan::new(&schema(writer), Some(&schema(reader))).unwrap();
    let value = plan.decode_value(b"\x02\x02b\x00", &Limits::default()).unwrap();
    let expected = Value::Record(vec![
        ("c".to_owned(), Value::Int(3)),
        ("e".to_owned(), Value::Enum(1, "Z".to_owned())),
        ("a".to_owned(), Value::Union(1, Box::new(Value::Double(1.0)))),
    ]);
    assert_eq!(value, expected);
}

#[derive(Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
#[avro(namespace = "shop")]
struct Derived {
    id: i64,
    #[serde(rename = "label")]
    name: String,
    ratio: f64,
    small: Option<i32>,
    list: Vec<Inner>,
    map: std::collections::HashMap<String, bool>,
    side: Side,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
struct Inner {
    flag: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, AvroSchema)]
enum Side {
    Left,
    Right,
}

#[test]
fn a_derived_schema_fits_its_type() {
    let schema = schema_of::<Derived>().unwrap();
    assert_eq!(schema.full_name().as_deref(), Some("shop.Derived"));
    let value = Derived {
        id: 1,
        name: "a".to_owned(),
        ratio: 0.5,
        small: Some(2),
        list: vec![Inner { flag: true }],
        map: [("k".to_owned(), false)].into(),
        side: Side::Right,
    };
    let mut bytes = Vec::new();
    EncodePlan::new(&schema).unwrap().encode(&value, &mut bytes).unwrap();
    let decoded: Derived = DecodePlan::new(&schema, None).unwrap().decode(&bytes, &Limits::default()).unwrap();
    assert_eq!(decoded, value);
}

//! Values of Rust to Avro and back, type by type.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{decode, encode};

#[track_caller]
fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(schema: &str, value: &T, bytes: &[u8]) {
    let encoded = encode(schema, value).unwrap();
    assert_eq!(encoded, bytes, "encoding {value:?} with {schema}");
    assert_eq!(decode::<T>(schema, bytes).unwrap(), *value, "decoding with {schema}");
}

#[test]
fn primitives() {
    same(r#""null""#, &(), b"");
    same(r#""boolean""#, &true, b"\x01");
    same(r#""int""#, &-1_i32, b"\x01");
    same(r#""int""#, &200_u8, b"\x90\x03");
    same(r#""int""#, &i64::from(i32::MIN), b"\xff\xff\xff\xff\x0f");
    same(r#""long""#, &i64::MIN, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    same(r#""long""#, &i64::MAX, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    same(r#""long""#, &7_u64, b"\x0e");
    same(r#""long""#, &7_i128, b"\x0e");
    same(r#""float""#, &1.5_f32, &1.5_f32.to_le_bytes());
    same(r#""double""#, &1.5_f64, &1.5_f64.to_le_bytes());
    same(r#""double""#, &1.5_f32, &1.5_f64.to_le_bytes());
    same(r#""string""#, &"été".to_owned(), b"\x0a\xc3\xa9t\xc3\xa9");
    same(r#""string""#, &'é', b"\x04\xc3\xa9");
    same(r#""bytes""#, &vec![1_u8, 2, 255], b"\x06\x01\x02\xff");
    same(r#""bytes""#, &serde_bytes::ByteBuf::from([1, 2]), b"\x04\x01\x02");
    same(r#"{"type":"fixed","name":"F","size":2}"#, &[1_u8, 2], b"\x01\x02");
    same(r#"{"type":"fixed","name":"F","size":2}"#, &serde_bytes::ByteArray::new([1, 2]), b"\x01\x02");
}

#[test]
fn numbers_of_every_length() {
    for shift in 0..64 {
        for value in [1_i64 << shift, (1_i64 << shift).wrapping_sub(1), (1_i64 << shift).wrapping_neg()] {
            for more in [&[][..], &[0; 12]] {
                let mut bytes = encode(r#""long""#, &value).unwrap();
                let mut zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
                let mut expected = Vec::new();
                while zigzag >= 0x80 {
                    expected.push((zigzag & 0x7f) as u8 | 0x80);
                    zigzag >>= 7;
                }
                expected.push((zigzag & 0x7f) as u8);
                assert_eq!(bytes, expected, "{value}");
                bytes.extend(more);
                let schema = format!(
                    r#"{{"type":"record","name":"R","fields":[{{"name":"a","type":"long"}},
                        {{"name":"b","type":{{"type":"fixed","name":"F","size":{}}}}}]}}"#,
                    more.len()
                );
                let (decoded, rest): (i64, Vec<u8>) = decode(&schema, &bytes).unwrap();
                assert_eq!((decoded, &rest[..]), (value, more));
            }
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Item {
    name: String,
    price: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    id: i64,
    state: State,
    note: Option<String>,
    items: Vec<Item>,
    tags: HashMap<String, i32>,
    parent: Option<Box<Order>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Open,
    Paid,
}

pub(super) const ORDER: &str = r#"{"type":"record","name":"Order","fields":[
    {"name":"id","type":"long"},
    {"name":"state","type":{"type":"enum","name":"State","symbols":["OPEN","PAID"]}},
    {"name":"note","type":["null","string"],"default":null},
    {"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
        {"name":"name","type":"string"},{"name":"price","type":"double"}]}}},
    {"name":"tags","type":{"type":"map","values":"int"}},
    {"name":"parent","type":["Order","null"]}]}"#;

pub(super) fn order(parent: Option<Order>) -> Order {
    Order {
        id: 7,
        state: State::Paid,
        note: Some("hi".to_owned()),
        items: vec![Item { name: "a".to_owned(), price: 1.0 }, Item { name: "b".to_owned(), price: 2.0 }],
        tags: HashMap::from([("x".to_owned(), -3)]),
        parent: parent.map(Box::new),
    }
}

#[test]
fn records() {
    let one = b"\x0e\x02\x02\x04hi\x04\x02a\0\0\0\0\0\0\xf0\x3f\x02b\0\0\0\0\0\0\0\x40\0\x02\x02x\x05\0";
    let inner = [&one[..], b"\x02"].concat();
    let outer = [&one[..], b"\x00", &inner].concat();
    same(ORDER, &order(None), &inner);
    same(ORDER, &order(Some(order(None))), &outer);
}

#[test]
fn collections_of_unknown_or_wrong_length() {
    struct Stream(usize, Option<usize>);
    impl Serialize for Stream {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(self.1)?;
            (0..self.0).try_for_each(|_| seq.serialize_element(&1_i32))?;
            seq.end()
        }
    }
    for length in [0, 1, 3, 63, 64, 200] {
        let expected = encode(r#"{"type":"array","items":"int"}"#, &vec![1_i32; length]).unwrap();
        for claimed in [None, Some(0), Some(1), Some(length), Some(1000)] {
            let got = encode(r#"{"type":"array","items":"int"}"#, &Stream(length, claimed)).unwrap();
            assert_eq!(got, expected, "{length} items, {claimed:?} claimed");
        }
    }
    let filtered: Vec<i32> = decode(r#"{"type":"array","items":"int"}"#, b"\x02\x02\x03\x02\x04\x06\x00").unwrap();
    assert_eq!(filtered, [1, 2, 3], "several blocks, one of them with its size");
}

#[test]
fn fields_in_another_order_and_fields_left_out() {
    #[derive(Serialize)]
    struct Turned<'s> {
        c: &'s str,
        b: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        d: Option<i32>,
        a: bool,
    }
    let schema = r#"{"type":"record","name":"R","fields":[
        {"name":"a","type":"boolean"},{"name":"b","type":"int"},{"name":"c","type":"string"},
        {"name":"d","type":["int","null"],"default":9},{"name":"e","type":"string","default":"e"}]}"#;
    let got = encode(schema, &Turned { c: "c", b: 1, d: None, a: true }).unwrap();
    assert_eq!(got, b"\x01\x02\x02c\x00\x12\x02e");
    let got = encode(schema, &Turned { c: "c", b: 1, d: Some(2), a: true }).unwrap();
    assert_eq!(got, b"\x01\x02\x02c\x00\x04\x02e");
    let map = BTreeMap::from([("b", 5)]);
    let numbers = r#"{"type":"record","name":"R","fields":[
        {"name":"a","type":"int","default":1},{"name":"b","type":"int"}]}"#;
    assert_eq!(encode(numbers, &map).unwrap(), b"\x02\x0a");
    assert_eq!(decode::<BTreeMap<String, i32>>(numbers, b"\x02\x0a").unwrap().len(), 2);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Null,
    Long(i64),
    Created { by: String },
    Gone(Gone),
    Colour(Colour),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Gone {
    at: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Blue,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(i64),
    Text(String),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Placed {
    Name(String),
    Number(i64),
}

#[test]
fn unions_as_enums() {
    let schema = r#"["null","long",
        {"type":"record","name":"Created","namespace":"n","fields":[{"name":"by","type":"string"}]},
        {"type":"record","name":"Gone","namespace":"n","fields":[{"name":"at","type":"long"}]},
        {"type":"enum","name":"Colour","symbols":["Red","Blue"]}]"#;
    same(schema, &Event::Null, b"\x00");
    same(schema, &Event::Long(1), b"\x02\x02");
    same(schema, &Event::Created { by: "x".to_owned() }, b"\x04\x02x");
    same(schema, &Event::Gone(Gone { at: 1 }), b"\x06\x02");
    same(schema, &Event::Colour(Colour::Blue), b"\x08\x02");
    same(schema, &Some(Event::Long(1)), b"\x02\x02");
    same(schema, &Some(Event::Gone(Gone { at: 1 })), b"\x06\x02");
    same::<Option<Event>>(schema, &None, b"\x00");
    same(schema, &Gone { at: 1 }, b"\x06\x02");
    same(r#"["null",{"type":"enum","name":"Colour","symbols":["Red","Blue"]}]"#, &Some(Colour::Blue), b"\x02\x02");

    same(r#"["string","long"]"#, &Loose::Number(1), b"\x02\x02");
    same(r#"["string","long"]"#, &Loose::Text("a".to_owned()), b"\x00\x02a");

    // No variant is called like a branch: the variants are the branches in order.
    same(r#"["string","long"]"#, &Placed::Number(1), b"\x02\x02");
    same(r#"["string","long"]"#, &Placed::Name("a".to_owned()), b"\x00\x02a");
}

#[test]
fn enums_as_text_and_the_other_way_round() {
    let schema = r#"{"type":"enum","name":"Colour","symbols":["Blue","Red"]}"#;
    same(schema, &Colour::Blue, b"\x00");
    same(schema, &"Red".to_owned(), b"\x02");
    same(r#""string""#, &Colour::Red, b"\x06Red");
    same(r#"["null",{"type":"enum","name":"Colour","symbols":["Blue","Red"]}]"#, &"Red".to_owned(), b"\x02\x02");
}

#[test]
fn structs_as_maps_and_flattened_structs() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Size {
        width: i32,
        height: i32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Picture {
        name: String,
        #[serde(flatten)]
        size: Size,
    }
    same(r#"{"type":"map","values":"int"}"#, &Size { width: 1, height: 2 }, b"\x04\x0awidth\x02\x0cheight\x04\x00");
    let schema = r#"{"type":"record","name":"Picture","fields":[{"name":"name","type":"string"},
        {"name":"height","type":"int"},{"name":"width","type":"int"}]}"#;
    same(schema, &Picture { name: "a".to_owned(), size: Size { width: 1, height: 2 } }, b"\x02a\x04\x02");
}

#[test]
fn logical_types() {
    let int = |logical: &str| format!(r#"{{"type":"int","logicalType":"{logical}"}}"#);
    let long = |logical: &str| format!(r#"{{"type":"long","logicalType":"{logical}"}}"#);
    let text = |text: &str| text.to_owned();
    same(&int("date"), &19_723_i32, b"\x96\xb4\x02");
    same(&int("date"), &text("2024-01-01"), b"\x96\xb4\x02");
    same(&int("date"), &text("1969-12-31"), b"\x01");
    same(&int("date"), &text("2000-02-29"), b"\x90\xac\x01");
    same(&int("time-millis"), &text("00:00:01.001"), b"\xd2\x0f");
    same(&long("time-micros"), &text("00:00:00.000001"), b"\x02");
    same(&long("timestamp-millis"), &text("1970-01-01T00:00:00.001Z"), b"\x02");
    same(&long("timestamp-micros"), &text("1969-12-31T23:59:59.999999Z"), b"\x01");
    same(&long("timestamp-nanos"), &text("1970-01-01T00:00:00.000000001Z"), b"\x02");
    same(&long("local-timestamp-millis"), &text("1970-01-01T00:00:00.001"), b"\x02");
    same(&long("timestamp-millis"), &1_i64, b"\x02");
    assert_eq!(encode(&long("timestamp-millis"), "1970-01-01T02:00:00.0019+02:00").unwrap(), b"\x02");
    for wrong in ["", "1970-01-01", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "1970-01-01T25:00:00Z", "é"] {
        encode(&long("timestamp-millis"), wrong).unwrap_err();
    }

    let decimal = r#"{"type":"bytes","logicalType":"decimal","precision":40,"scale":2}"#;
    for (written, bytes) in [
        ("0.00", &b"\x02\x00"[..]),
        ("1.23", b"\x02\x7b"),
        ("-0.01", b"\x02\xff"),
        ("1.28", b"\x04\x00\x80"),
        ("-1.28", b"\x02\x80"),
        ("-2.56", b"\x04\xff\x00"),
        (
            "12345678901234567890123456789012345678.90",
            b"\x22\x03\xa0\xc9\x20\x75\xc0\xdb\xf3\xb8\xac\xbc\x5f\x96\xce\x3f\x0a\xd2",
        ),
    ] {
        same(decimal, &text(written), bytes);
    }
    same(decimal, &-256_i128, b"\x04\xff\x00");
    same(decimal, &vec![0_u8, 1], b"\x04\x00\x01");
    same(decimal, &serde_json::json!("1.23"), b"\x02\x7b");
    let fixed = r#"{"type":"fixed","name":"D","size":3,"logicalType":"decimal","precision":6,"scale":1}"#;
    same(fixed, &text("-0.1"), b"\xff\xff\xff");
    same(fixed, &text("12.3"), b"\x00\x00\x7b");
    same(fixed, &123_i128, b"\x00\x00\x7b");
    for wrong in ["1.23", "x", "", "99999999"] {
        encode(fixed, wrong).unwrap_err();
    }
    let big = r#"{"type":"bytes","logicalType":"big-decimal"}"#;
    assert_eq!(decode::<String>(big, b"\x06\x02\x7b\x04").unwrap(), "1.23");

    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let bytes: Vec<u8> = (0..16).map(|at| at * 17).collect();
    same(r#"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#, &text(uuid), &bytes);
    let as_text = [b"\x48", uuid.as_bytes()].concat();
    same(r#"{"type":"string","logicalType":"uuid"}"#, &text(uuid), &as_text);
    let got = encode(r#"{"type":"string","logicalType":"uuid"}"#, &serde_bytes::Bytes::new(&bytes)).unwrap();
    assert_eq!(got, as_text);

    let duration = r#"{"type":"fixed","name":"D","size":12,"logicalType":"duration"}"#;
    same(duration, &(1_u32, 2_u32, 256_u32), b"\x01\0\0\0\x02\0\0\0\0\x01\0\0");
    same(duration, &[1_u8, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0], b"\x01\0\0\0\x02\0\0\0\0\x01\0\0");
}

#[test]
fn values_that_do_not_fit_say_where() {
    #[derive(Serialize)]
    struct Basket<'s> {
        items: Vec<BTreeMap<&'s str, Line<'s>>>,
    }
    #[derive(Serialize)]
    struct Line<'s> {
        price: &'s str,
    }
    let schema = r#"{"type":"record","name":"Basket","fields":[{"name":"items","type":{"type":"array","items":
        {"type":"map","values":{"type":"record","name":"Line","fields":[{"name":"price","type":"int"}]}}}}]}"#;
    let value = Basket { items: vec![BTreeMap::new(), BTreeMap::from([("x", Line { price: "1" })])] };
    let error = encode(schema, &value).unwrap_err();
    assert_eq!(error.path(), r#"Basket.items[1]["x"].price"#);
    assert_eq!(error.to_string(), r#"Basket.items[1]["x"].price: a string does not fit the schema's int"#);

    let wrong = |schema: &str, value: &dyn Fn(&str) -> Result<Vec<u8>, avow_client::codec::EncodeError>| {
        value(schema).unwrap_err().to_string()
    };
    assert_eq!(
        wrong(r#""int""#, &|s| encode(s, &(1_i64 << 31))),
        "the record: the number is out of range for the schema's type"
    );
    assert_eq!(wrong(r#""float""#, &|s| encode(s, &1.0_f64)), "the record: a double does not fit the schema's float");
    assert_eq!(
        wrong(r#"{"type":"enum","name":"E","symbols":["A"]}"#, &|s| encode(s, "B")),
        "E: the schema's enum has no symbol `B`"
    );
    assert_eq!(
        wrong(ORDER, &|s| encode(s, &BTreeMap::from([("id", 1)]))),
        "Order.state: the value lacks this field, which has no default in the schema"
    );
    assert_eq!(
        wrong(ORDER, &|s| encode(s, &BTreeMap::from([("nr", 1)]))),
        "Order: the schema has no field `nr`; add it, or call `ignore_unknown_fields()`"
    );
    assert_eq!(
        wrong(r#"["null","string"]"#, &|s| encode(s, &1)),
        "the record: no branch of the schema's union matches the type of the value"
    );
    assert_eq!(
        wrong(r#"{"type":"fixed","name":"F","size":2}"#, &|s| encode(s, &[1_u8])),
        "F: the number of items differs from the size of the schema's fixed type"
    );
}

#[test]
fn an_error_leaves_the_buffer_as_it_was() {
    let plan = avow_client::codec::EncodePlan::new(&super::schema(ORDER)).unwrap();
    let mut out = b"head".to_vec();
    plan.encode(&("x", 1), &mut out).unwrap_err();
    assert_eq!(out, b"head");
    plan.encode(&order(None), &mut out).unwrap();
    assert_eq!(&out[4..], encode(ORDER, &order(None)).unwrap());
}

//! Resolution, by construction: a generator makes a writer, a reader, a datum, and what the datum must become.

use avow_client::codec::{DecodePlan, EncodePlan, Limits};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::anything::Anything;
use super::schema;

/// A type as the writer and the reader have it.
#[derive(Debug, Clone)]
enum Kind {
    /// A primitive of the writer, and what the reader promotes it to.
    Primitive(&'static str, &'static str),
    Fixed(u8),
    /// The reader has the symbols in another order, and lacks the last of them but has a default.
    Enum,
    Array(Box<Kind>),
    Map(Box<Kind>),
    Record {
        is_renamed: bool,
        fields: Vec<(Field, Kind)>,
        turn: usize,
    },
    /// The writer's plain type becomes a branch of the reader's union.
    IntoUnion(Box<Kind>),
    /// The writer's union becomes the reader's plain type, for data of that branch.
    OutOfUnion(Box<Kind>),
    /// Both have a union with null, at another place.
    Optional(Box<Kind>),
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Kept,
    /// Under another name, with an alias.
    Renamed,
    Dropped,
    Added,
}

const PAIRS: [(&str, &str); 16] = [
    ("boolean", "boolean"),
    ("int", "int"),
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "long"),
    ("long", "float"),
    ("long", "double"),
    ("float", "float"),
    ("float", "double"),
    ("double", "double"),
    ("string", "string"),
    ("string", "bytes"),
    ("bytes", "bytes"),
    ("bytes", "string"),
    ("null", "null"),
];

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        6 => proptest::sample::select(&PAIRS[..]).prop_map(|(writer, reader)| Kind::Primitive(writer, reader)),
        1 => (0..5_u8).prop_map(Kind::Fixed),
        1 => Just(Kind::Enum),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let field = proptest::sample::select(&[Field::Kept, Field::Renamed, Field::Dropped, Field::Added][..]);
        let fields = proptest::collection::vec((field, inner.clone()), 0..6);
        prop_oneof![
            1 => inner.clone().prop_map(|kind| Kind::Array(Box::new(kind))),
            1 => inner.clone().prop_map(|kind| Kind::Map(Box::new(kind))),
            3 => (any::<bool>(), fields, 0..6_usize)
                .prop_map(|(is_renamed, fields, turn)| Kind::Record { is_renamed, fields, turn }),
            1 => inner.clone().prop_filter("no union in a union", is_branch).prop_map(|kind| Kind::IntoUnion(Box::new(kind))),
            1 => inner.clone().prop_filter("no union in a union", is_branch).prop_map(|kind| Kind::OutOfUnion(Box::new(kind))),
            1 => inner.prop_filter("no union in a union", is_branch).prop_map(|kind| Kind::Optional(Box::new(kind))),
        ]
    })
}

fn is_branch(kind: &Kind) -> bool {
    !matches!(kind, Kind::Primitive("null", _) | Kind::IntoUnion(_) | Kind::OutOfUnion(_) | Kind::Optional(_))
}

/// Makes names and data; equal seeds make equal ones.
struct Maker {
    names: usize,
    state: u64,
}

impl Maker {
    fn roll(&mut self, sides: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) % sides
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("N{}", self.names)
    }

    /// The schemas of the writer and the reader.
    fn schemas(&mut self, kind: &Kind) -> (Json, Json) {
        match kind {
            Kind::Primitive(writer, reader) => (json!(writer), json!(reader)),
            Kind::Fixed(size) => {
                let fixed = json!({"type": "fixed", "name": self.name(), "size": size});
                (fixed.clone(), fixed)
            }
            Kind::Enum => {
                let name = self.name();
                (
                    json!({"type": "enum", "name": name, "symbols": ["A", "B", "C"]}),
                    json!({"type": "enum", "name": name, "symbols": ["D", "B", "A"], "default": "D"}),
                )
            }
            Kind::Array(items) => {
                let (writer, reader) = self.schemas(items);
                (json!({"type": "array", "items": writer}), json!({"type": "array", "items": reader}))
            }
            Kind::Map(values) => {
                let (writer, reader) = self.schemas(values);
                (json!({"type": "map", "values": writer}), json!({"type": "map", "values": reader}))
            }
            Kind::Record { is_renamed, fields, turn } => {
                let name = self.name();
                let (mut written, mut read) = (Vec::new(), Vec::new());
                for (at, (field, kind)) in fields.iter().enumerate() {
                    let (writer, reader) = self.schemas(kind);
                    let own = format!("f{at}");
                    if !matches!(field, Field::Added) {
                        written.push(json!({"name": own, "type": writer}));
                    }
                    match field {
                        Field::Kept => read.push(json!({"name": own, "type": reader})),
                        Field::Renamed => {
                            read.push(json!({"name": format!("g{at}"), "type": reader, "aliases": [own]}));
                        }
                        Field::Dropped => {}
                        Field::Added => read.push(json!({"name": own, "type": ["long", "null"], "default": at})),
                    }
                }
                let turn = turn % read.len().max(1);
                read.rotate_left(turn);
                let writer = json!({"type": "record", "name": name, "fields": written});
                let reader = if *is_renamed {
                    json!({"type": "record", "name": format!("{name}New"), "aliases": [name], "fields": read})
                } else {
                    json!({"type": "record", "name": name, "fields": read})
                };
                (writer, reader)
            }
            Kind::IntoUnion(kind) => {
                let (writer, reader) = self.schemas(kind);
                (writer, json!(["null", reader]))
            }
            Kind::OutOfUnion(kind) => {
                let (writer, reader) = self.schemas(kind);
                (json!(["null", writer]), reader)
            }
            Kind::Optional(kind) => {
                let (writer, reader) = self.schemas(kind);
                (json!(["null", writer]), json!([reader, "null"]))
            }
        }
    }

    /// Appends a datum as the writer encodes it; returns what the reader makes of it.
    fn datum(&mut self, kind: &Kind, out: &mut Vec<u8>) -> Anything {
        match kind {
            Kind::Primitive(writer, reader) => self.primitive(writer, reader, out),
            Kind::Fixed(size) => {
                let bytes: Vec<u8> = (0..*size).map(|_| self.byte()).collect();
                out.extend(&bytes);
                Anything::Bytes(bytes)
            }
            Kind::Enum => {
                let symbol = self.roll(3);
                long(i64::try_from(symbol).unwrap(), out);
                Anything::Text(["A", "B", "D"][usize::try_from(symbol).unwrap()].to_owned())
            }
            Kind::Array(items) => {
                let list = self.blocks(out, |maker, _, out| maker.datum(items, out));
                Anything::List(list)
            }
            Kind::Map(values) => Anything::Map(self.blocks(out, |maker, at, out| {
                let key = format!("k{at}");
                bytes(key.as_bytes(), out);
                (key, maker.datum(values, out))
            })),
            Kind::Record { fields, .. } => {
                let mut read = Vec::new();
                for (at, (field, kind)) in fields.iter().enumerate() {
                    match field {
                        Field::Kept => read.push((format!("f{at}"), self.datum(kind, out))),
                        Field::Renamed => read.push((format!("g{at}"), self.datum(kind, out))),
                        Field::Dropped => drop(self.datum(kind, out)),
                        Field::Added => read.push((format!("f{at}"), Anything::Integer(i64::try_from(at).unwrap()))),
                    }
                }
                Anything::Map(read)
            }
            Kind::IntoUnion(kind) => self.datum(kind, out),
            Kind::OutOfUnion(kind) => {
                out.push(2);
                self.datum(kind, out)
            }
            Kind::Optional(kind) => {
                let is_some = self.roll(3) > 0;
                out.push(if is_some { 2 } else { 0 });
                if is_some { self.datum(kind, out) } else { Anything::Unit }
            }
        }
    }

    /// Up to five items in up to three blocks, some of which say how many bytes they have.
    fn blocks<T>(&mut self, out: &mut Vec<u8>, mut item: impl FnMut(&mut Self, usize, &mut Vec<u8>) -> T) -> Vec<T> {
        let mut list = Vec::new();
        for _ in 0..self.roll(4) {
            let count = 1 + i64::try_from(self.roll(2)).unwrap();
            let mut block = Vec::new();
            for _ in 0..count {
                list.push(item(self, list.len(), &mut block));
            }
            if self.roll(2) == 0 {
                long(count, out);
            } else {
                long(-count, out);
                long(i64::try_from(block.len()).unwrap(), out);
            }
            out.extend(block);
        }
        out.push(0);
        list
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }

    #[expect(clippy::cast_precision_loss, reason = "as promotions do")]
    fn primitive(&mut self, writer: &str, reader: &str, out: &mut Vec<u8>) -> Anything {
        let number = match writer {
            "int" => i64::from(i32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])),
            _ => (i64::try_from(self.roll(1 << 31)).unwrap() - (1 << 30)) << self.roll(32),
        };
        let text: String =
            (0..self.roll(6)).map(|_| ['a', 'é', '漢', '\u{1f600}'][usize::from(self.byte() % 4)]).collect();
        match (writer, reader) {
            ("null", _) => Anything::Unit,
            ("boolean", _) => {
                out.push(u8::from(number > 0));
                Anything::Bool(number > 0)
            }
            ("int" | "long", _) => {
                long(number, out);
                match reader {
                    "float" => Anything::Double(f64::from(number as f32)),
                    "double" => Anything::Double(number as f64),
                    _ => Anything::Integer(number),
                }
            }
            ("float", _) => {
                let float = number as f32 / 3.0;
                out.extend(float.to_le_bytes());
                Anything::Double(f64::from(float))
            }
            ("double", _) => {
                let double = number as f64 / 3.0;
                out.extend(double.to_le_bytes());
                Anything::Double(double)
            }
            (_, "string") => {
                bytes(text.as_bytes(), out);
                Anything::Text(text)
            }
            _ => {
                bytes(text.as_bytes(), out);
                Anything::Bytes(text.into_bytes())
            }
        }
    }
}

fn long(value: i64, out: &mut Vec<u8>) {
    let mut zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while zigzag >= 0x80 {
        out.push((zigzag & 0x7f) as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push((zigzag & 0x7f) as u8);
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    long(i64::try_from(bytes.len()).unwrap(), out);
    out.extend(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_reader_gets_what_was_meant(kind in kind(), seed in any::<u64>()) {
        let mut maker = Maker { names: 0, state: seed };
        let (writer, reader) = maker.schemas(&kind);
        let (writer, reader) = (schema(&writer.to_string()), schema(&reader.to_string()));
        let plan = DecodePlan::new(&writer, Some(&reader)).unwrap();
        let itself = DecodePlan::new(&writer, None).unwrap();
        for _ in 0..4 {
            let mut record = Vec::new();
            let expected = maker.datum(&kind, &mut record).sorted();
            let got = plan.decode::<Anything>(&record, &Limits::default()).unwrap().sorted();
            prop_assert_eq!(&got, &expected);

            // What is written anew from a value is read as the same.
            let value = itself.decode_value(&record, &Limits::default()).unwrap();
            let mut again = Vec::new();
            EncodePlan::new(&writer).unwrap().encode_value(&value, &mut again).unwrap();
            let got = plan.decode::<Anything>(&again, &Limits::default()).unwrap().sorted();
            prop_assert_eq!(&got, &expected);
        }
    }
}

//! Types that take their fields in ways of their own.

use std::fmt;

use avow_client::codec::{DecodeErrorKind, DecodePlan, EncodePlan, Limits};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{decode, encode, schema};

const POINT: &str = r#"{"type":"record","name":"Point","fields":[
    {"name":"x","type":"int"},{"name":"y","type":"int"}]}"#;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

/// Refuses sequences, as a type written by hand may; two types, each with a list of fields of its own.
#[derive(Debug, PartialEq)]
struct ByHand<const TYPE: usize = 0>(i32, i32);

static FIELDS: [[&str; 2]; 2] = [["x", "y"], ["x", "y"]];

impl<'de, const TYPE: usize> Deserialize<'de> for ByHand<TYPE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<const TYPE: usize>;
        impl<'de, const TYPE: usize> Visitor<'de> for Fields<TYPE> {
            type Value = ByHand<TYPE>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map of x and y")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut x, mut y) = (None, None);
                while let Some(name) = map.next_key::<&str>()? {
                    match name {
                        "x" => x = Some(map.next_value()?),
                        "y" => y = Some(map.next_value()?),
                        other => return Err(A::Error::unknown_field(other, &["x", "y"])),
                    }
                }
                Ok(ByHand(x.unwrap_or(0), y.unwrap_or(0)))
            }
        }
        deserializer.deserialize_struct("Point", &FIELDS[TYPE], Fields)
    }
}

#[test]
fn a_type_that_wants_names_gets_names() {
    let plan = DecodePlan::new(&schema(&format!(r#"{{"type":"array","items":{POINT}}}"#)), None).unwrap();
    for _ in 0..2 {
        let points: Vec<ByHand> = plan.decode(b"\x04\x02\x04\x06\x08\x00", &Limits::default()).unwrap();
        assert_eq!(points, [ByHand(1, 2), ByHand(3, 4)]);
        let points: Vec<Point> = plan.decode(b"\x04\x02\x04\x06\x08\x00", &Limits::default()).unwrap();
        assert_eq!(points, [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }]);
    }
}

#[test]
fn types_of_one_record_that_want_names_get_names() {
    let plan = DecodePlan::new(&schema(&format!(r#"{{"type":"array","items":{POINT}}}"#)), None).unwrap();
    for _ in 0..2 {
        let points: (ByHand<0>, ByHand<1>) = plan.decode(b"\x04\x02\x04\x06\x08\x00", &Limits::default()).unwrap();
        assert_eq!(points, (ByHand(1, 2), ByHand(3, 4)));
    }
}

#[test]
fn types_that_share_a_plan_do_not_disturb_each_other() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Turned {
        y: i32,
        x: i32,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Renamed {
        #[serde(alias = "x")]
        left: i32,
        #[serde(default)]
        top: i32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Placed(i32, i32);

    let (encode, decode) = (EncodePlan::new(&schema(POINT)).unwrap(), DecodePlan::new(&schema(POINT), None).unwrap());
    let limits = Limits::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(decode.decode::<Point>(b"\x02\x04", &limits).unwrap(), Point { x: 1, y: 2 });
                    assert_eq!(decode.decode::<Turned>(b"\x02\x04", &limits).unwrap(), Turned { y: 2, x: 1 });
                    assert_eq!(decode.decode::<Renamed>(b"\x02\x04", &limits).unwrap(), Renamed { left: 1, top: 0 });
                    assert_eq!(decode.decode::<Placed>(b"\x02\x04", &limits).unwrap(), Placed(1, 2));
                    assert_eq!(decode.decode::<(i32, i32)>(b"\x02\x04", &limits).unwrap(), (1, 2));
                    let mut out = Vec::new();
                    encode.encode(&Point { x: 1, y: 2 }, &mut out).unwrap();
                    encode.encode(&Turned { y: 2, x: 1 }, &mut out).unwrap();
                    encode.encode(&Placed(1, 2), &mut out).unwrap();
                    assert_eq!(out, b"\x02\x04\x02\x04\x02\x04");
                }
            });
        }
    });
}

#[test]
fn a_type_may_take_less_than_there_is() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Some1 {
        y: i32,
    }
    assert_eq!(decode::<Some1>(POINT, b"\x02\x04").unwrap(), Some1 { y: 2 });
    assert_eq!(decode::<(i32,)>(POINT, b"\x02\x04").unwrap(), (1,));
    decode::<()>(POINT, b"\x02\x04").unwrap_err();
    let error = decode::<[i32; 2]>(r#"{"type":"array","items":"int"}"#, b"\x06\x02\x04\x06\x00").unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::Refused);
}

#[test]
fn structs_inside_structs_out_of_turn() {
    #[derive(Serialize)]
    struct Outer {
        b: Inner,
        a: Inner,
    }
    #[derive(Serialize)]
    struct Inner {
        d: i32,
        c: i32,
    }
    let text = r#"{"type":"record","name":"Outer","fields":[
        {"name":"a","type":{"type":"record","name":"Inner","fields":[{"name":"c","type":"int"},{"name":"d","type":"int"}]}},
        {"name":"b","type":"Inner"}]}"#;
    let value = Outer { b: Inner { d: 4, c: 3 }, a: Inner { d: 2, c: 1 } };
    assert_eq!(encode(text, &value).unwrap(), b"\x02\x04\x06\x08");
    let maps = r#"{"type":"map","values":{"type":"map","values":"int"}}"#;
    assert_eq!(
        encode(maps, &value).unwrap(),
        b"\x04\x02b\x04\x02d\x08\x02c\x06\x00\x02a\x04\x02d\x04\x02c\x02\x00\x00"
    );
}

#[test]
fn plans_are_shared_between_threads() {
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<EncodePlan>();
    is_shared::<DecodePlan>();
}

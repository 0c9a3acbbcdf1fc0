//! The bytes that serializers in Python, Node, Go and Java make, which are ours as well: `tests/clients/run` compares theirs.

#[path = "../../examples/bridge/avro_json.rs"]
mod avro_json;
#[path = "../../examples/bridge/hex.rs"]
mod hex;

use avow_avro::{Strictness, parse};
use avow_client::{Deserializer, Registry, Serializer, Subject, wire};
use avro_json::{Any, from_json, to_json};
use hex::{hex, unhex};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Double, Reply};

#[derive(Deserialize)]
struct Vector {
    name: String,
    schema: String,
    data: Vec<Value>,
    framed: Vec<String>,
}

#[tokio::test]
async fn the_bytes_are_those_of_other_serializers() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../vectors/wire.json")).unwrap();
    assert!(vectors.len() > 15);
    for vector in vectors {
        let name = &vector.name;
        let text = vector.schema.clone();
        let double = Double::start(move |_| Reply::ok(json!({"schema": text}))).await;
        let registry = Registry::connect([&double.url]).unwrap();
        let framed: Vec<_> = vector.framed.iter().map(|framed| unhex(framed).unwrap()).collect();
        let Some(wire::SchemaKey::Id(id)) = wire::inspect(&framed[0]).unwrap().map(|framed| framed.key) else {
            panic!("{name}: not framed by an id")
        };
        let serializer = Serializer::<Any>::builder(&registry, Subject::exactly("vectors")).use_schema_id(id);
        let mut serializer = serializer.prepare().await.unwrap();
        let mut deserializer = Deserializer::<Any>::new(&registry);
        let schema = parse(&vector.schema, &[], Strictness::Java).unwrap();
        assert_eq!(vector.data.len(), framed.len(), "{name}");
        for (json, framed) in vector.data.iter().zip(&framed) {
            let datum = from_json(&schema, json).unwrap();
            assert_eq!(hex(serializer.serialize(&datum).unwrap().payload), hex(framed), "{name}: {json}");
            let decoded = deserializer.decode(framed).await.unwrap().unwrap();
            assert_eq!(hex(serializer.serialize(&decoded).unwrap().payload), hex(framed), "{name}: {json}, again");
            // A decimal is decoded as the number it means; everything else as it was given.
            if name != "logical" {
                assert_eq!(to_json(&schema, &decoded).unwrap(), *json, "{name}");
            }
        }
    }
}

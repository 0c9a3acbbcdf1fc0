//! Records: decoded, encoded and made up.

use avow_client::wire::SchemaKey;
use serde_json::json;

use crate::support::Server;
use crate::work::Work;

const SALE: &str = r#"{"type":"record","name":"Sale","namespace":"com.acme","fields":[
    {"name":"id","type":"long"},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"note","type":["null","string"],"default":null},
    {"name":"items","type":{"type":"array","items":{"type":"enum","name":"Item","symbols":["TEA","CUP"]}}},
    {"name":"tags","type":{"type":"map","values":"boolean"}}]}"#;
const RECORD: &str = r#"{"id":21,"at":1795240136913,"price":"\u0004Ò","note":"a much longer note","items":["CUP","TEA"],"tags":{"new":true}}"#;

#[test]
fn bytes_are_explained_one_by_one() {
    let work = Work::with(&[
        ("sale.avsc", SALE),
        ("record.json", RECORD),
        ("two.json", "{\"id\":1,\"at\":0,\"price\":\"\",\"items\":[],\"tags\":{}}\n{\"id\":2}"),
        ("bytes.avsc", "\"bytes\""),
        ("bytes.json", "\"abc\""),
    ]);
    let bare = work.avow("encode --schema sale.avsc --bare record.json").stdout;
    let bare = bare.trim();
    work.golden(
        "data.txt",
        &[
            "encode --schema sale.avsc --bare record.json",
            "encode --schema sale.avsc record.json",
            "encode --schema sale.avsc --id 7 --as base64 record.json",
            "encode --schema sale.avsc --bare two.json",
            &format!("decode --schema sale.avsc --bare {bare}"),
            &format!("decode --schema sale.avsc 0000000007{}", &bare[..60]),
            "decode --schema sale.avsc --bare 2a00 -o json",
            "decode --schema sale.avsc 7b7d",
            "decode --schema sale.avsc xyz!",
            "encode --schema bytes.avsc --id 1 bytes.json",
            "decode --schema bytes.avsc 0000000001616263",
            "sample --schema sale.avsc -n 3 --seed 5",
            "sample --schema sale.avsc -n 2 --seed 5 --as hex --id 9",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frame_names_the_schema() {
    let server = Server::start().await;
    server.register("sales-value", SALE).await;
    let url = format!("http://{}", server.address());
    let client = avow_client::rest::Client::builder([&url]).build().expect("a client");
    let registry = avow_client::Registry::new(client);
    registry.schema(SchemaKey::Id(1)).await.expect("a schema");
    let mut work = Work::with(&[("record.json", RECORD)]);
    registry.snapshot().write(work.file("schemas.snapshot")).expect("a file");
    work.set("AVOW_REGISTRY_URL", &url);

    let expected: serde_json::Value = serde_json::from_str(RECORD).expect("JSON");
    let mut expected = expected;
    expected["note"] = json!({"string": "a much longer note"});
    for (encode, key) in [("", "id"), (" --guid", "guid")] {
        for notation in ["hex", "base64"] {
            let encoded = work.avow(&format!("encode -s sales-value@1{encode} --as {notation} record.json"));
            assert_eq!(encoded.code, 0, "{}", encoded.stderr);
            for from in ["", " --snapshot schemas.snapshot --registry http://127.0.0.1:1"] {
                let decoded = work.avow(&format!("decode {} -o json{from}", encoded.stdout.trim()));
                assert_eq!(decoded.code, 0, "{}", decoded.stderr);
                assert_eq!(decoded.json()["record"], expected);
                assert!(decoded.json()["schema"][key] != json!(null));
            }
        }
    }
    let raw = work.avow_command().args(["encode", "-s", "id:1", "--as", "raw", "record.json"]).output();
    std::fs::write(work.file("raw"), raw.expect("avow runs").stdout).expect("a file");
    assert_eq!(work.avow("decode --file raw -o json").json()["record"], expected);

    let bare = work.avow("encode -s id:1 --bare record.json").stdout;
    let decoded = work.avow(&format!("decode {} --header 0000000001 -o json", bare.trim()));
    assert_eq!(decoded.json()["record"], expected, "the header names the schema, the payload is data");
    assert_eq!(work.avow("decode 00000000632a").code, 3, "there is no such schema");
    for line in work.avow("sample -s id:1 -n 5 --as hex").stdout.lines() {
        let decoded = work.avow(&format!("decode {line} -o json"));
        assert_eq!(decoded.code, 0, "{line}: {}", decoded.stderr);
    }
    server.stop().await;
}

#[test]
fn container_files_are_decoded_with_their_own_schema() {
    let work = Work::new();
    for codec in ["null", "deflate"] {
        let text =
            std::fs::read_to_string(format!("{}/schema/tests/container/{codec}.hex", env!("CARGO_MANIFEST_DIR")));
        let bytes = hex::decode(text.expect("a vector").replace('\n', "")).expect("bytes");
        std::fs::write(work.file(&format!("{codec}.avro")), &bytes).expect("a file");
        std::fs::write(work.file("cut.avro"), &bytes[..bytes.len() - 1]).expect("a file");
    }
    work.write("none.avro", "PAR1");
    work.golden(
        "container.txt",
        &[
            "decode null.avro",
            "decode --file deflate.avro -o json",
            "decode cut.avro",
            "decode gone.avro",
            "get --from deflate.avro",
            "get --from null.avro --pretty",
            "get --from none.avro",
            "get",
        ],
    );
}

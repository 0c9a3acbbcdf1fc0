//! The OpenAPI document: its examples work when sent as they stand, its sections are in order.

use serde_json::{Value, json};

use super::support::Server;

/// The example of a request, as documentation pages fill it in: that of the schema, else those of its fields.
fn example(document: &Value, request: &Value) -> Value {
    let schema = &request["content"]["application/json"]["schema"];
    let name = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()).expect("a component");
    let schema = &document["components"]["schemas"][name];
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    let fields = schema["properties"].as_object().into_iter().flatten();
    let example = |field: &Value| field.get("example").or_else(|| field["examples"].get(0)).cloned();
    fields
        .map(|(name, field)| (name.clone(), example(field).unwrap_or_else(|| panic!("no example of {name}"))))
        .collect()
}

#[tokio::test]
async fn every_example_works_as_it_stands() {
    let server = Server::start().await;
    let document = server.get("/openapi.json").await.ok();
    let order = json!({"schema": r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}"#});
    server.post("/subjects/orders-value/versions", &order).await.ok();
    let mut sent = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let Some(request) = operation.get("requestBody") else { continue };
            let path =
                path.replace("{subject}", "orders-value").replace("{version}", "latest").replace("{context}", ".");
            let body = example(&document, request);
            let headers = [("content-type", "application/json")];
            let answer = server.send(&method.to_uppercase(), &path, &headers, body.to_string()).await;
            assert_eq!(answer.status, 200, "{method} {path} {body}: {}", answer.text());
            sent += 1;
        }
    }
    assert!(sent > 8, "only {sent} requests have bodies");
}

#[tokio::test]
async fn sections_and_paths_are_in_the_order_of_a_newcomer() {
    let document = Server::start().await.get("/openapi.json").await.ok();
    let sections: Vec<&Value> = document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    assert_eq!(sections[..3], ["subjects", "versions", "schemas"]);
    let paths: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(paths.first().map(|path| path.as_str()), Some("/subjects"));
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for operation in operations.as_object().expect("operations").values() {
            assert!(sections.contains(&&operation["tags"][0]), "{path} is in no section");
            assert_eq!(operation["responses"]["404"], json!({"$ref": "#/components/responses/NotFound"}), "{path}");
        }
    }
}

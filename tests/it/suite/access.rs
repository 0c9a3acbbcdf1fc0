//! Who gets in, and what they may do: attacks on authentication and permission, each refused with no effect.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use avow_registry::access::token::Token;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::support::{Answer, Server};

const INT: &str = r#"{"schema": "\"int\""}"#;

/// A registry with users of every kind; the password of each is its name.
struct Guarded {
    server: Server,
    file: NamedTempFile,
    token: Token,
}

/// Users by their roles: everything, nothing, `orders-*` to write, `orders-*` to read, the settings of context `.dev`.
const FILE: &str = r#"
[role.orders-writer]
allow = [{ verbs = ["create", "register"], subjects = ["orders-*"] }]

[role.purger]
allow = [{ verbs = ["purge"], subjects = ["*"] }]
deny = [{ verbs = ["delete"], subjects = ["secret-*"] }]

[[grant]]
role = "admin"
to = ["user:admin"]

[[grant]]
role = "orders-writer"
to = ["user:writer", "service:ci"]

[[grant]]
role = "reader"
to = ["user:reader"]
subjects = ["orders-*"]

[[grant]]
role = "reader"
to = ["user:all-reader"]

[[grant]]
role = "purger"
to = ["user:purger"]

[[grant]]
role = "operator"
to = ["user:operator"]

[[grant]]
role = "manager"
to = ["user:dev-manager"]
contexts = [".dev"]
"#;

const USERS: [&str; 8] = ["admin", "writer", "reader", "all-reader", "purger", "operator", "dev-manager", "nobody"];

fn file(extra: &str) -> (NamedTempFile, Token) {
    let token = Token::make().expect("random bytes");
    let mut text = FILE.to_owned() + extra;
    let users = USERS.map(|user| {
        // A single round: these tests are not about how slow hashes are.
        format!("\n[[user]]\nname = \"{user}\"\npassword = \"{}\"\n", quick_hash(user))
    });
    text.extend(users);
    text.extend([format!(
        "\n[[token]]\nid = \"{}\"\nowner = \"ci\"\nsha256 = \"{}\"\n",
        token.id().as_str(),
        String::from(token.hash())
    )]);
    let file = NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("written");
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).expect("permissions");
    (file, token)
}

fn quick_hash(password: &str) -> String {
    let encode = |bytes: &[u8]| base64::prelude::BASE64_STANDARD_NO_PAD.encode(bytes);
    let mut hash = [0; 32];
    let rounds = std::num::NonZeroU32::MIN;
    aws_lc_rs::pbkdf2::derive(
        aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        b"salt of tests",
        password.as_bytes(),
        &mut hash,
    );
    format!("$pbkdf2-sha256$i=1${}${}", encode(b"salt of tests"), encode(&hash))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

impl Guarded {
    async fn start() -> Self {
        Self::start_with("").await
    }

    async fn start_with(extra: &str) -> Self {
        let (file, token) = file(extra);
        let path = file.path().to_str().expect("text").to_owned();
        let server = Server::start_with(&["--access-file", &path, "--tls-reload", "1"]).await;
        Self { server, file, token }
    }

    async fn send(&self, user: &str, method: &str, path: &str, body: &str) -> Answer {
        let credential = basic(user, user);
        let headers = [("authorization", credential.as_str()), ("content-type", "application/json")];
        self.server.send(method, path, &headers, body.to_owned()).await
    }

    async fn get(&self, user: &str, path: &str) -> Answer {
        self.send(user, "GET", path, "").await
    }

    async fn register(&self, user: &str, subject: &str, schema: &str) -> Answer {
        let body = json!({ "schema": schema }).to_string();
        self.send(user, "POST", &format!("/subjects/{subject}/versions"), &body).await
    }

    /// A registry with schemas, secret ones among them.
    async fn filled() -> Self {
        let guarded = Self::start().await;
        for (subject, schema) in [
            ("orders-a", r#""int""#),
            ("orders-b", r#"{"type": "record", "name": "B", "fields": []}"#),
            ("secret-a", r#"{"type": "record", "name": "SecretName", "fields": []}"#),
            (":.dev:secret-b", r#"{"type": "record", "name": "SecretName", "fields": []}"#),
        ] {
            assert_eq!(guarded.register("admin", subject, schema).await.status, 200, "{subject}");
        }
        guarded
    }
}

#[tokio::test]
async fn strangers_are_asked_who_they_are() {
    let guarded = Guarded::filled().await;
    let server = &guarded.server;
    let refused = server.get("/subjects").await;
    assert_eq!(refused.json(), json!({"error_code": 401, "message": "Unauthorized"}));
    let challenges: Vec<_> = refused.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, [r#"Basic realm="avow""#, r#"Bearer realm="avow""#]);
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    for (method, path) in [
        ("GET", "/schemas/ids/1"),
        ("POST", "/subjects/orders-a/versions"),
        ("DELETE", "/subjects/orders-a"),
        ("PUT", "/config"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/docs/"),
        ("GET", "/avow/v1/whoami"),
        ("GET", "/nowhere"),
        ("HEAD", "/subjects"),
        ("GET", "/contexts/.dev/subjects"),
    ] {
        assert_eq!(server.send(method, path, &[], INT).await.status, 401, "{method} {path}");
    }
    for path in ["/", "/livez", "/readyz"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    assert_eq!(server.send("OPTIONS", "/subjects", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_wrong_credential_is_not_a_missing_one() {
    let guarded = Guarded::start_with("[anonymous]\nroles = [\"reader\"]\n").await;
    let server = &guarded.server;
    assert_eq!(server.get("/subjects").await.status, 200, "nobodies may read here");
    let token = guarded.token.reveal();
    for (credential, status) in [
        (basic("reader", "reader"), 200),
        (basic("reader", "wrong"), 401),
        (basic("unknown", "unknown"), 401),
        (format!("Bearer {token}"), 200),
        (basic("token", token), 200),
        (basic("ci", token), 200),
        (basic("reader", token), 401),
        (format!("Bearer {token}x"), 401),
        (format!("Digest {token}"), 401),
        (String::from("Basic !"), 401),
    ] {
        let answer = server.send("GET", "/subjects", &[("authorization", &credential)], "").await;
        assert_eq!(answer.status, status, "{credential}");
    }
    assert_eq!(server.get(&format!("/subjects?api_key={token}")).await.status, 200, "a key in a URL is none");
    let refused = server.send("GET", "/subjects", &[("authorization", "Bearer avow_x")], "").await;
    let challenges: Vec<_> = refused.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges[1], r#"Bearer realm="avow", error="invalid_token""#);
    // What nobodies may not do is asked of somebody.
    assert_eq!(server.send("DELETE", "/subjects/x", &[], "").await.error(), (401, 401));
}

#[tokio::test]
async fn whoami_and_the_log_have_the_same_name() {
    let guarded = Guarded::start().await;
    let me = guarded.get("writer", "/avow/v1/whoami").await.ok();
    assert_eq!(
        (&me["principal"], &me["method"], &me["roles"]),
        (&json!("user:writer"), &json!("basic"), &json!(["orders-writer"]))
    );
    assert_eq!(me["rules"][0]["subjects"], json!(["orders-*"]));
    let bearer = format!("Bearer {}", guarded.token.reveal());
    let token = guarded.server.send("GET", "/avow/v1/whoami", &[("authorization", &bearer)], "").await.ok();
    assert_eq!(
        (&token["principal"], &token["credential"]),
        (&json!("service:ci"), &json!(guarded.token.id().as_str()))
    );
    assert_eq!(guarded.register("writer", "orders-a", r#""int""#).await.status, 200);
    let changes = guarded.get("admin", "/avow/v1/changes").await.ok();
    assert_eq!(changes[0]["data"]["actor"], "user:writer");
}

#[tokio::test]
async fn refusals_are_those_that_clients_know() {
    let guarded = Guarded::filled().await;
    for (user, method, path, message) in [
        ("reader", "POST", "/subjects/secret-a/versions", "User is denied operation Write on Subject: secret-a"),
        ("reader", "DELETE", "/subjects/orders-a", "User is denied operation Delete on Subject: orders-a"),
        ("reader", "GET", "/subjects/secret-a/versions", "User is denied operation Read on Subject: secret-a"),
        ("reader", "GET", "/subjects/secret-none/versions", "User is denied operation Read on Subject: secret-none"),
        ("reader", "GET", "/config", "User is denied operation ReadCompatibility on this server."),
        ("all-reader", "DELETE", "/config", "User is denied operation WriteCompatibility on this server."),
        ("reader", "GET", "/config/secret-a", "User is denied operation ReadCompatibility on Subject: secret-a"),
        ("reader", "GET", "/avow/v1/changes", "User is denied operation Watch on changes"),
        ("reader", "GET", "/metrics", "User is denied operation Read on metrics"),
    ] {
        let refused = guarded.send(user, method, path, INT).await;
        assert_eq!((refused.status, refused.json()), (403, json!({"error_code": 40301, "message": message})), "{path}");
    }
}

#[tokio::test]
async fn a_verb_and_a_pattern_never_part() {
    let guarded = Guarded::filled().await;
    for (user, method, path, status) in [
        ("writer", "POST", "/subjects/orders-new/versions", 200),
        ("writer", "POST", "/subjects/orders-b/versions?force=true", 403),
        ("writer", "POST", "/subjects/secret-new/versions", 403),
        ("writer", "POST", "/contexts/.dev/subjects/orders-new/versions", 403),
        ("writer", "POST", "/subjects/:.dev:orders-new/versions", 403),
        ("writer", "POST", "/subjects/:.:orders-a/versions", 200),
        ("writer", "POST", "//subjects///orders-a//versions", 200),
        ("writer", "POST", "/subjects/%6frders-a/versions", 200),
        ("writer", "POST", "/subjects/secret%2Da/versions", 403),
        ("writer", "DELETE", "/subjects/orders-a", 403),
        ("writer", "PUT", "/config/orders-a", 403),
        ("writer", "PUT", "/mode/orders-a", 403),
        ("writer", "GET", "/subjects/orders-a/versions/1", 200),
        ("writer", "HEAD", "/subjects/secret-a/versions/1", 403),
        ("purger", "DELETE", "/subjects/secret-a", 403),
        ("purger", "DELETE", "/subjects/secret-a?permanent=true", 403),
        ("purger", "GET", "/subjects/secret-a/versions", 200),
        ("purger", "DELETE", "/subjects/orders-b", 200),
        ("purger", "DELETE", "/subjects/orders-b?permanent=true", 200),
        ("dev-manager", "DELETE", "/subjects/:.dev:secret-b", 200),
        ("dev-manager", "DELETE", "/subjects/:.dev:secret-b?permanent=true", 403),
        ("dev-manager", "DELETE", "/subjects/secret-a", 403),
        ("dev-manager", "GET", "/config/:.dev:?defaultToGlobal=true", 200),
        ("dev-manager", "GET", "/config?defaultToGlobal=true", 403),
        ("dev-manager", "GET", "/contexts/.dev/config?defaultToGlobal=true", 200),
        ("operator", "PUT", "/contexts/.dev/config", 200),
        ("operator", "PUT", "/avow/v1/contexts/.dev/id-floor", 403),
        ("nobody", "GET", "/subjects/orders-a/versions", 403),
    ] {
        let body = if path.contains("config") { r#"{"compatibility": "FULL"}"# } else { INT };
        let answer = guarded.send(user, method, path, body).await;
        assert_eq!(answer.status, status, "{user} {method} {path}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn what_is_chosen_by_the_caller_needs_more() {
    let guarded = Guarded::filled().await;
    let chosen = r#"{"schema": "\"long\"", "id": 77, "version": 9}"#;
    let refused = guarded.send("writer", "POST", "/subjects/orders-c/versions", chosen).await;
    assert_eq!(refused.error(), (403, 40301));
    let import = guarded.send("operator", "PUT", "/mode/orders-a?force=true", r#"{"mode": "READWRITE"}"#).await;
    assert_eq!(import.error(), (403, 40301));
    let import = guarded.send("operator", "PUT", "/mode/orders-a", r#"{"mode": "IMPORT"}"#).await;
    assert_eq!(import.error(), (403, 40301));
    let alias = guarded.send("operator", "PUT", "/config/orders-a", r#"{"alias": "secret-a"}"#).await;
    assert_eq!(alias.status, 200, "an operator may read it");
    assert_eq!(guarded.get("reader", "/subjects/orders-a/versions").await.error(), (403, 40301));
    let refused = guarded.get("reader", "/subjects/orders-a/versions/1").await;
    assert!(!refused.text().contains("secret"), "{}", refused.text());
}

#[tokio::test]
async fn what_is_registered_needs_no_more_than_reading() {
    let guarded = Guarded::filled().await;
    let known = guarded.register("reader", "orders-a", r#""int""#).await.ok();
    assert_eq!(known["id"], guarded.register("admin", "orders-a", r#""int""#).await.ok()["id"]);
    assert_eq!(guarded.register("reader", "orders-a", r#""long""#).await.error(), (403, 40301));
    assert_eq!(guarded.register("reader", "secret-a", r#""int""#).await.error(), (403, 40301));
    assert_eq!(guarded.get("admin", "/subjects/orders-a/versions").await.ok(), json!([1]));
}

#[tokio::test]
async fn a_reference_shows_nothing_that_was_secret() {
    let guarded = Guarded::filled().await;
    let refers = json!({
        "schema": r#"{"type": "record", "name": "R", "fields": [{"name": "f", "type": "SecretName"}]}"#,
        "references": [{"name": "SecretName", "subject": "secret-a", "version": 1}],
    })
    .to_string();
    for path in [
        "/subjects/orders-r/versions",
        "/subjects/orders-r",
        "/compatibility/subjects/orders-r/versions",
        "/subjects/orders-r/versions?explain=true",
    ] {
        let refused = guarded.send("writer", "POST", path, &refers).await;
        assert_eq!(refused.error(), (403, 40301), "{path}");
    }
    // A caller that may read a schema may read its references: that version, and nothing else.
    assert_eq!(guarded.send("admin", "POST", "/subjects/orders-r/versions", &refers).await.status, 200);
    let resolved = guarded.get("reader", "/subjects/orders-r/versions/1/schema?format=resolved").await;
    assert!(resolved.text().contains("SecretName"), "{}", resolved.text());
    for (path, status) in [
        ("/subjects/secret-a/versions/1", 200),
        ("/subjects/secret-a/versions/latest", 403),
        ("/subjects/secret-a/versions", 403),
        ("/subjects/secret-a/versions/1/referencedby", 403),
    ] {
        assert_eq!(guarded.get("reader", path).await.status, status, "{path}");
    }
    let by_admin = guarded.get("admin", "/subjects/secret-a/versions/1/referencedby").await.ok();
    assert_eq!(by_admin.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn lists_show_what_may_be_read() {
    let guarded = Guarded::filled().await;
    let all = json!([":.dev:secret-b", "orders-a", "orders-b", "secret-a"]);
    let readable = json!(["orders-a", "orders-b"]);
    for (user, path, expected) in [
        ("admin", "/subjects", &all),
        ("reader", "/subjects", &readable),
        ("reader", "/subjects?subjectPrefix=orders-b", &json!(["orders-b"])),
        ("reader", "/subjects?subjectPrefix=secret", &json!([])),
        ("reader", "/subjects?offset=1&limit=1", &json!(["orders-b"])),
        ("reader", "/subjects?offset=2", &json!([])),
        ("nobody", "/subjects", &json!([])),
        ("reader", "/contexts", &json!(["."])),
        ("admin", "/contexts", &json!([".", ".dev"])),
        ("dev-manager", "/contexts", &json!([".dev"])),
        ("nobody", "/contexts", &json!([])),
    ] {
        assert_eq!(guarded.get(user, path).await.ok(), *expected, "{user} {path}");
    }
    let subjects = |page: &Value, at: &str| -> BTreeSet<String> {
        let list = if at.is_empty() { page } else { &page[at] };
        list.as_array().expect("a list").iter().filter_map(|it| it["subject"].as_str()).map(str::to_owned).collect()
    };
    let expected: BTreeSet<_> = ["orders-a", "orders-b"].map(str::to_owned).into();
    assert_eq!(subjects(&guarded.get("reader", "/schemas?subjectPrefix=:*:").await.ok(), ""), expected);
    assert_eq!(subjects(&guarded.get("reader", "/avow/v1/subjects").await.ok(), "subjects"), expected);
    for path in ["/avow/v1/subjects?type=SecretName", "/avow/v1/snapshot", "/avow/v1/snapshot?context=.dev", "/schemas"]
    {
        let page = guarded.get("reader", path).await;
        assert!(page.status == 200 && !page.text().contains("ecret"), "{path}: {}", page.text());
    }
}

#[tokio::test]
async fn ids_are_read_through_a_holder() {
    let guarded = Guarded::filled().await;
    let secret = guarded.get("admin", "/subjects/secret-a/versions/1").await.ok();
    let (id, guid) = (secret["id"].as_i64().expect("an id"), secret["guid"].as_str().expect("a guid").to_owned());
    for path in ["", "/schema", "/subjects", "/versions"] {
        let refused = guarded.get("reader", &format!("/schemas/ids/{id}{path}")).await;
        assert_eq!(refused.error(), (403, 40301), "{path}");
        assert!(!refused.text().contains("secret"), "{}", refused.text());
    }
    assert_eq!(guarded.get("reader", &format!("/schemas/ids/{id}?subject=secret-a")).await.error(), (403, 40301));
    assert_eq!(guarded.get("reader", &format!("/schemas/guids/{guid}")).await.error(), (404, 40403));
    assert_eq!(guarded.get("reader", &format!("/schemas/guids/{guid}/ids")).await.ok(), json!([]));
    assert_eq!(guarded.get("reader", &format!("/avow/v1/contents/{guid}")).await.error(), (404, 40403));
    // Held by a readable subject as well, it may be read, and no secret holder is named.
    let schema = r#"{"type": "record", "name": "SecretName", "fields": []}"#;
    assert_eq!(guarded.register("admin", "orders-c", schema).await.ok()["id"], id);
    assert_eq!(guarded.get("reader", &format!("/schemas/ids/{id}")).await.status, 200);
    assert_eq!(guarded.get("reader", &format!("/schemas/ids/{id}/subjects")).await.ok(), json!(["orders-c"]));
    assert!(!guarded.get("reader", &format!("/schemas/ids/{id}")).await.text().contains("secret-a"));
    assert_eq!(guarded.get("reader", &format!("/avow/v1/contents/{guid}")).await.status, 200);
}

#[tokio::test]
async fn a_cached_answer_is_served_to_permitted_callers() {
    let guarded = Guarded::filled().await;
    let id = guarded.get("admin", "/subjects/secret-a/versions/1").await.ok()["id"].as_i64().expect("an id");
    let secret: Vec<String> = vec![
        format!("/schemas/ids/{id}"),
        format!("/schemas/ids/{id}/schema"),
        "/subjects/secret-a/versions".to_owned(),
        "/subjects/secret-a/versions/1".to_owned(),
        "/subjects/secret-a/versions/1/schema".to_owned(),
        "/subjects/secret-a/versions/latest".to_owned(),
        "/config/secret-a?defaultToGlobal=true".to_owned(),
        "/mode/secret-a?defaultToGlobal=true".to_owned(),
        "/config".to_owned(),
        "/mode".to_owned(),
    ];
    for path in &secret {
        for _ in 0..2 {
            let answer = guarded.get("admin", path).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.header("cache-control").is_none_or(|caching| caching.starts_with("private")), "{path}");
            assert_eq!(guarded.get("reader", path).await.status, 403, "{path}");
            assert_eq!(guarded.server.get(path).await.status, 401, "{path}");
        }
    }
    // The other way round: what was computed for a few is not for all.
    for _ in 0..2 {
        assert_eq!(guarded.get("reader", "/contexts").await.ok(), json!(["."]));
        assert_eq!(guarded.get("admin", "/contexts").await.ok(), json!([".", ".dev"]));
    }
    // A look-up and a registration are kept by their bodies, too.
    for path in ["/subjects/secret-a", "/subjects/secret-a/versions"] {
        let body = json!({"schema": r#"{"type": "record", "name": "SecretName", "fields": []}"#}).to_string();
        for _ in 0..2 {
            assert_eq!(guarded.send("admin", "POST", path, &body).await.status, 200, "{path}");
            assert_eq!(guarded.send("reader", "POST", path, &body).await.status, 403, "{path}");
        }
    }
}

#[tokio::test]
async fn a_plan_is_refused_whole() {
    let guarded = Guarded::filled().await;
    let plan = |operations: Value| json!({ "operations": operations }).to_string();
    let register = |subject: &str| json!({"op": "register", "subject": subject, "schema": r#""long""#});
    for operations in [
        json!([register("orders-new"), register("secret-new")]),
        json!([register("orders-new"), {"op": "deleteSubject", "subject": "orders-a"}]),
        json!([register("orders-new"), {"op": "setConfig", "subject": "orders-a", "config": {"compatibility": "NONE"}}]),
        json!([{"op": "register", "subject": "orders-new", "schema": r#""long""#, "force": true}]),
    ] {
        let refused = guarded.send("writer", "POST", "/avow/v1/apply", &plan(operations.clone())).await;
        assert_eq!(refused.error(), (403, 40301), "{operations}");
    }
    assert_eq!(guarded.get("writer", "/subjects").await.ok(), json!(["orders-a", "orders-b"]));
    let mut dry = json!({"operations": [register("secret-a")], "dryRun": true});
    assert_eq!(guarded.send("writer", "POST", "/avow/v1/apply", &dry.to_string()).await.error(), (403, 40301));
    dry["operations"] = json!([register("orders-new")]);
    assert_eq!(guarded.send("reader", "POST", "/avow/v1/apply", &dry.to_string()).await.status, 200);
    assert_eq!(
        guarded.send("reader", "POST", "/avow/v1/apply", &plan(json!([register("orders-new")]))).await.error(),
        (403, 40301)
    );
    assert_eq!(
        guarded.send("writer", "POST", "/avow/v1/apply", &plan(json!([register("orders-new")]))).await.status,
        200
    );
}

#[tokio::test]
async fn a_batch_of_checks_has_refusals_in_their_place() {
    let guarded = Guarded::filled().await;
    let checks = json!({"checks": [
        {"subject": "orders-a", "schema": r#""int""#},
        {"subject": "secret-a", "schema": r#""int""#},
        {"reader": {"schema": r#""int""#}, "writer": {"schema": r#""int""#}},
    ]});
    let results = guarded.send("reader", "POST", "/avow/v1/compatibility", &checks.to_string()).await.ok();
    assert_eq!(results["results"][0]["is_compatible"], true);
    assert_eq!(results["results"][1]["error"]["error_code"], 40301);
    assert_eq!(results["results"][2]["is_compatible"], true);
}

#[tokio::test]
async fn the_feed_shows_what_may_be_read_and_never_loops() {
    let guarded = Guarded::start_with(
        "[role.watcher]\nallow = [{ verbs = [\"watch\"], on = [\"changes\"] }, \
         { verbs = [\"read\"], subjects = [\"orders-*\"] }]\n[[grant]]\nrole = \"watcher\"\nto = [\"user:nobody\"]\n",
    )
    .await;
    for subject in ["secret-a", "orders-a", "secret-b"] {
        assert_eq!(guarded.register("admin", subject, r#""int""#).await.status, 200);
    }
    let page = guarded.get("nobody", "/avow/v1/changes").await;
    assert_eq!(page.header("avow-next-after"), Some("3"));
    assert!(!page.text().contains("secret"), "{}", page.text());
    assert_eq!(page.ok().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn decisions_are_explained() {
    let guarded = Guarded::start().await;
    let explain = async |user: &str, question: Value| {
        guarded.send(user, "POST", "/avow/v1/access/explain", &question.to_string()).await
    };
    let own = explain("writer", json!({"verb": "register", "subject": "orders-a"})).await.ok();
    assert_eq!((&own["allowed"], &own["rule"]["role"]), (&json!(true), &json!("orders-writer")));
    let denied = explain("purger", json!({"verb": "purge", "subject": "secret-a"})).await.ok();
    assert_eq!((&denied["allowed"], &denied["rule"]["effect"]), (&json!(false), &json!("deny")));
    let none = explain("writer", json!({"verb": "read", "on": "global"})).await.ok();
    assert_eq!((&none["allowed"], &none["rule"]), (&json!(false), &Value::Null));
    let other = json!({"principal": "user:reader", "verb": "read", "subject": "orders-a"});
    assert_eq!(explain("writer", other.clone()).await.error(), (403, 40301));
    assert_eq!(explain("admin", other).await.ok()["allowed"], true);
    assert_eq!(explain("admin", json!({"verb": "reed", "subject": "a"})).await.error(), (400, 400));
    assert_eq!(explain("admin", json!({"verb": "read"})).await.error(), (400, 400));
}

#[tokio::test]
async fn a_change_of_the_file_takes_effect() {
    let guarded = Guarded::start().await;
    assert_eq!(guarded.get("writer", "/subjects/orders-a/versions").await.error(), (404, 40401));
    let (without, _) = file("");
    let text = fs::read_to_string(without.path()).expect("text").replace("\"user:writer\", ", "");
    fs::write(guarded.file.path(), text).expect("written");
    while guarded.get("writer", "/subjects/orders-a/versions").await.status != 403 {
        // Until the file is looked at again.
        tokio::task::yield_now().await;
    }
    // A mistake leaves the version before in force.
    fs::write(guarded.file.path(), "[[user]]\nnaem = 1\n").expect("written");
    assert_eq!(guarded.get("admin", "/subjects").await.status, 200);
}

#[tokio::test]
async fn a_bootstrap_token_may_do_everything_until_somebody_else_can() {
    let token = Token::make().expect("random bytes");
    let secret = NamedTempFile::new().expect("a file");
    fs::write(secret.path(), format!("{}\n", token.reveal())).expect("written");
    let path = secret.path().to_str().expect("text");
    let bearer = format!("Bearer {}", token.reveal());
    let headers = [("authorization", bearer.as_str())];
    let server = Server::start_with(&["--bootstrap-token-file", path]).await;
    let me = server.send("GET", "/avow/v1/whoami", &headers, "").await.ok();
    assert_eq!((&me["principal"], &me["roles"]), (&json!("service:bootstrap"), &json!(["admin"])));
    assert_eq!(server.send("POST", "/subjects/s/versions", &headers, INT).await.status, 200);

    let (file, _) = file("");
    let access = file.path().to_str().expect("text");
    let server = Server::start_with(&["--bootstrap-token-file", path, "--access-file", access]).await;
    assert_eq!(server.send("GET", "/avow/v1/whoami", &headers, "").await.status, 401);
}

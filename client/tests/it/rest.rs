//! The registry's HTTP API: what is sent, and what becomes of every kind of answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avow_client::blocking::Wait;
use avow_client::rest::{
    Authorization, Client, ConfigError, ConfigUpdate, Level, Method, Mode, NewSchema, OAuth, Reference, Retry, Scope,
};
use avow_client::{Error, Event};
use serde_json::{Value, json};

use crate::support::{Asked, Double, Reply, nobody};

/// Quick retries: no test waits for a pause to be over.
fn quick() -> Retry {
    Retry::default().pause(Duration::from_millis(1)).attempt(Duration::from_millis(300))
}

fn client<'u>(urls: impl IntoIterator<Item = &'u String>) -> Client {
    Client::builder(urls.into_iter().collect::<Vec<_>>()).retry(quick()).build().unwrap()
}

fn version() -> Value {
    json!({"subject": "s", "version": 1, "id": 7, "schema": "\"int\""})
}

#[tokio::test]
async fn every_method_asks_what_the_contract_says() {
    let double = Double::start(|asked| {
        let path = asked.path.as_str();
        Reply::ok(match asked.method.as_str() {
            _ if path.starts_with("/compatibility") => json!({"is_compatible": true}),
            _ if path.contains("/config") => json!({"compatibilityLevel": "FULL"}),
            _ if path.contains("/mode") => json!({"mode": "IMPORT"}),
            _ if path.ends_with("/schema") => return Reply::text(200, "\"int\""),
            _ if path.contains("metadata/id") => json!({"scope": {"path": [], "clusters": {"kafka-cluster": "k"}}}),
            _ if path.contains("metadata/version") => json!({"version": "1", "commitId": "c"}),
            "DELETE" if path.contains("/versions/") => json!(1),
            "POST" => version(),
            "GET" if path.contains("versions/latest") || path.ends_with("versions/1") || path.contains("/ids/7?") => {
                version()
            }
            "GET" if path.contains("metadata") || path.ends_with("ids/7") || path.contains("guids/g") => {
                if path.ends_with("/ids") { json!([{"context": ".", "id": 7}]) } else { version() }
            }
            _ => json!([]),
        })
    })
    .await;
    let c = client([&double.url]);
    let staging = c.in_context("staging");
    let schema = NewSchema::avro("\"int\"").reference(Reference::new("n.A", "a", -1));
    macro_rules! asks {
        ($($call:expr => $line:expr,)+) => {
            $($call.await.unwrap_or_else(|error| panic!("{}: {error:?}", $line));)+
            assert_eq!(double.lines(), [$($line),+]);
        };
    }
    asks! {
        c.subjects() => "GET /subjects",
        c.subjects().prefix(":*:").include_deleted().offset(2).limit(3) =>
            "GET /subjects?subjectPrefix=%3A%2A%3A&deleted=true&offset=2&limit=3",
        c.subjects().only_deleted() => "GET /subjects?deletedOnly=true",
        staging.subjects() => "GET /subjects?subjectPrefix=%3A.staging%3A",
        staging.subjects().prefix("a/") => "GET /subjects?subjectPrefix=%3A.staging%3Aa%2F",
        c.versions("a/b c+d%é") => "GET /subjects/a%2Fb%20c%2Bd%25%C3%A9/versions",
        staging.versions("s") => "GET /subjects/%3A.staging%3As/versions",
        staging.versions(":.other:s") => "GET /subjects/%3A.other%3As/versions",
        c.version("s", 1) => "GET /subjects/s/versions/1",
        c.latest("s").include_deleted() => "GET /subjects/s/versions/latest?deleted=true",
        c.latest_with_metadata("s", [("a", "1"), ("b", "2")]) =>
            "GET /subjects/s/metadata?key=a&value=1&key=b&value=2",
        c.version_text("s", 1) => "GET /subjects/s/versions/1/schema",
        c.referenced_by("s", 1) => "GET /subjects/s/versions/1/referencedby",
        c.register("s", &schema).normalize() => "POST /subjects/s/versions?normalize=true",
        c.look_up("s", &schema).include_deleted() => "POST /subjects/s?deleted=true",
        c.delete_subject("s") => "DELETE /subjects/s",
        c.delete_version("s", 1).permanent() => "DELETE /subjects/s/versions/1?permanent=true",
        c.schemas().latest_only() => "GET /schemas?latestOnly=true",
        c.schema_types() => "GET /schemas/types",
        c.schema_by_id(7).resolved() => "GET /schemas/ids/7?format=resolved",
        staging.schema_by_id(7) => "GET /schemas/ids/7?subject=%3A.staging%3A",
        staging.schema_by_id(7).for_subject("s") => "GET /schemas/ids/7?subject=%3A.staging%3As",
        c.text_by_id(7) => "GET /schemas/ids/7/schema",
        c.subjects_by_id(7) => "GET /schemas/ids/7/subjects",
        c.versions_by_id(7).include_deleted() => "GET /schemas/ids/7/versions?deleted=true",
        c.schema_by_guid("g") => "GET /schemas/guids/g",
        c.ids_by_guid("g") => "GET /schemas/guids/g/ids",
        c.check_version("s", 1, &schema).verbose() => "POST /compatibility/subjects/s/versions/1?verbose=true",
        c.check_latest("s", &schema) => "POST /compatibility/subjects/s/versions/latest",
        c.check("s", &schema).normalize() => "POST /compatibility/subjects/s/versions?normalize=true",
        c.config(Scope::Global) => "GET /config",
        staging.config(Scope::Global) => "GET /config/%3A.staging%3A",
        c.config(Scope::Context(".x")) => "GET /config/%3A.x%3A",
        c.config("s").default_to_global() => "GET /config/s?defaultToGlobal=true",
        c.set_config("s", &ConfigUpdate::default().compatibility(Level::Full)) => "PUT /config/s",
        c.delete_config("s") => "DELETE /config/s",
        c.mode(Scope::Global) => "GET /mode",
        c.set_mode("s", Mode::Import).force() => "PUT /mode/s?force=true",
        c.delete_mode(Scope::Context("x")).recursive() => "DELETE /mode/%3A.x%3A?recursive=true",
        c.contexts() => "GET /contexts",
        c.delete_context(".x") => "DELETE /contexts/.x",
        c.associations(None, "t", "value") =>
            "GET /associations/resources/-/t?resourceType=topic&associationType=value",
        c.cluster_id() => "GET /v1/metadata/id",
        c.server_version() => "GET /v1/metadata/version",
        c.send_json(Method::POST, "/avow/v1/compatibility", [("x", "y z")], Some(&json!({"a": 1}))) =>
            "POST /avow/v1/compatibility?x=y%20z",
        c.send_json::<()>(Method::GET, "/avow/v1/rules", [], None) => "GET /avow/v1/rules",
    }
    let asked = double.asked();
    let registering = asked.iter().find(|asked| asked.path == "/subjects/s/versions?normalize=true").unwrap();
    assert_eq!(registering.body["references"], json!([{"name": "n.A", "subject": "a", "version": -1}]));
    assert_eq!(registering.header("content-type"), Some("application/vnd.schemaregistry.v1+json"));
    assert!(registering.header("user-agent").unwrap().starts_with("avow-client/"));
}

#[tokio::test]
async fn refusals_are_distinguished() {
    type Is = fn(&Error) -> bool;
    let rows: [(Reply, &[Is]); 12] = [
        (Reply::error(40401, "Subject 's' not found."), &[Error::is_not_found]),
        (Reply::error(404, "HTTP 404 Not Found"), &[Error::is_unsupported]),
        (Reply::text(404, "<html>nginx</html>"), &[Error::is_unsupported]),
        (Reply::error(405, "HTTP 405 Method Not Allowed"), &[Error::is_unsupported]),
        (Reply::error(40901, "incompatible"), &[Error::is_conflict]),
        (Reply::error(409, "incompatible, said an old one"), &[Error::is_conflict]),
        (Reply::error(42201, "Invalid schema"), &[Error::is_invalid]),
        (Reply::error(401, "Unauthorized"), &[Error::is_unauthenticated]),
        (Reply::error(403, "Forbidden"), &[Error::is_forbidden]),
        (Reply::error(429, "slow down"), &[Error::is_rate_limited, Error::is_retriable]),
        (Reply::error(50001, "store"), &[Error::is_unavailable, Error::is_retriable]),
        (Reply::error(504, "late"), &[Error::is_unavailable, Error::is_retriable, Error::is_timeout]),
    ];
    let all: [Is; 10] = [
        Error::is_not_found,
        Error::is_unsupported,
        Error::is_conflict,
        Error::is_invalid,
        Error::is_unauthenticated,
        Error::is_forbidden,
        Error::is_rate_limited,
        Error::is_unavailable,
        Error::is_retriable,
        Error::is_timeout,
    ];
    for (reply, expected) in rows {
        let double = Double::answering([reply.clone()]).await;
        let error =
            Client::builder([&double.url]).retry(Retry::never()).build().unwrap().latest("s").await.unwrap_err();
        let count = all.iter().filter(|is| is(&error)).count();
        assert!(expected.iter().all(|is| is(&error)) && count == expected.len(), "{reply:?}: {error:?}");
        assert!(error.to_string().contains(&double.url), "{error}");
    }
}

#[tokio::test]
async fn what_fails_for_a_moment_is_asked_again() {
    for failure in [
        Reply::error(500, "x"),
        Reply::text(502, "<html>bad gateway</html>"),
        Reply::error(503, "x"),
        Reply::error(429, "x"),
        Reply::ok(version()).breaks_off(),
        Reply::hangs(),
    ] {
        let double = Double::answering([failure.clone(), failure.clone(), Reply::ok(version())]).await;
        let latest = client([&double.url]).latest("s").await;
        assert_eq!(latest.unwrap_or_else(|error| panic!("{failure:?}: {error:?}")).id, 7);
        assert_eq!(double.asked().len(), 3);
    }
}

#[tokio::test]
async fn what_is_settled_is_not_asked_again() {
    for settled in [40401, 42201, 401, 403, 40901] {
        let double = Double::answering([Reply::error(settled, "no")]).await;
        client([&double.url]).latest("s").await.unwrap_err();
        assert_eq!(double.asked().len(), 1, "{settled}");
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    let lost = || Reply::ok(json!([1])).breaks_off();
    let schema = NewSchema::avro("\"int\"");
    let double = Double::answering([lost()]).await;
    let c = client([&double.url]);
    c.delete_subject("s").await.unwrap_err();
    c.register("s", &schema.clone().version(3)).await.unwrap_err();
    assert_eq!(double.asked().len(), 2);
    let double = Double::answering([Reply::error(503, "not yet"), lost(), Reply::ok(json!({"id": 7}))]).await;
    let registered = client([&double.url]).register("s", &schema).await.unwrap();
    assert_eq!((registered.id, double.asked().len()), (7, 3), "a schema is registered once however often it is sent");
}

#[tokio::test]
async fn another_address_takes_over_and_keeps_the_traffic() {
    let hanging = Double::answering([Reply::hangs()]).await;
    let well = Double::answering([Reply::ok(version())]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let saw = Arc::clone(&seen);
    let c = Client::builder([&hanging.url, &nobody().await, &well.url])
        .retry(quick())
        .observer(move |event: Event<'_>| {
            if let Event::Failover { to, .. } = event {
                saw.lock().unwrap().push(to.to_owned());
            }
        })
        .build()
        .unwrap();
    for _ in 0..10 {
        c.latest("s").await.unwrap();
    }
    assert_eq!((hanging.asked().len(), well.asked().len()), (1, 10));
    assert_eq!(seen.lock().unwrap().len(), 2);
    assert_eq!(seen.lock().unwrap()[1], well.url);
}

#[tokio::test]
async fn a_follower_that_lags_is_not_believed_at_once() {
    let lags = Double::answering([Reply::error(40403, "Schema not found")]).await;
    let knows = Double::answering([Reply::ok(version())]).await;
    let c = client([&lags.url, &knows.url]);
    assert_eq!(c.schema_by_id(7).await.unwrap().schema.text, "\"int\"");
    c.schema_by_id(7).await.unwrap();
    assert_eq!((lags.asked().len(), knows.asked().len()), (2, 2), "and stays the one that is asked first");
    let (one, two, three) = (lags, Double::answering([Reply::error(40403, "n")]).await, knows);
    let c = client([&one.url, &two.url, &three.url]);
    assert!(c.schema_by_id(8).await.unwrap_err().is_not_found());
    assert_eq!(three.asked().len(), 2, "one other is asked, not all");
}

#[tokio::test]
async fn a_registry_that_is_down_is_left_alone() {
    let double = Double::answering([Reply::error(503, "down")]).await;
    let c = client([&double.url]);
    for _ in 0..500 {
        let error = c.latest("s").await.unwrap_err();
        assert!(error.is_unavailable() && error.is_retriable(), "{error:?}");
    }
    let asked = double.asked().len();
    assert!(asked <= 6, "{asked} requests");
    let error = c.latest("s").await.unwrap_err();
    assert!(error.retry_after().is_some(), "{error:?}");
}

#[tokio::test]
async fn an_error_is_not_as_long_as_its_sender_likes() {
    let ages = u64::MAX.to_string();
    let double = Double::answering([Reply::error(429, &"x".repeat(1 << 20)).header("retry-after", ages)]).await;
    let client = Client::builder([&double.url]).build().unwrap();
    let error = client.latest("s").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_hours(24)));
    assert!(error.to_string().len() < 70_000, "{} bytes", error.to_string().len());
}

#[tokio::test]
async fn a_pause_that_the_registry_asks_for_is_kept() {
    let double =
        Double::answering([Reply::error(429, "slow down").header("retry-after", "1"), Reply::ok(version())]).await;
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let saw = Arc::clone(&pauses);
    let c = Client::builder([&double.url])
        .retry(quick())
        .observer(move |event: Event<'_>| {
            if let Event::Retry { pause, .. } = event {
                saw.lock().unwrap().push(pause);
            }
        })
        .build()
        .unwrap();
    c.latest("s").await.unwrap();
    assert_eq!(*pauses.lock().unwrap(), [Duration::from_secs(1)]);
    let double = Double::answering([Reply::error(429, "slow down").header("retry-after", "30")]).await;
    let c = client([&double.url]);
    for _ in 0..3 {
        let error = c.latest("s").await.unwrap_err();
        assert!(
            error.retry_after().unwrap() > Duration::from_secs(25),
            "longer than the deadline: reported, not waited"
        );
    }
    assert_eq!(double.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_is_sent_again_only_if_it_changed() {
    let double = Double::start(|asked| match asked.header("if-none-match") {
        Some("\"a\"") => Reply::text(304, ""),
        _ => Reply::ok(version()).header("etag", "\"a\""),
    })
    .await;
    let c = client([&double.url]);
    let first = c.latest("s").if_changed(None).await.unwrap().unwrap();
    assert_eq!(first.value.id, 7);
    assert_eq!(c.latest("s").if_changed(first.etag.as_deref()).await.unwrap(), None);
    assert!(c.latest("s").if_changed(Some("\"b\"")).await.unwrap().is_some());
}

#[tokio::test]
async fn one_deadline_covers_everything() {
    let double = Double::answering([Reply::hangs()]).await;
    let retry = Retry::default().deadline(Duration::from_millis(200));
    let error = Client::builder([&double.url]).retry(retry).build().unwrap().latest("s").await.unwrap_err();
    assert!(error.is_timeout() && error.is_unavailable(), "{error:?}");
    assert_eq!(double.asked().len(), 1);
}

#[tokio::test]
async fn credentials_are_shown_and_renewed() {
    let double = Double::start(|asked| match asked.header("authorization") {
        Some("Bearer 3" | "Basic YW5uOmh1bnRlcjI=") => Reply::ok(version()),
        _ => Reply::error(401, "Unauthorized"),
    })
    .await;
    let c = Client::builder([&double.url]).basic_auth("ann", "hunter2").build().unwrap();
    c.latest("s").await.unwrap();
    assert!(!format!("{c:?}").contains("hunter2"));

    let renewals = Arc::new(AtomicUsize::new(1));
    let count = Arc::clone(&renewals);
    let c = Client::builder([&double.url])
        .credentials(move || {
            let token = count.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Ok(Authorization::bearer(token.to_string())) }
        })
        .build()
        .unwrap();
    c.latest("s").await.unwrap();
    c.latest("s").await.unwrap();
    assert_eq!(renewals.load(Ordering::SeqCst), 3, "one that was refused, one that is kept");
    double.now(|_| Reply::error(401, "Unauthorized"));
    assert!(c.latest("s").await.unwrap_err().is_unauthenticated());
    assert_eq!(renewals.load(Ordering::SeqCst), 4, "renewed once, not for ever");
}

fn token_endpoint(asked: &Asked, tokens: &AtomicUsize) -> Option<Reply> {
    (asked.path == "/token").then(|| {
        let token = tokens.fetch_add(1, Ordering::SeqCst) + 1;
        Reply::ok(json!({"access_token": format!("token-{token}"), "token_type": "Bearer", "expires_in": "300"}))
    })
}

#[tokio::test]
async fn oauth_tokens_are_fetched_once_and_renewed_on_401() {
    let tokens = AtomicUsize::new(0);
    let double = Double::start(move |asked| {
        token_endpoint(asked, &tokens).unwrap_or_else(|| match asked.header("authorization") {
            // The first token is revoked.
            Some("Bearer token-2") => Reply::ok(version()),
            _ => Reply::error(401, "Unauthorized"),
        })
    })
    .await;
    let oauth = OAuth::client_credentials(format!("{}/token", double.url), "orders", "a+b c")
        .scope("registry")
        .parameter("audience", "https://registry");
    assert!(!format!("{oauth:?}").contains("a+b c"));
    let c = Client::builder(&double.url).oauth(oauth).build().unwrap();
    let calls = (0..20).map(|_| async { c.latest("s").await.unwrap().id });
    assert_eq!(futures_util::future::join_all(calls).await, [7; 20]);
    let asked = double.asked();
    let fetched: Vec<_> = asked.iter().filter(|asked| asked.path == "/token").collect();
    assert_eq!(fetched.len(), 2, "one for all, and one more after the 401");
    // `orders:a%2Bb%20c`.
    assert_eq!(fetched[0].header("authorization"), Some("Basic b3JkZXJzOmElMkJiJTIwYw=="));
    assert_eq!(fetched[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(fetched[0].body, "grant_type=client_credentials&scope=registry&audience=https%3A%2F%2Fregistry");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_named() {
    let cases = [
        (
            Reply::text(401, r#"{"error":"invalid_client","error_description":"unknown client"}"#),
            1,
            "answered 401: invalid_client (unknown client)",
        ),
        (Reply::text(503, "busy"), 3, "answered 503"),
        (Reply::text(200, "<html>login</html>"), 1, "is not a token"),
        (Reply::ok(json!({"access_token": "x", "token_type": "DPoP"})), 1, "type `DPoP`"),
    ];
    for (reply, attempts, expected) in cases {
        let double = Double::answering([reply]).await;
        let oauth = OAuth::client_credentials(format!("{}/token", double.url), "orders", "hunter2").secret_in_body();
        let error = Client::builder(&double.url).oauth(oauth).build().unwrap().latest("s").await.unwrap_err();
        assert!(error.is_unauthenticated(), "{error:?}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(expected) && !source.contains("hunter2"), "{source}");
        assert_eq!(double.asked().len(), attempts, "{expected}");
        assert_eq!(double.asked()[0].body, "grant_type=client_credentials&client_id=orders&client_secret=hunter2");
    }
    let invalid = OAuth::client_credentials("localhost/token", "a", "b");
    assert!(matches!(Client::builder("http://localhost").oauth(invalid).build(), Err(ConfigError::TokenEndpoint(_))));
}

#[tokio::test]
async fn a_token_file_is_read_again_after_a_401() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "old\n").unwrap();
    let double = Double::start(|asked| match asked.header("authorization") {
        Some("Bearer new") => Reply::ok(version()),
        _ => Reply::error(401, "Unauthorized"),
    })
    .await;
    let c = Client::builder(&double.url).bearer_token_file(&file).build().unwrap();
    assert!(c.latest("s").await.unwrap_err().is_unauthenticated());
    std::fs::write(&file, "new\n").unwrap();
    assert_eq!(c.latest("s").await.unwrap().id, 7);
}

#[tokio::test]
async fn credentials_that_cannot_be_had_are_said_so() {
    let double = Double::answering([Reply::ok(version())]).await;
    let c = Client::builder([&double.url])
        .credentials(|| async { Err::<Authorization, _>("the vault is sealed".into()) })
        .build()
        .unwrap();
    let error = c.latest("s").await.unwrap_err();
    assert!(error.is_unauthenticated() && !error.is_retriable());
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the vault is sealed");
    assert_eq!(double.asked().len(), 0);
}

#[tokio::test]
async fn lies_are_errors() {
    let c = |double: &Double| Client::builder([&double.url]).retry(quick()).max_response_bytes(1000).build().unwrap();
    let double = Double::answering([Reply::text(200, "<html>Welcome!</html>")]).await;
    let error = c(&double).latest("s").await.unwrap_err();
    assert!(!error.is_retriable() && error.to_string().contains("check the address"), "{error}");
    let double = Double::answering([Reply::text(200, "x".repeat(1001))]).await;
    assert!(c(&double).latest("s").await.unwrap_err().to_string().contains("larger than 1000 bytes"));
    let elsewhere = Double::answering([Reply::ok(version())]).await;
    let double = Double::answering([Reply::text(302, "").header("location", elsewhere.url.clone())]).await;
    assert!(c(&double).latest("s").await.unwrap_err().to_string().contains(&elsewhere.url));
    assert_eq!(elsewhere.asked().len(), 0, "redirects would take credentials along");
}

#[test]
fn a_message_does_not_repeat_its_source() {
    use std::error::Error as StdError;

    use avow_client::{Snapshot, SnapshotError, wire::SchemaKey};

    let nobody = Client::builder("http://127.0.0.1:1").retry(Retry::never()).build().unwrap();
    let unreachable = nobody.latest("s").wait().unwrap_err();
    let registry = avow_client::Registry::new(nobody);
    let subject = || avow_client::Subject::topic("t");
    let serializer = || avow_client::Serializer::<i32>::builder(&registry, subject());
    let record = |id: u8| [0, 0, 0, 0, id, 1, 1];
    let snapshot = Snapshot::default().with_schema(SchemaKey::Id(1), "\"string\"").with_schema(SchemaKey::Id(2), "{");
    let offline = avow_client::Registry::offline(snapshot);
    let mut decoder = avow_client::Deserializer::<i32>::builder(&offline).reader_schema("\"int\"").build().unwrap();
    let errors: Vec<Box<dyn StdError>> = vec![
        Box::new(serializer().use_schema_id(7).prepare().wait().unwrap_err()),
        Box::new(serializer().schema("{").prepare().wait().unwrap_err()),
        Box::new(unreachable),
        Box::new(SnapshotError::from(std::io::Error::other("the disk is full"))),
        Box::new(decoder.decode(&record(1)).wait().unwrap_err()),
        Box::new(decoder.decode(&record(2)).wait().unwrap_err()),
        Box::new(decoder.decode(&record(3)).wait().unwrap_err()),
        Box::new(Client::builder("localhost").build().unwrap_err()),
    ];
    for error in errors {
        let mut link: &dyn StdError = &*error;
        while let Some(source) = link.source() {
            assert!(!link.to_string().contains(&source.to_string()), "{link} repeats {source}");
            link = source;
        }
    }
}

#[test]
fn an_address_is_one_or_several() {
    for addresses in [
        avow_client::rest::Addresses::from("http://a:1"),
        "http://a:1, http://b:2".into(),
        String::from("http://a:1,http://b:2,").into(),
        ["http://a:1"].into(),
        vec![String::from("http://a:1")].into(),
    ] {
        Client::builder(addresses).build().unwrap();
    }
    assert!(matches!(Client::builder("").build(), Err(ConfigError::NoAddress)));
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_sent() {
    assert!(matches!(Client::builder([""; 0]).build(), Err(ConfigError::NoAddress)));
    let secret = Client::builder(["http://ann:hunter2@localhost"]).build().unwrap_err();
    assert!(matches!(&secret, ConfigError::CredentialsInUrl(host) if host == "localhost"));
    let tls = |pem: &str| Client::builder(["https://localhost"]).certificate_authorities(pem).build().unwrap_err();
    assert!(matches!(tls("not PEM"), ConfigError::Tls(_)));
    let own = Client::builder(["https://localhost"]).client_certificate("not PEM").build().unwrap_err();
    assert!(matches!(own, ConfigError::Tls(_)));
}

#[test]
fn waiting_needs_no_runtime_and_minds_none() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let double = runtime.block_on(Double::answering([Reply::ok(version())]));
    let c = client([&double.url]);
    assert_eq!(c.latest("s").wait().unwrap().id, 7);
    assert_eq!(runtime.block_on(async { c.latest("s").wait().unwrap().id }), 7, "inside a runtime too");
}

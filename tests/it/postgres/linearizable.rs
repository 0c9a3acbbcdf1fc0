//! Several nodes behave as one registry that handles requests one after another.
//!
//! `AVOW_LINEARIZE_OPS` is the number of requests that are recorded and checked.

mod checker;
mod model;

use std::time::Instant;

use checker::{Done, check, search};
use futures_util::future::join_all;
use model::{Model, Request, Response};
use serde_json::{Value, json};

use super::database::Database;
use super::support::{Answer, Client, Server};

const SUBJECTS: usize = 6;
const SCHEMAS: usize = 8;
const LEVELS: [&str; 3] = ["NONE", "FULL", "BACKWARD"];

fn any_request(random: &mut fastrand::Rng) -> Request {
    // Half of all requests meet at one subject.
    let subject = if random.bool() { 0 } else { random.usize(0..SUBJECTS) };
    let schema = random.usize(0..SCHEMAS);
    match random.u8(0..20) {
        0..6 => Request::Register(subject, schema),
        6..8 => Request::LookUp(subject, schema),
        8..11 => Request::Latest(subject),
        11..13 => Request::Versions(subject),
        13 => Request::Config(subject),
        14 => Request::SetConfig(subject, LEVELS[random.usize(0..LEVELS.len())]),
        15 => Request::DeleteConfig(subject),
        16 => Request::Delete(subject),
        17 => Request::DeleteLatest(subject),
        _ => Request::DeleteForGood(subject),
    }
}

async fn ask(client: &Client, request: Request) -> Answer {
    // Every one of them can read what any other wrote, so no level ever refuses one.
    let schema = |number| {
        let field = json!([{"name": format!("f{number}"), "type": "int", "default": 0}]);
        json!({"schema": json!({"type": "record", "name": "R", "fields": field}).to_string()})
    };
    let (method, path, body) = match request {
        Request::Register(subject, number) => ("POST", format!("/subjects/s{subject}/versions"), schema(number)),
        Request::LookUp(subject, number) => ("POST", format!("/subjects/s{subject}"), schema(number)),
        Request::Latest(subject) => ("GET", format!("/subjects/s{subject}/versions/latest"), Value::Null),
        Request::Versions(subject) => ("GET", format!("/subjects/s{subject}/versions"), Value::Null),
        Request::Config(subject) => ("GET", format!("/config/s{subject}"), Value::Null),
        Request::SetConfig(subject, level) => ("PUT", format!("/config/s{subject}"), json!({ "compatibility": level })),
        Request::DeleteConfig(subject) => ("DELETE", format!("/config/s{subject}"), Value::Null),
        Request::Delete(subject) => ("DELETE", format!("/subjects/s{subject}"), Value::Null),
        Request::DeleteLatest(subject) => ("DELETE", format!("/subjects/s{subject}/versions/latest"), Value::Null),
        Request::DeleteForGood(subject) => ("DELETE", format!("/subjects/s{subject}?permanent=true"), Value::Null),
    };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    client.send(method, &path, &[("content-type", "application/json")], body).await
}

fn response(answer: &Answer) -> Response {
    let body = answer.json();
    let number = |value: &Value| value.as_u64().expect("a number");
    if answer.status != 200 {
        let (status, code) = answer.error();
        assert!(status < 500, "{body}");
        return Response::Refused(code);
    }
    if let Some(numbers) = body.as_array() {
        return Response::Numbers(numbers.iter().map(number).collect());
    }
    if body.is_number() {
        return Response::Numbers(vec![number(&body)]);
    }
    match body.get("compatibility").or(body.get("compatibilityLevel")) {
        Some(level) => Response::Level(level.as_str().expect("a level").to_owned()),
        None => Response::Version { id: number(&body["id"]), version: number(&body["version"]) },
    }
}

/// Clients on several nodes.
struct Fleet {
    nodes: Vec<Server>,
    /// For each client a connection to each node.
    clients: Vec<Vec<Client>>,
    began: Instant,
}

impl Fleet {
    async fn start(nodes: usize, clients: usize) -> Self {
        let database = Database::new().await;
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(Server::start_on(database.clone(), &[]).await);
        }
        let clients = (0..clients).map(|_| started.iter().map(Server::connect).collect()).collect();
        Self { nodes: started, clients, began: Instant::now() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).expect("less than centuries")
    }

    /// Has each client send `each` requests, one after another, each to any node.
    async fn record(&self, each: usize) -> Vec<Done> {
        let histories = join_all(self.clients.iter().map(async |connections| {
            let mut random = fastrand::Rng::new();
            let mut history = Vec::with_capacity(each);
            for _ in 0..each {
                let request = any_request(&mut random);
                let start = self.now();
                let answer = ask(&connections[random.usize(0..connections.len())], request).await;
                let end = self.now();
                let seq = answer.header("avow-seq").and_then(|seq| seq.parse().ok());
                history.push(Done { request, response: response(&answer), seq, start, end });
            }
            history
        }));
        histories.await.concat()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_answers_as_one_node_does() {
    let fleet = Fleet::start(1, 1).await;
    let mut model = Model::default();
    for done in fleet.record(600).await {
        assert_eq!(model.apply(done.request).0, done.response, "{:?}", done.request);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_of_several_nodes_see_is_linearizable() {
    let requests: usize = std::env::var("AVOW_LINEARIZE_OPS").map_or(3_000, |text| text.parse().expect("a number"));
    let fleet = Fleet::start(3, 12).await;
    let history = fleet.record(requests.div_ceil(12)).await;
    let witnessed = history.iter().filter(|done| done.seq.is_some()).count();
    assert_eq!(witnessed, history.len(), "every answer has a position");
    check(&history, 0).expect("linearizable");
    for node in fleet.nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_witness_an_order_is_found_as_well() {
    let fleet = Fleet::start(3, 4).await;
    let mut states = vec![Model::default()];
    for _ in 0..60 {
        let window = fleet.record(4).await;
        states = search(&window, &states);
        assert!(!states.is_empty(), "no order explains {window:#?}");
    }
}

/// A history of a correct registry. Requests overlap a little.
fn sound(seed: u64) -> Vec<Done> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut model, mut seq, mut history) = (Model::default(), 0, Vec::new());
    for time in 0..200 {
        let request = any_request(&mut random);
        let (response, wrote) = model.apply(request);
        seq += u64::from(wrote);
        let (start, end) = (10 * time - random.u64(0..=time.min(8)), 10 * time + random.u64(1..18));
        history.push(Done { request, response, seq: Some(seq), start, end });
    }
    history
}

#[test]
fn the_checker_accepts_what_is_sound_and_finds_what_is_not() {
    /// Corrupts a history; `false` if there is nothing to corrupt in it.
    type Spoil = fn(&mut Vec<Done>) -> bool;
    let spoils: [(&str, Spoil); 6] = [
        ("a read of what was true long before", |history| {
            let Some(write) = history.iter().position(|it| it.request == Request::Register(0, 1) && it.seq == Some(1))
            else {
                return false;
            };
            let end = history.last().map_or(0, |last| last.end) + 1;
            let Done { response, .. } = history[write].clone();
            let stale = Done { request: Request::Latest(0), response, seq: Some(1), start: end, end: end + 1 };
            history.push(stale);
            true
        }),
        ("two writes at one place", |history| {
            let writes: Vec<_> = (1..history.len()).filter(|it| history[*it].seq > history[it - 1].seq).collect();
            history[writes[5]].seq = history[writes[4]].seq;
            true
        }),
        ("a write that is gone", |history| {
            let seq = history[history.len() / 2].seq;
            history.retain(|it| it.seq != seq);
            history.iter().any(|it| it.seq > seq)
        }),
        ("an id too high", |history| {
            let version = history.iter_mut().find_map(|it| match &mut it.response {
                Response::Version { id, .. } => Some(id),
                _ => None,
            });
            *version.expect("many register") += 1;
            true
        }),
        ("a refusal that was right long before", |history| {
            let end = history.last().map_or(0, |last| last.end);
            let response = Response::Refused(40401);
            history.push(Done { request: Request::Latest(0), response, seq: None, start: end + 1, end: end + 2 });
            let live = |done: &&Done| {
                matches!(done.request, Request::Register(0, _) | Request::Delete(0) | Request::DeleteLatest(0))
            };
            // It was true before the first registration.
            history.iter().rfind(live).is_some_and(|done| matches!(done.request, Request::Register(..)))
        }),
        ("a write before what was over when it began", |history| {
            let writes: Vec<_> = (1..history.len()).filter(|it| history[*it].seq > history[it - 1].seq).collect();
            let (first, second) = (writes[3], writes[9]);
            let times = [(history[first].start, history[first].end), (history[second].start, history[second].end)];
            (history[first].start, history[first].end) = times[1];
            (history[second].start, history[second].end) = times[0];
            true
        }),
    ];
    for (what, spoil) in spoils {
        let mut spoilt = 0;
        for seed in 0..300 {
            let mut history = sound(seed);
            check(&history, 0).expect("nothing is wrong with it");
            if spoil(&mut history) {
                spoilt += 1;
                assert!(check(&history, 0).is_err(), "{what} was not found, with the seed {seed}");
            }
        }
        assert!(spoilt > 0, "{what} was never tried");
    }
}

#[test]
fn the_search_finds_the_order_if_there_is_one() {
    for seed in 0..50 {
        let mut history = sound(seed);
        let mut states = vec![Model::default()];
        for window in history.chunks(10) {
            // Between windows there must be a moment without requests, which cutting the times makes.
            let last = window.last().expect("not empty").start;
            let window: Vec<_> =
                window.iter().cloned().map(|it| Done { end: it.end.min(last.max(it.start)), ..it }).collect();
            states = search(&window, &states);
            assert!(!states.is_empty(), "{window:#?}");
        }
        history.truncate(10);
        let read = Done {
            request: Request::Latest(0),
            response: Response::Version { id: 99, version: 1 },
            seq: None,
            start: 5,
            end: 50,
        };
        history.push(read);
        assert!(search(&history, &[Model::default()]).is_empty(), "never registered");
    }
}

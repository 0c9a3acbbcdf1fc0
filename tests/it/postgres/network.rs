//! Tests of the proxies between a node and its database.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};

use super::database;
use super::proxy::Proxy;

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a database")
}

async fn asks(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT 1").fetch_one(connection).await
}

#[tokio::test]
async fn a_proxy_makes_every_round_trip_take_longer() {
    let proxy = Proxy::before(database::shared().await).await;
    let mut connection = connect(proxy.url()).await;
    asks(&mut connection).await.expect("an answer");
    proxy.delay(Duration::from_millis(50));
    let began = Instant::now();
    for _ in 0..4 {
        asks(&mut connection).await.expect("an answer");
    }
    assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_proxy_cuts_refuses_and_freezes() {
    let proxy = Proxy::before(database::shared().await).await;
    let mut connection = connect(proxy.url()).await;
    proxy.cut();
    assert!(asks(&mut connection).await.is_err());
    let mut connection = connect(proxy.url()).await;
    asks(&mut connection).await.expect("an answer");

    proxy.refuse(true);
    assert!(asks(&mut connection).await.is_err());
    assert!(PgConnection::connect(proxy.url()).await.is_err());
    proxy.refuse(false);
    let mut connection = connect(proxy.url()).await;

    proxy.freeze(true);
    let waiting = tokio::spawn(async move { asks(&mut connection).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    proxy.freeze(false);
    assert_eq!(waiting.await.expect("a task").expect("an answer"), 1);
}

#[tokio::test]
async fn a_proxy_leads_elsewhere() {
    let url = database::shared().await;
    let proxy = Proxy::before("postgres://avow@127.0.0.1:1/postgres").await;
    assert!(PgConnection::connect(proxy.url()).await.is_err());
    proxy.lead_to(url);
    asks(&mut connect(proxy.url()).await).await.expect("an answer");
}

//! What tests share.

use std::path::Path;
use std::time::Duration;

mod double;
mod tls;

pub(crate) use double::{Asked, Double, Reply, nobody};
pub(crate) use tls::Authority;

/// Advances the clock of the runtime. It is paused for nothing else, because requests go over sockets.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits for a snapshot file, which is written a second after a schema was loaded.
pub(crate) async fn file_written(path: &Path) {
    pass(Duration::from_secs(1)).await;
    let written = async {
        while !path.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), written).await.expect("the file is written");
}

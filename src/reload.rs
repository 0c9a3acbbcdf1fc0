//! Files that are read again when they change.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use aws_lc_rs::digest;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

/// Calls `reload` whenever the fingerprint of its files has changed, looking every so often and at SIGHUP.
///
/// A version that cannot be used leaves the one before in force.
pub async fn watch<E: Display>(
    name: &'static str,
    every: Duration,
    fingerprint: impl Fn() -> Vec<u8> + Clone + Send + 'static,
    reload: impl Fn() -> Result<(), E>,
) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = look(&fingerprint).await;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = hangup.recv() => {}
        }
        let now = look(&fingerprint).await;
        if now == known {
            continue;
        }
        known = now;
        match reload() {
            Ok(()) => tracing::info!("The {name} were read again"),
            Err(error) => tracing::error!(%error, "The {name} changed and cannot be used; those before stay in force"),
        }
    }
}

/// A digest of the contents of files, by which a change is noticed whatever it is made by.
pub fn digest<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for path in paths {
        let content = std::fs::read(path).unwrap_or_default();
        context.update(&content.len().to_le_bytes());
        context.update(&content);
    }
    context.finish().as_ref().to_vec()
}

/// Files are read where reading may take its time.
async fn look(fingerprint: &(impl Fn() -> Vec<u8> + Clone + Send + 'static)) -> Vec<u8> {
    tokio::task::spawn_blocking(fingerprint.clone()).await.unwrap_or_default()
}

//! `avow serve`: runs the registry until it is stopped.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::Error;
use crate::http::tls::Tls;
use crate::http::{self, server};
use crate::metrics::process;
use crate::registry::Registry;
use crate::reload;
use crate::settings::Settings;
use crate::store::Store;
use crate::telemetry;

/// Runs the registry until it is stopped.
///
/// SIGTERM and Ctrl-C let open requests finish; a second one does not.
///
/// Built with the feature `otlp`, it sends a span for each request to the collector at `OTEL_EXPORTER_OTLP_ENDPOINT`, by
/// http/protobuf, and respects the other `OTEL_…` variables.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Error> {
        process::started();
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let telemetry = telemetry::start(&self.settings.logs)?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut stop_requested = async || {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            let running = tokio::select! {
                running = Running::start(&self.settings) => running?,
                // Opening may wait for the database, or for another node's migration.
                () = stop_requested() => return Ok(()),
            };
            // The banner is for people: a closed standard error must not stop the server.
            let _ = banner(running.address, &self.settings);

            stop_requested().await;
            tracing::info!("Stopping once open requests are answered");
            tokio::select! {
                () = running.stop() => {}
                () = stop_requested() => tracing::warn!("Asked to stop again: open requests were dropped"),
            }
            telemetry.finish().await;
            Ok(())
        })
    }
}

/// A registry that answers on its port. Dropping it drains and stops it in the background.
pub struct Running {
    /// The bound address; the port is real even where 0 was requested.
    pub address: SocketAddr,
    served: JoinHandle<()>,
    closed: Pin<Box<dyn Future<Output = ()> + Send>>,
    stop: oneshot::Sender<()>,
}

impl Running {
    /// Opens the database and begins to serve.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        // Listen first: early connections wait a few milliseconds instead of being refused.
        let address = settings.listener.address.socket();
        let tls = settings.tls.files()?.map(Tls::load).transpose()?;
        settings.access.check(address, &settings.tls)?;
        let access = settings.access.load(&settings.tls)?;
        let listen_failed = |source| Error::Listen { address, source };
        let listener = server::bind(address).await.map_err(listen_failed)?;
        let address = listener.local_addr().map_err(listen_failed)?;
        let store = Store::open_with(&settings.database.url(), &settings.postgres.options()).await?;
        let closed = Box::pin(store.closed());
        let registry = Registry::new(store, settings.registry());
        registry.identity().await?;
        let app = http::app(Arc::clone(&registry), access.clone(), &settings.http());

        let (stop, stop_requested) = oneshot::channel::<()>();
        let limits = settings.listener.limits();
        let drain_timeout = settings.listener.drain_timeout;
        let mut reloading = JoinSet::new();
        let every = settings.tls.tls_reload;
        if let Some(tls) = tls.clone() {
            let watched = Arc::clone(&tls);
            reloading.spawn(reload::watch("certificates", every, move || watched.fingerprint(), move || tls.reload()));
        }
        if let (Some(access), Some(path)) = (access, settings.access.access_file.clone()) {
            let watched = path.clone();
            let reload = move || access.reload(&path);
            reloading.spawn(reload::watch("users and roles", every, move || reload::digest([&watched]), reload));
        }
        let served = tokio::spawn(async move {
            let shutdown = async {
                drop(stop_requested.await);
                registry.end_feed();
            };
            let give_up = async { tokio::time::sleep(drain_timeout).await };
            server::serve(listener, tls, move |request| app.answer(request), &limits, shutdown, give_up).await;
            drop(reloading);
        });
        Ok(Self { address, served, closed, stop })
    }

    /// Stops accepting, and returns when open requests are answered or the drain timeout is over.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.served.await {
            tracing::error!(%error, "The listener failed");
        }
        self.closed.await;
    }
}

fn banner(address: SocketAddr, settings: &Settings) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let database = settings.database.redacted();
    let scheme = if settings.tls.tls_cert.is_empty() { "http" } else { "https" };
    let open_to = match (settings.access.is_on(&settings.tls), address.ip().is_loopback()) {
        (true, _) => "authenticated callers",
        (false, true) => "every program on this machine",
        (false, false) => "everybody",
    };
    write!(
        io::stderr().lock(),
        r#"Avow {version} listens on {scheme}://{address}
  database       {database}
  open to        {open_to}
  documentation  {scheme}://{address}/docs
  a first schema:
    curl {scheme}://{address}/subjects/hello-value/versions \
      -H 'Content-Type: application/json' -d '{{"schema": "\"string\""}}'

"#
    )
}

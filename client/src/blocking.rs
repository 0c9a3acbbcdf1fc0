//! Blocking calls.
//!
//! ```no_run
//! use avow_client::blocking::Wait;
//! use avow_client::rest::Client;
//!
//! let registry = Client::builder("http://localhost:8081").build()?;
//! let subjects = registry.subjects().prefix("orders").wait()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There is no second client: [`Wait::wait`] blocks on any future. The calling thread polls the future, and a thread of this
//! crate drives sockets and timers, so it works anywhere. Inside an async runtime it blocks the thread it is called on.

use std::future::IntoFuture;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Handle};

/// Blocking on futures.
pub trait Wait: IntoFuture + Sized {
    /// Blocks this thread until the result is ready.
    fn wait(self) -> Self::Output {
        let _entered = driver().enter();
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(self.into_future());
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl<F: IntoFuture> Wait for F {}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The driver of sockets and timers, on one thread for the life of the process.
fn driver() -> &'static Handle {
    static DRIVER: OnceLock<Handle> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let runtime =
            Builder::new_current_thread().enable_all().build().expect("the system gives a clock and a poller");
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("avow-client".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))
            .expect("the system gives a thread");
        handle
    })
}

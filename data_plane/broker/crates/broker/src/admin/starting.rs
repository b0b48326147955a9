//! What is answered while the broker recovers its logs, which keeps the event loop busy: a thread of its own says so.

use std::{
    io,
    os::unix::net::UnixListener,
    thread::{self, JoinHandle},
};

use hyper::{Method, StatusCode};
use tokio::{runtime, sync::oneshot, task::LocalSet};

use super::{answers::health_of, json_response, problem, serve_answers};
use crate::config::Config;

/// The endpoint of a broker that is starting.
pub(crate) struct Starting {
    ready: oneshot::Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Starting {
    /// Answers on this socket until [`Starting::end`].
    pub(crate) fn serve(config: &Config, started_at_ms: i64, listener: UnixListener) -> io::Result<Self> {
        let health = health_of(config, started_at_ms, "starting");
        let (ready, end) = oneshot::channel();
        let thread = thread::Builder::new().name("starting".to_owned()).spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
            LocalSet::new().block_on(&runtime, async {
                let listener = tokio::net::UnixListener::from_std(listener)?;
                let answers = serve_answers(listener, async move |request| {
                    if (request.method(), request.uri().path()) == (&Method::GET, "/healthz") {
                        json_response(StatusCode::SERVICE_UNAVAILABLE, &health)
                    } else {
                        problem(
                            StatusCode::SERVICE_UNAVAILABLE,
                            "broker_starting",
                            "the broker is still starting",
                        )
                    }
                });
                tokio::select! {
                    () = answers => {}
                    _ = end => {}
                }
                Ok(())
            })
        })?;
        Ok(Self { ready, thread })
    }

    /// Leaves the socket to the broker itself.
    pub(crate) fn end(self) -> io::Result<()> {
        // A thread that has ended already has its reason in its result.
        let _ = self.ready.send(());
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread has panicked")))
    }
}

//! Work that waits for the disk, on a thread of its own: it must not keep the event loop waiting.

use tokio::task::{JoinError, spawn_blocking};

/// Runs `act` on another thread.
pub(crate) async fn on_thread<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    joined(spawn_blocking(act).await)
}

/// A panic on a helper's thread is one of the broker.
pub(crate) fn joined<T>(result: Result<T, JoinError>) -> T {
    match result {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

//! How many bytes of requests may be in memory at once.

use std::{io, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{LARGE_REQUESTS_BYTES_MAX, SMALL_REQUEST_BYTES_MAX, SMALL_REQUESTS_BYTES_MAX};

/// Two pools, one permit a byte: clients that send large requests slowly do not keep small ones waiting.
pub(crate) struct RequestMemory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl RequestMemory {
    pub(crate) fn new() -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_REQUESTS_BYTES_MAX)),
            large: Arc::new(Semaphore::new(LARGE_REQUESTS_BYTES_MAX)),
        }
    }

    /// Waits until a request of this length fits; it does until the permit is dropped.
    pub(crate) async fn take(&self, length: usize) -> io::Result<OwnedSemaphorePermit> {
        let pool = if length <= SMALL_REQUEST_BYTES_MAX { &self.small } else { &self.large };
        Arc::clone(pool).acquire_many_owned(length as u32).await.map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn poll<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn large_requests_wait_for_one_another_and_small_ones_do_not() {
        let memory = RequestMemory::new();
        let half = LARGE_REQUESTS_BYTES_MAX / 2;
        let first = poll(memory.take(half));
        let second = poll(memory.take(half));
        assert!(first.is_some() && second.is_some());
        assert!(poll(memory.take(SMALL_REQUEST_BYTES_MAX + 1)).is_none());
        assert!(poll(memory.take(SMALL_REQUEST_BYTES_MAX)).is_some());
        drop(first);
        assert!(poll(memory.take(half)).is_some());
    }
}

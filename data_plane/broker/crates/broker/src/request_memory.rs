//! How many bytes of requests may be in memory at once.

use std::{io, sync::Arc};

use prometheus_client::metrics::{counter::Counter, family::Family};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    limits::{
        CONNECTION_REQUESTS_BYTES_MAX, LARGE_REQUESTS_BYTES_MAX, SMALL_REQUEST_BYTES_MAX,
        SMALL_REQUESTS_BYTES_MAX,
    },
    metrics::ReasonLabels,
};

/// Requests that were not read at once, by the pool that was short.
pub(crate) type RequestWaits = Family<ReasonLabels, Counter>;

/// Two pools, one permit a byte: clients that send large requests slowly do not keep small ones waiting. And one of each connection, so
/// that none takes what is there for all.
pub(crate) struct RequestMemory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    waits: RequestWaits,
}

/// What the requests of one connection take.
pub(crate) struct ConnectionMemory(Arc<Semaphore>);

/// The room of one request; given back when dropped.
pub(crate) struct RequestRoom {
    _of_connection: OwnedSemaphorePermit,
    _of_broker: OwnedSemaphorePermit,
}

impl ConnectionMemory {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(CONNECTION_REQUESTS_BYTES_MAX)))
    }
}

impl RequestMemory {
    pub(crate) fn new(waits: RequestWaits) -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_REQUESTS_BYTES_MAX)),
            large: Arc::new(Semaphore::new(LARGE_REQUESTS_BYTES_MAX)),
            waits,
        }
    }

    /// Waits until a request of this length fits; it does until the room is dropped.
    pub(crate) async fn take(&self, own: &ConnectionMemory, length: usize) -> io::Result<RequestRoom> {
        let of_connection = self.wait(&own.0, length, "connection").await?;
        let of_broker = if length <= SMALL_REQUEST_BYTES_MAX {
            self.wait(&self.small, length, "small_requests").await?
        } else {
            self.wait(&self.large, length, "large_requests").await?
        };
        Ok(RequestRoom { _of_connection: of_connection, _of_broker: of_broker })
    }

    async fn wait(
        &self,
        pool: &Arc<Semaphore>,
        length: usize,
        reason: &'static str,
    ) -> io::Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(pool).try_acquire_many_owned(length as u32) {
            return Ok(permit);
        }
        self.waits.get_or_create(&ReasonLabels { reason }).inc();
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

    /// Of a connection that has nothing else in memory.
    fn taken(memory: &RequestMemory, length: usize) -> Option<RequestRoom> {
        poll(memory.take(&ConnectionMemory::new(), length)).map(|room| room.unwrap())
    }

    fn waits(memory: &RequestMemory, reason: &'static str) -> u64 {
        memory.waits.get_or_create(&ReasonLabels { reason }).get()
    }

    #[test]
    fn large_requests_wait_for_one_another_and_small_ones_do_not() {
        let memory = RequestMemory::new(RequestWaits::default());
        let quarter = LARGE_REQUESTS_BYTES_MAX / 4;
        let mut rooms: Vec<_> = (0..4).map(|_| taken(&memory, quarter)).collect();
        assert!(rooms.iter().all(Option::is_some), "at the limit");
        assert_eq!(waits(&memory, "large_requests"), 0);
        assert!(taken(&memory, SMALL_REQUEST_BYTES_MAX + 1).is_none(), "over it");
        assert_eq!(waits(&memory, "large_requests"), 1);
        assert!(taken(&memory, SMALL_REQUEST_BYTES_MAX).is_some());
        rooms.pop();
        assert!(taken(&memory, quarter).is_some());
    }

    #[test]
    fn small_requests_wait_for_one_another_and_large_ones_do_not() {
        let memory = RequestMemory::new(RequestWaits::default());
        let many = SMALL_REQUESTS_BYTES_MAX / SMALL_REQUEST_BYTES_MAX;
        let mut rooms: Vec<_> = (0..many).map(|_| taken(&memory, SMALL_REQUEST_BYTES_MAX)).collect();
        assert!(rooms.iter().all(Option::is_some), "at the limit");
        assert_eq!(waits(&memory, "small_requests"), 0);
        assert!(taken(&memory, 1).is_none(), "over it");
        assert_eq!(waits(&memory, "small_requests"), 1);
        assert!(taken(&memory, SMALL_REQUEST_BYTES_MAX + 1).is_some());
        rooms.pop();
        assert!(taken(&memory, SMALL_REQUEST_BYTES_MAX).is_some());
    }

    #[test]
    fn a_connection_takes_its_own_part_and_no_more() {
        let memory = RequestMemory::new(RequestWaits::default());
        let own = ConnectionMemory::new();
        let take = |length| poll(memory.take(&own, length)).map(|room| room.unwrap());
        let first = take(CONNECTION_REQUESTS_BYTES_MAX - 1);
        assert!(first.is_some() && take(1).is_some(), "at the limit");
        let second = take(1);
        assert_eq!(waits(&memory, "connection"), 0);
        assert!(take(1).is_none(), "over it");
        assert_eq!(waits(&memory, "connection"), 1);
        assert!(taken(&memory, CONNECTION_REQUESTS_BYTES_MAX).is_some(), "another connection");
        drop((first, second));
        assert!(take(CONNECTION_REQUESTS_BYTES_MAX).is_some(), "the longest request comes alone");
    }
}

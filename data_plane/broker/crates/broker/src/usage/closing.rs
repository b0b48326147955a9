//! Closing windows in time, and writing them down.

use std::{rc::Rc, time::Duration};

use tokio::time::sleep;

use super::{Usage, UsageError};
use crate::{
    broker::Broker, limits::USAGE_RETRY_INTERVAL, storage_failure::end_process, threads::on_thread,
    topics::Topics,
};

/// Closes windows in time, for ever. Sleeps until the open one ends.
pub(crate) async fn keep_closing(broker: Rc<Broker>) {
    let usage = &broker.usage;
    loop {
        tokio::select! {
            () = sleep(usage.wait()) => {}
            () = usage.due.notified() => {}
        }
        if usage.meter.borrow().is_due(usage.now()) {
            usage.close(&broker.topics, broker.connections.count());
        }
        match usage.write_closed().await {
            Ok(()) => {}
            Err(error) if error.is_full() => {
                tracing::warn!(%error, "usage windows wait for room on the disk");
            }
            Err(error) => end_process(&error),
        }
    }
}

/// Closes the open window at once and makes it durable; answers its id. Does not close one while others can not be written.
pub(crate) async fn close_now(broker: &Broker) -> Result<u64, UsageError> {
    let usage = &broker.usage;
    usage.write_closed().await?;
    usage.close(&broker.topics, broker.connections.count());
    usage.write_closed().await?;
    // The next window has another end.
    usage.due.notify_one();
    Ok(usage.meter.borrow().closed_through())
}

impl Usage {
    /// Closes the open window, in memory.
    pub(crate) fn close(&self, topics: &Topics, connections: usize) {
        let snapshot = topics.snapshot(connections);
        topics.with_high_watermarks(|high_watermark| {
            self.meter.borrow_mut().close(self.now(), snapshot, high_watermark);
        });
        self.metrics.closed.inc();
        self.observe();
    }

    fn wait(&self) -> Duration {
        let meter = self.meter.borrow();
        let wait = Duration::from_millis(meter.wait_ms(self.now()));
        if meter.unwritten().is_some() { wait.min(USAGE_RETRY_INTERVAL) } else { wait }
    }

    /// Writes every closed window. On a full disk they stay in memory, and the open one lasts longer.
    pub(crate) async fn write_closed(&self) -> Result<(), UsageError> {
        let _files = self.files.lock().await;
        let written = self.write_each().await;
        self.meter.borrow_mut().set_stuck(written.is_err(), self.now());
        written
    }

    async fn write_each(&self) -> Result<(), UsageError> {
        loop {
            let Some(closed) = self.meter.borrow().unwritten().cloned() else { break };
            self.make()?;
            let store = self.store.clone();
            on_thread(move || store.write_window(&closed)).await?;
            self.meter.borrow_mut().written();
        }
        if self.meter.borrow().wants_storing() {
            let (store, stored) = (self.store.clone(), {
                let meter = self.meter.borrow();
                meter.stored(meter.acknowledged_through())
            });
            let stored = on_thread(move || store.write_meter(&stored).map(|()| stored)).await?;
            self.meter.borrow_mut().is_stored(&stored, self.now());
        }
        Ok(())
    }

    /// Makes everything durable that is counted, so that the next start goes on with it.
    pub(crate) fn shut_down(&self, topics: &Topics) {
        if self.is_made.get() {
            topics.with_high_watermarks(|high_watermark| self.secure(high_watermark));
        }
    }
}

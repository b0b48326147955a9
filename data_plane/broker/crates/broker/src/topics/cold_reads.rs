//! Reads that wait for the disk: beside the event loop, in turns, and so that whoever waits for a sync hardly notices.
//!
//! A disk does one thing after the other, and a sync waits behind every read that was asked for before it. So while producers are about only
//! one read is under way, nothing is read ahead, and after each read the disk is left alone for as long as the read has taken.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::Topics;
use crate::{
    limits::{COLD_PAUSE_MAX, COLD_READ_AHEAD_BYTES, COLD_READS_MAX},
    threads::on_thread,
};

impl Topics {
    /// Runs what waits for the disk beside the event loop, and beside no more than a few others.
    pub(super) async fn run_cold<T: Send + 'static>(&self, read: impl FnOnce() -> T + Send + 'static) -> T {
        let turns = if self.are_producers_about() { COLD_READS_MAX } else { 1 };
        // Never closed.
        let _turns = self.cold_reads.acquire_many(turns as u32).await;
        self.metrics.cold_reads.inc();
        let clock = Arc::clone(&self.clock);
        let timed = move || {
            let began = clock.mono();
            let came = read();
            (came, clock.mono().saturating_sub(began))
        };
        let (came, took) = on_thread(timed).await;
        if self.are_producers_about() {
            self.pause(took).await;
        }
        came
    }

    /// How much is to be read ahead behind a cold read.
    pub(super) fn bytes_ahead(&self) -> u64 {
        if self.are_producers_about() { 0 } else { COLD_READ_AHEAD_BYTES }
    }

    fn are_producers_about(&self) -> bool {
        self.pace.has_synced_lately(self.clock.mono())
    }

    /// Leaves the disk to others for as long as it was taken.
    async fn pause(&self, took: Duration) {
        let pause = took.min(COLD_PAUSE_MAX);
        if !pause.is_zero() {
            self.metrics.cold_read_pauses.inc();
            sleep(pause).await;
        }
    }
}

//! Windows for the control plane, a page at a time.

use headrace_usage::Window;
use serde::Serialize;
use uuid::Uuid;

use super::{Usage, UsageError};
use crate::{limits::USAGE_PAGE_BYTES_MAX, threads::on_thread};

/// Windows after one that the caller knows.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    /// Names the sequence of windows.
    meter_id: Uuid,
    /// How long windows are, unless too many wait.
    window_seconds: i64,
    acknowledged_through: u64,
    closed_through: u64,
    pub(crate) windows: Vec<Window>,
}

impl Usage {
    /// At most `count_max` windows after window `after`, as many as fit into a page, at least one if there is any.
    pub(crate) async fn page(&self, after: u64, count_max: usize) -> Result<Page, UsageError> {
        // Nobody may remove what is being read.
        let _files = self.files.lock().await;
        // A meter that was told of must be the same after a kill.
        self.make()?;
        let mut page = {
            let meter = self.meter.borrow();
            Page {
                meter_id: meter.id(),
                window_seconds: meter.length().ms() / 1000,
                acknowledged_through: meter.acknowledged_through(),
                closed_through: meter.closed_through(),
                windows: Vec::new(),
            }
        };
        let last = page.closed_through;
        let first = after.max(page.acknowledged_through).saturating_add(1);
        let store = self.store.clone();
        page.windows = on_thread(move || {
            let (mut windows, mut bytes) = (Vec::new(), 0);
            for id in (first..=last).take(count_max) {
                let (closed, size) = store.read_window(id)?;
                bytes += size;
                if bytes > USAGE_PAGE_BYTES_MAX && !windows.is_empty() {
                    break;
                }
                windows.push(closed.window);
            }
            Ok::<_, UsageError>(windows)
        })
        .await?;
        Ok(page)
    }
}

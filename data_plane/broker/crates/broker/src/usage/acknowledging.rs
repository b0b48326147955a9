//! Letting go of windows that the control plane has.

use headrace_usage::WindowUnknown;
use thiserror::Error;

use super::{Usage, UsageError};
use crate::threads::on_thread;

/// Why windows are not acknowledged.
#[derive(Debug, Error)]
pub(crate) enum AcknowledgeError {
    #[error(transparent)]
    Unknown(#[from] WindowUnknown),
    #[error(transparent)]
    Files(#[from] UsageError),
}

impl Usage {
    /// Lets go of the windows up to `through`, durably; answers up to which one that has been done.
    pub(crate) async fn acknowledge(&self, through: u64) -> Result<u64, AcknowledgeError> {
        let _files = self.files.lock().await;
        let (stored, first) = {
            let meter = self.meter.borrow();
            meter.check_known(through)?;
            let acknowledged_through = meter.acknowledged_through();
            if through <= acknowledged_through {
                return Ok(acknowledged_through);
            }
            (meter.stored(through), acknowledged_through + 1)
        };
        let store = self.store.clone();
        let stored = on_thread(move || {
            store.write_meter(&stored)?;
            if let Err(error) = store.remove_windows(first..=through) {
                tracing::warn!(%error, "files of acknowledged usage windows stay until the next start");
            }
            Ok::<_, UsageError>(stored)
        })
        .await?;
        self.meter.borrow_mut().is_stored(&stored, self.now());
        // The open window may have a nearer end, since fewer wait.
        self.due.notify_one();
        self.observe();
        Ok(through)
    }
}

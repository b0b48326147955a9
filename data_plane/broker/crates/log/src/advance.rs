//! Moving the log start on demand: what a compacting writer has written anew, or an administrator no longer wants.

use headrace_types::Offset;

use crate::epochs::PartitionMeta;
use crate::error::LogError;
use crate::partition::PartitionLog;

impl PartitionLog {
    /// Forgets everything before `offset`, durably, and removes the segments that lie before it. Returns the bytes freed.
    /// Nobody but the caller may need them.
    ///
    /// An offset that the segments do not hold durably counts as the first such one, one before the log start changes nothing.
    pub fn advance_start(&mut self, offset: Offset, now_ms: i64) -> Result<u64, LogError> {
        self.move_start(offset)?;
        Ok(self.retain(now_ms, Offset::new(i64::MAX))?.freed_bytes)
    }

    /// Forgets everything before `offset`, durably; retention removes the segments that lie before it.
    ///
    /// An offset that the segments do not hold durably counts as the first such one, one before the log start changes nothing.
    pub fn move_start(&mut self, offset: Offset) -> Result<(), LogError> {
        let offset = offset.min(self.synced_offset());
        if offset <= self.log_start() {
            return Ok(());
        }
        let meta = PartitionMeta { log_start_offset: offset.get(), ..self.meta.clone() };
        meta.store(&*self.disk, &self.dir)?;
        self.meta = meta;
        Ok(())
    }
}

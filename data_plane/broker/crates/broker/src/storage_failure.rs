//! What happens when the disk fails: nothing may be acknowledged any more, so the process ends.

use std::fmt::Display;

/// Exit status that says that a write or a sync of a log has failed.
const EXIT_STORAGE: i32 = 3;

/// Ends the process at once; what was not synced was not acknowledged either.
pub(crate) fn end_process(error: &dyn Display) -> ! {
    tracing::error!(%error, "the disk has failed");
    std::process::exit(EXIT_STORAGE)
}

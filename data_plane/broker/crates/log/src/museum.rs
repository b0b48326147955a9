//! The museum of bugs: mistakes that storage has made before, here or elsewhere, each behind a switch.
//!
//! A simulation that does not find them proves nothing. The switches exist in builds with the feature `museum` alone, which
//! only the simulation turns on; everywhere else they are constants, and the bugs are not compiled.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A block of the write-ahead log is said to be done and was not synced.
    AckBeforeSync,
    /// A batch is taken for sound whatever its checksum says.
    SkippedCrc,
    /// Damage below the recovery point is cut off like a torn tail.
    TruncateOnRot,
    /// A new file of the write-ahead log is not followed by a sync of its directory.
    LostRename,
    /// The recovery point is noted for what is only written yet.
    WrongRecoveryPoint,
    /// A file of the write-ahead log is written over before the segments hold what it stands for.
    WrittenOverTooEarly,
}

/// All of them.
pub const BUGS: [Bug; 6] = [
    Bug::AckBeforeSync,
    Bug::SkippedCrc,
    Bug::TruncateOnRot,
    Bug::LostRename,
    Bug::WrongRecoveryPoint,
    Bug::WrittenOverTooEarly,
];

#[cfg(feature = "museum")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static ON: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Makes a mistake on this thread from now on, or none any more.
    pub fn let_out(bug: Option<Bug>) {
        ON.set(bug);
    }

    /// Whether a mistake is made on this thread.
    #[must_use]
    pub fn is_out(bug: Bug) -> bool {
        ON.get() == Some(bug)
    }
}

#[cfg(feature = "museum")]
pub use switch::{is_out, let_out};

#[cfg(not(feature = "museum"))]
/// No mistake is made.
#[must_use]
pub const fn is_out(_bug: Bug) -> bool {
    false
}

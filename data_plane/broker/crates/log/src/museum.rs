//! The museum of bugs: mistakes that storage has made before, here or elsewhere, each behind a switch.
//!
//! A simulation that does not find them proves nothing. The switches exist in builds with the feature `museum` alone, which
//! only the simulation turns on; everywhere else they are constants, and the bugs are not compiled.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A plan says that it is done and synced no file.
    AckBeforeSync,
    /// A batch is taken for sound whatever its checksum says.
    SkippedCrc,
    /// Damage below the recovery point is cut off like a torn tail.
    TruncateOnRot,
    /// A new or renamed file is not followed by a sync of its directory.
    LostRename,
    /// The recovery point is noted for what is only written yet.
    WrongRecoveryPoint,
}

/// All of them.
pub const BUGS: [Bug; 5] =
    [Bug::AckBeforeSync, Bug::SkippedCrc, Bug::TruncateOnRot, Bug::LostRename, Bug::WrongRecoveryPoint];

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

    pub(crate) fn is_out(bug: Bug) -> bool {
        ON.get() == Some(bug)
    }
}

#[cfg(feature = "museum")]
pub(crate) use switch::is_out;
#[cfg(feature = "museum")]
pub use switch::let_out;

#[cfg(not(feature = "museum"))]
pub(crate) const fn is_out(_bug: Bug) -> bool {
    false
}

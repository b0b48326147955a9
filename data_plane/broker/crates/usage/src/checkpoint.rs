//! What no window file holds yet, so that data which is about to go stays counted.

use serde::{Deserialize, Serialize};

use crate::{
    stored::{ClosedWindow, FormatError, decode, encode},
    window::Window,
};

/// Windows that are closed and not written, and the open one as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Closed windows, oldest first.
    pub pending: Vec<ClosedWindow>,
    /// The open window: its end is the one that is planned, and what is only known at its end is 0.
    pub open: Window,
}

impl Checkpoint {
    /// The payload of the checkpoint's file.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        encode(self, "usage checkpoint")
    }

    /// Reads the payload of the checkpoint's file.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        decode(payload, "usage checkpoint")
    }
}

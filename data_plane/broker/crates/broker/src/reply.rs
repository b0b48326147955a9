//! What goes back to a client.

use std::time::Duration;

use headrace_protocol::{EncodeError, Response, Segments, encode_response};

/// What a handler comes to.
#[derive(Debug)]
pub(crate) enum Answer<R> {
    /// This response.
    Respond(R),
    /// This response, and then the connection ends.
    RespondAndClose(R),
    /// Nothing: `Produce` with acknowledgement level 0.
    Nothing,
}

/// A frame to send.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Its parts; none for a request that is not answered.
    pub(crate) segments: Segments,
    /// Whether the connection ends once the frame is sent.
    pub(crate) closes: bool,
    /// How long the frame waits before it is sent: for clients that expect to be throttled so.
    pub(crate) delay: Duration,
}

impl<R> From<R> for Answer<R> {
    fn from(response: R) -> Self {
        Self::Respond(response)
    }
}

impl<R: Response> Answer<R> {
    /// The response, where there is one.
    pub(crate) fn response_mut(&mut self) -> Option<&mut R> {
        match self {
            Self::Respond(response) | Self::RespondAndClose(response) => Some(response),
            Self::Nothing => None,
        }
    }

    /// The frame in this version.
    pub(crate) fn into_reply(self, version: i16, correlation_id: i32) -> Result<Reply, EncodeError> {
        let (response, closes) = match self {
            Self::Respond(response) => (response, false),
            Self::RespondAndClose(response) => (response, true),
            Self::Nothing => return Ok(Reply::default()),
        };
        let segments = encode_response(&response, version, correlation_id)?;
        Ok(Reply { segments, closes, delay: Duration::ZERO })
    }
}

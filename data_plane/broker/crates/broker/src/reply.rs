//! What goes back to a client.

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
}

impl<R> From<R> for Answer<R> {
    fn from(response: R) -> Self {
        Self::Respond(response)
    }
}

impl<R: Response> Answer<R> {
    /// The frame in this version.
    pub(crate) fn into_reply(self, version: i16, correlation_id: i32) -> Result<Reply, EncodeError> {
        let (response, closes) = match self {
            Self::Respond(response) => (response, false),
            Self::RespondAndClose(response) => (response, true),
            Self::Nothing => return Ok(Reply::default()),
        };
        Ok(Reply { segments: encode_response(&response, version, correlation_id)?, closes })
    }
}

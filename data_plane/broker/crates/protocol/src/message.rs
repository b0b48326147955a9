//! The traits of messages.

use std::ops::RangeInclusive;

use crate::{ApiKey, DecodeError, EncodeError, Reader, Writer};

/// A value that can be read in a version of its message.
pub trait Decode<'a>: Sized {
    /// The fewest bytes that a value takes in any version; what bounds the count of an array.
    const LEAST_BYTES: usize;

    /// Reads the value; `version` must be one that the message has.
    fn decode(reader: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError>;
}

/// A value that can be written in a version of its message.
pub trait Encode {
    /// Writes the value; `version` must be one that the message has.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// A whole message.
pub trait Message: Encode {
    /// The name as the definitions write it.
    const NAME: &'static str;
    /// The versions that the definitions hold.
    const VERSIONS: RangeInclusive<i16>;
    /// The first version with compact lengths and tagged fields (KIP-482); `i16::MAX` for none.
    const FLEXIBLE_SINCE: i16;
}

/// A message that clients send.
pub trait Request: Message {
    /// Its API.
    const KEY: ApiKey;
}

/// A message that brokers send.
pub trait Response: Message {
    /// Its API.
    const KEY: ApiKey;

    /// Says how long the client has to wait (KIP-219), in the versions that can; nothing where none can.
    fn set_throttle_time_ms(&mut self, _throttle_time_ms: i32) {}
}

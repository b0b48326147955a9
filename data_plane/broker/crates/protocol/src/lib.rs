//! The Kafka wire protocol: messages, headers and frames.
//!
//! Reading borrows: texts and bytes point into the frame, record batches share its buffer. Every length that the wire declares is
//! compared with the bytes that remain before anything is allocated, and one frame may not decode into more than
//! [`DECODED_BYTES_MAX`] bytes of arrays.

mod error;
mod frame;
mod message;
mod reader;
mod varint;
mod writer;

#[path = "generated/mod.rs"]
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated code is uniform rather than idiomatic, and the meaning of its fields is in Kafka's protocol guide"
)]
pub mod messages;

pub use error::{DecodeError, EncodeError};
pub use frame::{
    Call, decode_body, decode_request_header, decode_response, encode_message, encode_request,
    encode_response, request_header_version, response_header_version,
};
pub use message::{Decode, Encode, Message, Request, Response};
pub use messages::ApiKey;
pub use reader::{DECODED_BYTES_MAX, Reader};
pub use writer::{Segments, TagWriter, Writer};

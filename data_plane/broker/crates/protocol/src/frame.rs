//! Frames: header and body behind a length of four bytes.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    ApiKey, Decode, DecodeError, Encode, EncodeError, Message, Reader, Request, Response, Segments, Writer,
    messages::{RequestHeader, ResponseHeader},
};

/// What every request header starts with, whatever its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The API as written, known or not.
    pub key: i16,
    /// The version as written, known or not.
    pub version: i16,
    /// Comes back in the response.
    pub correlation_id: i32,
}

impl Call {
    /// Reads the head of a frame (without its length).
    pub fn peek(frame: &Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(frame);
        Ok(Self { key: reader.i16()?, version: reader.i16()?, correlation_id: reader.i32()? })
    }

    /// The API, if its messages are generated.
    #[must_use]
    pub fn api_key(self) -> Option<ApiKey> {
        ApiKey::ALL.iter().copied().find(|key| *key as i16 == self.key)
    }
}

/// The version of the request header that goes with a version of an API (KIP-482).
#[must_use]
pub const fn request_header_version(key: ApiKey, version: i16) -> i16 {
    if version >= key.flexible_since() { 2 } else { 1 }
}

/// The version of the response header. That of `ApiVersions` is always 0: who asks for it may not know better (KIP-511).
#[must_use]
pub const fn response_header_version(key: ApiKey, version: i16) -> i16 {
    if matches!(key, ApiKey::ApiVersions) || version < key.flexible_since() { 0 } else { 1 }
}

/// Reads the request header at the head of a frame; the body follows in `reader`.
pub fn decode_request_header<'a>(
    reader: &mut Reader<'a>,
    key: ApiKey,
    version: i16,
) -> Result<RequestHeader<'a>, DecodeError> {
    RequestHeader::decode(reader, request_header_version(key, version))
}

/// Reads a message. Bytes behind it are left alone, as Kafka leaves them.
pub fn decode_body<'a, T: Decode<'a> + Message>(
    reader: &mut Reader<'a>,
    version: i16,
) -> Result<T, DecodeError> {
    if !T::VERSIONS.contains(&version) {
        return Err(DecodeError::UnknownVersion { message: T::NAME, version });
    }
    T::decode(reader, version)
}

/// Writes a message.
pub fn encode_message<T: Message>(message: &T, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
    if !T::VERSIONS.contains(&version) {
        return Err(EncodeError::UnknownVersion { message: T::NAME, version });
    }
    message.encode(writer, version)
}

/// A whole response frame, its length included.
pub fn encode_response<T: Response>(
    response: &T,
    version: i16,
    correlation_id: i32,
) -> Result<Segments, EncodeError> {
    let header = ResponseHeader { correlation_id };
    encode_frame(&header, response_header_version(T::KEY, version), response, version)
}

/// A whole request frame, its length included.
pub fn encode_request<T: Request>(
    request: &T,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Result<Segments, EncodeError> {
    let header = RequestHeader {
        request_api_key: T::KEY as i16,
        request_api_version: version,
        correlation_id,
        client_id: client_id.map(Cow::Borrowed),
    };
    encode_frame(&header, request_header_version(T::KEY, version), request, version)
}

/// The correlation id and body of a response frame (without its length).
pub fn decode_response<'a, T: Decode<'a> + Response>(
    frame: &'a Bytes,
    version: i16,
) -> Result<(i32, T), DecodeError> {
    let mut reader = Reader::new(frame);
    let header = ResponseHeader::decode(&mut reader, response_header_version(T::KEY, version))?;
    Ok((header.correlation_id, decode_body(&mut reader, version)?))
}

fn encode_frame<T: Message>(
    header: &impl Encode,
    header_version: i16,
    body: &T,
    version: i16,
) -> Result<Segments, EncodeError> {
    let mut writer = Writer::default();
    writer.i32(0);
    header.encode(&mut writer, header_version)?;
    encode_message(body, &mut writer, version)?;
    writer.set_frame_length()?;
    Ok(writer.into_segments())
}

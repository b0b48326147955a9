//! Reading and writing bare messages.

use bytes::Bytes;
use headrace_protocol::{Decode, DecodeError, Message, Reader, Writer, decode_body, encode_message};

/// The message's bytes in one piece.
pub(crate) fn encoded<T: Message>(message: &T, version: i16) -> Bytes {
    let mut writer = Writer::default();
    encode_message(message, &mut writer, version)
        .unwrap_or_else(|error| panic!("{} v{version}: {error}", T::NAME));
    writer.into_bytes().into()
}

/// The message, and how many bytes are left behind it.
pub(crate) fn decoded<'a, T: Decode<'a> + Message>(
    bytes: &'a Bytes,
    version: i16,
) -> Result<(T, usize), DecodeError> {
    let mut reader = Reader::new(bytes);
    decode_body(&mut reader, version).map(|message| (message, reader.remaining()))
}

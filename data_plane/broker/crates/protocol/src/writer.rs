//! Writes values into a frame; large record batches are shared rather than copied.

use bytes::Bytes;
use uuid::Uuid;

use crate::{EncodeError, varint};

/// Record batches of at least this size are passed on as they are; smaller ones are cheaper to copy.
const SHARED_BYTES_MIN: usize = 4096;

/// A message being written.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    /// Batches to insert, each before the byte of `buffer` at its position.
    shared: Vec<(usize, Bytes)>,
    shared_bytes: usize,
}

/// The parts of a frame, to be sent one after the other.
pub type Segments = Vec<Bytes>;

macro_rules! integers {
    ($($name:ident),*) => {
        $(
            #[doc = concat!("A big-endian `", stringify!($name), "`.")]
            pub fn $name(&mut self, value: $name) {
                self.buffer.extend_from_slice(&value.to_be_bytes());
            }
        )*
    };
}

impl Writer {
    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len() + self.shared_bytes
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    integers!(i8, i16, u16, i32, i64, f64);

    /// One byte, 0 or 1.
    pub fn bool(&mut self, value: bool) {
        self.buffer.push(u8::from(value));
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, value: Uuid) {
        self.buffer.extend_from_slice(value.as_bytes());
    }

    /// A text with its length.
    pub fn text(&mut self, value: &str, compact: bool) -> Result<(), EncodeError> {
        if compact {
            self.compact_length(value.len())?;
        } else {
            self.i16(i16::try_from(value.len()).map_err(|_| EncodeError::TooLong(value.len()))?);
        }
        self.buffer.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// No text.
    pub fn null_text(&mut self, compact: bool) {
        if compact { self.buffer.push(0) } else { self.i16(-1) }
    }

    /// Bytes with their length.
    pub fn bytes(&mut self, value: &[u8], compact: bool) -> Result<(), EncodeError> {
        self.count(value.len(), compact)?;
        self.buffer.extend_from_slice(value);
        Ok(())
    }

    /// Record batches with their length.
    pub fn records(&mut self, value: &Bytes, compact: bool) -> Result<(), EncodeError> {
        if value.len() < SHARED_BYTES_MIN {
            return self.bytes(value, compact);
        }
        self.count(value.len(), compact)?;
        self.shared.push((self.buffer.len(), value.clone()));
        self.shared_bytes += value.len();
        Ok(())
    }

    /// The length of bytes or of an array.
    pub fn count(&mut self, count: usize, compact: bool) -> Result<(), EncodeError> {
        if compact {
            return self.compact_length(count);
        }
        self.i32(i32::try_from(count).map_err(|_| EncodeError::TooLong(count))?);
        Ok(())
    }

    /// No bytes, records or array.
    pub fn null_sequence(&mut self, compact: bool) {
        if compact { self.buffer.push(0) } else { self.i32(-1) }
    }

    /// The end of a struct without tagged fields.
    pub fn no_tags(&mut self) {
        self.buffer.push(0);
    }

    /// The end of a struct with tagged fields.
    pub fn tags(&mut self, mut tags: TagWriter) -> Result<(), EncodeError> {
        tags.fields.sort_by_key(|(tag, _)| *tag);
        varint::write(&mut self.buffer, tags.fields.len() as u32);
        for (tag, value) in tags.fields {
            varint::write(&mut self.buffer, tag);
            let size = u32::try_from(value.len()).map_err(|_| EncodeError::TooLong(value.len()))?;
            varint::write(&mut self.buffer, size);
            self.buffer.extend_from_slice(&value);
        }
        Ok(())
    }

    /// Replaces the four bytes at the head by the count of the bytes behind them.
    pub(crate) fn set_frame_length(&mut self) -> Result<(), EncodeError> {
        let length = self.len() - size_of::<i32>();
        let written = i32::try_from(length).map_err(|_| EncodeError::TooLong(length))?;
        self.buffer[..size_of::<i32>()].copy_from_slice(&written.to_be_bytes());
        Ok(())
    }

    /// What was written, in order.
    #[must_use]
    pub fn into_segments(self) -> Segments {
        let buffer = Bytes::from(self.buffer);
        let mut segments = Vec::with_capacity(2 * self.shared.len() + 1);
        let mut start = 0;
        for (position, shared) in self.shared {
            segments.push(buffer.slice(start..position));
            segments.push(shared);
            start = position;
        }
        segments.push(buffer.slice(start..));
        segments.retain(|segment| !segment.is_empty());
        segments
    }

    /// What was written, in one piece.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        if self.shared.is_empty() { self.buffer } else { self.into_segments().concat() }
    }

    fn compact_length(&mut self, length: usize) -> Result<(), EncodeError> {
        let too_long = EncodeError::TooLong(length);
        let written = i32::try_from(length).ok().and_then(|length| length.checked_add(1)).ok_or(too_long)?;
        varint::write(&mut self.buffer, written as u32);
        Ok(())
    }
}

/// Tagged fields of one struct, gathered before their count can be written.
#[derive(Debug, Default)]
pub struct TagWriter {
    fields: Vec<(u32, Vec<u8>)>,
}

impl TagWriter {
    /// Adds a field.
    pub fn add(
        &mut self,
        tag: u32,
        write: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let mut writer = Writer::default();
        write(&mut writer)?;
        self.fields.push((tag, writer.into_bytes()));
        Ok(())
    }
}

//! Reads values from a frame without copying it.

use std::borrow::Cow;

use bytes::Bytes;
use uuid::Uuid;

use crate::{
    DecodeError,
    varint::{self, Varint},
};

/// The most memory that the arrays of one frame may take once decoded.
pub const DECODED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A position in a frame.
#[derive(Debug)]
pub struct Reader<'a> {
    frame: &'a Bytes,
    position: usize,
    end: usize,
    budget: usize,
}

macro_rules! integers {
    ($($name:ident),*) => {
        $(
            #[doc = concat!("A big-endian `", stringify!($name), "`.")]
            pub fn $name(&mut self) -> Result<$name, DecodeError> {
                self.array_of_bytes().map($name::from_be_bytes)
            }
        )*
    };
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `frame`.
    #[must_use]
    pub fn new(frame: &'a Bytes) -> Self {
        Self { frame, position: 0, end: frame.len(), budget: DECODED_BYTES_MAX }
    }

    /// Bytes that are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.end - self.position
    }

    integers!(i8, i16, u16, i32, i64, f64);

    /// A byte that is not 0.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.i8()? != 0)
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self) -> Result<Uuid, DecodeError> {
        self.array_of_bytes().map(Uuid::from_bytes)
    }

    /// A text that is there.
    pub fn text(&mut self, compact: bool) -> Result<Cow<'a, str>, DecodeError> {
        self.nullable_text(compact)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// A text or null.
    pub fn nullable_text(&mut self, compact: bool) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let length = if compact { self.compact_length()? } else { length(i32::from(self.i16()?))? };
        let Some(length) = length else { return Ok(None) };
        let text = str::from_utf8(self.take(length)?).map_err(|_| DecodeError::NotUtf8)?;
        Ok(Some(Cow::Borrowed(text)))
    }

    /// Bytes that are there.
    pub fn bytes(&mut self, compact: bool) -> Result<Cow<'a, [u8]>, DecodeError> {
        self.nullable_bytes(compact)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// Bytes or null.
    pub fn nullable_bytes(&mut self, compact: bool) -> Result<Option<Cow<'a, [u8]>>, DecodeError> {
        let Some(length) = self.length(compact)? else { return Ok(None) };
        Ok(Some(Cow::Borrowed(self.take(length)?)))
    }

    /// Record batches that are there, sharing the frame's buffer.
    pub fn records(&mut self, compact: bool) -> Result<Bytes, DecodeError> {
        self.nullable_records(compact)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// Record batches or null, sharing the frame's buffer.
    pub fn nullable_records(&mut self, compact: bool) -> Result<Option<Bytes>, DecodeError> {
        let Some(length) = self.length(compact)? else { return Ok(None) };
        let start = self.position;
        self.take(length)?;
        Ok(Some(self.frame.slice(start..self.position)))
    }

    /// An array that is there; an element takes at least `least_bytes` on the wire.
    pub fn array<T>(
        &mut self,
        compact: bool,
        least_bytes: usize,
        read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.nullable_array(compact, least_bytes, read)?.ok_or(DecodeError::UnexpectedNull)
    }

    /// An array or null; an element takes at least `least_bytes` on the wire.
    pub fn nullable_array<T>(
        &mut self,
        compact: bool,
        least_bytes: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(compact)? else { return Ok(None) };
        if count.saturating_mul(least_bytes.max(1)) > self.remaining() {
            return Err(DecodeError::ArrayTooLong { count, remaining: self.remaining() });
        }
        self.spend(count.saturating_mul(size_of::<T>()))?;
        let mut elements = Vec::with_capacity(count);
        for _ in 0..count {
            elements.push(read(self)?);
        }
        Ok(Some(elements))
    }

    /// A struct behind the byte that says whether it is there.
    pub fn nullable_struct<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.i8()? < 0 { Ok(None) } else { read(self).map(Some) }
    }

    /// Tagged fields; `known` reads those it knows and answers whether it did. Others are skipped.
    pub fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Self) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let size = self.varint()? as usize;
            self.require(size)?;
            let outer = std::mem::replace(&mut self.end, self.position + size);
            if known(tag, self)? && self.position != self.end {
                return Err(DecodeError::TagLength { tag });
            }
            self.position = self.end;
            self.end = outer;
        }
        Ok(())
    }

    /// Tagged fields of a struct that knows none.
    pub fn skip_tags(&mut self) -> Result<(), DecodeError> {
        self.tags(|_, _| Ok(false))
    }

    fn length(&mut self, compact: bool) -> Result<Option<usize>, DecodeError> {
        if compact { self.compact_length() } else { length(self.i32()?) }
    }

    /// Compact lengths are one more than they say, so that 0 is null (KIP-482).
    fn compact_length(&mut self) -> Result<Option<usize>, DecodeError> {
        Ok((self.varint()? as usize).checked_sub(1))
    }

    fn varint(&mut self) -> Result<u32, DecodeError> {
        match varint::read(&self.frame[self.position..self.end]) {
            Varint::Value(value, bytes) => {
                self.position += bytes;
                Ok(value)
            }
            Varint::Truncated => {
                Err(DecodeError::Truncated { needed: self.remaining() + 1, remaining: self.remaining() })
            }
            Varint::TooLong => Err(DecodeError::VarintTooLong),
        }
    }

    fn array_of_bytes<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        self.require(length)?;
        let start = self.position;
        self.position += length;
        Ok(&self.frame[start..self.position])
    }

    fn require(&self, needed: usize) -> Result<(), DecodeError> {
        let remaining = self.remaining();
        if needed > remaining { Err(DecodeError::Truncated { needed, remaining }) } else { Ok(()) }
    }

    fn spend(&mut self, memory: usize) -> Result<(), DecodeError> {
        let left = self.budget.checked_sub(memory);
        self.budget = left.ok_or(DecodeError::TooLarge { limit: DECODED_BYTES_MAX })?;
        Ok(())
    }
}

/// Old-style lengths: -1 is null, less is an error.
fn length(written: i32) -> Result<Option<usize>, DecodeError> {
    match written {
        -1 => Ok(None),
        _ => usize::try_from(written).map(Some).map_err(|_| DecodeError::NegativeLength(written)),
    }
}

//! Reading and writing the few shapes that load needs, without the broker's own codec.

use crate::error::LoadError;

/// Appends what a request is made of.
pub(crate) trait Put {
    fn put_i16(&mut self, number: i16);
    fn put_i32(&mut self, number: i32);
    fn put_i64(&mut self, number: i64);
    fn put_text(&mut self, text: &str);
}

impl Put for Vec<u8> {
    fn put_i16(&mut self, number: i16) {
        self.extend_from_slice(&number.to_be_bytes());
    }

    fn put_i32(&mut self, number: i32) {
        self.extend_from_slice(&number.to_be_bytes());
    }

    fn put_i64(&mut self, number: i64) {
        self.extend_from_slice(&number.to_be_bytes());
    }

    fn put_text(&mut self, text: &str) {
        self.put_i16(text.len() as i16);
        self.extend_from_slice(text.as_bytes());
    }
}

/// Takes an answer apart from its front.
#[derive(Debug)]
pub(crate) struct Take<'a>(pub(crate) &'a [u8]);

impl<'a> Take<'a> {
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], LoadError> {
        let (head, rest) = self.0.split_at_checked(count).ok_or(LoadError::Answer("it ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(LoadError::Answer("it ends too early"))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, LoadError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, LoadError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, LoadError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    pub(crate) fn text(&mut self) -> Result<&'a [u8], LoadError> {
        let length = usize::try_from(self.i16()?).map_err(|_| LoadError::Answer("a name is missing"))?;
        self.bytes(length)
    }

    /// A count that must be 1: every request asks for one topic and one partition.
    pub(crate) fn one(&mut self) -> Result<(), LoadError> {
        if self.i32()? == 1 { Ok(()) } else { Err(LoadError::Answer("not of one topic and partition")) }
    }
}

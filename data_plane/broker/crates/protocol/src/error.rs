//! What can be wrong with bytes to read or with a message to write.

use thiserror::Error;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A value needs more bytes than there are.
    #[error("{needed} bytes are needed where {remaining} remain")]
    Truncated {
        /// Bytes the value takes.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// A length below the -1 that means null.
    #[error("negative length {0}")]
    NegativeLength(i32),
    /// Null where the version allows none.
    #[error("null in a field that can not be null")]
    UnexpectedNull,
    /// An array whose elements can not fit in the bytes that remain.
    #[error("an array of {count} elements can not fit in {remaining} bytes")]
    ArrayTooLong {
        /// Declared elements.
        count: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// The arrays of one frame take more memory than [`crate::DECODED_BYTES_MAX`].
    #[error("the arrays of the message take more than {limit} bytes of memory")]
    TooLarge {
        /// The limit that was met.
        limit: usize,
    },
    /// A text that is not UTF-8.
    #[error("a text is not UTF-8")]
    NotUtf8,
    /// A variable-length integer of more than 32 bits.
    #[error("a variable-length integer has more than 32 bits")]
    VarintTooLong,
    /// A tagged field whose value is shorter than its declared size.
    #[error("tagged field {tag} declares more bytes than its value has")]
    TagLength {
        /// The field's tag.
        tag: u32,
    },
    /// A version that the definitions do not hold.
    #[error("{message} has no version {version}")]
    UnknownVersion {
        /// The message.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
}

/// Why a message can not be written in a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A field is set that the version does not carry and that must not be lost.
    #[error("{field} is set, and version {version} does not carry it")]
    Absent {
        /// The field.
        field: &'static str,
        /// The version written.
        version: i16,
    },
    /// A field is null where the version allows none.
    #[error("{0} can not be null in this version")]
    Null(&'static str),
    /// A value is longer than its length field can say.
    #[error("a value of {0} bytes or elements is too long for its length field")]
    TooLong(usize),
    /// A version that the definitions do not hold.
    #[error("{message} has no version {version}")]
    UnknownVersion {
        /// The message.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
}

impl EncodeError {
    /// The error of a set field that `version` can not carry.
    #[must_use]
    pub const fn absent(field: &'static str, version: i16) -> Self {
        Self::Absent { field, version }
    }
}

//! Unsigned variable-length integers: seven bits a byte, low bits first, the high bit says that more follow.

/// The most bytes that 32 bits take.
pub(crate) const VARINT_BYTES_MAX: usize = 5;

/// Appends `value`.
pub(crate) fn write(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// What is at the head of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Varint {
    /// The value and how many bytes it took.
    Value(u32, usize),
    /// The bytes end inside the integer.
    Truncated,
    /// More than 32 bits.
    TooLong,
}

/// Reads the integer at the head of `bytes`.
pub(crate) fn read(bytes: &[u8]) -> Varint {
    let mut value = 0u32;
    for (index, byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        let bits = u32::from(byte & 0x7f);
        if index == VARINT_BYTES_MAX - 1 && bits > 0x0f {
            return Varint::TooLong;
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            return Varint::Value(value, index + 1);
        }
    }
    if bytes.len() < VARINT_BYTES_MAX { Varint::Truncated } else { Varint::TooLong }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [0, 1, 0x7f, 0x80, 300, 0x3fff, 0x4000, u32::MAX - 1, u32::MAX] {
            let mut bytes = Vec::new();
            write(&mut bytes, value);
            assert_eq!(read(&bytes), Varint::Value(value, bytes.len()));
            assert_eq!(read(&bytes[..bytes.len() - 1]), Varint::Truncated);
        }
    }

    #[test]
    fn more_than_32_bits_are_refused() {
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Varint::TooLong);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Varint::TooLong);
    }
}

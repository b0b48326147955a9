//! Zig-zag variable-length integers as records use them.

/// Longest encoding of a 32-bit integer, in bytes.
const VARINT_BYTES_MAX: usize = 5;
/// Longest encoding of a 64-bit integer, in bytes.
const VARLONG_BYTES_MAX: usize = 10;

/// Reads a zig-zag varint from the front of `input` and moves `input` past it; `None` if it is cut off or over-long.
#[inline]
pub fn read_i32(input: &mut &[u8]) -> Option<i32> {
    let raw = u32::try_from(read_raw(input, VARINT_BYTES_MAX)?).ok()?;
    Some((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Reads a zig-zag varlong from the front of `input` and moves `input` past it; `None` if it is cut off or over-long.
#[inline]
pub fn read_i64(input: &mut &[u8]) -> Option<i64> {
    let raw = read_raw(input, VARLONG_BYTES_MAX)?;
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// Appends `value` as a zig-zag varint.
pub fn write_i32(out: &mut Vec<u8>, value: i32) {
    write_raw(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// Appends `value` as a zig-zag varlong.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_raw(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Nearly all integers of a record take one byte or two, and a record has eight of them.
#[inline]
fn read_raw(input: &mut &[u8], bytes_max: usize) -> Option<u64> {
    match *input {
        [byte, rest @ ..] if *byte < 0x80 => {
            *input = rest;
            Some(u64::from(*byte))
        }
        [low, high, rest @ ..] if *high < 0x80 => {
            *input = rest;
            Some(u64::from(low & 0x7f) | u64::from(*high) << 7)
        }
        _ => read_long(input, bytes_max),
    }
}

fn read_long(input: &mut &[u8], bytes_max: usize) -> Option<u64> {
    let mut value = 0u64;
    for position in 0..bytes_max {
        let byte = *input.get(position)?;
        let bits = u64::from(byte & 0x7f);
        let shifted = bits << (7 * position);
        if shifted >> (7 * position) != bits {
            return None;
        }
        value |= shifted;
        if byte & 0x80 == 0 {
            *input = &input[position + 1..];
            return Some(value);
        }
    }
    None
}

fn write_raw(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_come_back(small in any::<i32>(), large in any::<i64>()) {
            let mut bytes = Vec::new();
            write_i32(&mut bytes, small);
            write_i64(&mut bytes, large);
            let mut input = bytes.as_slice();
            prop_assert_eq!(read_i32(&mut input), Some(small));
            prop_assert_eq!(read_i64(&mut input), Some(large));
            prop_assert!(input.is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            let _ = read_i32(&mut bytes.as_slice());
            let _ = read_i64(&mut bytes.as_slice());
        }
    }

    #[test]
    fn the_short_way_reads_what_the_long_one_reads() {
        for first in 0..=u8::MAX {
            for second in [0, 1, 0x3f, 0x7f, 0x80, 0xff] {
                for bytes in [&[first][..], &[first, second], &[first, second, 1, 9]] {
                    let (mut short, mut long) = (bytes, bytes);
                    let read = read_raw(&mut short, VARINT_BYTES_MAX);
                    assert_eq!(read, read_long(&mut long, VARINT_BYTES_MAX), "{bytes:?}");
                    assert_eq!(short, long, "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn cut_off_and_over_long_encodings_are_refused() {
        assert_eq!(read_i32(&mut [0x80].as_slice()), None);
        assert_eq!(read_i32(&mut [0xff, 0xff, 0xff, 0xff, 0x1f].as_slice()), None);
        assert_eq!(read_i32(&mut [0x80; 6].as_slice()), None);
        assert_eq!(read_i64(&mut [0xff; 11].as_slice()), None);
    }
}

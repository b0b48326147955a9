//! Zig-zag variable-length integers as records use them.

/// Longest encoding of a 32-bit integer, in bytes.
const VARINT_BYTES_MAX: usize = 5;
/// Longest encoding of a 64-bit integer, in bytes.
const VARLONG_BYTES_MAX: usize = 10;

/// Reads a zig-zag varint from the front of `input` and moves `input` past it; `None` if it is cut off or over-long.
pub fn read_i32(input: &mut &[u8]) -> Option<i32> {
    let raw = u32::try_from(read_raw(input, VARINT_BYTES_MAX)?).ok()?;
    Some((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Reads a zig-zag varlong from the front of `input` and moves `input` past it; `None` if it is cut off or over-long.
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

fn read_raw(input: &mut &[u8], bytes_max: usize) -> Option<u64> {
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
    fn cut_off_and_over_long_encodings_are_refused() {
        assert_eq!(read_i32(&mut [0x80].as_slice()), None);
        assert_eq!(read_i32(&mut [0xff, 0xff, 0xff, 0xff, 0x1f].as_slice()), None);
        assert_eq!(read_i32(&mut [0x80; 6].as_slice()), None);
        assert_eq!(read_i64(&mut [0xff; 11].as_slice()), None);
    }
}

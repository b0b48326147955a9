//! Changes inputs at random, without looking at what they do: for a short try of what coverage has found.

use crate::random::Random;

/// Values that lengths and counts are wrong at.
const EDGES: [i32; 10] = [0, 1, -1, 127, 128, 255, 256, 65_535, i32::MAX, i32::MIN];
const CHANGES_MAX: usize = 4;
const INSERTED_MAX: usize = 16;

/// Another input that is like `input`; `other` lends a piece at times.
pub(crate) fn mutated(input: &[u8], other: &[u8], bytes_max: usize, random: &mut Random) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=random.below(CHANGES_MAX) {
        change(&mut out, other, random);
    }
    out.truncate(bytes_max);
    out
}

fn change(out: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(out.len() + 1);
    let kind = random.below(7);
    match out.get_mut(at) {
        Some(byte) if kind == 0 => *byte ^= 1 << random.below(8),
        Some(byte) if kind == 1 => *byte = random.i8() as u8,
        Some(_) if kind == 2 => {
            let end = (at + 1 + random.below(INSERTED_MAX)).min(out.len());
            out.drain(at..end);
        }
        Some(_) if kind == 3 => {
            let edge = EDGES[random.below(EDGES.len())].to_be_bytes();
            let from = random.below(edge.len());
            for (byte, value) in out[at..].iter_mut().zip(&edge[from..]) {
                *byte = *value;
            }
        }
        _ if kind == 4 && !other.is_empty() => {
            let start = random.below(other.len());
            let end = (start + 1 + random.below(other.len())).min(other.len());
            out.splice(at..at, other[start..end].iter().copied());
        }
        _ => {
            let inserted: Vec<u8> = (0..=random.below(INSERTED_MAX)).map(|_| random.i8() as u8).collect();
            out.splice(at..at, inserted);
        }
    }
}

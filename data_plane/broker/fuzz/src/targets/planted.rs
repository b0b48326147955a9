//! What must be found, or nothing else that was not found means anything.

use std::hint::black_box;

use super::{Hold, Target};
use crate::Allowance;

const MAGIC: u32 = 0x4852_0002;
const DECLARED_MAX: usize = 256 * 1024 * 1024;

/// Panics deep inside.
pub(super) const PANIC: Target =
    Target { name: "planted-panic", allowance: Allowance { floor_bytes: 4096, per_byte: 16 }, handle: panic };

/// Allocates what is declared before it is compared with what is there.
pub(super) const ALLOCATION: Target = Target {
    name: "planted-allocation",
    allowance: Allowance { floor_bytes: 64 * 1024, per_byte: 16 },
    handle: allocation,
};

fn parts(input: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (magic, rest) = input.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*magic), u32::from_be_bytes(*length), rest))
}

fn panic(input: &[u8], hold: &mut Hold<'_>) {
    hold.run(input.len(), || {
        if let Some((MAGIC, length, rest)) = parts(input)
            && length as usize == rest.len()
        {
            assert!(rest.first() != Some(&b'!'), "planted");
        }
    });
}

fn allocation(input: &[u8], hold: &mut Hold<'_>) {
    hold.run(input.len(), || {
        if let Some((MAGIC, length, rest)) = parts(input) {
            let room: Vec<u8> = Vec::with_capacity((length as usize).min(DECLARED_MAX));
            let _ = black_box(room).capacity() < rest.len();
        }
    });
}

//! Compressed records: first byte codec, second byte limits, then what is compressed.

use headrace_records::{Compression, DecompressionLimits, iterate::RecordsError};

use super::{Hold, Target};
use crate::Allowance;

/// Output is refused from here on, or from a thousand bytes for each byte on, whichever is less but for the first MiB.
const OUT_MAX: usize = 64 * 1024 * 1024;

pub(super) const TARGET: Target = Target {
    name: "decompression",
    // Blocks of LZ4 have 4 MiB, of which two are held and one is made; the output grows by doubling, up to a thousand bytes for each.
    allowance: Allowance { floor_bytes: 16 * 1024 * 1024, per_byte: 3 * 1000 },
    handle,
};

fn handle(input: &[u8], hold: &mut Hold<'_>) {
    let [codec, limits, packed @ ..] = input else { return };
    let Some(codec) = Compression::from_id(i16::from(*codec % 5)) else { return };
    let limits = match limits % 4 {
        0 => DecompressionLimits { bytes_max: 4096, ratio_max: 1_000 },
        1 => DecompressionLimits { bytes_max: OUT_MAX, ratio_max: 2 },
        _ => DecompressionLimits { bytes_max: OUT_MAX, ratio_max: 1_000 },
    };
    let outcome = hold.run(input.len(), || codec.decompress(packed, limits));
    match outcome {
        Ok(out) => {
            let is_plain = codec == Compression::None;
            assert!(is_plain || out.len() <= limits.bytes_max, "{} bytes came out", out.len());
            assert_eq!(again(codec, &out).as_ref(), Ok(&out), "{codec:?}");
        }
        Err(RecordsError::TooLarge { bytes_max }) => assert!(bytes_max <= limits.bytes_max),
        Err(_) => {}
    }
}

fn again(codec: Compression, out: &[u8]) -> Result<Vec<u8>, RecordsError> {
    let all = DecompressionLimits { bytes_max: usize::MAX, ratio_max: usize::MAX };
    codec.decompress(&codec.compress(out)?, all)
}

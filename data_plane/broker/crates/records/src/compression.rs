//! The codecs of record batches, and decompression that is bounded before it allocates.

use std::io::{Read, Write};

use crate::iterate::RecordsError;

/// Header that the Java client's snappy streams begin with (the "xerial" framing).
const XERIAL_MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// Magic, version and compatible version.
const XERIAL_HEADER_BYTES: usize = 16;
/// Bytes that one xerial block holds at most when we write it.
const XERIAL_BLOCK_BYTES: usize = 32 * 1024;
/// Largest zstd window that is accepted, as a power of two: 32 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;
/// Below this size of the output the ratio is not looked at: tiny batches of zeros compress beyond any ratio.
const RATIO_FLOOR_BYTES: usize = 1024 * 1024;

/// Codec of the records of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not compressed.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy blocks in xerial framing, or one bare block.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// RFC 8878 (KIP-110).
    Zstd,
}

/// How much one batch may expand to.
#[derive(Clone, Copy, Debug)]
pub struct DecompressionLimits {
    /// Most bytes that a batch may decompress to.
    pub bytes_max: usize,
    /// Most bytes out for each byte in, looked at from 1 MiB of output on.
    pub ratio_max: usize,
}

impl Default for DecompressionLimits {
    fn default() -> Self {
        Self { bytes_max: 64 * 1024 * 1024, ratio_max: 1_000 }
    }
}

impl DecompressionLimits {
    fn bytes_for(self, compressed_bytes: usize) -> usize {
        compressed_bytes.saturating_mul(self.ratio_max).max(RATIO_FLOOR_BYTES).min(self.bytes_max)
    }
}

impl Compression {
    /// The codec with this number in the attribute bits.
    #[must_use]
    pub const fn from_id(id: i16) -> Option<Self> {
        match id {
            0 => Some(Self::None),
            1 => Some(Self::Gzip),
            2 => Some(Self::Snappy),
            3 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The number in the attribute bits.
    #[must_use]
    pub const fn id(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// Decompresses `input`; refuses to produce more than `limits` allow.
    pub fn decompress(self, input: &[u8], limits: DecompressionLimits) -> Result<Vec<u8>, RecordsError> {
        let bytes_max = limits.bytes_for(input.len());
        match self {
            Self::None => Ok(input.to_vec()),
            Self::Gzip => read_bounded(flate2::read::MultiGzDecoder::new(input), bytes_max),
            Self::Snappy => snappy_decompress(input, bytes_max),
            Self::Lz4 => read_bounded(lz4_flex::frame::FrameDecoder::new(input), bytes_max),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(corrupt)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(corrupt)?;
                read_bounded(decoder, bytes_max)
            }
        }
    }

    /// Compresses `input` as the clients do.
    pub fn compress(self, input: &[u8]) -> Result<Vec<u8>, RecordsError> {
        match self {
            Self::None => Ok(input.to_vec()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(input).map_err(corrupt)?;
                encoder.finish().map_err(corrupt)
            }
            Self::Snappy => snappy_compress(input),
            Self::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(input).map_err(corrupt)?;
                encoder.finish().map_err(corrupt)
            }
            Self::Zstd => zstd::stream::encode_all(input, 0).map_err(corrupt),
        }
    }
}

fn corrupt(error: impl std::fmt::Display) -> RecordsError {
    RecordsError::Compression(error.to_string())
}

fn read_bounded(reader: impl Read, bytes_max: usize) -> Result<Vec<u8>, RecordsError> {
    let mut out = Vec::new();
    reader.take((bytes_max as u64).saturating_add(1)).read_to_end(&mut out).map_err(corrupt)?;
    if out.len() > bytes_max { Err(RecordsError::TooLarge { bytes_max }) } else { Ok(out) }
}

fn snappy_decompress(input: &[u8], bytes_max: usize) -> Result<Vec<u8>, RecordsError> {
    let mut out = Vec::new();
    if !input.starts_with(&XERIAL_MAGIC) {
        snappy_block(input, bytes_max, &mut out)?;
        return Ok(out);
    }
    let mut rest =
        input.get(XERIAL_HEADER_BYTES..).ok_or(RecordsError::Malformed("snappy header is cut off"))?;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let block = tail.get(..length).ok_or(RecordsError::Malformed("snappy block is cut off"))?;
        snappy_block(block, bytes_max, &mut out)?;
        rest = &tail[length..];
    }
    if rest.is_empty() { Ok(out) } else { Err(RecordsError::Malformed("snappy block length is cut off")) }
}

fn snappy_block(block: &[u8], bytes_max: usize, out: &mut Vec<u8>) -> Result<(), RecordsError> {
    let start = out.len();
    let length = snap::raw::decompress_len(block).map_err(corrupt)?;
    if length > bytes_max - start {
        return Err(RecordsError::TooLarge { bytes_max });
    }
    out.resize(start + length, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut out[start..]).map_err(corrupt)?;
    out.truncate(start + written);
    Ok(())
}

fn snappy_compress(input: &[u8]) -> Result<Vec<u8>, RecordsError> {
    let mut out = XERIAL_MAGIC.to_vec();
    out.extend_from_slice(&1u32.to_be_bytes());
    out.extend_from_slice(&1u32.to_be_bytes());
    for block in input.chunks(XERIAL_BLOCK_BYTES) {
        let compressed = snap::raw::Encoder::new().compress_vec(block).map_err(corrupt)?;
        out.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 4] =
        [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    #[test]
    fn every_codec_returns_what_went_in() {
        let input: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        for codec in ALL {
            let packed = codec.compress(&input).unwrap();
            assert_eq!(
                codec.decompress(&packed, DecompressionLimits::default()).unwrap(),
                input,
                "{codec:?}"
            );
            assert_eq!(Compression::from_id(codec.id()), Some(codec));
        }
    }

    #[test]
    fn a_bare_snappy_block_is_read() {
        let packed = snap::raw::Encoder::new().compress_vec(b"bare block").unwrap();
        let out = Compression::Snappy.decompress(&packed, DecompressionLimits::default()).unwrap();
        assert_eq!(out, b"bare block");
    }

    #[test]
    fn a_bomb_is_refused_by_bytes_and_by_ratio() {
        let bomb = vec![0u8; 8 * 1024 * 1024];
        for codec in ALL {
            let packed = codec.compress(&bomb).unwrap();
            for limits in [
                DecompressionLimits { bytes_max: 1024, ratio_max: usize::MAX },
                DecompressionLimits { bytes_max: usize::MAX, ratio_max: 2 },
            ] {
                let refused = codec.decompress(&packed, limits);
                assert!(matches!(refused, Err(RecordsError::TooLarge { .. })), "{codec:?} {limits:?}");
            }
        }
    }

    #[test]
    fn garbage_is_an_error_and_not_a_panic() {
        for codec in ALL {
            for input in [&b""[..], b"garbage", &XERIAL_MAGIC, &[0xff; 64]] {
                if let Ok(out) = codec.decompress(input, DecompressionLimits::default()) {
                    assert!(out.is_empty(), "{codec:?} made {out:?} of {input:?}");
                }
            }
        }
    }
}

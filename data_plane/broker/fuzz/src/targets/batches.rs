//! Record batches of a producer: first byte rules, then the batch; what is taken is stamped, read and compacted as the log does it.

use headrace_records::{
    BatchHeader, DecompressionLimits, Filtered, HEADER_BYTES, builder, emptied, filter,
    header::{LENGTH_PREFIX_BYTES, MAGIC, crc_of},
    iterate::RecordSet,
    marker::Marker,
    rewrite::stamp,
    validate::{ProduceRules, TimestampRules, validate_produced},
    with_horizon,
};
use headrace_types::{LeaderEpoch, Offset};

use super::{Hold, Target};
use crate::{Allowance, INPUT_BYTES_MAX, clock::START_MS};

const HOUR_MS: i64 = 3_600_000;
const OFFSET: i64 = 1_000;
/// Where batch length and magic stand.
const LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;

pub(super) const TARGET: Target = Target {
    name: "batches",
    // As for decompression, twice: a batch is compacted, and read again.
    allowance: Allowance { floor_bytes: 16 * 1024 * 1024, per_byte: 8 * 1000 },
    handle,
};

fn handle(input: &[u8], hold: &mut Hold<'_>) {
    let Some((flags, batch)) = input.split_first() else { return };
    let mut batch = batch.to_vec();
    if flags & 1 != 0 && batch.len() >= HEADER_BYTES {
        // Or no mutation would get past length and CRC.
        let length = (batch.len() - LENGTH_PREFIX_BYTES) as i32;
        batch[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
        batch[MAGIC_AT] = MAGIC as u8;
        builder::seal(&mut batch);
    }
    hold.run(input.len(), || judge(*flags, &batch));
}

fn judge(flags: u8, batch: &[u8]) {
    // Logs hold what others wrote, too: reading refuses, it does not break.
    if BatchHeader::parse(batch).is_some_and(|header| header.batch_bytes() == Some(batch.len())) {
        let _ = Marker::read(batch);
        read_and_compact(batch);
    }
    if let Ok(header) = validate_produced(batch, &rules(flags)) {
        assert_eq!(header.crc, crc_of(batch));
        assert_eq!(header.last_offset_delta, header.records_count - 1);
        let append_time_ms = (flags & 8 != 0).then_some(START_MS);
        let head = stamp(batch, Offset::new(OFFSET), LeaderEpoch::new(3), append_time_ms);
        let stamped = [&head[..], &batch[HEADER_BYTES..]].concat();
        let header = parsed(&stamped);
        assert_eq!((header.base_offset.get(), header.leader_epoch.get()), (OFFSET, 3));
        read_and_compact(&stamped);
    }
}

fn rules(flags: u8) -> ProduceRules {
    let before_max_ms = if flags & 2 != 0 { HOUR_MS } else { i64::MAX };
    ProduceRules {
        api_version: if flags & 16 != 0 { 6 } else { 12 },
        batch_bytes_max: INPUT_BYTES_MAX / 2,
        segment_bytes: INPUT_BYTES_MAX,
        timestamps: Some(TimestampRules { now_ms: START_MS, before_max_ms, after_max_ms: HOUR_MS })
            .filter(|_| flags & 8 == 0),
        keys_required: flags & 4 != 0,
        decompression: DecompressionLimits::default(),
    }
}

/// The header of a batch that must be whole and unharmed.
fn parsed(batch: &[u8]) -> BatchHeader {
    let header = BatchHeader::parse(batch).filter(|header| header.batch_bytes() == Some(batch.len()));
    let header = header.unwrap_or_else(|| panic!("not a whole batch: {batch:?}"));
    assert_eq!(header.crc, crc_of(batch), "CRC of {header:?}");
    header
}

fn read_and_compact(batch: &[u8]) {
    let before = BatchHeader::parse(batch);
    assert_eq!(parsed(&emptied(batch)).records_count, 0);
    let Ok(records) = RecordSet::of_batch(batch, DecompressionLimits::default()) else { return };
    let read: Vec<_> = records.iter().collect();
    for record in read.iter().flatten() {
        let _ = record.headers();
    }
    if records.check_dense(|_, _| ()).is_ok() {
        assert!(read.iter().all(Result::is_ok), "dense records that can not be read");
    }
    let mut position = 0;
    let kept = filter(batch, &records, Some(START_MS), |_| {
        position += 1;
        position % 2 == 0
    });
    if let Ok(Filtered::Changed(left)) = kept {
        let header = parsed(&left);
        assert_eq!(Some(header.base_offset), before.map(|before| before.base_offset));
        let again = RecordSet::of_batch(&left, DecompressionLimits::default());
        let again = again.unwrap_or_else(|error| panic!("compacted records can not be read: {error}"));
        assert_eq!(again.iter().flatten().count(), header.records_count as usize);
    }
    if let Ok(marked) = with_horizon(batch, START_MS) {
        assert!(BatchHeader::parse(&marked).is_some_and(|header| header.delete_horizon_ms().is_some()));
    }
}

//! One log: what lies beside its segments, then segment after segment, every checksum computed.

use std::path::Path;

use headrace_io::OpenMode;
use headrace_records::Compression;
use headrace_types::TopicPartition;

use super::Inspection;
use super::item::{BatchItem, IndexState, Item, PartitionItem, ProducerItem, SegmentItem};
use crate::checked_file::Content;
use crate::checkpoint::{self, Checkpoint};
use crate::epochs::{Origin, PartitionMeta, may_lie};
use crate::error::LogError;
use crate::index;
use crate::limits::SCAN_CHUNK_BYTES;
use crate::producers::Producers;
use crate::recovery_point::RecoveryPoint;
use crate::scan::{Found, Scanner, Step};
use crate::segment::{self, ClosedIndex, SegmentHeader};

/// What is known on the way from segment to segment.
struct Walk {
    /// Everything below was synced.
    synced: i64,
    /// Where the next segment must begin; `None` before the first one.
    next_offset: Option<i64>,
    producers: Producers,
    /// Batches before it are in `producers` already.
    replay_from: i64,
    /// Where the oldest segments come from.
    origins: Vec<Origin>,
}

impl Inspection<'_> {
    pub(super) fn partition(
        &mut self,
        dir: &Path,
        identity: TopicPartition,
        topic: Option<String>,
    ) -> Result<(), LogError> {
        self.summary.partitions += 1;
        let loaded = PartitionMeta::load(&**self.disk, dir);
        let Some(meta) = self.sound(loaded)? else { return Ok(()) };
        let point = RecoveryPoint::peek(&**self.disk, dir)?;
        let checkpoint = self.checkpoint(dir)?;
        (self.tell)(&Item::Partition(PartitionItem {
            path: dir.to_path_buf(),
            topic,
            partition: identity.partition.get(),
            log_start_offset: meta.log_start_offset,
            epochs: meta.epochs.clone(),
            recovery_point: point,
            checkpoint_offset: checkpoint.as_ref().map(|checkpoint| checkpoint.offset),
            checkpoint_producers: checkpoint.as_ref().map(|checkpoint| checkpoint.producers.len()),
        }));
        let replay_from = checkpoint.as_ref().map_or(i64::MIN, |checkpoint| checkpoint.offset);
        let mut walk = Walk {
            synced: point.unwrap_or(0).max(replay_from),
            next_offset: None,
            producers: checkpoint.map(|checkpoint| checkpoint.producers).unwrap_or_default(),
            replay_from,
            origins: meta.origins,
        };
        let names = self.disk.list(dir).map_err(LogError::io(dir))?;
        let bases: Vec<i64> = names.iter().filter_map(|name| segment::base_offset_of(name)).collect();
        if bases.first().is_none_or(|first| *first > meta.log_start_offset)
            && walk.synced > meta.log_start_offset
        {
            let start = meta.log_start_offset;
            self.damage(dir, format!("the log starts at {start}, and the segment that holds it is missing"));
        }
        for base in bases {
            if !self.segment(dir, base, identity, &mut walk)? {
                break;
            }
        }
        if walk.next_offset.is_some_and(|end| end < walk.synced) {
            let end = walk.next_offset.unwrap_or_default();
            self.damage(dir, format!("the log ends at {end} and was synced up to {}", walk.synced));
        }
        if self.detail.producers {
            for view in walk.producers.views() {
                (self.tell)(&Item::Producer(ProducerItem {
                    id: view.id,
                    epoch: view.epoch,
                    last_sequence: view.last_sequence,
                    last_timestamp: view.last_timestamp,
                }));
            }
        }
        Ok(())
    }

    /// A checkpoint that can not be read is one that a start does without.
    fn checkpoint(&mut self, dir: &Path) -> Result<Option<Checkpoint>, LogError> {
        let path = dir.join(checkpoint::FILE_NAME);
        let (kind, content) = checkpoint::KIND.read_either(checkpoint::KIND_BEFORE, &**self.disk, &path)?;
        let is_there = content != Content::Absent;
        let checkpoint = content.rebuildable().and_then(|payload| Checkpoint::decode(&payload, kind));
        self.summary.rebuildable += u64::from(is_there && checkpoint.is_none());
        Ok(checkpoint)
    }

    /// Walks one segment; whether the log goes on behind it.
    fn segment(
        &mut self,
        dir: &Path,
        base: i64,
        identity: TopicPartition,
        walk: &mut Walk,
    ) -> Result<bool, LogError> {
        let path = dir.join(segment::log_name(base));
        let file = self.disk.open(&path, OpenMode::Read).map_err(LogError::io(&path))?;
        let length = file.length().map_err(LogError::io(&path))?;
        self.summary.segments += 1;
        self.summary.bytes += length;
        let mut head = [0; segment::HEADER_BYTES as usize];
        let read = file.read_at(0, &mut head).map_err(LogError::io(&path))?;
        let Some(header) = SegmentHeader::decode(&head[..read]) else {
            self.unsound(&path, base, length, "the segment header is damaged", walk);
            return Ok(false);
        };
        if !may_lie(header.identity, identity, base, &walk.origins) || header.base_offset != base {
            self.damage(&path, "the segment belongs to another partition or place");
            return Ok(false);
        }
        if walk.next_offset.is_some_and(|next| next > base) {
            // A compacted segment stands for it; a start removes it.
            return Ok(true);
        }
        if walk.next_offset.is_some_and(|next| next < base) {
            self.unsound(
                &path,
                walk.next_offset.unwrap_or(base),
                length,
                "the segment does not follow",
                walk,
            );
            return Ok(false);
        }
        let mut index = self.index(dir, base)?;
        let mut item = SegmentItem {
            path: path.clone(),
            base_offset: base,
            end_offset: base,
            created_at_ms: header.created_at_ms,
            cleaned_to: header.compacted.map(|compacted| compacted.cleaned_to),
            bytes: length,
            batches: 0,
            records: 0,
            max_timestamp: None,
            index: index.state,
            index_entries: index.closed.as_ref().map(|closed| closed.index.entries().len()),
        };
        let mut scanner = Scanner::new(&*file, segment::HEADER_BYTES, base, length, SCAN_CHUNK_BYTES)
            .checking_from(i64::MIN)
            .with_gaps(header.compacted.is_some());
        let bad = loop {
            match scanner.step().map_err(LogError::io(&path))? {
                Step::Batch(found) => self.batch(&found, &mut item, &mut index, walk),
                Step::End => break None,
                Step::Bad(detail) => break Some(detail),
            }
        };
        item.end_offset = header.compacted.map_or(scanner.next_offset(), |compacted| compacted.end_offset);
        if bad.is_none() && !index.fits(&item) {
            item.index = IndexState::Wrong;
        }
        self.settle(&item, dir);
        (self.tell)(&Item::Segment(item.clone()));
        walk.next_offset = Some(item.end_offset);
        if let Some(detail) = bad {
            walk.next_offset = Some(scanner.next_offset());
            self.unsound(&path, scanner.next_offset(), length - scanner.position(), detail, walk);
        }
        Ok(bad.is_none())
    }

    /// Below what was synced it is damage, behind it a torn tail.
    fn unsound(&mut self, path: &Path, offset: i64, bytes: u64, detail: &str, walk: &mut Walk) {
        if offset < walk.synced {
            self.damage(
                path,
                format!("{detail} at offset {offset}, and it was synced up to {}", walk.synced),
            );
            // It is told once.
            walk.next_offset = None;
            return;
        }
        self.summary.torn_bytes += bytes;
        let detail = format!("{detail} at offset {offset}");
        (self.tell)(&Item::TornTail { path: path.to_path_buf(), bytes, detail });
    }

    fn batch(&mut self, found: &Found, item: &mut SegmentItem, index: &mut Index, walk: &mut Walk) {
        let header = &found.header;
        self.summary.batches += 1;
        self.summary.records += header.records_count.max(0) as u64;
        item.batches += 1;
        item.records += header.records_count.max(0) as u64;
        item.max_timestamp = item.max_timestamp.max(Some(header.max_timestamp));
        index.met(found);
        if header.base_offset.get() >= walk.replay_from {
            walk.producers.appended(header, header.max_timestamp);
        }
        if !self.detail.batches {
            return;
        }
        (self.tell)(&Item::Batch(BatchItem {
            position: found.position,
            bytes: found.bytes,
            base_offset: header.base_offset.get(),
            last_offset: header.last_offset().get(),
            records: header.records_count,
            leader_epoch: header.leader_epoch.get(),
            codec: header.attributes.compression().map(name_of),
            max_timestamp: header.max_timestamp,
            producer: header
                .has_producer_id()
                .then(|| (header.producer_id.get(), header.producer_epoch.get(), header.base_sequence)),
            transactional: header.attributes.is_transactional(),
            control: header.attributes.is_control(),
        }));
    }

    fn settle(&mut self, item: &SegmentItem, dir: &Path) {
        let index = dir.join(segment::index_name(item.base_offset));
        match item.index {
            IndexState::Absent | IndexState::Sound => {}
            IndexState::Damaged => self.summary.rebuildable += 1,
            // Its checksum is right, so a start would believe it.
            IndexState::Wrong => self.damage(&index, "the index does not fit its segment"),
        }
    }

    fn index(&mut self, dir: &Path, base: i64) -> Result<Index, LogError> {
        let path = dir.join(segment::index_name(base));
        let (kind, content) = index::KIND.read_either(index::KIND_BEFORE, &**self.disk, &path)?;
        let is_absent = content == Content::Absent;
        let closed = content.rebuildable().and_then(|payload| ClosedIndex::decode(&payload, kind));
        let state = match (&closed, is_absent) {
            (Some(_), _) => IndexState::Sound,
            (None, true) => IndexState::Absent,
            (None, false) => IndexState::Damaged,
        };
        Ok(Index { state, closed, matched: 0 })
    }
}

/// An index, and how much of it was found to be true.
struct Index {
    state: IndexState,
    closed: Option<ClosedIndex>,
    matched: usize,
}

impl Index {
    fn met(&mut self, found: &Found) {
        let next = self.closed.as_ref().and_then(|closed| closed.index.entries().get(self.matched));
        let is_it = next.is_some_and(|entry| {
            entry.position == found.position && entry.offset == found.header.base_offset.get()
        });
        self.matched += usize::from(is_it);
    }

    fn fits(&self, item: &SegmentItem) -> bool {
        self.closed.as_ref().is_none_or(|closed| {
            closed.end_offset == item.end_offset
                && closed.size == item.bytes
                && closed.index.entries().len() == self.matched
        })
    }
}

fn name_of(codec: Compression) -> &'static str {
    match codec {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    }
}

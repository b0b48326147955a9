//! The write-ahead log, as `inspect` tells of it.

use std::{io, path::PathBuf, sync::Arc};

use headrace_commit::{
    CommitError,
    inspect::{AsideView, BlockView, HeldView, WalInspection, inspect, inspect_aside},
};
use headrace_io::Disk;
use headrace_log::{LogError, partition};
use serde::Serialize;

use super::{Told, damage};
use crate::topics::{TOPICS_DIRECTORY, WAL_DIRECTORY};

/// One thing that was met.
#[derive(Serialize)]
#[serde(tag = "kind")]
enum Item {
    #[serde(rename = "wal_file")]
    File { path: PathBuf, bytes: u64 },
    /// A block that a start would read.
    #[serde(rename = "wal_block")]
    Block {
        path: PathBuf,
        position: u64,
        sequence: u64,
        synced_through: u64,
        settled_through: u64,
        payload_bytes: u32,
        batches: u64,
        notes: u64,
    },
    /// What the blocks hold of a partition; the segments may hold it too.
    #[serde(rename = "wal_partition")]
    Partition {
        topic_id: String,
        partition: i32,
        base_offset: i64,
        next_offset: i64,
        batches: u64,
        bytes: u64,
    },
    /// Batches that wait for a partition that was offline.
    #[serde(rename = "unreplayed")]
    Aside { path: PathBuf, batches: u64, bytes: u64 },
}

/// Tells of the write-ahead log and of what was put aside from one; the number of damaged places. Its blocks are told one by one only if
/// `blocks` says so.
pub(super) fn tell(disk: &Arc<dyn Disk>, blocks: bool, told: &mut Told<'_>) -> io::Result<u64> {
    Ok(tell_log(disk, blocks, told)? + tell_aside(&**disk, told)?)
}

fn tell_aside(disk: &dyn Disk, told: &mut Told<'_>) -> io::Result<u64> {
    let topics = told.root.join(TOPICS_DIRECTORY);
    let mut damaged = 0;
    let dirs = if disk.exists(&topics)? { disk.list(&topics)? } else { Vec::new() };
    for dir in dirs.iter().filter(|dir| partition::identity_of(dir).is_some()) {
        match inspect_aside(disk, &topics.join(dir)) {
            Ok(None) => {}
            Ok(Some(AsideView { path, batches, bytes })) if told.json => {
                told.json(&Item::Aside { path, batches, bytes })?;
            }
            Ok(Some(AsideView { path, batches, bytes })) => {
                let path = told.short(&path);
                writeln!(
                    told.out,
                    "  put aside until the partition can be opened: {path}  {batches} batches  {bytes} bytes"
                )?;
            }
            Err(LogError::Corrupt { path, detail } | LogError::Format { path, detail }) => {
                damaged += 1;
                damage(told, &path, &detail)?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(damaged)
}

fn tell_log(disk: &Arc<dyn Disk>, blocks: bool, told: &mut Told<'_>) -> io::Result<u64> {
    let dir = told.root.join(WAL_DIRECTORY);
    let found = match inspect(Arc::clone(disk), &dir) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(0),
        Err(CommitError::Damaged { path, detail } | CommitError::Format { path, detail }) => {
            damage(told, &path, &detail)?;
            return Ok(1);
        }
        Err(error) => return Err(io::Error::other(error)),
    };
    heading(&found, told)?;
    for block in found.blocks.iter().filter(|_| blocks) {
        block_line(block, told)?;
    }
    for held in &found.held {
        held_line(held, told)?;
    }
    Ok(0)
}

fn heading(found: &WalInspection, told: &mut Told<'_>) -> io::Result<()> {
    let batches: u64 = found.held.iter().map(|held| held.batches).sum();
    let numbers = match (found.blocks.first(), found.blocks.last()) {
        (Some(first), Some(last)) => format!("blocks {} to {}", first.sequence, last.sequence),
        _ => "no blocks".to_owned(),
    };
    if !told.json {
        return writeln!(
            told.out,
            "\nwrite-ahead log: {} files, {numbers} are needed, {batches} batches",
            found.files.len()
        );
    }
    for file in &found.files {
        told.json(&Item::File { path: file.path.clone(), bytes: file.bytes })?;
    }
    Ok(())
}

fn block_line(block: &BlockView, told: &mut Told<'_>) -> io::Result<()> {
    if told.json {
        return told.json(&Item::Block {
            path: block.path.clone(),
            position: block.position,
            sequence: block.sequence,
            synced_through: block.synced_through,
            settled_through: block.settled_through,
            payload_bytes: block.payload_bytes,
            batches: block.batches,
            notes: block.notes,
        });
    }
    let path = told.short(&block.path);
    writeln!(
        told.out,
        "  block {}  {path} at {}  {} bytes  {} batches  {} notes  synced through {}  settled through {}",
        block.sequence,
        block.position,
        block.payload_bytes,
        block.batches,
        block.notes,
        block.synced_through,
        block.settled_through
    )
}

fn held_line(held: &HeldView, told: &mut Told<'_>) -> io::Result<()> {
    let HeldView { partition, base_offset, next_offset, batches, bytes } = *held;
    if told.json {
        let (topic_id, partition) = (partition.topic.to_string(), partition.partition.get());
        return told.json(&Item::Partition { topic_id, partition, base_offset, next_offset, batches, bytes });
    }
    writeln!(told.out, "  {partition}  from {base_offset} to {next_offset}  {batches} batches  {bytes} bytes")
}

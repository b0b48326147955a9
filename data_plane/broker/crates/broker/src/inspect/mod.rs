//! `headrace-broker inspect`: what a data directory holds, for people or as JSON, and whether it is sound.

mod usage;
mod wal;

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use headrace_io::{Disk, ReadOnly, RealDisk};
use headrace_log::inspect::{BatchItem, Detail, Item, PartitionItem, SegmentItem, Summary, inspect};
use serde::Serialize;

/// Exit status that tells damage.
const EXIT_DAMAGE: u8 = 4;
/// Exit status of a directory that can not be read.
const EXIT_UNREADABLE: u8 = 1;

/// What is asked of `inspect`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InspectOptions {
    pub(crate) data_dir: PathBuf,
    pub(crate) json: bool,
    pub(crate) batches: bool,
    pub(crate) producers: bool,
}

/// Prints what is there; the status tells damage.
pub(crate) fn run(options: &InspectOptions) -> ExitCode {
    match print(options, &mut BufWriter::new(io::stdout().lock())) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(EXIT_DAMAGE),
        Err(error) => {
            // Where standard error is gone too, the status is all that is left to say it.
            let _ = writeln!(io::stderr(), "headrace-broker: {error}");
            ExitCode::from(EXIT_UNREADABLE)
        }
    }
}

/// Prints to `out`; the number of damaged places.
fn print(options: &InspectOptions, out: &mut dyn Write) -> io::Result<u64> {
    let disk: Arc<dyn Disk> = Arc::new(ReadOnly(RealDisk));
    if !disk.exists(&options.data_dir)? {
        return Err(io::Error::other(format!("there is no directory {}", options.data_dir.display())));
    }
    let detail = Detail { batches: options.batches, producers: options.producers };
    let mut written = Ok(());
    let mut tell = |item: &Item| {
        if written.is_ok() {
            written = if options.json { json(item, out) } else { line(item, &options.data_dir, out) };
        }
    };
    let summary = inspect(&disk, &options.data_dir, detail, &mut tell).map_err(io::Error::other)?;
    written?;
    let told = &mut Told { root: &options.data_dir, json: options.json, out };
    let damaged = wal::tell(&disk, options.batches, told)? + usage::tell(&disk, told)?;
    let summary = Summary { damaged: summary.damaged + damaged, ..summary };
    let last = Item::Summary(summary);
    if options.json { json(&last, out) } else { line(&last, &options.data_dir, out) }?;
    out.flush()?;
    Ok(summary.damaged)
}

/// Where and how it is told.
struct Told<'a> {
    root: &'a Path,
    json: bool,
    out: &'a mut dyn Write,
}

impl Told<'_> {
    fn json(&mut self, item: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self.out, item)?;
        writeln!(self.out)
    }

    fn short(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }
}

/// Tells of a damaged file.
fn damage(told: &mut Told<'_>, path: &Path, detail: &str) -> io::Result<()> {
    let item = Item::Damage { path: path.to_path_buf(), detail: detail.to_owned() };
    if told.json { json(&item, told.out) } else { line(&item, told.root, told.out) }
}

fn json(item: &Item, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, item)?;
    writeln!(out)
}

fn line(item: &Item, root: &Path, out: &mut dyn Write) -> io::Result<()> {
    let short = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    match item {
        Item::Topic { name, id, partitions, .. } => {
            writeln!(out, "topic {name}  id {id}  partitions {partitions}")
        }
        Item::Removing { id, partitions } => writeln!(out, "being removed: {id}  partitions {partitions}"),
        Item::ProducerIds { durable_end } => writeln!(out, "producer ids given out below {durable_end}"),
        Item::Partition(partition) => partition_line(partition, &short(&partition.path), out),
        Item::Segment(segment) => segment_line(segment, out),
        Item::Batch(batch) => batch_line(batch, out),
        Item::Producer(producer) => writeln!(
            out,
            "    producer {}  epoch {}  last sequence {}",
            producer.id, producer.epoch, producer.last_sequence
        ),
        Item::TornTail { path, bytes, detail } => {
            writeln!(out, "  torn tail: {bytes} bytes of {}: {detail}; a start cuts them off", short(path))
        }
        Item::Damage { path, detail } => writeln!(out, "  DAMAGED {}: {detail}", short(path)),
        Item::Summary(sum) => writeln!(
            out,
            "\n{} topics, {} partitions, {} segments, {} batches, {} records, {} bytes; torn {} bytes, to be rebuilt {}, \
             damaged {}",
            sum.topics,
            sum.partitions,
            sum.segments,
            sum.batches,
            sum.records,
            sum.bytes,
            sum.torn_bytes,
            sum.rebuildable,
            sum.damaged
        ),
    }
}

fn partition_line(item: &PartitionItem, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let name = item.topic.as_deref().unwrap_or("-");
    let known = |offset: Option<i64>| offset.map_or("-".to_owned(), |offset| offset.to_string());
    let epoch = item.epochs.last().map_or(0, |last| last.epoch);
    writeln!(
        out,
        "\n{name}/{}  {path}\n  log start {}  leader epoch {epoch}  recovery point {}  checkpoint {} (producers {})",
        item.partition,
        item.log_start_offset,
        known(item.recovery_point),
        known(item.checkpoint_offset),
        item.checkpoint_producers.unwrap_or(0)
    )
}

fn segment_line(item: &SegmentItem, out: &mut dyn Write) -> io::Result<()> {
    let cleaned = item.cleaned_to.map(|offset| format!("  compacted to {offset}")).unwrap_or_default();
    let entries = item.index_entries.map(|count| format!(" ({count} entries)")).unwrap_or_default();
    writeln!(
        out,
        "  segment {:020}  to {}  {} bytes  {} batches  {} records  index {}{entries}{cleaned}",
        item.base_offset,
        item.end_offset,
        item.bytes,
        item.batches,
        item.records,
        format!("{:?}", item.index).to_lowercase()
    )
}

fn batch_line(item: &BatchItem, out: &mut dyn Write) -> io::Result<()> {
    let producer = item
        .producer
        .map(|(id, epoch, sequence)| format!("  producer {id} epoch {epoch} sequence {sequence}"))
        .unwrap_or_default();
    let flags = match (item.transactional, item.control) {
        (_, true) => "  marker",
        (true, false) => "  transactional",
        (false, false) => "",
    };
    writeln!(
        out,
        "    {}..{}  at {}  {} bytes  {} records  {}  epoch {}{producer}{flags}",
        item.base_offset,
        item.last_offset,
        item.position,
        item.bytes,
        item.records,
        item.codec.unwrap_or("unknown codec"),
        item.leader_epoch
    )
}

//! The files of the usage meter, as `inspect` tells of them.

use std::{io, sync::Arc};

use headrace_io::Disk;
use serde::Serialize;

use super::{Told, damage};
use crate::usage::{UsageError, UsageFile, look};

/// One thing that was met.
#[derive(Serialize)]
#[serde(tag = "kind")]
enum Item {
    #[serde(rename = "usage_meter")]
    Meter {
        meter_id: String,
        acknowledged_through: u64,
        through: u64,
        next_started_at_ms: i64,
        partitions: usize,
    },
    /// A closed window that waits to be collected.
    #[serde(rename = "usage_window")]
    Window { id: u64, started_at_ms: i64, ended_at_ms: i64, partitions: usize, bytes: u64, records: u64 },
    /// What was written down before data went, since the last window.
    #[serde(rename = "usage_checkpoint")]
    Checkpoint { bytes: usize },
}

/// Tells of the files of the usage meter; the number of damaged ones.
pub(super) fn tell(disk: &Arc<dyn Disk>, told: &mut Told<'_>) -> io::Result<u64> {
    let mut damaged = 0;
    for file in look(Arc::clone(disk), told.root).map_err(io::Error::other)? {
        match file {
            Ok(file) => item(&file, told)?,
            Err(UsageError::Disk(error)) => return Err(io::Error::other(error)),
            Err(error) => {
                damaged += 1;
                damage(told, error.path(), &error.to_string())?;
            }
        }
    }
    Ok(damaged)
}

fn item(file: &UsageFile, told: &mut Told<'_>) -> io::Result<()> {
    let item = match file {
        UsageFile::Meter(meter) => Item::Meter {
            meter_id: meter.meter_id.to_string(),
            acknowledged_through: meter.acknowledged_through,
            through: meter.through,
            next_started_at_ms: meter.next_started_at_ms,
            partitions: meter.cursors.len(),
        },
        UsageFile::Window(closed) => Item::Window {
            id: closed.window.id,
            started_at_ms: closed.window.started_at_ms,
            ended_at_ms: closed.window.ended_at_ms,
            partitions: closed.window.appended.len(),
            bytes: closed.window.appended.iter().map(|range| range.bytes).sum(),
            records: closed.window.appended.iter().map(|range| range.records).sum(),
        },
        UsageFile::Checkpoint { bytes } => Item::Checkpoint { bytes: *bytes },
    };
    if told.json {
        return told.json(&item);
    }
    match item {
        Item::Meter { meter_id, acknowledged_through, through, partitions, .. } => writeln!(
            told.out,
            "\nusage meter {meter_id}  acknowledged through {acknowledged_through}  cursors of {partitions} partitions \
             after window {through}"
        ),
        Item::Window { id, started_at_ms, ended_at_ms, partitions, bytes, records } => writeln!(
            told.out,
            "  window {id}  {started_at_ms} to {ended_at_ms}  {partitions} partitions  {bytes} bytes  {records} records"
        ),
        Item::Checkpoint { bytes } => writeln!(told.out, "  checkpoint of {bytes} bytes"),
    }
}

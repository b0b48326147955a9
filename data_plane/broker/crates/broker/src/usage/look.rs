//! Looking at the files of the usage meter without changing any.

use std::{path::Path, sync::Arc};

use headrace_io::Disk;
use headrace_log::LogError;
use headrace_usage::{ClosedWindow, StoredMeter};

use super::store::{DIRECTORY, Store, UsageError};

/// A file of the usage meter.
pub(crate) enum UsageFile {
    Meter(StoredMeter),
    /// A closed window that waits to be collected.
    Window(ClosedWindow),
    Checkpoint {
        bytes: usize,
    },
}

/// Reads every file of the usage meter in a data directory: meter, windows by id, checkpoint. A damaged one is an error in its place; the
/// outer error is a disk that can not be read.
pub(crate) fn look(
    disk: Arc<dyn Disk>,
    data_dir: &Path,
) -> Result<Vec<Result<UsageFile, UsageError>>, LogError> {
    let directory = data_dir.join(DIRECTORY);
    if !disk.exists(&directory).map_err(LogError::io(&directory))? {
        return Ok(Vec::new());
    }
    let store = Store::at(disk, directory);
    let mut files = Vec::new();
    files.extend(store.read_meter().map(|meter| meter.map(UsageFile::Meter)).transpose());
    for id in store.window_ids()? {
        files.push(store.read_window(id).map(|(closed, _)| UsageFile::Window(closed)));
    }
    let checkpoint = store.read_checkpoint();
    files.extend(checkpoint.map(|found| found.map(|(_, bytes)| UsageFile::Checkpoint { bytes })).transpose());
    Ok(files)
}

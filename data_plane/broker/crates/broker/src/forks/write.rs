//! Writing the data directory of a fork, on other threads.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use headrace_io::{Disk, disk::read_file};
use headrace_log::{Catalog, Forked, LogError, ProducerIds, limits::SIDE_FILE_BYTES_MAX, partition};
use tokio::task::spawn_blocking;

use super::{Content, ForkError, ForkReport};
use crate::{
    acls,
    journal::{self, Journal},
    limits::FORK_THREADS,
    quotas,
    threads::{joined, on_thread},
    topics::ForkedLog,
};

const TOPICS: &str = "topics";

/// Small files of the data directory that a fork has as they are. Users are not among them: they are credentials.
const SIDE_FILES: [&str; 2] = [acls::FILE, quotas::FILE];

/// Writes everything, durably.
pub(super) async fn write(
    disk: Arc<dyn Disk>,
    content: Content,
    directory: PathBuf,
) -> Result<ForkReport, ForkError> {
    let Content { plan, keeps_ids, groups, transactions, forked_at_ms } = content;
    let mut report = ForkReport {
        forked_at_ms,
        topics: plan.topics.len(),
        partitions: plan.logs.len(),
        ..ForkReport::default()
    };
    let (at, begun) = (directory.clone(), Arc::clone(&disk));
    on_thread(move || begin(&*begun, &at)).await?;
    let forked = write_logs(&disk, plan.logs, &directory.join(TOPICS), forked_at_ms).await?;
    report.shared_segments = forked.shared_segments;
    report.shared_bytes = forked.shared_bytes;
    report.copied_bytes = forked.copied_bytes;
    on_thread(move || {
        let root = directory.join(TOPICS);
        disk.sync_dir(&root).map_err(LogError::io(&root))?;
        for name in SIDE_FILES {
            copy(&*disk, Path::new(name), &directory)?;
        }
        if keeps_ids {
            ProducerIds::begin_beyond(&*disk, Path::new(""), &directory)?;
        } else {
            copy(&*disk, Path::new(headrace_log::producer_ids::FILE_NAME), &directory)?;
        }
        Journal::begin(Arc::clone(&disk), journal::GROUPS, &directory, groups, forked_at_ms)?;
        Journal::begin(Arc::clone(&disk), journal::TRANSACTIONS, &directory, transactions, forked_at_ms)?;
        Catalog::begin(&*disk, &directory, plan.topics)?;
        let parent = directory.parent().unwrap_or(Path::new("/"));
        disk.sync_dir(parent).map_err(LogError::io(parent))
    })
    .await?;
    Ok(report)
}

fn begin(disk: &dyn Disk, directory: &Path) -> Result<(), ForkError> {
    if disk.exists(directory).map_err(LogError::io(directory))? {
        return Err(ForkError::Exists(directory.to_path_buf()));
    }
    let root = directory.join(TOPICS);
    Ok(disk.create_dir_all(&root).map_err(LogError::io(&root))?)
}

/// Writes the logs on a few threads: file systems commit syncs together that arrive together.
async fn write_logs(
    disk: &Arc<dyn Disk>,
    mut logs: Vec<ForkedLog>,
    root: &Path,
    now_ms: i64,
) -> Result<Forked, LogError> {
    let share = logs.len().div_ceil(FORK_THREADS).max(1);
    let mut shares = Vec::new();
    while !logs.is_empty() {
        let rest = logs.split_off(share.min(logs.len()));
        let part = std::mem::replace(&mut logs, rest);
        let (disk, root) = (Arc::clone(disk), root.to_path_buf());
        shares.push(spawn_blocking(move || {
            let mut forked = Forked::default();
            for one in part {
                let dir = root.join(partition::dir_name(one.identity));
                disk.create_dir_all(&dir).map_err(LogError::io(&dir))?;
                forked += one.log.write(&dir, one.identity, now_ms)?;
            }
            Ok::<_, LogError>(forked)
        }));
    }
    // All of them end before anything else happens: whoever tries again must not meet a thread that still writes.
    let mut ended = Vec::new();
    for share in shares {
        ended.push(joined(share.await));
    }
    let mut forked = Forked::default();
    for part in ended {
        forked += part?;
    }
    Ok(forked)
}

fn copy(disk: &dyn Disk, from: &Path, directory: &Path) -> Result<(), LogError> {
    if !disk.exists(from).map_err(LogError::io(from))? {
        return Ok(());
    }
    let bytes = read_file(disk, from, SIDE_FILE_BYTES_MAX).map_err(LogError::io(from))?;
    let to = directory.join(from);
    headrace_io::disk::replace_file(disk, &to, &bytes).map_err(LogError::io(&to))
}

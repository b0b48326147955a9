//! Producer ids: each is given out once in the life of a cluster. They are made durable in blocks before the first of
//! a block is given out; the rest of a block is lost at a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::{Disk, Rng};
use headrace_types::ProducerId;

use crate::checked_file::Kind;
use crate::error::LogError;
use crate::index::take_i64;
use crate::limits::{PRODUCER_ID_BLOCK, PRODUCER_ID_GAP};

/// The file format.
pub const KIND: Kind = Kind { magic: *b"HRPI", version: 1 };
/// Name of the file in the data directory.
pub const FILE_NAME: &str = "producer-ids";

/// First ids lie below this, so that there is no end to run into.
const FIRST_ID_BITS: u32 = 62;

/// Gives out producer ids.
#[derive(Debug)]
pub struct ProducerIds {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    next: i64,
    durable_end: i64,
}

impl ProducerIds {
    /// Goes on after the last durable block of `data_dir`. A fresh cluster begins at a random id, so that a producer
    /// that outlived its cluster's data is not taken for one of the new cluster.
    pub fn open(disk: Arc<dyn Disk>, data_dir: &Path, rng: &dyn Rng) -> Result<Self, LogError> {
        let path = data_dir.join(FILE_NAME);
        let random = || (rng.next_u64() >> (64 - FIRST_ID_BITS)) as i64;
        let next = end_of(&*disk, &path)?.unwrap_or_else(random);
        Ok(Self { disk, path, next, durable_end: next })
    }

    /// Makes the file of `target` for the same cluster once more, which goes on far behind all that this one may give out meanwhile.
    /// Without a file of `data_dir` there is none either.
    pub fn begin_beyond(disk: &dyn Disk, data_dir: &Path, target: &Path) -> Result<(), LogError> {
        let Some(end) = end_of(disk, &data_dir.join(FILE_NAME))? else { return Ok(()) };
        let beyond = end.saturating_add(PRODUCER_ID_GAP);
        KIND.replace(disk, &target.join(FILE_NAME), &beyond.to_be_bytes())
    }

    /// An id that was never given out before.
    pub fn allocate(&mut self) -> Result<ProducerId, LogError> {
        if self.next == self.durable_end {
            let end = self.durable_end + PRODUCER_ID_BLOCK;
            KIND.replace(&*self.disk, &self.path, &end.to_be_bytes())?;
            self.durable_end = end;
        }
        let id = self.next;
        self.next += 1;
        Ok(ProducerId::new(id))
    }
}

/// The end of the last durable block, if there is one.
fn end_of(disk: &dyn Disk, path: &Path) -> Result<Option<i64>, LogError> {
    let Some(payload) = KIND.read(disk, path)?.required(path)? else { return Ok(None) };
    let end = take_i64(&mut payload.as_slice()).ok_or_else(|| LogError::Format {
        path: path.to_path_buf(),
        detail: "not a producer id".to_owned(),
    })?;
    Ok(Some(end))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use headrace_io::{SeededRng, SimDisk};

    use super::*;

    #[test]
    fn no_id_is_given_out_twice_across_crashes() {
        let disk = SimDisk::new();
        let dir = Path::new("data");
        disk.create_dir_all(dir).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        let rng = SeededRng::new(7);
        let mut seen = BTreeSet::new();
        for life in 0..20 {
            let mut ids = ProducerIds::open(Arc::new(disk.clone()), dir, &rng).unwrap();
            for _ in 0..life * 150 {
                let id = ids.allocate().unwrap().get();
                assert!(id >= 0 && seen.insert(id), "{id} was given out twice");
            }
            disk.crash(&rng);
        }
    }

    #[test]
    fn the_same_cluster_once_more_gives_out_other_ids() {
        let disk = SimDisk::new();
        let (here, there, empty) = (Path::new("data"), Path::new("copy"), Path::new("empty"));
        for dir in [here, there, empty] {
            disk.create_dir_all(dir).unwrap();
        }
        let open = |dir| ProducerIds::open(Arc::new(disk.clone()), dir, &SeededRng::new(7)).unwrap();
        ProducerIds::begin_beyond(&disk, here, empty).unwrap();
        assert!(!disk.exists(&empty.join(FILE_NAME)).unwrap());
        let mut ids = open(here);
        let first = ids.allocate().unwrap().get();
        ProducerIds::begin_beyond(&disk, here, there).unwrap();
        let behind = open(there).allocate().unwrap().get();
        assert_eq!(behind, first + PRODUCER_ID_BLOCK + PRODUCER_ID_GAP);
    }

    #[test]
    fn clusters_begin_at_different_ids() {
        let first = |seed| {
            let disk = SimDisk::new();
            disk.create_dir_all(Path::new("data")).unwrap();
            let rng = SeededRng::new(seed);
            ProducerIds::open(Arc::new(disk), Path::new("data"), &rng).unwrap().allocate().unwrap()
        };
        assert_ne!(first(1), first(2));
    }
}

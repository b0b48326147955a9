//! Looking at a data directory offline: what it holds, and whether all of it is sound. Nothing is ever written.
//!
//! Items are told as they are met, so that a directory of any size takes little memory.

mod item;
mod partition;

use std::path::Path;
use std::sync::Arc;

use headrace_io::Disk;

use crate::catalog::{self, Catalog};
use crate::error::LogError;
use crate::index::take_i64;
use crate::partition::identity_of;
use crate::producer_ids;

pub use item::{BatchItem, IndexState, Item, PartitionItem, ProducerItem, SegmentItem, Summary};

/// Directories of logs in a data directory: the topics', and those of the broker's own state.
const LOG_ROOTS: [&str; 2] = ["topics", "groups"];

/// How much is told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// Every batch.
    pub batches: bool,
    /// Every producer that a partition remembers.
    pub producers: bool,
}

/// Looks at the catalog and every log in `data_dir` and tells of them to `tell`. Damage is an item like any other; an error means that
/// the disk could not be read.
pub fn inspect(
    disk: &Arc<dyn Disk>,
    data_dir: &Path,
    detail: Detail,
    tell: &mut dyn FnMut(&Item),
) -> Result<Summary, LogError> {
    let mut inspection = Inspection { disk, detail, tell, summary: Summary::default() };
    let names = inspection.catalog(data_dir)?;
    inspection.producer_ids(data_dir)?;
    for root in LOG_ROOTS {
        let root = data_dir.join(root);
        if disk.exists(&root).map_err(LogError::io(&root))? {
            inspection.logs(&root, names.as_ref())?;
        }
    }
    Ok(inspection.summary)
}

struct Inspection<'a> {
    disk: &'a Arc<dyn Disk>,
    detail: Detail,
    tell: &'a mut dyn FnMut(&Item),
    summary: Summary,
}

impl Inspection<'_> {
    fn damage(&mut self, path: &Path, detail: impl Into<String>) {
        self.summary.damaged += 1;
        (self.tell)(&Item::Damage { path: path.to_path_buf(), detail: detail.into() });
    }

    /// Tells damage, and passes on what is none.
    fn sound<T>(&mut self, outcome: Result<T, LogError>) -> Result<Option<T>, LogError> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(LogError::Corrupt { path, detail } | LogError::Format { path, detail }) => {
                self.damage(&path, detail);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn catalog(&mut self, data_dir: &Path) -> Result<Option<Catalog>, LogError> {
        if !Catalog::exists(&**self.disk, data_dir)? {
            let topics = data_dir.join(LOG_ROOTS[0]);
            if self.disk.exists(&topics).map_err(LogError::io(&topics))?
                && !self.disk.list(&topics).map_err(LogError::io(&topics))?.is_empty()
            {
                self.damage(&data_dir.join(catalog::FILE_NAME), "there are topics and no catalog");
            }
            return Ok(None);
        }
        let opened = Catalog::open(Arc::clone(self.disk), data_dir);
        let Some(catalog) = self.sound(opened)? else { return Ok(None) };
        for (name, meta) in catalog.topics() {
            self.summary.topics += 1;
            (self.tell)(&Item::Topic {
                name: name.to_string(),
                id: meta.id.to_string(),
                partitions: meta.partitions,
                configs: meta.configs.clone(),
            });
        }
        for (id, partitions) in catalog.removing() {
            (self.tell)(&Item::Removing { id: id.to_string(), partitions });
        }
        Ok(Some(catalog))
    }

    fn producer_ids(&mut self, data_dir: &Path) -> Result<(), LogError> {
        let path = data_dir.join(producer_ids::FILE_NAME);
        let content = producer_ids::KIND.read(&**self.disk, &path)?.required(&path);
        let Some(Some(payload)) = self.sound(content)? else { return Ok(()) };
        match take_i64(&mut payload.as_slice()) {
            Some(durable_end) => (self.tell)(&Item::ProducerIds { durable_end }),
            None => self.damage(&path, "not a producer id"),
        }
        Ok(())
    }

    fn logs(&mut self, root: &Path, names: Option<&Catalog>) -> Result<(), LogError> {
        for name in self.disk.list(root).map_err(LogError::io(root))? {
            let Some(identity) = identity_of(&name) else { continue };
            let topic = names.and_then(|catalog| catalog.name_of(identity.topic));
            self.partition(&root.join(&name), identity, topic.map(ToString::to_string))?;
        }
        Ok(())
    }
}

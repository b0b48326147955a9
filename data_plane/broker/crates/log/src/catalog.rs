//! The topics of a broker: names, ids, partition counts and configurations, durable before anyone is told.
//!
//! Directories of a new topic are made before the catalog names it, and those of a deleted one are removed after the
//! catalog dropped it. A topic that is being removed stays listed as such until its files are gone, so that a
//! directory that the catalog does not explain is never deleted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headrace_io::Disk;
use headrace_types::{TopicId, TopicName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::checked_file::Kind;
use crate::error::LogError;

/// The file format.
pub const KIND: Kind = Kind { magic: *b"HRCT", version: 1 };
/// Name of the file in the data directory.
pub const FILE_NAME: &str = "topics.catalog";

/// What the catalog holds of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMeta {
    /// The topic's identity.
    pub id: TopicId,
    /// Number of partitions.
    pub partitions: i32,
    /// Configurations that were set; all others have their defaults.
    pub configs: BTreeMap<String, String>,
    /// When the topic was made, in ms since the Unix epoch.
    pub created_at_ms: i64,
}

/// Why a change of the catalog was refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The name is taken.
    #[error("topic '{0}' exists already")]
    Exists(TopicName),
    /// The name differs from an existing one in `.` and `_` only.
    #[error("topic '{0}' collides with topic '{1}': names may not differ in '.' and '_' only")]
    Collides(TopicName, TopicName),
    /// There is no such topic.
    #[error("there is no topic '{0}'")]
    Unknown(String),
    /// The catalog could not be made durable.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// The topics of a broker.
#[derive(Debug)]
pub struct Catalog {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    state: State,
    names: BTreeMap<TopicId, TopicName>,
}

#[derive(Clone, Debug, Default)]
struct State {
    topics: BTreeMap<TopicName, TopicMeta>,
    removing: BTreeMap<TopicId, i32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCatalog {
    topics: BTreeMap<String, StoredTopic>,
    removing: BTreeMap<String, i32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTopic {
    id: String,
    partitions: i32,
    configs: BTreeMap<String, String>,
    created_at_ms: i64,
}

impl Catalog {
    /// Reads the catalog of `data_dir`; a directory without one has no topics.
    pub fn open(disk: Arc<dyn Disk>, data_dir: &Path) -> Result<Self, LogError> {
        let path = data_dir.join(FILE_NAME);
        let state = match KIND.read(&*disk, &path)?.required(&path)? {
            Some(payload) => State::decode(&payload)
                .ok_or_else(|| LogError::Format { path: path.clone(), detail: "not a catalog".to_owned() })?,
            None => State::default(),
        };
        let names = state.names();
        Ok(Self { disk, path, state, names })
    }

    /// Writes the catalog of a data directory that has none.
    pub fn begin(
        disk: &dyn Disk,
        data_dir: &Path,
        topics: BTreeMap<TopicName, TopicMeta>,
    ) -> Result<(), LogError> {
        let path = data_dir.join(FILE_NAME);
        let state = State { topics, removing: BTreeMap::new() };
        KIND.replace(disk, &path, &state.encode(&path)?)
    }

    /// Whether `data_dir` has a catalog; it has one from its first topic on.
    pub fn exists(disk: &dyn Disk, data_dir: &Path) -> Result<bool, LogError> {
        let path = data_dir.join(FILE_NAME);
        disk.exists(&path).map_err(LogError::io(&path))
    }

    /// Names and contents of all topics, by name.
    #[must_use]
    pub fn topics(&self) -> impl ExactSizeIterator<Item = (&TopicName, &TopicMeta)> {
        self.state.topics.iter()
    }

    /// The topic of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&TopicMeta> {
        self.state.topics.get(name)
    }

    /// The name of the topic with this id.
    #[must_use]
    pub fn name_of(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    /// Topics whose files are still to be removed, with their partition counts.
    pub fn removing(&self) -> impl Iterator<Item = (TopicId, i32)> {
        self.state.removing.iter().map(|(id, partitions)| (*id, *partitions))
    }

    /// Number of partitions of all topics.
    #[must_use]
    pub fn partitions_count(&self) -> usize {
        self.state.topics.values().map(|topic| topic.partitions.max(0) as usize).sum()
    }

    /// Whether a topic of this name could be made.
    pub fn check_new(&self, name: &TopicName) -> Result<(), CatalogError> {
        if self.state.topics.contains_key(name) {
            return Err(CatalogError::Exists(name.clone()));
        }
        let key = name.collision_key();
        match self.state.topics.keys().find(|other| other.collision_key() == key) {
            Some(other) => Err(CatalogError::Collides(name.clone(), other.clone())),
            None => Ok(()),
        }
    }

    /// Adds a topic whose directories exist.
    pub fn create(&mut self, name: &TopicName, topic: TopicMeta) -> Result<(), CatalogError> {
        self.check_new(name)?;
        self.change(|state| {
            state.topics.insert(name.clone(), topic);
        })
    }

    /// Drops a topic and lists it for removal.
    pub fn delete(&mut self, name: &str) -> Result<TopicMeta, CatalogError> {
        let topic = self.by_name(name).cloned().ok_or_else(|| CatalogError::Unknown(name.to_owned()))?;
        self.change(|state| {
            state.topics.remove(name);
            state.removing.insert(topic.id, topic.partitions);
        })?;
        Ok(topic)
    }

    /// Takes note that the files of deleted topics are gone.
    pub fn removed(&mut self, ids: &[TopicId]) -> Result<(), CatalogError> {
        self.change(|state| state.removing.retain(|id, _| !ids.contains(id)))
    }

    /// Gives a topic more partitions, whose directories exist.
    pub fn grow(&mut self, name: &str, partitions: i32) -> Result<(), CatalogError> {
        self.by_name(name).ok_or_else(|| CatalogError::Unknown(name.to_owned()))?;
        self.change(|state| {
            if let Some(topic) = state.topics.get_mut(name) {
                topic.partitions = topic.partitions.max(partitions);
            }
        })
    }

    /// Replaces the configurations of a topic.
    pub fn configure(&mut self, name: &str, configs: BTreeMap<String, String>) -> Result<(), CatalogError> {
        self.by_name(name).ok_or_else(|| CatalogError::Unknown(name.to_owned()))?;
        self.change(|state| {
            if let Some(topic) = state.topics.get_mut(name) {
                topic.configs = configs;
            }
        })
    }

    /// Makes a change durable, then visible.
    fn change(&mut self, change: impl FnOnce(&mut State)) -> Result<(), CatalogError> {
        let mut state = self.state.clone();
        change(&mut state);
        KIND.replace(&*self.disk, &self.path, &state.encode(&self.path)?)?;
        self.names = state.names();
        self.state = state;
        Ok(())
    }
}

impl State {
    fn names(&self) -> BTreeMap<TopicId, TopicName> {
        self.topics.iter().map(|(name, topic)| (topic.id, name.clone())).collect()
    }

    fn encode(&self, path: &Path) -> Result<Vec<u8>, LogError> {
        let stored = StoredCatalog {
            topics: self.topics.iter().map(|(name, topic)| (name.to_string(), topic.into())).collect(),
            removing: self.removing.iter().map(|(id, partitions)| (id.to_string(), *partitions)).collect(),
        };
        serde_json::to_vec(&stored)
            .map_err(|error| LogError::Format { path: path.to_path_buf(), detail: error.to_string() })
    }

    fn decode(payload: &[u8]) -> Option<Self> {
        let stored: StoredCatalog = serde_json::from_slice(payload).ok()?;
        let mut state = Self::default();
        for (name, topic) in stored.topics {
            state.topics.insert(TopicName::new(&name).ok()?, topic.into_meta()?);
        }
        for (id, partitions) in stored.removing {
            state.removing.insert(TopicId::new(Uuid::parse_str(&id).ok()?), partitions);
        }
        Some(state)
    }
}

impl From<&TopicMeta> for StoredTopic {
    fn from(topic: &TopicMeta) -> Self {
        Self {
            id: topic.id.to_string(),
            partitions: topic.partitions,
            configs: topic.configs.clone(),
            created_at_ms: topic.created_at_ms,
        }
    }
}

impl StoredTopic {
    fn into_meta(self) -> Option<TopicMeta> {
        Some(TopicMeta {
            id: TopicId::new(Uuid::parse_str(&self.id).ok()?),
            partitions: self.partitions,
            configs: self.configs,
            created_at_ms: self.created_at_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use headrace_io::{SeededRng, SimDisk};

    use super::*;

    fn name(name: &str) -> TopicName {
        TopicName::new(name).unwrap()
    }

    fn meta(seed: u8) -> TopicMeta {
        TopicMeta {
            id: TopicId::from_random([seed; 16]),
            partitions: 3,
            configs: BTreeMap::from([("retention.ms".to_owned(), "1000".to_owned())]),
            created_at_ms: 5,
        }
    }

    fn open(disk: &SimDisk) -> Catalog {
        Catalog::open(Arc::new(disk.clone()), Path::new("data")).unwrap()
    }

    fn disk() -> SimDisk {
        let disk = SimDisk::new();
        disk.create_dir_all(Path::new("data")).unwrap();
        disk.sync_dir(Path::new("")).unwrap();
        disk
    }

    #[test]
    fn every_answered_change_survives_a_power_cut() {
        let disk = disk();
        let mut catalog = open(&disk);
        catalog.create(&name("a"), meta(1)).unwrap();
        catalog.create(&name("b"), meta(2)).unwrap();
        catalog.grow("a", 6).unwrap();
        let configs = BTreeMap::from([("segment.ms".to_owned(), "7".to_owned())]);
        catalog.configure("a", configs.clone()).unwrap();
        catalog.delete("b").unwrap();
        disk.crash(&SeededRng::new(4));
        let mut catalog = open(&disk);
        assert_eq!(catalog.by_name("a"), Some(&TopicMeta { partitions: 6, configs, ..meta(1) }));
        assert_eq!(catalog.name_of(meta(1).id), Some(&name("a")));
        assert_eq!(catalog.by_name("b"), None);
        assert_eq!(catalog.removing().collect::<Vec<_>>(), [(meta(2).id, 3)]);
        catalog.removed(&[meta(2).id]).unwrap();
        assert_eq!(open(&disk).removing().count(), 0);
        assert_eq!(catalog.partitions_count(), 6);
    }

    #[test]
    fn a_power_cut_at_any_point_leaves_the_old_catalog_or_the_new_one() {
        for operations in 0..6 {
            let disk = disk();
            let mut catalog = open(&disk);
            catalog.create(&name("a"), meta(1)).unwrap();
            disk.power_off_after(operations);
            let answered = catalog.create(&name("b"), meta(2)).is_ok();
            disk.crash(&SeededRng::new(operations));
            let catalog = open(&disk);
            assert!(catalog.by_name("a").is_some());
            assert!(catalog.by_name("b").is_some() || !answered);
        }
    }

    #[test]
    fn names_that_exist_or_collide_are_refused() {
        let mut catalog = open(&disk());
        catalog.create(&name("a.b"), meta(1)).unwrap();
        assert!(matches!(catalog.create(&name("a.b"), meta(2)), Err(CatalogError::Exists(_))));
        assert!(matches!(catalog.create(&name("a_b"), meta(2)), Err(CatalogError::Collides(..))));
        assert!(matches!(catalog.delete("x"), Err(CatalogError::Unknown(_))));
        assert!(matches!(catalog.configure("x", BTreeMap::new()), Err(CatalogError::Unknown(_))));
    }

    #[test]
    fn a_damaged_catalog_is_refused_and_not_taken_for_empty() {
        let disk = disk();
        open(&disk).create(&name("a"), meta(1)).unwrap();
        disk.flip_bit(&Path::new("data").join(FILE_NAME), 40, 3);
        let refused = Catalog::open(Arc::new(disk), Path::new("data"));
        assert!(matches!(refused, Err(LogError::Corrupt { .. })));
    }
}

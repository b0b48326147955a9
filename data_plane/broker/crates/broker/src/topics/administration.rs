//! Creating, deleting and growing topics. Everything is durable when these return.

use std::collections::BTreeMap;

use headrace_log::{CatalogError, LogError, TopicMeta};
use headrace_types::{ErrorCode, TopicId, TopicName, TopicPartition, limits::PARTITIONS_PER_TOPIC_MAX};

use super::{
    Slot, TopicRef, Topics,
    opening::{dir_of, open_log, root},
    partitions_of,
    settings::{self, Ceilings, Settings},
    storage_refusal,
};
use crate::{metrics::ReasonLabels, storage_failure::end_process, usage::UsageError};

/// Why a change of the topics is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

/// A topic that is asked for and has passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewTopic {
    name: TopicName,
    partitions: i32,
    configs: BTreeMap<String, String>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Checks what configurations have to do with each other.
pub(super) fn check_together(configs: &BTreeMap<String, String>) -> Result<(), Refusal> {
    settings::check_together(configs).map_err(|message| Refusal::new(ErrorCode::InvalidConfig, message))
}

impl Topics {
    /// Checks a topic that is asked for.
    pub(crate) fn plan(
        &self,
        name: &str,
        partitions: i32,
        configs: BTreeMap<String, String>,
    ) -> Result<NewTopic, Refusal> {
        let name = TopicName::new(name)
            .map_err(|error| Refusal::new(ErrorCode::InvalidTopicException, error.to_string()))?;
        self.state.borrow().catalog.check_new(&name).map_err(|error| refusal_of(&error))?;
        if partitions < 1 {
            return Err(Refusal::new(ErrorCode::InvalidPartitions, "a topic has at least one partition"));
        }
        self.check_topics()?;
        self.check_partitions(partitions, partitions)?;
        for (config, value) in &configs {
            self.check_config(config, value)?;
            self.check_ceiling(config, value)?;
        }
        check_together(&configs)?;
        Ok(NewTopic { name, partitions, configs })
    }

    pub(super) fn check_config(&self, name: &str, value: &str) -> Result<(), Refusal> {
        let refused = |message| Refusal::new(ErrorCode::InvalidConfig, message);
        settings::check(name, value).map_err(refused)?;
        let batch_bytes_max = self.batch_bytes_max;
        if name == "max.message.bytes" && value.parse().is_ok_and(|bytes: usize| bytes > batch_bytes_max) {
            return Err(refused(format!(
                "{name} can not exceed {batch_bytes_max}, the largest request of this cluster"
            )));
        }
        Ok(())
    }

    /// Refuses what the owner of the cluster allows no topic.
    pub(super) fn check_ceiling(&self, name: &str, value: &str) -> Result<(), Refusal> {
        let refused = |message| Refusal::new(ErrorCode::PolicyViolation, message);
        self.ceilings.check(name, value).map_err(refused)
    }

    /// The most that topics may keep.
    pub(crate) fn ceilings(&self) -> Ceilings {
        self.ceilings
    }

    fn check_topics(&self) -> Result<(), Refusal> {
        let (have, most) = (self.state.borrow().catalog.topics().count(), self.count_max);
        if have < most {
            return Ok(());
        }
        self.metrics.topics_refused.get_or_create(&ReasonLabels { reason: "topics_max" }).inc();
        let message =
            format!("the cluster has {have} topics of at most {most}: delete some, or choose a larger plan");
        Err(Refusal::new(ErrorCode::PolicyViolation, message))
    }

    fn check_partitions(&self, of_topic: i32, added: i32) -> Result<(), Refusal> {
        if of_topic > PARTITIONS_PER_TOPIC_MAX {
            let message = format!("a topic has at most {PARTITIONS_PER_TOPIC_MAX} partitions");
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        let have = self.partitions_count();
        if have + added as usize > self.partitions_max {
            let most = self.partitions_max;
            self.metrics.topics_refused.get_or_create(&ReasonLabels { reason: "partitions_max" }).inc();
            let message =
                format!("the cluster has {have} partitions of at most {most}: {added} more do not fit");
            return Err(Refusal::new(ErrorCode::PolicyViolation, message));
        }
        Ok(())
    }

    /// Creates a topic.
    pub(crate) fn create(&self, topic: NewTopic) -> Result<TopicId, Refusal> {
        let mut entropy = [0; 16];
        self.rng.fill(&mut entropy);
        let id = TopicId::from_random(entropy);
        let settings = Settings::of(&topic.configs, self.ceilings);
        let partitions = topic.partitions;
        self.usage.make().map_err(|error| usage_failed(&error))?;
        let meta = TopicMeta { id, partitions, configs: topic.configs, created_at_ms: self.now_ms() };
        self.make_dirs(id, 0..partitions)?;
        let created = self.state.borrow_mut().catalog.create(&topic.name, meta);
        created.map_err(|error| refusal_of(&error))?;
        self.open_partitions(id, 0..partitions, settings)?;
        tracing::info!(topic = %topic.name, %id, partitions, "topic created");
        Ok(id)
    }

    /// Deletes a topic; its files go soon after.
    pub(crate) fn delete(&self, topic: TopicRef<'_>) -> Result<(TopicId, String), Refusal> {
        let unknown = |code| Refusal::new(code, "there is no such topic");
        let view = self.view(topic).map_err(unknown)?;
        self.secure_usage(view.id, view.partitions.len() as i32);
        let deleted = self.state.borrow_mut().catalog.delete(&view.name);
        let deleted = deleted.map_err(|error| refusal_of(&error))?;
        {
            let mut state = self.state.borrow_mut();
            for partition in partitions_of(deleted.id, 0..deleted.partitions) {
                state.logs.remove(&partition);
                state.commit.forget(partition);
                self.arrivals.gone(partition);
            }
            state.removals.push((deleted.id, deleted.partitions));
        }
        self.usage.topic_gone(deleted.id);
        self.work.notify_one();
        tracing::info!(topic = view.name, id = %deleted.id, "topic deleted");
        Ok((deleted.id, view.name))
    }

    /// Checks a wanted number of partitions and returns the present one.
    pub(crate) fn plan_growth(&self, name: &str, partitions: i32) -> Result<i32, Refusal> {
        let unknown = |code| Refusal::new(code, format!("there is no topic '{name}'"));
        let present = self.view(TopicRef::Name(name)).map_err(unknown)?.partitions.len() as i32;
        if partitions <= present {
            let message =
                format!("the topic has {present} partitions: only more can be asked for, not {partitions}");
            return Err(Refusal::new(ErrorCode::InvalidPartitions, message));
        }
        self.check_partitions(partitions, partitions - present)?;
        Ok(present)
    }

    /// Gives a topic more partitions.
    pub(crate) fn grow(&self, name: &str, partitions: i32) -> Result<(), Refusal> {
        let present = self.plan_growth(name, partitions)?;
        let id = self
            .resolve(TopicRef::Name(name))
            .map_err(|code| Refusal::new(code, "there is no such topic"))?;
        self.make_dirs(id, present..partitions)?;
        let grown = self.state.borrow_mut().catalog.grow(name, partitions);
        grown.map_err(|error| refusal_of(&error))?;
        let settings = Settings::of(&self.configs_of(name).unwrap_or_default(), self.ceilings);
        self.open_partitions(id, present..partitions, settings)
    }

    fn make_dirs(&self, id: TopicId, indexes: std::ops::Range<i32>) -> Result<(), Refusal> {
        let make = |partition: TopicPartition| {
            let dir = dir_of(partition);
            self.disk.create_dir_all(&dir).map_err(LogError::io(&dir))
        };
        let root = root();
        let all = partitions_of(id, indexes).try_for_each(make);
        let synced = all.and_then(|()| self.disk.sync_dir(&root).map_err(LogError::io(&root)));
        synced.map_err(|error| failed(&error))
    }

    fn open_partitions(
        &self,
        id: TopicId,
        indexes: std::ops::Range<i32>,
        settings: Settings,
    ) -> Result<(), Refusal> {
        for partition in partitions_of(id, indexes) {
            let slot: Slot =
                open_log(&self.disk, partition, settings, self.now_ms()).map_err(|error| failed(&error))?;
            self.state.borrow_mut().logs.insert(partition, slot);
        }
        Ok(())
    }
}

fn usage_failed(error: &UsageError) -> Refusal {
    if !error.is_full() {
        end_process(error);
    }
    Refusal::new(ErrorCode::KafkaStorageError, "the disk is full")
}

fn failed(error: &LogError) -> Refusal {
    Refusal::new(storage_refusal(error), "the disk is full")
}

pub(super) fn refusal_of(error: &CatalogError) -> Refusal {
    let code = match error {
        CatalogError::Exists(_) => ErrorCode::TopicAlreadyExists,
        CatalogError::Collides(..) => ErrorCode::InvalidTopicException,
        CatalogError::Unknown(_) => ErrorCode::UnknownTopicOrPartition,
        CatalogError::Log(error) => return failed(error),
    };
    Refusal::new(code, error.to_string())
}

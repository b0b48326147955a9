//! Bounds of an API key: what it may do with records at most, whatever the access rules allow.

use serde::Deserialize;

use crate::acls::{AclOperation, AclResourceType};
use crate::limits::{BOUND_BYTES_MAX, BOUNDS_MAX};

/// Stands for every topic.
const EVERY_TOPIC: &str = "*";

/// The topics that a key may read and write, by the beginnings of their names. What is not said may not be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    #[serde(default)]
    read: Vec<String>,
    #[serde(default)]
    write: Vec<String>,
}

impl Bounds {
    /// Bounds by beginnings of names, `*` for every topic.
    #[must_use]
    pub fn new(read: &[&str], write: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { read: owned(read), write: owned(write) }
    }

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let is_sound = |name: &String| (1..=BOUND_BYTES_MAX).contains(&name.len());
        if self.read.len() > BOUNDS_MAX || self.write.len() > BOUNDS_MAX {
            return Err("too many bounds");
        }
        if self.read.iter().chain(&self.write).all(is_sound) {
            Ok(())
        } else {
            Err("a bound is empty or too long")
        }
    }

    /// Whether something lies inside.
    #[must_use]
    pub fn allow(&self, operation: AclOperation, resource_type: AclResourceType, name: &str) -> bool {
        let (reads, writes) = (names(&self.read, name), names(&self.write, name));
        match (resource_type, operation) {
            (AclResourceType::Topic, AclOperation::Read) => reads,
            (AclResourceType::Topic, AclOperation::Write) => writes,
            (AclResourceType::Topic, AclOperation::Describe | AclOperation::DescribeConfigs) => {
                reads || writes
            }
            _ => self.allow_somewhere(operation, resource_type),
        }
    }

    /// Whether there may be a resource of this type with which something lies inside. Consumers keep their place in groups, producers
    /// in transactions: those follow from the topics.
    #[must_use]
    pub fn allow_somewhere(&self, operation: AclOperation, resource_type: AclResourceType) -> bool {
        let (reads, writes) = (!self.read.is_empty(), !self.write.is_empty());
        match (resource_type, operation) {
            (AclResourceType::Topic | AclResourceType::Group, AclOperation::Read)
            | (AclResourceType::Group, AclOperation::Describe) => reads,
            (AclResourceType::Topic, AclOperation::Describe | AclOperation::DescribeConfigs) => {
                reads || writes
            }
            (AclResourceType::Topic | AclResourceType::TransactionalId, AclOperation::Write)
            | (AclResourceType::TransactionalId, AclOperation::Describe)
            | (AclResourceType::Cluster, AclOperation::IdempotentWrite) => writes,
            _ => false,
        }
    }
}

fn names(beginnings: &[String], name: &str) -> bool {
    beginnings.iter().any(|beginning| beginning == EVERY_TOPIC || name.starts_with(beginning.as_str()))
}

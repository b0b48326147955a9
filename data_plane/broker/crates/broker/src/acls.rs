//! The access rules in force, and the file that keeps them.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    sync::Arc,
};

use headrace_io::Disk;
use headrace_log::{
    LogError,
    checked_file::{Content, Kind},
};
use headrace_security::acls::{Acl, AclFilter, AclFormatError, AclOperation, AclResourceType, AclSet, Asker};
use headrace_types::ErrorCode;
use thiserror::Error;

use crate::{config::Config, connections::Connection, storage_failure::end_process, topics::Refusal};

/// In the data directory, which the process works in.
pub(crate) const FILE: &str = "./acls";
const KIND: Kind = Kind { magic: *b"HRAC", version: 1 };

/// Why access rules can not be read back or written down.
#[derive(Debug, Error)]
pub(crate) enum AclsError {
    #[error(transparent)]
    Disk(#[from] LogError),
    #[error("acls_file_damaged: {path}: {detail}")]
    Damaged { path: PathBuf, detail: String },
    #[error("acls_format_unknown: {path}: version {version}")]
    Version { path: PathBuf, version: u16 },
}

impl AclsError {
    /// What a change is refused with: a full disk passes; after any other failure nothing may be promised any more.
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Disk(error) if error.is_full() => {
                tracing::warn!(%error, "the disk is full");
                Refusal::new(ErrorCode::KafkaStorageError, "the disk of the cluster is full")
            }
            failed => end_process(failed),
        }
    }
}

/// The access rules of the cluster.
pub(crate) struct Acls {
    disk: Arc<dyn Disk>,
    /// Without logins there is nobody that rules could be about.
    is_enforced: bool,
    in_force: RefCell<AclSet>,
}

impl Acls {
    /// Reads the rules back. A damaged file is no empty one: starting without it would open what rules had closed.
    pub(crate) fn open(disk: Arc<dyn Disk>, config: &Config) -> Result<Self, AclsError> {
        let is_enforced = config.listeners.iter().any(|listener| listener.protocol.knows_clients());
        let in_force = RefCell::new(read(&*disk, Path::new(FILE))?);
        Ok(Self { disk, is_enforced, in_force })
    }

    /// Whether there are access rules at all.
    pub(crate) fn is_enforced(&self) -> bool {
        self.is_enforced
    }

    /// Whether whoever is on a connection may do something with a resource, by the rules of this moment.
    pub(crate) fn permits(
        &self,
        connection: &Connection,
        operation: AclOperation,
        resource_type: AclResourceType,
        name: &str,
    ) -> bool {
        let bounds = connection.bounds();
        bounds.is_none_or(|bounds| bounds.allow(operation, resource_type, name))
            && self.decide(connection, |rules, asker| rules.permits(asker, operation, resource_type, name))
    }

    /// Whether there may be a resource of this type that whoever is on a connection may do something with.
    pub(crate) fn permits_somewhere(
        &self,
        connection: &Connection,
        operation: AclOperation,
        resource_type: AclResourceType,
    ) -> bool {
        let bounds = connection.bounds();
        bounds.is_none_or(|bounds| bounds.allow_somewhere(operation, resource_type))
            && self
                .decide(connection, |rules, asker| rules.permits_somewhere(asker, operation, resource_type))
    }

    fn decide(&self, connection: &Connection, by: impl FnOnce(&AclSet, &Asker<'_>) -> bool) -> bool {
        if !self.is_enforced {
            return true;
        }
        let rules = self.in_force.borrow();
        connection.with_principal(|principal| {
            principal.is_some_and(|principal| by(&rules, &Asker { principal, host: connection.peer.ip() }))
        })
    }

    /// How many rules there are.
    pub(crate) fn count(&self) -> usize {
        self.in_force.borrow().len()
    }

    /// The rules that a filter means, those of one resource side by side.
    pub(crate) fn matching(&self, filter: &AclFilter) -> Vec<Acl> {
        self.in_force.borrow().matching(filter)
    }

    /// Whether there is this rule.
    pub(crate) fn contains(&self, acl: &Acl) -> bool {
        self.in_force.borrow().contains(acl)
    }

    /// Changes the rules: durably first, then for every request that follows, on open connections too.
    pub(crate) fn change(&self, change: impl FnOnce(&mut AclSet)) -> Result<(), AclsError> {
        let mut next = self.in_force.borrow().clone();
        change(&mut next);
        if *self.in_force.borrow() == next {
            return Ok(());
        }
        let path = Path::new(FILE);
        let payload = next.encode().map_err(|error| damaged(path, &error))?;
        KIND.replace(&*self.disk, path, &payload)?;
        tracing::info!(acls = next.len(), "access rules changed");
        *self.in_force.borrow_mut() = next;
        Ok(())
    }
}

fn read(disk: &dyn Disk, path: &Path) -> Result<AclSet, AclsError> {
    match KIND.read(disk, path)? {
        Content::Absent => Ok(AclSet::default()),
        Content::Sound(payload) => AclSet::decode(&payload).map_err(|error| damaged(path, &error)),
        Content::Damaged => {
            let path = path.to_path_buf();
            Err(AclsError::Damaged { path, detail: "the checksum does not match".to_owned() })
        }
        Content::UnknownVersion(version) => Err(AclsError::Version { path: path.to_path_buf(), version }),
    }
}

fn damaged(path: &Path, error: &AclFormatError) -> AclsError {
    AclsError::Damaged { path: path.to_path_buf(), detail: error.to_string() }
}

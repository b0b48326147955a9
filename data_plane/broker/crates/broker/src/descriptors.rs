//! File descriptors: the soft limit is often far below the hard one, and running out of them would look like a failing disk.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use crate::{
    config::LimitsConfig,
    limits::{DESCRIPTORS_PER_PARTITION, DESCRIPTORS_RESERVED},
};

/// The process may not open as many files as its limits allow partitions and connections.
#[derive(Debug, Error)]
#[error(
    "the limit of open files is {allowed}, {partitions_max} partitions and {connections_max} connections need {needed}: \
     raise it (ulimit -n) or lower limits.partitions_max or limits.connections_max"
)]
pub(crate) struct TooFewDescriptors {
    allowed: u64,
    needed: u64,
    partitions_max: usize,
    connections_max: usize,
}

/// Raises the limit of open files as far as allowed, and refuses one that `limits` could exceed.
pub(crate) fn allow(limits: &LimitsConfig) -> Result<(), TooFewDescriptors> {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "can not raise the limit of open files");
    }
    let needed = needed(limits);
    match getrlimit(Resource::Nofile).current {
        Some(allowed) if allowed < needed => Err(TooFewDescriptors {
            allowed,
            needed,
            partitions_max: limits.partitions_max,
            connections_max: limits.connections_max,
        }),
        _ => Ok(()),
    }
}

fn needed(limits: &LimitsConfig) -> u64 {
    (limits.partitions_max * DESCRIPTORS_PER_PARTITION + limits.connections_max + DESCRIPTORS_RESERVED) as u64
}

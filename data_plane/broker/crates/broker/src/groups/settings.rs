//! Settings of consumer groups in the configuration file.

use headrace_groups::GroupConfig;
use serde::Deserialize;

use super::subscription::topics_read;

const MILLISECONDS_PER_MINUTE: i64 = 60_000;
/// Longest delay and longest session, in milliseconds: an hour.
const WAIT_MS_MAX: i32 = 60 * 60 * 1000;
/// Longest retention of offsets, in minutes: ten years.
const RETENTION_MINUTES_MAX: i32 = 10 * 366 * 24 * 60;
/// Most members of a group that can be configured.
const MEMBERS_PER_GROUP_MAX: i32 = 10_000;
/// Longest note that can be configured to be committed with an offset, in bytes.
const OFFSET_METADATA_BYTES_MAX: i32 = 64 * 1024;

/// What an operator may choose; each is what Apache Kafka calls the same with dots, and in minutes or bytes as its name says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GroupsConfig {
    /// `group.initial.rebalance.delay.ms`
    pub(crate) initial_rebalance_delay_ms: i32,
    /// `group.min.session.timeout.ms`
    pub(crate) session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`
    pub(crate) session_timeout_max_ms: i32,
    /// `group.max.size`
    pub(crate) members_per_group_max: i32,
    /// `offsets.retention.minutes`
    pub(crate) offsets_retention_minutes: i32,
    /// `offset.metadata.max.bytes`
    pub(crate) offset_metadata_bytes_max: i32,
}

impl Default for GroupsConfig {
    fn default() -> Self {
        let defaults = GroupConfig::default();
        Self {
            initial_rebalance_delay_ms: defaults.initial_rebalance_delay_ms as i32,
            session_timeout_min_ms: *defaults.session_timeout_ms.start(),
            session_timeout_max_ms: *defaults.session_timeout_ms.end(),
            members_per_group_max: defaults.members_per_group_max as i32,
            offsets_retention_minutes: (defaults.offsets_retention_ms / MILLISECONDS_PER_MINUTE) as i32,
            offset_metadata_bytes_max: defaults.offset_metadata_bytes_max as i32,
        }
    }
}

impl GroupsConfig {
    /// What is wrong, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let numbers = [
            ("initial_rebalance_delay_ms", self.initial_rebalance_delay_ms, 0, WAIT_MS_MAX),
            ("session_timeout_min_ms", self.session_timeout_min_ms, 1, self.session_timeout_max_ms),
            ("session_timeout_max_ms", self.session_timeout_max_ms, 1, WAIT_MS_MAX),
            ("members_per_group_max", self.members_per_group_max, 1, MEMBERS_PER_GROUP_MAX),
            ("offsets_retention_minutes", self.offsets_retention_minutes, 1, RETENTION_MINUTES_MAX),
            ("offset_metadata_bytes_max", self.offset_metadata_bytes_max, 0, OFFSET_METADATA_BYTES_MAX),
        ];
        match numbers.into_iter().find(|(_, number, least, most)| !(*least..=*most).contains(number)) {
            None => Ok(()),
            Some((name, number, least, most)) => {
                Err(format!("groups.{name} is {number}, where {least} to {most} is possible"))
            }
        }
    }

    /// The coordinator's own settings.
    pub(crate) fn coordinator(&self) -> GroupConfig {
        let count = |number: i32| usize::try_from(number).unwrap_or_default();
        GroupConfig {
            session_timeout_ms: self.session_timeout_min_ms..=self.session_timeout_max_ms,
            initial_rebalance_delay_ms: u64::try_from(self.initial_rebalance_delay_ms).unwrap_or_default(),
            members_per_group_max: count(self.members_per_group_max),
            offset_metadata_bytes_max: count(self.offset_metadata_bytes_max),
            subscription: topics_read,
            offsets_retention_ms: i64::from(self.offsets_retention_minutes) * MILLISECONDS_PER_MINUTE,
            ..GroupConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_coordinator() {
        let ours = GroupsConfig::default().coordinator();
        let theirs = GroupConfig { subscription: topics_read, ..GroupConfig::default() };
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        assert_eq!(GroupsConfig::default().check(), Ok(()));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let wrong =
            GroupsConfig { session_timeout_min_ms: 7, session_timeout_max_ms: 6, ..Default::default() };
        assert_eq!(
            wrong.check().unwrap_err(),
            "groups.session_timeout_min_ms is 7, where 1 to 6 is possible"
        );
        for wrong in [
            GroupsConfig { initial_rebalance_delay_ms: -1, ..Default::default() },
            GroupsConfig { members_per_group_max: 0, ..Default::default() },
            GroupsConfig { offsets_retention_minutes: 0, ..Default::default() },
            GroupsConfig { offset_metadata_bytes_max: OFFSET_METADATA_BYTES_MAX + 1, ..Default::default() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}

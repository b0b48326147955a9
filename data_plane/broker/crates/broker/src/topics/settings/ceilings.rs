//! The most that topics of a cluster may keep, whatever they are set to.

use crate::config::LimitsConfig;

use super::NO_LIMIT;

/// The longest retention and the largest; none is no ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ceilings {
    pub(crate) retention_ms: Option<i64>,
    pub(crate) retention_bytes: Option<i64>,
}

impl Ceilings {
    /// Those of a configuration file.
    pub(crate) fn of(limits: &LimitsConfig) -> Self {
        Self { retention_ms: limits.retention_ms_max, retention_bytes: limits.retention_bytes_max }
    }

    /// The ceiling of a setting.
    pub(super) fn find(&self, name: &str) -> Option<i64> {
        match name {
            "retention.ms" => self.retention_ms,
            "retention.bytes" => self.retention_bytes,
            _ => None,
        }
    }

    /// The value in force of a setting that has this one: the ceiling, if it is over it.
    pub(crate) fn bounded(&self, name: &str, value: i64) -> i64 {
        match self.find(name) {
            Some(ceiling) if is_over(value, ceiling) => ceiling,
            Some(_) | None => value,
        }
    }

    /// The same of a value as a text; None where the value itself is in force.
    pub(crate) fn replacing(&self, name: &str, value: &str) -> Option<String> {
        let ceiling = self.find(name)?;
        is_over(value.parse().ok()?, ceiling).then(|| ceiling.to_string())
    }

    /// Refuses a value that would not be in force; the error says what to do.
    pub(crate) fn check(&self, name: &str, value: &str) -> Result<(), String> {
        match self.replacing(name, value) {
            None => Ok(()),
            Some(ceiling) => Err(format!(
                "{name} can not be {value}: topics of this cluster keep at most {ceiling}, as its owner decided; \
                 choose less, or raise the cluster's ceiling"
            )),
        }
    }
}

fn is_over(value: i64, ceiling: i64) -> bool {
    value == NO_LIMIT || value > ceiling
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_a_ceiling_is_left_and_everything_is_over_it() {
        let ceilings = Ceilings { retention_ms: Some(1_000), retention_bytes: None };
        assert_eq!(ceilings.bounded("retention.ms", 1_000), 1_000);
        assert_eq!(ceilings.bounded("retention.ms", 1_001), 1_000);
        assert_eq!(ceilings.bounded("retention.ms", NO_LIMIT), 1_000);
        assert_eq!(ceilings.bounded("retention.bytes", NO_LIMIT), NO_LIMIT);
        assert!(ceilings.check("retention.ms", "1000").is_ok());
        assert!(ceilings.check("retention.ms", "-1").unwrap_err().contains("1000"));
        assert!(ceilings.check("retention.bytes", "-1").is_ok());
        assert!(ceilings.check("segment.ms", "5000").is_ok());
    }
}

//! Inclusive version ranges as the message definitions write them: `3`, `3+`, `0-12`, `none`.

use anyhow::{Context, Result};

/// An inclusive range of versions; empty when `low > high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) low: i16,
    pub(crate) high: i16,
}

impl Versions {
    pub(crate) const NONE: Self = Self { low: 1, high: 0 };

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let number =
            |part: &str| part.trim().parse::<i16>().with_context(|| format!("version range {text:?}"));
        if text == "none" {
            return Ok(Self::NONE);
        }
        if let Some(low) = text.strip_suffix('+') {
            return Ok(Self { low: number(low)?, high: i16::MAX });
        }
        match text.split_once('-') {
            Some((low, high)) => Ok(Self { low: number(low)?, high: number(high)? }),
            None => number(text).map(|only| Self { low: only, high: only }),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.low > self.high
    }

    pub(crate) fn contains(self, version: i16) -> bool {
        self.low <= version && version <= self.high
    }

    pub(crate) fn intersect(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = i16> {
        self.low..=self.high
    }

    /// The Rust condition on `version` that selects this range, given that `version` lies in `within`.
    pub(crate) fn condition(self, within: Self) -> Condition {
        let here = self.intersect(within);
        if here.is_empty() {
            return Condition::Never;
        }
        match (here.low > within.low, here.high < within.high) {
            (false, false) => Condition::Always,
            (true, false) => Condition::When(format!("version >= {}", here.low)),
            (false, true) => Condition::When(format!("version <= {}", here.high)),
            (true, true) if here.low == here.high => Condition::When(format!("version == {}", here.low)),
            (true, true) => Condition::When(format!("({}..={}).contains(&version)", here.low, here.high)),
        }
    }
}

/// When a part of a message is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Always,
    Never,
    When(String),
}

impl Condition {
    /// As a Rust boolean expression.
    pub(crate) fn expression(&self) -> &str {
        match self {
            Self::Always => "true",
            Self::Never => "false",
            Self::When(expression) => expression,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_parse_as_the_definitions_write_them() {
        for (text, low, high) in [("3", 3, 3), ("3+", 3, i16::MAX), ("0-12", 0, 12)] {
            assert_eq!(Versions::parse(text).unwrap(), Versions { low, high });
        }
        assert!(Versions::parse("none").unwrap().is_empty());
        assert!(Versions::parse("three").is_err());
    }

    #[test]
    fn conditions_name_only_the_bounds_that_matter() {
        let within = Versions { low: 3, high: 13 };
        let condition = |low, high| Versions { low, high }.condition(within);
        assert_eq!(condition(0, i16::MAX), Condition::Always);
        assert_eq!(condition(9, i16::MAX), Condition::When("version >= 9".into()));
        assert_eq!(condition(0, 12), Condition::When("version <= 12".into()));
        assert_eq!(condition(7, 12), Condition::When("(7..=12).contains(&version)".into()));
        assert_eq!(condition(0, 2), Condition::Never);
    }
}

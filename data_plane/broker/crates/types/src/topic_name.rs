//! Names of topics: what Kafka allows, and which names collide in metric names.

use std::fmt;

use crate::limits::TOPIC_NAME_BYTES_MAX;

/// A topic name that Kafka's rules allow (`org.apache.kafka.common.internals.Topic`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Box<str>);

/// Why a topic name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameError {
    /// The name has no character.
    #[error("a topic name can not be empty")]
    Empty,
    /// The name is a path component with a meaning of its own.
    #[error("a topic can not be named '.' or '..'")]
    Dots,
    /// The name is too long.
    #[error("a topic name has at most {TOPIC_NAME_BYTES_MAX} characters, this one has {0}")]
    TooLong(usize),
    /// The name has a character outside the allowed set.
    #[error("a topic name is made of ASCII letters, digits, '.', '_' and '-'")]
    IllegalCharacter,
}

impl TopicName {
    /// Checks a name against Kafka's rules.
    pub fn new(name: &str) -> Result<Self, TopicNameError> {
        match name {
            "" => Err(TopicNameError::Empty),
            "." | ".." => Err(TopicNameError::Dots),
            _ if name.len() > TOPIC_NAME_BYTES_MAX => Err(TopicNameError::TooLong(name.len())),
            _ if !name.bytes().all(is_legal) => Err(TopicNameError::IllegalCharacter),
            _ => Ok(Self(name.into())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name with `.` as `_`: two topics with equal keys would share their metrics, so they collide.
    #[must_use]
    pub fn collision_key(&self) -> String {
        self.0.replace('.', "_")
    }
}

fn is_legal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

impl std::borrow::Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_kafkas_rules() {
        assert!(TopicName::new("orders.v1_eu-west").is_ok());
        assert!(TopicName::new(&"a".repeat(249)).is_ok());
        assert_eq!(TopicName::new(""), Err(TopicNameError::Empty));
        assert_eq!(TopicName::new(".."), Err(TopicNameError::Dots));
        assert_eq!(TopicName::new(&"a".repeat(250)), Err(TopicNameError::TooLong(250)));
        assert_eq!(TopicName::new("a/b"), Err(TopicNameError::IllegalCharacter));
        assert_eq!(TopicName::new("ü"), Err(TopicNameError::IllegalCharacter));
    }

    #[test]
    fn dot_and_underscore_collide() {
        let key = |name| TopicName::new(name).unwrap().collision_key();
        assert_eq!(key("a.b"), key("a_b"));
        assert_ne!(key("a-b"), key("a_b"));
    }
}

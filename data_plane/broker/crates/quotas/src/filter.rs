//! Which quotas are asked for (`DescribeClientQuotas`, KIP-546).

use thiserror::Error;

use crate::entity::{CLIENT_ID, Entity, IP, USER};

/// What an entity must say of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// This name.
    Exact(String),
    /// The default.
    Default,
    /// A name or the default.
    Any,
}

/// A filter: types that the entity must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaFilter {
    components: Vec<(&'static str, Match)>,
    /// Whether the entity may have no other types.
    is_strict: bool,
}

/// Why what a request says is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilterProblem {
    /// A type that there is not.
    #[error("entities are of type user, client-id or ip")]
    Type,
    /// A type is named twice.
    #[error("the filter names a type more than once")]
    Repeated,
    /// An address stands alone.
    #[error("a filter for ip can not be combined with user or client-id")]
    Combination,
}

impl QuotaFilter {
    /// The filter of a request.
    pub fn new<'a>(
        components: impl IntoIterator<Item = (&'a str, Match)>,
        is_strict: bool,
    ) -> Result<Self, FilterProblem> {
        let mut filter = Self { components: Vec::new(), is_strict };
        for (kind, wanted) in components {
            let kind = [USER, CLIENT_ID, IP].into_iter().find(|known| *known == kind);
            let kind = kind.ok_or(FilterProblem::Type)?;
            if filter.components.iter().any(|(other, _)| *other == kind) {
                return Err(FilterProblem::Repeated);
            }
            filter.components.push((kind, wanted));
        }
        let names_address = filter.components.iter().any(|(kind, _)| *kind == IP);
        if names_address && filter.components.len() > 1 {
            return Err(FilterProblem::Combination);
        }
        Ok(filter)
    }

    /// Whether an entity is meant.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        let parts = entity.parts();
        if self.is_strict && parts.len() != self.components.len() {
            return false;
        }
        self.components.iter().all(|(kind, wanted)| {
            parts.iter().any(|(known, name)| {
                known == kind
                    && match wanted {
                        Match::Exact(wanted) => *name == Some(wanted.as_str()),
                        Match::Default => name.is_none(),
                        Match::Any => true,
                    }
            })
        })
    }
}

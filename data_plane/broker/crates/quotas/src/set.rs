//! All quotas of a cluster, and which of them holds for whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    entity::{Entity, EntityProblem, Name},
    filter::QuotaFilter,
    key::{QuotaKey, ValueProblem},
    limits::QUOTA_ENTITIES_MAX,
};

/// Who shares one allowance of a rate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// All client ids of a user together.
    User(String),
    /// One client id of a user.
    UserClient(String, String),
    /// All users of a client id together.
    Client(String),
    /// One address.
    Address(String),
    /// Those that could not be kept apart.
    Others,
}

/// More entities than a cluster may have quotas for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a cluster has quotas for at most {QUOTA_ENTITIES_MAX} entities: remove some, or use defaults")]
pub struct TooManyEntities;

/// Why a payload is not a set of quotas.
#[derive(Debug, Error)]
pub enum QuotaFormatError {
    /// The payload is of no known form.
    #[error("not a list of quotas: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that would never have been taken.
    #[error("quota {index}: {problem}")]
    Value {
        /// Which entity, counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: ValueProblem,
    },
    /// An entity that would never have been taken.
    #[error("quota {index}: {problem}")]
    Entity {
        /// Which entity, counted from 0.
        index: usize,
        /// What is wrong with it.
        problem: EntityProblem,
    },
    /// More than there may be.
    #[error(transparent)]
    TooMany(#[from] TooManyEntities),
}

type Rates = BTreeMap<QuotaKey, f64>;

/// Something by name, with a default.
#[derive(Clone, Debug, PartialEq)]
struct Named<T> {
    of: BTreeMap<String, T>,
    default: Option<T>,
}

/// The quotas of one user.
#[derive(Clone, Debug, Default, PartialEq)]
struct UserQuotas {
    own: Rates,
    clients: Named<Rates>,
}

/// All quotas of a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuotaSet {
    users: Named<UserQuotas>,
    clients: Named<Rates>,
    addresses: Named<Rates>,
}

/// One entity of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    entity: Entity,
    rates: Rates,
}

impl QuotaSet {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.clients.is_empty() && self.addresses.is_empty()
    }

    /// How many entities have quotas.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Every entity with its quotas.
    pub fn iter(&self) -> impl Iterator<Item = (Entity, &BTreeMap<QuotaKey, f64>)> {
        let users = self.users.iter().flat_map(|(user, quotas)| {
            let own = (Entity::User(user.clone()), &quotas.own);
            let clients = quotas.clients.iter();
            std::iter::once(own)
                .chain(clients.map(move |(client, rates)| (Entity::UserClient(user.clone(), client), rates)))
        });
        let clients = self.clients.iter().map(|(client, rates)| (Entity::Client(client), rates));
        let addresses = self.addresses.iter().map(|(address, rates)| (Entity::Address(address), rates));
        users.chain(clients).chain(addresses).filter(|(_, rates)| !rates.is_empty())
    }

    /// The entities that a filter means.
    #[must_use]
    pub fn matching(&self, filter: &QuotaFilter) -> Vec<(Entity, &BTreeMap<QuotaKey, f64>)> {
        self.iter().filter(|(entity, _)| filter.matches(entity)).collect()
    }

    /// Sets a rate, which must have been checked, or takes it away.
    pub fn alter(
        &mut self,
        entity: &Entity,
        key: QuotaKey,
        value: Option<f64>,
    ) -> Result<(), TooManyEntities> {
        let is_full = self.len() >= QUOTA_ENTITIES_MAX;
        let rates = self.rates_mut(entity);
        match value {
            Some(_) if rates.is_empty() && is_full => {
                self.prune();
                return Err(TooManyEntities);
            }
            Some(value) => {
                rates.insert(key, value);
            }
            None => {
                rates.remove(&key);
                self.prune();
            }
        }
        Ok(())
    }

    /// The rate that holds for a client, and who shares it; none without a quota. The order is KIP-55's: the user's own client id,
    /// the user's default, the user, the same of the default user, the client id, the default client id.
    #[must_use]
    pub fn rate_of(&self, key: QuotaKey, user: &str, client_id: &str) -> Option<(Subject, f64)> {
        let both = || Subject::UserClient(user.to_owned(), client_id.to_owned());
        let quotas = [self.users.of.get(user), self.users.default.as_ref()];
        for quotas in quotas.into_iter().flatten() {
            if let Some(rate) = quotas.clients.rate(key, client_id) {
                return Some((both(), rate));
            }
            if let Some(rate) = quotas.own.get(&key) {
                return Some((Subject::User(user.to_owned()), *rate));
            }
        }
        let rate = self.clients.rate(key, client_id)?;
        Some((Subject::Client(client_id.to_owned()), rate))
    }

    /// The rate at which an address may connect, and who shares it.
    #[must_use]
    pub fn rate_of_address(&self, address: &str) -> Option<(Subject, f64)> {
        let rate = self.addresses.rate(QuotaKey::ConnectionCreationRate, address)?;
        Some((Subject::Address(address.to_owned()), rate))
    }

    /// The payload of a file of quotas.
    pub fn encode(&self) -> Result<Vec<u8>, QuotaFormatError> {
        let entry = |(entity, rates): (Entity, &Rates)| Entry { entity, rates: rates.clone() };
        Ok(serde_json::to_vec(&self.iter().map(entry).collect::<Vec<_>>())?)
    }

    /// Reads the payload of a file of quotas.
    pub fn decode(payload: &[u8]) -> Result<Self, QuotaFormatError> {
        let entries: Vec<Entry> = serde_json::from_slice(payload)?;
        let mut set = Self::default();
        for (index, entry) in entries.into_iter().enumerate() {
            Entity::parse(entry.entity.parts())
                .map_err(|problem| QuotaFormatError::Entity { index, problem })?;
            for (key, value) in entry.rates {
                key.check(value).map_err(|problem| QuotaFormatError::Value { index, problem })?;
                set.alter(&entry.entity, key, Some(value))?;
            }
        }
        Ok(set)
    }

    fn rates_mut(&mut self, entity: &Entity) -> &mut Rates {
        match entity {
            Entity::User(user) => &mut self.users.entry(user).own,
            Entity::UserClient(user, client) => self.users.entry(user).clients.entry(client),
            Entity::Client(client) => self.clients.entry(client),
            Entity::Address(address) => self.addresses.entry(address),
        }
    }

    /// Forgets whom no rate is left for.
    fn prune(&mut self) {
        let is_used = |quotas: &UserQuotas| !quotas.own.is_empty() || !quotas.clients.is_empty();
        for quotas in self.users.of.values_mut().chain(self.users.default.as_mut()) {
            quotas.clients.retain(|rates| !rates.is_empty());
        }
        self.users.retain(is_used);
        self.clients.retain(|rates| !rates.is_empty());
        self.addresses.retain(|rates| !rates.is_empty());
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { of: BTreeMap::new(), default: None }
    }
}

impl<T: Default> Named<T> {
    fn entry(&mut self, name: &Name) -> &mut T {
        match name {
            Name::Default => self.default.get_or_insert_default(),
            Name::Of(name) => self.of.entry(name.clone()).or_default(),
        }
    }
}

impl<T> Named<T> {
    fn is_empty(&self) -> bool {
        self.of.is_empty() && self.default.is_none()
    }

    fn iter(&self) -> impl Iterator<Item = (Name, &T)> {
        let of = self.of.iter().map(|(name, value)| (Name::Of(name.clone()), value));
        of.chain(self.default.iter().map(|value| (Name::Default, value)))
    }

    fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.of.retain(|_, value| keep(value));
        self.default.take_if(|value| !keep(value));
    }
}

impl Named<Rates> {
    fn rate(&self, key: QuotaKey, name: &str) -> Option<f64> {
        let own = self.of.get(name).and_then(|rates| rates.get(&key));
        own.or_else(|| self.default.as_ref()?.get(&key)).copied()
    }
}

//! Whom a quota is for.

use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{key::QuotaKey, limits::QUOTA_NAME_BYTES_MAX};

/// The entity types on the wire.
pub(crate) const USER: &str = "user";
pub(crate) const CLIENT_ID: &str = "client-id";
pub(crate) const IP: &str = "ip";

/// A name, or all those without a quota of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Name {
    /// Whoever has none of its own.
    Default,
    /// This one.
    Of(String),
}

/// Whom a quota is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Entity {
    /// A user, whatever its client ids.
    User(Name),
    /// A client id of a user.
    UserClient(Name, Name),
    /// A client id, whoever uses it.
    Client(Name),
    /// An address.
    Address(Name),
}

/// Why what a request names is no entity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntityProblem {
    /// Nothing is named.
    #[error("the entity is empty")]
    Empty,
    /// A type that there is not.
    #[error("entities are of type user, client-id or ip")]
    Type,
    /// A type is named twice.
    #[error("the entity names a type more than once")]
    Repeated,
    /// An address stands alone.
    #[error("an ip entity can not be combined with user or client-id")]
    Combination,
    /// A name is empty or too long.
    #[error("the name of an entity has 1 to {QUOTA_NAME_BYTES_MAX} bytes")]
    Name,
    /// Not an address.
    #[error("the name of an ip entity is an address")]
    Address,
}

impl Entity {
    /// The entity of a request: types with names, none for the default.
    pub fn parse<'a>(
        parts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, EntityProblem> {
        let (mut user, mut client, mut address) = (None, None, None);
        for (kind, name) in parts {
            let place = match kind {
                USER => &mut user,
                CLIENT_ID => &mut client,
                IP => &mut address,
                _ => return Err(EntityProblem::Type),
            };
            if place.replace(named(name)?).is_some() {
                return Err(EntityProblem::Repeated);
            }
        }
        match (user, client, address) {
            (None, None, None) => Err(EntityProblem::Empty),
            (Some(user), None, None) => Ok(Self::User(user)),
            (Some(user), Some(client), None) => Ok(Self::UserClient(user, client)),
            (None, Some(client), None) => Ok(Self::Client(client)),
            (None, None, Some(Name::Default)) => Ok(Self::Address(Name::Default)),
            (None, None, Some(Name::Of(text))) => {
                let address: IpAddr = text.parse().map_err(|_| EntityProblem::Address)?;
                Ok(Self::Address(Name::Of(address.to_string())))
            }
            (_, _, Some(_)) => Err(EntityProblem::Combination),
        }
    }

    /// The types and names as a response has them.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, Option<&str>)> {
        match self {
            Self::User(user) => vec![(USER, user.as_option())],
            Self::Client(client) => vec![(CLIENT_ID, client.as_option())],
            Self::UserClient(user, client) => {
                vec![(USER, user.as_option()), (CLIENT_ID, client.as_option())]
            }
            Self::Address(address) => vec![(IP, address.as_option())],
        }
    }

    /// Whether a rate can be limited for this entity.
    #[must_use]
    pub fn has(&self, key: QuotaKey) -> bool {
        matches!(self, Self::Address(_)) == key.is_of_address()
    }
}

impl Name {
    fn as_option(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::Of(name) => Some(name),
        }
    }
}

fn named(name: Option<&str>) -> Result<Name, EntityProblem> {
    match name {
        None => Ok(Name::Default),
        Some(name) if (1..=QUOTA_NAME_BYTES_MAX).contains(&name.len()) => Ok(Name::Of(name.to_owned())),
        Some(_) => Err(EntityProblem::Name),
    }
}

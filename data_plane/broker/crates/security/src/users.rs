//! SCRAM users: logins that a cluster's keepers make over the Kafka protocol (KIP-554), beside the control plane's API keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::{SALT_BYTES, SCRAM_USER_ITERATIONS, SCRAM_USERS_MAX, USERNAME_BYTES_MAX};
use crate::scram::ScramHash;
use crate::verifiers::ScramVerifier;

/// What names of others begin with: API keys, members, whom an issuer knows. No user may look like one.
const RESERVED_PREFIXES: [&str; 3] = ["hk_", "u_", ISSUED_PREFIX];
/// What every name begins with that an organization's own issuer gives: nobody else is called so.
pub(crate) const ISSUED_PREFIX: &str = "oauth:";
/// Names that mean somebody already.
const RESERVED_NAMES: [&str; 4] = ["control-plane", "ANONYMOUS", "unknown", "other"];

/// A SCRAM mechanism, by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(i8)]
pub enum ScramMechanism {
    /// SCRAM-SHA-256
    Sha256 = 1,
    /// SCRAM-SHA-512
    Sha512 = 2,
}

/// Why a login is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UserProblem {
    /// No login of SCRAM can have this name.
    #[error("a user name has 1 to {USERNAME_BYTES_MAX} bytes and no control characters")]
    Name,
    /// The name is the control plane's to give.
    #[error(
        "names of API keys, of an OAuth issuer's clients and of the service itself are not given here: make and revoke API keys by the API"
    )]
    Reserved,
    /// Too few or too many iterations.
    #[error("iterations lie between {} and {}", SCRAM_USER_ITERATIONS.start(), SCRAM_USER_ITERATIONS.end())]
    Iterations,
    /// A salt that is too short or too long.
    #[error("a salt has {} to {} bytes", SALT_BYTES.start(), SALT_BYTES.end())]
    Salt,
    /// Not the length of the mechanism's hash.
    #[error("the salted password has the wrong length for the mechanism")]
    Password,
    /// As many users as there may be.
    #[error("a cluster has at most {SCRAM_USERS_MAX} SCRAM users: delete some, or use API keys")]
    TooMany,
}

/// Why a payload is not a set of users.
#[derive(Debug, Error)]
pub enum UsersFormatError {
    /// The payload is of no known form.
    #[error("not a list of SCRAM users: {0}")]
    Json(#[from] serde_json::Error),
    /// A login that would never have been taken; it is named by its place.
    #[error("login {index} can not be used")]
    Login {
        /// Which one, counted from 0.
        index: usize,
    },
}

/// The logins of a cluster's users: verifiers, never passwords.
#[derive(Clone, Debug, Default)]
pub struct ScramUsers {
    by_name: BTreeMap<String, BTreeMap<ScramMechanism, ScramVerifier>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    mechanism: ScramMechanism,
    salt: String,
    iterations: u32,
    stored_key: String,
    server_key: String,
}

impl ScramMechanism {
    /// The mechanism of this number.
    #[must_use]
    pub fn from_code(code: i8) -> Option<Self> {
        [Self::Sha256, Self::Sha512].into_iter().find(|mechanism| *mechanism as i8 == code)
    }

    fn hash(self) -> ScramHash {
        match self {
            Self::Sha256 => ScramHash::Sha256,
            Self::Sha512 => ScramHash::Sha512,
        }
    }

    pub(crate) fn of(hash: ScramHash) -> Self {
        match hash {
            ScramHash::Sha256 => Self::Sha256,
            ScramHash::Sha512 => Self::Sha512,
        }
    }
}

/// Checks a name that a user is to have, or to lose.
pub fn check_user_name(name: &str) -> Result<(), UserProblem> {
    if name.is_empty() || name.len() > USERNAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(UserProblem::Name);
    }
    let is_reserved =
        RESERVED_NAMES.contains(&name) || RESERVED_PREFIXES.iter().any(|own| name.starts_with(own));
    if is_reserved { Err(UserProblem::Reserved) } else { Ok(()) }
}

impl ScramUsers {
    /// Every user with its mechanisms and their iterations, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Vec<(ScramMechanism, u32)>)> {
        self.by_name.keys().filter_map(|name| Some((name.as_str(), self.get(name)?)))
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The mechanisms of a user and their iterations.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Vec<(ScramMechanism, u32)>> {
        let logins = self.by_name.get(name)?.iter();
        Some(logins.map(|(mechanism, login)| (*mechanism, login.iterations)).collect())
    }

    /// Whether a user may log in by a mechanism.
    #[must_use]
    pub fn has(&self, name: &str, mechanism: ScramMechanism) -> bool {
        self.by_name.get(name).is_some_and(|logins| logins.contains_key(&mechanism))
    }

    /// Makes a login, or replaces it. The password comes salted (RFC 5802, `SaltedPassword`), and only what verifies it is kept.
    pub fn upsert(
        &mut self,
        name: &str,
        mechanism: ScramMechanism,
        iterations: u32,
        salt: &[u8],
        salted_password: &[u8],
    ) -> Result<(), UserProblem> {
        check_user_name(name)?;
        if !SCRAM_USER_ITERATIONS.contains(&iterations) {
            return Err(UserProblem::Iterations);
        }
        if !SALT_BYTES.contains(&salt.len()) {
            return Err(UserProblem::Salt);
        }
        let hash = mechanism.hash();
        if salted_password.len() != hash.digest_bytes() {
            return Err(UserProblem::Password);
        }
        if !self.by_name.contains_key(name) && self.len() >= SCRAM_USERS_MAX {
            return Err(UserProblem::TooMany);
        }
        let verifier = ScramVerifier::of_salted_password(hash, salt, iterations, salted_password);
        self.by_name.entry(name.to_owned()).or_default().insert(mechanism, verifier);
        Ok(())
    }

    /// Ends a login; a user goes with its last one.
    pub fn remove(&mut self, name: &str, mechanism: ScramMechanism) {
        if let Some(logins) = self.by_name.get_mut(name) {
            logins.remove(&mechanism);
            if logins.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    pub(crate) fn verifier(&self, name: &str, hash: ScramHash) -> Option<&ScramVerifier> {
        self.by_name.get(name)?.get(&ScramMechanism::of(hash))
    }

    pub(crate) fn verifiers(&self, hash: ScramHash) -> impl Iterator<Item = &ScramVerifier> {
        let mechanism = ScramMechanism::of(hash);
        self.by_name.values().filter_map(move |logins| logins.get(&mechanism))
    }

    /// The payload of a file of users.
    pub fn encode(&self) -> Result<Vec<u8>, UsersFormatError> {
        let entry = |name: &String, mechanism: ScramMechanism, login: &ScramVerifier| Entry {
            name: name.clone(),
            mechanism,
            salt: BASE64_STANDARD.encode(&login.salt),
            iterations: login.iterations,
            stored_key: BASE64_STANDARD.encode(&login.stored_key),
            server_key: BASE64_STANDARD.encode(&login.server_key),
        };
        let entries: Vec<Entry> = self
            .by_name
            .iter()
            .flat_map(|(name, logins)| {
                logins.iter().map(move |(mechanism, login)| entry(name, *mechanism, login))
            })
            .collect();
        Ok(serde_json::to_vec(&entries)?)
    }

    /// Reads the payload of a file of users.
    pub fn decode(payload: &[u8]) -> Result<Self, UsersFormatError> {
        let entries: Vec<Entry> = serde_json::from_slice(payload)?;
        let mut users = Self::default();
        for (index, entry) in entries.into_iter().enumerate() {
            let (name, mechanism, login) = entry.read().ok_or(UsersFormatError::Login { index })?;
            users.by_name.entry(name).or_default().insert(mechanism, login);
        }
        if users.len() > SCRAM_USERS_MAX {
            return Err(UsersFormatError::Login { index: SCRAM_USERS_MAX });
        }
        Ok(users)
    }
}

impl Entry {
    fn read(self) -> Option<(String, ScramMechanism, ScramVerifier)> {
        let bytes = |text: &str| BASE64_STANDARD.decode(text).ok();
        let login = ScramVerifier {
            salt: bytes(&self.salt)?,
            iterations: self.iterations,
            stored_key: bytes(&self.stored_key)?,
            server_key: bytes(&self.server_key)?,
        };
        let length = self.mechanism.hash().digest_bytes();
        let is_sound = check_user_name(&self.name).is_ok()
            && SALT_BYTES.contains(&login.salt.len())
            && SCRAM_USER_ITERATIONS.contains(&login.iterations)
            && login.stored_key.len() == length
            && login.server_key.len() == length;
        is_sound.then_some((self.name, self.mechanism, login))
    }
}

//! The credentials file: what the broker knows of each API key.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use serde::Deserialize;
use thiserror::Error;

use crate::bounds::Bounds;
use crate::decoy::{DecoyKey, Decoys, ScramShape};
use crate::limits::{
    ALLOWED_NETWORKS_MAX, CREDENTIALS_FILE_BYTES_MAX, CREDENTIALS_MAX, SALT_BYTES, SCRAM_ITERATIONS,
    USERNAME_BYTES_MAX,
};
use crate::networks::Network;
use crate::oauth::IssuerVerifier;
use crate::openness::{Access, Openness};
use crate::outcome::Authenticated;
use crate::scram::ScramHash;
use crate::users::{ISSUED_PREFIX, ScramUsers};

const FORMAT: u32 = 1;

/// Why a credentials file is not taken.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// More bytes than any honest file.
    #[error("credentials file has {0} bytes, at most {CREDENTIALS_FILE_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Not JSON, or not of this shape.
    #[error("credentials file is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// A format of another version of the broker.
    #[error("credentials file has format {0}, this broker reads {FORMAT}")]
    Format(u32),
    /// More credentials than one broker holds.
    #[error("credentials file has {0} credentials, at most {CREDENTIALS_MAX} are allowed")]
    TooMany(usize),
    /// A credential that can not be used; it is named by its place, never by its content.
    #[error("credential {index}: {problem}")]
    Credential {
        /// Place in the file, from 0 on.
        index: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// More networks than clients may be confined to.
    #[error("credentials file has {0} allowed networks, at most {ALLOWED_NETWORKS_MAX} are allowed")]
    TooManyNetworks(usize),
}

/// The credentials of one broker at one generation.
#[derive(Clone, Debug)]
pub struct Credentials {
    generation: u64,
    by_username: BTreeMap<String, Credential>,
    users: ScramUsers,
    decoys: Decoys,
    openness: Openness,
    issuer: Option<IssuerVerifier>,
}

impl Credentials {
    /// Credentials that know nobody.
    #[must_use]
    pub fn empty(decoy_key: DecoyKey) -> Self {
        Self {
            generation: 0,
            by_username: BTreeMap::new(),
            users: ScramUsers::default(),
            decoys: Decoys::new(decoy_key),
            openness: Openness::default(),
            issuer: None,
        }
    }

    /// Reads and checks the bytes of a credentials file.
    pub fn parse(file: &[u8], decoy_key: DecoyKey) -> Result<Self, CredentialsError> {
        if file.len() > CREDENTIALS_FILE_BYTES_MAX {
            return Err(CredentialsError::TooLong(file.len()));
        }
        let parsed: CredentialsFile = serde_json::from_slice(file)?;
        if parsed.format != FORMAT {
            return Err(CredentialsError::Format(parsed.format));
        }
        if parsed.credentials.len() > CREDENTIALS_MAX {
            return Err(CredentialsError::TooMany(parsed.credentials.len()));
        }
        let mut by_username = BTreeMap::new();
        for (index, entry) in parsed.credentials.into_iter().enumerate() {
            let refuse = |problem| CredentialsError::Credential { index, problem };
            let (username, credential) = entry.check().map_err(refuse)?;
            if by_username.insert(username, credential).is_some() {
                return Err(refuse("username occurs twice"));
            }
        }
        let users = ScramUsers::default();
        let decoys = Decoys::new(decoy_key);
        let networks = parsed.allowed_networks.len();
        let openness = Openness::new(parsed.access, parsed.allowed_networks)
            .ok_or(CredentialsError::TooManyNetworks(networks))?;
        let generation = parsed.generation;
        let issuer = parsed.oauth_issuer;
        let mut credentials = Self { generation, by_username, users, decoys, openness, issuer };
        credentials.imitate();
        Ok(credentials)
    }

    /// The same keys beside these users.
    #[must_use]
    pub fn with_users(mut self, users: ScramUsers) -> Self {
        self.users = users;
        self.imitate();
        self
    }

    /// The users beside the keys.
    #[must_use]
    pub fn users(&self) -> &ScramUsers {
        &self.users
    }

    /// Makes decoys look like what there is.
    fn imitate(&mut self) {
        let shapes = |hash| {
            let keys = self.by_username.values().map(|key| key.scram(hash));
            keys.chain(self.users.verifiers(hash)).map(ScramVerifier::shape).collect()
        };
        let (sha256, sha512) = (shapes(ScramHash::Sha256), shapes(ScramHash::Sha512));
        self.decoys.imitate(sha256, sha512);
    }

    /// The generation that the file carries.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How far the cluster is open to those who have one, and from where.
    #[must_use]
    pub fn openness(&self) -> &Openness {
        &self.openness
    }

    /// The organization's own issuer of tokens.
    #[must_use]
    pub fn issuer(&self) -> Option<&IssuerVerifier> {
        self.issuer.as_ref()
    }

    /// How many credentials there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_username.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_username.is_empty()
    }

    /// Whether there is an API key of this name.
    #[must_use]
    pub fn contains(&self, username: &str) -> bool {
        self.by_username.contains_key(username)
    }

    /// What the API key of this name may do at most.
    pub(crate) fn bounds_of(&self, username: &str) -> Option<Arc<Bounds>> {
        self.by_username.get(username)?.bounds.clone()
    }

    /// Whether an identity is still good: false once the credential that it hangs on is gone.
    #[must_use]
    pub fn uphold(&self, authenticated: &Authenticated) -> bool {
        authenticated.credential_id.as_deref().is_none_or(|id| {
            if id.starts_with(ISSUED_PREFIX) {
                return self.issuer.as_ref().is_some_and(|issuer| issuer.trust() == id);
            }
            (self.contains(id) || self.users.contains(id)) && self.bounds_of(id) == authenticated.bounds
        })
    }

    /// The verifier to check a PLAIN secret with, and who it makes the client; a decoy and nobody for an unknown name.
    pub(crate) fn plain(&self, username: &str) -> (PlainVerifier, Option<Authenticated>) {
        let decoy = self.decoys.plain();
        match self.by_username.get(username) {
            Some(known) => (known.plain.clone(), Some(known.identity(username))),
            None => (decoy, None),
        }
    }

    /// The verifier to check a SCRAM proof with, and who it makes the client; a decoy and nobody for an unknown name.
    pub(crate) fn scram(&self, hash: ScramHash, username: &str) -> (ScramVerifier, Option<Authenticated>) {
        let decoy = self.decoys.scram(hash, username);
        match self.by_username.get(username) {
            Some(known) => (known.scram(hash).clone(), Some(known.identity(username))),
            // A key's name is never a user's: keys are not shadowed, whatever a file says.
            None => match self.users.verifier(username, hash) {
                Some(verifier) => (verifier.clone(), Some(user_identity(username))),
                None => (decoy, None),
            },
        }
    }
}

fn user_identity(name: &str) -> Authenticated {
    Authenticated {
        principal: format!("User:{name}"),
        credential_id: Some(name.to_owned()),
        bounds: None,
        expires_at_ms: None,
    }
}

/// One checked credential.
#[derive(Clone, Debug)]
struct Credential {
    principal: String,
    bounds: Option<Arc<Bounds>>,
    plain: PlainVerifier,
    scram_sha_256: ScramVerifier,
    scram_sha_512: ScramVerifier,
}

impl Credential {
    fn scram(&self, hash: ScramHash) -> &ScramVerifier {
        match hash {
            ScramHash::Sha256 => &self.scram_sha_256,
            ScramHash::Sha512 => &self.scram_sha_512,
        }
    }

    fn identity(&self, username: &str) -> Authenticated {
        Authenticated {
            principal: self.principal.clone(),
            credential_id: Some(username.to_owned()),
            bounds: self.bounds.clone(),
            expires_at_ms: None,
        }
    }
}

/// Checks a PLAIN secret: HMAC-SHA256 under the credential's own salt.
#[derive(Clone)]
pub(crate) struct PlainVerifier {
    salt: Vec<u8>,
    hmac_sha256: Vec<u8>,
}

impl PlainVerifier {
    pub(crate) fn new(salt: Vec<u8>, hmac_sha256: Vec<u8>) -> Self {
        Self { salt, hmac_sha256 }
    }

    /// Whether the secret is right, in constant time.
    pub(crate) fn accepts(&self, secret: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.salt);
        hmac::verify(&key, secret, &self.hmac_sha256).is_ok()
    }
}

impl fmt::Debug for PlainVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PlainVerifier(..)")
    }
}

/// `StoredKey` and `ServerKey` of RFC 5802, with the salt and iterations that the client needs.
#[derive(Clone)]
pub(crate) struct ScramVerifier {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    pub(crate) stored_key: Vec<u8>,
    pub(crate) server_key: Vec<u8>,
}

impl ScramVerifier {
    fn shape(&self) -> ScramShape {
        ScramShape { salt_bytes: self.salt.len(), iterations: self.iterations }
    }
}

impl ScramVerifier {
    /// What verifies a password that is salted already (RFC 5802, section 3).
    pub(crate) fn of_salted_password(
        hash: ScramHash,
        salt: &[u8],
        iterations: u32,
        salted_password: &[u8],
    ) -> Self {
        let client_key = hash.hmac(salted_password, b"Client Key");
        Self {
            salt: salt.to_vec(),
            iterations,
            stored_key: hash.digest(client_key.as_ref()).as_ref().to_vec(),
            server_key: hash.hmac(salted_password, b"Server Key").as_ref().to_vec(),
        }
    }
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ScramVerifier(..)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialsFile {
    format: u32,
    generation: u64,
    credentials: Vec<CredentialEntry>,
    #[serde(default)]
    access: Access,
    #[serde(default)]
    allowed_networks: Vec<Network>,
    #[serde(default)]
    oauth_issuer: Option<IssuerVerifier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialEntry {
    username: String,
    principal: String,
    #[serde(default)]
    bounds: Option<Bounds>,
    plain: PlainEntry,
    scram_sha_256: ScramEntry,
    scram_sha_512: ScramEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainEntry {
    salt: String,
    hmac_sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScramEntry {
    salt: String,
    iterations: u32,
    stored_key: String,
    server_key: String,
}

impl CredentialEntry {
    fn check(self) -> Result<(String, Credential), &'static str> {
        if self.username.is_empty() || self.username.len() > USERNAME_BYTES_MAX {
            return Err("username is empty or too long");
        }
        if self.username.chars().any(char::is_control) {
            return Err("username holds control characters");
        }
        if self
            .principal
            .strip_prefix("User:")
            .is_none_or(|name| name.is_empty() || name.len() > USERNAME_BYTES_MAX)
        {
            return Err("principal is not of the form User:<name>");
        }
        if let Some(bounds) = &self.bounds {
            bounds.check()?;
        }
        // No file makes a key one of those that an issuer knows.
        if self.username.starts_with(ISSUED_PREFIX) {
            return Err("username begins as names that an issuer gives");
        }
        let credential = Credential {
            principal: self.principal,
            bounds: self.bounds.map(Arc::new),
            plain: self.plain.check()?,
            scram_sha_256: self.scram_sha_256.check(ScramHash::Sha256)?,
            scram_sha_512: self.scram_sha_512.check(ScramHash::Sha512)?,
        };
        Ok((self.username, credential))
    }
}

impl PlainEntry {
    fn check(&self) -> Result<PlainVerifier, &'static str> {
        Ok(PlainVerifier::new(
            salt(&self.salt)?,
            digest(&self.hmac_sha256, ScramHash::Sha256.digest_bytes())?,
        ))
    }
}

impl ScramEntry {
    fn check(&self, hash: ScramHash) -> Result<ScramVerifier, &'static str> {
        if !SCRAM_ITERATIONS.contains(&self.iterations) {
            return Err("iterations are out of bounds");
        }
        Ok(ScramVerifier {
            salt: salt(&self.salt)?,
            iterations: self.iterations,
            stored_key: digest(&self.stored_key, hash.digest_bytes())?,
            server_key: digest(&self.server_key, hash.digest_bytes())?,
        })
    }
}

fn salt(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| "salt is not base64")?;
    if SALT_BYTES.contains(&bytes.len()) { Ok(bytes) } else { Err("salt is too short or too long") }
}

fn digest(text: &str, length: usize) -> Result<Vec<u8>, &'static str> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| "a hash is not base64")?;
    if bytes.len() == length { Ok(bytes) } else { Err("a hash has the wrong length") }
}

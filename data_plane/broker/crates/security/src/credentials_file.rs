//! The credentials file as it is written (docs/broker-process.md), and what of it can not be used.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::bounds::Bounds;
use crate::credentials::Credential;
use crate::limits::{SALT_BYTES, SCRAM_ITERATIONS, USERNAME_BYTES_MAX};
use crate::networks::Network;
use crate::oauth::IssuerVerifier;
use crate::openness::Access;
use crate::scram::ScramHash;
use crate::users::ISSUED_PREFIX;
use crate::verifiers::{PlainVerifier, ScramVerifier, Secret};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialsFile {
    pub(crate) format: u32,
    pub(crate) generation: u64,
    pub(crate) credentials: Vec<CredentialEntry>,
    #[serde(default)]
    pub(crate) access: Access,
    #[serde(default)]
    pub(crate) allowed_networks: Vec<Network>,
    #[serde(default)]
    pub(crate) oauth_issuer: Option<IssuerVerifier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialEntry {
    username: String,
    principal: String,
    #[serde(default)]
    bounds: Option<Bounds>,
    plain: PlainEntry,
    scram_sha_256: ScramEntry,
    scram_sha_512: ScramEntry,
    #[serde(default)]
    previous: Option<PreviousEntry>,
}

/// The secret before. Its salts and iterations are its successor's: a client is challenged before it shows which of the two it has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviousEntry {
    plain: PreviousPlainEntry,
    scram_sha_256: PreviousScramEntry,
    scram_sha_512: PreviousScramEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviousPlainEntry {
    hmac_sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviousScramEntry {
    stored_key: String,
    server_key: String,
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
    /// The name, and what was made of the rest.
    pub(crate) fn check(self) -> Result<(String, Credential), &'static str> {
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
        let secret = Secret {
            plain: self.plain.check()?,
            scram_sha_256: self.scram_sha_256.check(ScramHash::Sha256)?,
            scram_sha_512: self.scram_sha_512.check(ScramHash::Sha512)?,
        };
        let previous = self.previous.map(|entry| entry.check(&secret)).transpose()?;
        let bounds = self.bounds.map(Arc::new);
        Ok((self.username, Credential { principal: self.principal, bounds, secret, previous }))
    }
}

impl PreviousEntry {
    fn check(&self, secret: &Secret) -> Result<Secret, &'static str> {
        let (sha_256, sha_512) = (ScramHash::Sha256, ScramHash::Sha512);
        Ok(Secret {
            plain: self.plain.check(&secret.plain)?,
            scram_sha_256: self.scram_sha_256.check(&secret.scram_sha_256, sha_256)?,
            scram_sha_512: self.scram_sha_512.check(&secret.scram_sha_512, sha_512)?,
        })
    }
}

impl PreviousPlainEntry {
    fn check(&self, current: &PlainVerifier) -> Result<PlainVerifier, &'static str> {
        let hash = digest(&self.hmac_sha256, ScramHash::Sha256.digest_bytes())?;
        Ok(PlainVerifier::new(current.salt.clone(), hash))
    }
}

impl PreviousScramEntry {
    fn check(&self, current: &ScramVerifier, hash: ScramHash) -> Result<ScramVerifier, &'static str> {
        Ok(ScramVerifier {
            salt: current.salt.clone(),
            iterations: current.iterations,
            stored_key: digest(&self.stored_key, hash.digest_bytes())?,
            server_key: digest(&self.server_key, hash.digest_bytes())?,
        })
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

//! The token key file: a JWKS (RFC 7517) of the control plane's public keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use thiserror::Error;

use crate::limits::{TOKEN_KEY_ID_BYTES_MAX, TOKEN_KEYS_FILE_BYTES_MAX, TOKEN_KEYS_MAX};

const COORDINATE_BYTES: usize = 32;
/// First byte of an uncompressed elliptic curve point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Why a token key file is not taken.
#[derive(Debug, Error)]
pub enum TokenKeysError {
    /// More bytes than any honest file.
    #[error("token key file has {0} bytes, at most {TOKEN_KEYS_FILE_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Not JSON, or not of this shape.
    #[error("token key file is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// More keys than a rotation needs.
    #[error("token key file has {0} keys, at most {TOKEN_KEYS_MAX} are allowed")]
    TooMany(usize),
    /// A key that can not be used.
    #[error("token key {index}: {problem}")]
    Key {
        /// Place in the file, from 0 on.
        index: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

/// Public keys by their id.
#[derive(Clone, Debug)]
pub(crate) struct TokenKeys(BTreeMap<String, Vec<u8>>);

impl TokenKeys {
    pub(crate) fn parse(file: &[u8]) -> Result<Self, TokenKeysError> {
        if file.len() > TOKEN_KEYS_FILE_BYTES_MAX {
            return Err(TokenKeysError::TooLong(file.len()));
        }
        let parsed: KeyFile = serde_json::from_slice(file)?;
        if parsed.keys.len() > TOKEN_KEYS_MAX {
            return Err(TokenKeysError::TooMany(parsed.keys.len()));
        }
        let mut points = BTreeMap::new();
        for (index, entry) in parsed.keys.into_iter().enumerate() {
            let refuse = |problem| TokenKeysError::Key { index, problem };
            let point = entry.point().map_err(refuse)?;
            if points.insert(entry.kid, point).is_some() {
                return Err(refuse("kid occurs twice"));
            }
        }
        Ok(Self(points))
    }

    pub(crate) fn get(&self, key_id: &str) -> Option<UnparsedPublicKey<&[u8]>> {
        self.0.get(key_id).map(|point| UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.as_slice()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    keys: Vec<KeyEntry>,
}

/// RFC 7517 tells readers to ignore members that they do not know.
#[derive(Deserialize)]
struct KeyEntry {
    kid: String,
    kty: String,
    crv: String,
    alg: String,
    #[serde(rename = "use")]
    usage: String,
    x: String,
    y: String,
    #[serde(rename = "d")]
    private: Option<serde::de::IgnoredAny>,
}

impl KeyEntry {
    fn point(&self) -> Result<Vec<u8>, &'static str> {
        if self.private.is_some() {
            return Err("holds a private key, which belongs to the control plane alone");
        }
        if self.kid.is_empty() || self.kid.len() > TOKEN_KEY_ID_BYTES_MAX {
            return Err("kid is empty or too long");
        }
        let kind = (self.kty.as_str(), self.crv.as_str(), self.alg.as_str(), self.usage.as_str());
        if kind != ("EC", "P-256", "ES256", "sig") {
            return Err("is not a P-256 key for ES256 signatures");
        }
        let mut point = vec![UNCOMPRESSED];
        point.extend(coordinate(&self.x)?);
        point.extend(coordinate(&self.y)?);
        Ok(point)
    }
}

fn coordinate(text: &str) -> Result<Vec<u8>, &'static str> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| "a coordinate is not base64url")?;
    if bytes.len() == COORDINATE_BYTES { Ok(bytes) } else { Err("a coordinate has the wrong length") }
}

//! The public keys of an organization's own issuer: JWKs (RFC 7517) as identity providers publish them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use thiserror::Error;

use crate::limits::{RSA_MODULUS_BYTES, TOKEN_KEY_ID_BYTES_MAX, TOKEN_KEYS_MAX};

/// First byte of an uncompressed elliptic curve point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;
/// Longest public exponent of an RSA key, in bytes.
const RSA_EXPONENT_BYTES_MAX: usize = 4;

/// Why the keys of an issuer are not taken.
#[derive(Debug, Error)]
pub enum IssuerKeysError {
    /// More keys than a rotation needs.
    #[error("there are {0} keys, at most {TOKEN_KEYS_MAX} are allowed")]
    TooMany(usize),
    /// Nothing that a token could be checked with.
    #[error("there is no key for signatures among them (RSA, P-256, P-384, Ed25519)")]
    None,
    /// A key that can not be used.
    #[error("key {index}: {problem}")]
    Key {
        /// Place among them, from 0 on.
        index: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

/// How a token is signed (RFC 7518, RFC 8037). Only algorithms with public keys: none, and no shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512
    #[serde(rename = "PS512")]
    Ps512,
    /// ECDSA with P-256 and SHA-256
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA with P-384 and SHA-384
    #[serde(rename = "ES384")]
    Es384,
    /// Ed25519
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// The keys that signatures are checked with; what is for something else was left out.
#[derive(Clone, Debug)]
pub(super) struct IssuerKeys(Vec<IssuerKey>);

#[derive(Clone, Debug)]
struct IssuerKey {
    id: Option<String>,
    /// The one algorithm that the key is for, where it says so.
    algorithm: Option<Algorithm>,
    public: PublicKey,
}

#[derive(Clone, Debug)]
enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// Why no key vouches for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyProblem {
    Unknown,
    Signature,
}

impl IssuerKeys {
    pub(super) fn parse(entries: Vec<Value>) -> Result<Self, IssuerKeysError> {
        if entries.len() > TOKEN_KEYS_MAX {
            return Err(IssuerKeysError::TooMany(entries.len()));
        }
        let (mut keys, mut unusable) = (Vec::new(), None);
        for (index, entry) in entries.into_iter().enumerate() {
            let refuse = |problem| IssuerKeysError::Key { index, problem };
            let entry: KeyEntry = serde_json::from_value(entry).map_err(|_| refuse("is no JWK"))?;
            if entry.d.is_some() || entry.k.is_some() {
                return Err(refuse("holds a secret, which belongs to the issuer alone"));
            }
            match entry.key() {
                Ok(key) => keys.extend(key),
                Err(problem) => unusable = unusable.or(Some(refuse(problem))),
            }
        }
        if keys.is_empty() { Err(unusable.unwrap_or(IssuerKeysError::None)) } else { Ok(Self(keys)) }
    }

    /// Whether one of the keys has made the signature. A token that names no key may be of any.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyProblem> {
        let is_meant = |key: &&IssuerKey| {
            let is_named = key_id.is_none() || key.id.as_deref() == key_id;
            is_named && key.algorithm.is_none_or(|one| one == algorithm) && key.public.is_for(algorithm)
        };
        let mut meant = self.0.iter().filter(is_meant).peekable();
        if meant.peek().is_none() {
            return Err(KeyProblem::Unknown);
        }
        let is_verified = meant.any(|key| key.public.verify(algorithm, signed, signature));
        if is_verified { Ok(()) } else { Err(KeyProblem::Signature) }
    }
}

impl Algorithm {
    /// The algorithm of this name; none for those that nobody may use.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name)).ok()
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Self::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
            Self::Es256 | Self::Es384 | Self::EdDsa => None,
        }
    }
}

impl PublicKey {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.rsa().is_some(),
            Self::P256(_) => algorithm == Algorithm::Es256,
            Self::P384(_) => algorithm == Algorithm::Es384,
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
        }
    }

    fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let by = |one: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(one, key).verify(signed, signature).is_ok()
        };
        match self {
            Self::Rsa { modulus, exponent } => algorithm.rsa().is_some_and(|parameters| {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, signed, signature).is_ok()
            }),
            Self::P256(point) => by(&ECDSA_P256_SHA256_FIXED, point),
            Self::P384(point) => by(&ECDSA_P384_SHA384_FIXED, point),
            Self::Ed25519(key) => by(&ED25519, key),
        }
    }
}

/// RFC 7517 section 5 tells readers to ignore members, kinds and sizes of keys that they do not know.
#[derive(Deserialize)]
struct KeyEntry {
    kid: Option<String>,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl KeyEntry {
    /// The key; none for one that is not for signatures that are known here.
    fn key(self) -> Result<Option<IssuerKey>, &'static str> {
        if self.kid.as_ref().is_some_and(|id| id.is_empty() || id.len() > TOKEN_KEY_ID_BYTES_MAX) {
            return Err("kid is empty or too long");
        }
        let algorithm = self.alg.as_deref().map(Algorithm::named);
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") || algorithm == Some(None) {
            return Ok(None);
        }
        let public = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => self.rsa()?,
            ("EC", Some("P-256")) => PublicKey::P256(self.point(32)?),
            ("EC", Some("P-384")) => PublicKey::P384(self.point(48)?),
            ("OKP", Some("Ed25519")) => PublicKey::Ed25519(bytes_of(self.x.as_deref(), 32)?),
            _ => return Ok(None),
        };
        Ok(Some(IssuerKey { id: self.kid, algorithm: algorithm.flatten(), public }))
    }

    fn rsa(&self) -> Result<PublicKey, &'static str> {
        let modulus = bytes(self.n.as_deref())?;
        if !RSA_MODULUS_BYTES.contains(&modulus.len()) {
            return Err("is an RSA key of less than 2048 or more than 4096 bits");
        }
        let exponent = bytes(self.e.as_deref())?;
        if exponent.is_empty() || exponent.len() > RSA_EXPONENT_BYTES_MAX {
            return Err("has an exponent that no RSA key needs");
        }
        Ok(PublicKey::Rsa { modulus, exponent })
    }

    fn point(&self, coordinate_bytes: usize) -> Result<Vec<u8>, &'static str> {
        let mut point = vec![UNCOMPRESSED];
        point.extend(bytes_of(self.x.as_deref(), coordinate_bytes)?);
        point.extend(bytes_of(self.y.as_deref(), coordinate_bytes)?);
        Ok(point)
    }
}

fn bytes(text: Option<&str>) -> Result<Vec<u8>, &'static str> {
    let text = text.ok_or("a part of the key is missing")?;
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| "a part of the key is not base64url")
}

fn bytes_of(text: Option<&str>, length: usize) -> Result<Vec<u8>, &'static str> {
    let bytes = bytes(text)?;
    if bytes.len() == length { Ok(bytes) } else { Err("a part of the key has the wrong length") }
}

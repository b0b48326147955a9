//! The hash functions that SCRAM is used with.

use ring::{digest, hmac};
use subtle::ConstantTimeEq as _;

/// Which hash function an exchange uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScramHash {
    Sha256,
    Sha512,
}

impl ScramHash {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }

    pub(crate) fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 => digest::SHA256_OUTPUT_LEN,
            Self::Sha512 => digest::SHA512_OUTPUT_LEN,
        }
    }

    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> hmac::Tag {
        let algorithm = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message)
    }

    /// Whether `proof` shows knowledge of the client key whose hash is `stored_key`: `H(proof XOR signature) == StoredKey`,
    /// compared in constant time.
    pub(crate) fn proves(self, proof: &[u8], stored_key: &[u8], auth_message: &[u8]) -> bool {
        let signature = self.hmac(stored_key, auth_message);
        if proof.len() != self.digest_bytes() {
            return false;
        }
        let client_key: Vec<u8> =
            proof.iter().zip(signature.as_ref()).map(|(left, right)| left ^ right).collect();
        self.digest(&client_key).as_ref().ct_eq(stored_key).into()
    }

    pub(crate) fn digest(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}

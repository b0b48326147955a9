//! What secrets are checked with; none of it tells the secret.

use std::fmt;

use ring::hmac;

use crate::decoy::ScramShape;
use crate::scram::ScramHash;

/// One secret of an API key, by every mechanism.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    pub(crate) plain: PlainVerifier,
    pub(crate) scram_sha_256: ScramVerifier,
    pub(crate) scram_sha_512: ScramVerifier,
}

impl Secret {
    pub(crate) fn scram(&self, hash: ScramHash) -> &ScramVerifier {
        match hash {
            ScramHash::Sha256 => &self.scram_sha_256,
            ScramHash::Sha512 => &self.scram_sha_512,
        }
    }

    pub(crate) fn mark(&self) -> SecretMark {
        SecretMark(self.plain.hmac_sha256.clone())
    }
}

/// Which of a key's secrets was shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretMark(Vec<u8>);

impl fmt::Debug for SecretMark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretMark(..)")
    }
}

/// Checks a PLAIN secret: HMAC-SHA256 under the credential's own salt.
#[derive(Clone)]
pub(crate) struct PlainVerifier {
    pub(crate) salt: Vec<u8>,
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
    pub(crate) fn shape(&self) -> ScramShape {
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

//! Made-up verifiers for user names that do not exist.
//!
//! An exchange for an unknown name takes the same steps as one for a known name and shows the same things on the wire: a
//! salt that stays the same for that name, and a refusal only at the end.

use std::{collections::BTreeSet, fmt};

use ring::hmac;

use crate::scram::ScramHash;
use crate::verifiers::{PlainVerifier, ScramVerifier};

/// Secret from which the salts of unknown names are derived; kept across restarts, or salts that change would give unknown
/// names away.
#[derive(Clone)]
pub struct DecoyKey([u8; 32]);

impl DecoyKey {
    /// A key from 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for DecoyKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DecoyKey(..)")
    }
}

/// How real credentials look, so that decoys look the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ScramShape {
    pub(crate) salt_bytes: usize,
    pub(crate) iterations: u32,
}

impl Default for ScramShape {
    fn default() -> Self {
        Self { salt_bytes: 32, iterations: 8192 }
    }
}

/// Makes decoys.
#[derive(Clone)]
pub(crate) struct Decoys {
    key: DecoyKey,
    /// How what there is looks; each unknown name looks like one of them.
    sha256: Vec<ScramShape>,
    sha512: Vec<ScramShape>,
}

impl fmt::Debug for Decoys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Decoys").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Decoys {
    pub(crate) fn new(key: DecoyKey) -> Self {
        Self { key, sha256: Vec::new(), sha512: Vec::new() }
    }

    /// Looks like these from now on.
    pub(crate) fn imitate(&mut self, sha256: BTreeSet<ScramShape>, sha512: BTreeSet<ScramShape>) {
        self.sha256 = sha256.into_iter().collect();
        self.sha512 = sha512.into_iter().collect();
    }

    pub(crate) fn plain(&self) -> PlainVerifier {
        PlainVerifier::new(
            self.derive("plain salt", "")[..16].to_vec(),
            self.derive("plain hmac", "")[..32].to_vec(),
        )
    }

    pub(crate) fn scram(&self, hash: ScramHash, username: &str) -> ScramVerifier {
        let (shapes, digest_bytes) = match hash {
            ScramHash::Sha256 => (&self.sha256, 32),
            ScramHash::Sha512 => (&self.sha512, 64),
        };
        let shape = self.choose(shapes, username);
        ScramVerifier {
            salt: self.derive(hash.name(), username)[..shape.salt_bytes].to_vec(),
            iterations: shape.iterations,
            stored_key: self.derive("stored key", username)[..digest_bytes].to_vec(),
            server_key: self.derive("server key", username)[..digest_bytes].to_vec(),
        }
    }

    /// One of the shapes, always the same for a name.
    fn choose(&self, shapes: &[ScramShape], username: &str) -> ScramShape {
        let drawn = self
            .derive("shape", username)
            .iter()
            .take(4)
            .fold(0, |number, byte| number << 8 | usize::from(*byte));
        shapes.get(drawn % shapes.len().max(1)).copied().unwrap_or_default()
    }

    /// 64 bytes that depend on the key, the purpose and the name; as many as the longest salt or digest needs.
    fn derive(&self, purpose: &str, username: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, &self.key.0));
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(username.as_bytes());
        context.sign().as_ref().to_vec()
    }
}

//! The credentials file: what the broker knows of each API key.

use std::collections::BTreeMap;
use std::sync::Arc;

use ring::hmac;
use thiserror::Error;

use crate::bounds::Bounds;
use crate::credentials_file::CredentialsFile;
use crate::decoy::{DecoyKey, Decoys};
use crate::limits::{ALLOWED_NETWORKS_MAX, CREDENTIALS_FILE_BYTES_MAX, CREDENTIALS_MAX};
use crate::oauth::IssuerVerifier;
use crate::openness::Openness;
use crate::outcome::Authenticated;
use crate::scram::ScramHash;
use crate::users::{ISSUED_PREFIX, ScramUsers};
use crate::verifiers::{ScramVerifier, Secret, SecretMark};

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
            let keys = self.by_username.values().map(|key| key.secret.scram(hash));
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
            let is_known = match self.by_username.get(id) {
                Some(key) => key.upholds(authenticated.secret.as_ref()),
                None => self.users.contains(id),
            };
            is_known && self.bounds_of(id) == authenticated.bounds
        })
    }

    /// Whom a PLAIN secret makes the client: nobody where it is wrong, an error for an unknown name. Each takes the same work.
    pub(crate) fn plain(&self, username: &str, secret: &[u8]) -> Result<Option<Authenticated>, UnknownName> {
        let decoy = self.decoys.plain();
        let key = self.by_username.get(username);
        let (current, previous) = (key.map(|key| &key.secret), key.and_then(|key| key.previous.as_ref()));
        let [by_current, by_previous] = [current, previous]
            .map(|known| known.map_or(&decoy, |known| &known.plain).accepts(secret).then_some(known));
        let shown = by_current.or(by_previous).flatten();
        let key = key.ok_or(UnknownName)?;
        Ok(shown.map(|secret| key.identity(username, Some(secret))))
    }

    /// The salt and iterations of a name: those of a decoy for an unknown one.
    pub(crate) fn challenge(&self, hash: ScramHash, username: &str) -> (Vec<u8>, u32) {
        let decoy = self.decoys.scram(hash, username);
        let verifier = match self.by_username.get(username) {
            Some(key) => key.secret.scram(hash),
            // A key's name is never a user's: keys are not shadowed, whatever a file says.
            None => self.users.verifier(username, hash).unwrap_or(&decoy),
        };
        (verifier.salt.clone(), verifier.iterations)
    }

    /// Whom a SCRAM proof makes the client, with the signature by which the server proves itself: nobody where it is wrong, an error for
    /// an unknown name. Each takes the same work.
    pub(crate) fn proved(
        &self,
        hash: ScramHash,
        username: &str,
        proof: &[u8],
        auth_message: &[u8],
    ) -> Result<Option<Proved>, UnknownName> {
        let decoy = self.decoys.scram(hash, username);
        let key = self.by_username.get(username);
        let (current, previous) = (key.map(|key| &key.secret), key.and_then(|key| key.previous.as_ref()));
        let user = if key.is_none() { self.users.verifier(username, hash) } else { None };
        let [by_current, by_previous] = [(current, user), (previous, None)].map(|(known, user)| {
            let verifier = known.map(|known| known.scram(hash)).or(user).unwrap_or(&decoy);
            let is_proved = hash.proves(proof, &verifier.stored_key, auth_message);
            let signature = hash.hmac(&verifier.server_key, auth_message);
            is_proved.then_some((signature, known))
        });
        if key.is_none() && user.is_none() {
            return Err(UnknownName);
        }
        Ok(by_current.or(by_previous).map(|(signature, shown)| {
            let authenticated =
                key.map_or_else(|| user_identity(username), |key| key.identity(username, shown));
            Proved { signature, authenticated }
        }))
    }
}

/// Nobody has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownName;

/// What a good proof comes to.
pub(crate) struct Proved {
    pub(crate) signature: hmac::Tag,
    pub(crate) authenticated: Authenticated,
}

fn user_identity(name: &str) -> Authenticated {
    Authenticated {
        principal: format!("User:{name}"),
        credential_id: Some(name.to_owned()),
        secret: None,
        bounds: None,
        expires_at_ms: None,
    }
}

/// One checked credential.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) principal: String,
    pub(crate) bounds: Option<Arc<Bounds>>,
    pub(crate) secret: Secret,
    /// The secret before, while that still works.
    pub(crate) previous: Option<Secret>,
}

impl Credential {
    /// Whether what an identity has shown still works. A token has shown no secret: it hangs on the key alone.
    fn upholds(&self, mark: Option<&SecretMark>) -> bool {
        let mut secrets = [Some(&self.secret), self.previous.as_ref()].into_iter().flatten();
        mark.is_none_or(|mark| secrets.any(|secret| secret.mark() == *mark))
    }

    fn identity(&self, username: &str, secret: Option<&Secret>) -> Authenticated {
        Authenticated {
            principal: self.principal.clone(),
            credential_id: Some(username.to_owned()),
            secret: secret.map(Secret::mark),
            bounds: self.bounds.clone(),
            expires_at_ms: None,
        }
    }
}

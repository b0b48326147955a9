//! Credentials and token keys in force, and how they are read again.

use std::{
    cell::{Ref, RefCell},
    io,
    net::IpAddr,
    path::Path,
    sync::Arc,
};

use headrace_io::{Clock, Disk, Rng};
use headrace_security::{
    Access, Authenticated, Credentials, CredentialsError, DecoyKey, Mechanism, ScramUsers, ServerNonce,
    TokenKeysError, TokenVerifier, Tokens, Verifiers, limits,
};
use thiserror::Error;

use crate::{
    config::{Config, Logins},
    files,
    users::{self, UsersError},
};

/// Holds what decoy salts are derived from; see [`DecoyKey`].
const DECOY_KEY_FILE: &str = "decoy.key";
const DECOY_KEY_BYTES: usize = 32;

/// Why credentials or token keys are not taken.
#[derive(Debug, Error)]
pub(crate) enum SecurityError {
    #[error("{file}: {source}")]
    Read { file: String, source: io::Error },
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Users(#[from] UsersError),
    #[error(transparent)]
    TokenKeys(#[from] TokenKeysError),
}

/// What logins are judged by.
pub(crate) struct Security {
    decoy_key: DecoyKey,
    disk: Arc<dyn Disk>,
    in_force: RefCell<InForce>,
    session_ms_max: Option<i64>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

struct InForce {
    credentials: Credentials,
    tokens: Option<TokenVerifier>,
}

impl InForce {
    /// Whose tokens are good on a listener: the control plane's, or the organization's own issuer's, never both.
    fn tokens(&self, logins: Logins) -> Option<&dyn Tokens> {
        match logins {
            Logins::Cluster => self.tokens.as_ref().map(|tokens| tokens as &dyn Tokens),
            Logins::Issuer => self.credentials.issuer().map(|issuer| issuer as &dyn Tokens),
        }
    }
}

impl Security {
    /// Reads the files that the configuration names.
    pub(crate) fn load(
        config: &Config,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, SecurityError> {
        let decoy_key = decoy_key(rng.as_ref())?;
        let in_force = RefCell::new(read(config, &decoy_key, users::read(&*disk)?)?);
        let session_ms_max = config.limits.session_seconds_max.map(|seconds| i64::from(seconds) * 1000);
        Ok(Self { decoy_key, disk, in_force, session_ms_max, clock, rng })
    }

    /// Reads the files again; what was in force stays in force when they are not good.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), SecurityError> {
        let users = self.in_force.borrow().credentials.users().clone();
        let fresh = read(config, &self.decoy_key, users)?;
        *self.in_force.borrow_mut() = fresh;
        Ok(())
    }

    /// The SCRAM users, for a moment.
    pub(crate) fn with_users<T>(&self, act: impl FnOnce(&ScramUsers) -> T) -> T {
        act(self.in_force.borrow().credentials.users())
    }

    /// Changes the SCRAM users: durably first, then for every login that follows.
    pub(crate) fn change_users(&self, next: ScramUsers) -> Result<(), UsersError> {
        users::write(&*self.disk, &next)?;
        tracing::info!(users = next.len(), "SCRAM users changed");
        let mut in_force = self.in_force.borrow_mut();
        in_force.credentials = in_force.credentials.clone().with_users(next);
        Ok(())
    }

    /// The generation of the credentials in force.
    pub(crate) fn generation(&self) -> u64 {
        self.in_force.borrow().credentials.generation()
    }

    /// How far the cluster is open.
    pub(crate) fn access(&self) -> Access {
        self.in_force.borrow().credentials.openness().access()
    }

    /// Whether clients may come from this address.
    pub(crate) fn allows_network(&self, address: IpAddr) -> bool {
        self.in_force.borrow().credentials.openness().allows(address)
    }

    /// The mechanisms that can be offered.
    pub(crate) fn mechanisms(&self, logins: Logins) -> Vec<Mechanism> {
        if logins == Logins::Issuer {
            return vec![Mechanism::OauthBearer];
        }
        let tokens = self.in_force.borrow().tokens.is_some();
        Mechanism::ALL
            .into_iter()
            .filter(|mechanism| tokens || *mechanism != Mechanism::OauthBearer)
            .collect()
    }

    /// Whether an identity is still good.
    pub(crate) fn uphold(&self, authenticated: &Authenticated) -> bool {
        self.in_force.borrow().credentials.uphold(authenticated)
    }

    /// Runs a step of an exchange against what is in force now.
    pub(crate) fn verify<T>(&self, logins: Logins, step: impl FnOnce(Verifiers<'_>) -> T) -> T {
        let in_force: Ref<'_, InForce> = self.in_force.borrow();
        step(Verifiers {
            credentials: &in_force.credentials,
            tokens: in_force.tokens(logins),
            now_ms: self.clock.wall_ms(),
            session_ms_max: self.session_ms_max,
        })
    }

    /// A nonce for a new exchange.
    pub(crate) fn nonce(&self) -> ServerNonce {
        let mut bytes = [0; 24];
        self.rng.fill(&mut bytes);
        ServerNonce::from_random(bytes)
    }
}

fn read(config: &Config, decoy_key: &DecoyKey, users: ScramUsers) -> Result<InForce, SecurityError> {
    let credentials = match &config.credentials_file {
        Some(path) => {
            Credentials::parse(&read_file(path, limits::CREDENTIALS_FILE_BYTES_MAX)?, decoy_key.clone())?
        }
        None => Credentials::empty(decoy_key.clone()),
    };
    let tokens = match &config.tokens {
        Some(tokens) => Some(TokenVerifier::parse(
            &read_file(&tokens.jwks_file, limits::TOKEN_KEYS_FILE_BYTES_MAX)?,
            &tokens.issuer,
            &config.cluster_id,
            tokens.clock_skew_seconds,
        )?),
        None => None,
    };
    Ok(InForce { credentials: credentials.with_users(users), tokens })
}

fn read_file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, SecurityError> {
    let file = || path.display().to_string();
    files::read(path, bytes_max as u64).map_err(|source| SecurityError::Read { file: file(), source })
}

/// Salts of unknown names must not change with a restart, or they would be told from those of known names.
fn decoy_key(rng: &dyn Rng) -> Result<DecoyKey, SecurityError> {
    let path = Path::new(DECOY_KEY_FILE);
    let failed = |source| SecurityError::Read { file: DECOY_KEY_FILE.to_owned(), source };
    let kept = files::read(path, DECOY_KEY_BYTES as u64).ok().and_then(|bytes| bytes.try_into().ok());
    if let Some(key) = kept {
        return Ok(DecoyKey::new(key));
    }
    let mut key = [0; DECOY_KEY_BYTES];
    rng.fill(&mut key);
    files::write_secret(path, &key).map_err(failed)?;
    Ok(DecoyKey::new(key))
}

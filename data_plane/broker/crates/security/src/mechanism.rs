//! The mechanisms by their names.

use std::fmt;

use crate::credentials::Credentials;
use crate::oauth::{self, TokenRefusal};
use crate::outcome::{Authenticated, Step};
use crate::plain;
use crate::scram::{self, ScramHash, ServerNonce};

/// A SASL mechanism of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// RFC 7677.
    ScramSha256,
    /// RFC 5802 with SHA-512, as Apache Kafka names it.
    ScramSha512,
    /// RFC 7628.
    OauthBearer,
}

impl Mechanism {
    /// Every mechanism, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Plain, Self::ScramSha256, Self::ScramSha512, Self::OauthBearer];

    /// The registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        }
    }

    /// The mechanism of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name() == name)
    }
}

/// Whose tokens are good.
pub trait Tokens: fmt::Debug {
    /// Whom a token speaks for at `now_ms` (milliseconds since the epoch).
    fn verify(
        &self,
        token: &str,
        credentials: &Credentials,
        now_ms: i64,
    ) -> Result<Authenticated, TokenRefusal>;
}

/// What a step is judged by, as it is at that moment.
#[derive(Clone, Copy, Debug)]
pub struct Verifiers<'a> {
    /// The credentials in force.
    pub credentials: &'a Credentials,
    /// Whose tokens are good here; none where tokens are not configured.
    pub tokens: Option<&'a dyn Tokens>,
    /// Wall-clock time, in milliseconds since the epoch.
    pub now_ms: i64,
    /// How long an identity may last before it has to be proved again (KIP-368); none for as long as its credential.
    pub session_ms_max: Option<i64>,
}

/// The server side of one exchange.
#[derive(Debug)]
pub(crate) enum Exchange {
    Plain,
    Scram(scram::Exchange),
    OauthBearer(oauth::Exchange),
}

impl Exchange {
    pub(crate) fn new(mechanism: Mechanism, nonce: ServerNonce) -> Self {
        match mechanism {
            Mechanism::Plain => Self::Plain,
            Mechanism::ScramSha256 => Self::Scram(scram::Exchange::new(ScramHash::Sha256, nonce)),
            Mechanism::ScramSha512 => Self::Scram(scram::Exchange::new(ScramHash::Sha512, nonce)),
            Mechanism::OauthBearer => Self::OauthBearer(oauth::Exchange::new()),
        }
    }

    pub(crate) fn step(&mut self, token: &[u8], verifiers: Verifiers<'_>) -> Step {
        match self {
            Self::Plain => plain::step(token, verifiers.credentials),
            Self::Scram(exchange) => exchange.step(token, verifiers.credentials),
            Self::OauthBearer(exchange) => exchange.step(token, verifiers),
        }
    }
}

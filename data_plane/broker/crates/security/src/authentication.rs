//! How far a connection has come: handshake, tokens, identity, and identity again (KIP-368).

use thiserror::Error;

use crate::mechanism::{Exchange, Mechanism, Verifiers};
use crate::outcome::{Authenticated, Refusal, RefusalReason, Step};
use crate::scram::ServerNonce;

/// How the tokens of an exchange travel: after `SaslHandshake` version 0 they are bare frames, from version 1 on they are
/// `SaslAuthenticate` requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFraming {
    /// Each token is a frame of its own, without a header.
    Bare,
    /// Each token is in a `SaslAuthenticate` request.
    Request,
}

/// The kinds of request that a connection's state tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `ApiVersions`
    ApiVersions,
    /// `SaslHandshake`
    Handshake,
    /// `SaslAuthenticate`
    Authenticate,
    /// Every other request.
    Other,
}

/// Why a handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// Answer `UNSUPPORTED_SASL_MECHANISM` with the list of mechanisms; the connection ends.
    #[error("unsupported mechanism")]
    UnsupportedMechanism,
    /// Answer `ILLEGAL_SASL_STATE`; the connection ends.
    #[error("a handshake is not possible now")]
    IllegalState,
}

/// The authentication state of one connection.
#[derive(Debug)]
pub struct Authentication {
    mechanisms: Vec<Mechanism>,
    exchange: Option<(TokenFraming, Exchange)>,
    identity: Option<Authenticated>,
    refused: bool,
}

impl Authentication {
    /// A fresh connection that may use these mechanisms.
    #[must_use]
    pub fn new(mechanisms: Vec<Mechanism>) -> Self {
        Self { mechanisms, exchange: None, identity: None, refused: false }
    }

    /// The mechanisms that `SaslHandshake` lists.
    #[must_use]
    pub fn mechanisms(&self) -> &[Mechanism] {
        &self.mechanisms
    }

    /// Who the connection speaks for; while it re-authenticates, still who it was.
    #[must_use]
    pub fn identity(&self) -> Option<&Authenticated> {
        self.identity.as_ref()
    }

    /// Whether the next frame is a bare token rather than a request.
    #[must_use]
    pub fn expects_bare_token(&self) -> bool {
        matches!(self.exchange, Some((TokenFraming::Bare, _)))
    }

    /// Whether a request may be served at `now_ms`; if not, the connection is closed.
    #[must_use]
    pub fn permits(&self, operation: Operation, now_ms: i64) -> bool {
        if self.refused || self.expects_bare_token() {
            return false;
        }
        match operation {
            Operation::ApiVersions | Operation::Handshake | Operation::Authenticate => true,
            Operation::Other => self.identity.as_ref().is_some_and(|identity| !identity.expired(now_ms)),
        }
    }

    /// Takes whom the channel itself has proved the client to be: a certificate does so before the first request.
    pub fn identify(&mut self, authenticated: Authenticated) {
        self.identity = Some(authenticated);
    }

    /// Starts an exchange, or a re-authentication when the connection has an identity.
    pub fn handshake(
        &mut self,
        mechanism: &str,
        framing: TokenFraming,
        nonce: ServerNonce,
    ) -> Result<(), HandshakeError> {
        // Without mechanisms there is nothing to choose: such a listener knows its clients otherwise.
        if self.refused || self.exchange.is_some() || self.mechanisms.is_empty() {
            self.refused = true;
            return Err(HandshakeError::IllegalState);
        }
        let offered = Mechanism::named(mechanism).filter(|mechanism| self.mechanisms.contains(mechanism));
        let Some(mechanism) = offered else {
            self.refused = true;
            return Err(HandshakeError::UnsupportedMechanism);
        };
        self.exchange = Some((framing, Exchange::new(mechanism, nonce)));
        Ok(())
    }

    /// Takes the client's next token.
    pub fn authenticate(&mut self, token: &[u8], verifiers: Verifiers<'_>) -> Step {
        self.authenticate_if(token, verifiers, |_| Ok(()))
    }

    /// As [`Self::authenticate`]; who has proved who it is gets an identity only if `admit` has no reason against it.
    pub fn authenticate_if(
        &mut self,
        token: &[u8],
        verifiers: Verifiers<'_>,
        admit: impl Fn(&Authenticated) -> Result<(), RefusalReason>,
    ) -> Step {
        let Some((_, exchange)) = self.exchange.as_mut() else {
            return self.refuse(Refusal { username: None, reason: RefusalReason::UnexpectedToken });
        };
        let session_end_ms = verifiers.session_ms_max.map(|most| verifiers.now_ms.saturating_add(most));
        match exchange.step(token, verifiers) {
            challenge @ Step::Challenge(_) => challenge,
            Step::Authenticated { response, mut authenticated } => match admit(&authenticated) {
                Ok(()) => {
                    let ends = [authenticated.expires_at_ms, session_end_ms];
                    authenticated.expires_at_ms = ends.into_iter().flatten().min();
                    self.adopt(response, authenticated)
                }
                Err(reason) => self.refuse(Refusal { username: Some(authenticated.principal), reason }),
            },
            Step::Refused(refusal) => self.refuse(refusal),
        }
    }

    fn adopt(&mut self, response: Vec<u8>, authenticated: Authenticated) -> Step {
        if self.identity.as_ref().is_some_and(|before| before.principal != authenticated.principal) {
            let username = Some(authenticated.principal);
            return self.refuse(Refusal { username, reason: RefusalReason::PrincipalChanged });
        }
        self.exchange = None;
        self.identity = Some(authenticated.clone());
        Step::Authenticated { response, authenticated }
    }

    fn refuse(&mut self, refusal: Refusal) -> Step {
        self.exchange = None;
        self.refused = true;
        Step::Refused(refusal)
    }
}

//! What an authentication exchange comes to.

use std::sync::Arc;

use thiserror::Error;

use crate::bounds::Bounds;
use crate::oauth::TokenRefusal;
use crate::verifiers::SecretMark;

/// Who a connection speaks for, once it has proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The principal, as `User:<name>`.
    pub principal: String,
    /// The credential that this identity hangs on: when it is gone, so is the connection. None for a member or the control
    /// plane, whose tokens live for minutes only.
    pub credential_id: Option<String>,
    /// Which secret of that credential was shown: when it works no more, the connection ends too. None where none was, as by a token.
    pub secret: Option<SecretMark>,
    /// What the credential may do at most; none where only access rules say.
    pub bounds: Option<Arc<Bounds>>,
    /// When the identity ends, in milliseconds since the epoch; none when only a revocation ends it.
    pub expires_at_ms: Option<i64>,
}

impl Authenticated {
    /// The session lifetime that `SaslAuthenticate` answers from version 1 on (KIP-368): milliseconds left, 0 for no end.
    #[must_use]
    pub fn session_lifetime_ms(&self, now_ms: i64) -> i64 {
        // A lifetime of 0 would mean "for ever", so an identity at its very end still answers 1.
        self.expires_at_ms.map_or(0, |end| end.saturating_sub(now_ms).max(1))
    }

    /// Whether the identity has ended at `now_ms`.
    #[must_use]
    pub fn expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|end| now_ms >= end)
    }
}

/// What to do after a token from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send these bytes and wait for the client's next token.
    Challenge(Vec<u8>),
    /// Send these bytes: the client has proved who it is.
    Authenticated {
        /// The mechanism's last message; often empty.
        response: Vec<u8>,
        /// Who the client is.
        authenticated: Authenticated,
    },
    /// Answer `SASL_AUTHENTICATION_FAILED` after the customary delay, then close the connection.
    Refused(Refusal),
}

impl Step {
    pub(crate) fn refused(username: &str, reason: RefusalReason) -> Self {
        Self::Refused(Refusal { username: Some(username.to_owned()), reason })
    }

    pub(crate) fn malformed(reason: RefusalReason) -> Self {
        Self::Refused(Refusal { username: None, reason })
    }
}

/// A refusal, for the log: nothing of it goes to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The name that the client claimed, where it got so far.
    pub username: Option<String>,
    /// Why it was refused.
    pub reason: RefusalReason,
}

/// Why a client was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RefusalReason {
    /// The message is not one of the mechanism's grammar.
    #[error("malformed {0} message")]
    Malformed(&'static str),
    /// The message is longer than any honest one.
    #[error("token of {0} bytes is too long")]
    TooLong(usize),
    /// The client asks to act as somebody else.
    #[error("authorization id differs from the authenticated name")]
    AuthorizationId,
    /// No such user name.
    #[error("unknown user name")]
    UnknownUsername,
    /// The secret or the proof of it is wrong.
    #[error("wrong secret")]
    WrongSecret,
    /// The final SCRAM message does not carry the nonce of this exchange.
    #[error("nonce of another exchange")]
    Nonce,
    /// Channel binding was asked for, or does not match what the first message said.
    #[error("channel binding is not supported here or was changed")]
    ChannelBinding,
    /// The token was not accepted.
    #[error("token refused: {0}")]
    Token(TokenRefusal),
    /// A token came while none was expected.
    #[error("unexpected token")]
    UnexpectedToken,
    /// Super users come in by the internal listener alone.
    #[error("a super user on a listener of clients")]
    SuperUser,
    /// The cluster is suspended.
    #[error("the cluster is suspended")]
    Suspended,
    /// A connection re-authenticated as somebody else (KIP-368 forbids it).
    #[error("re-authentication as another principal")]
    PrincipalChanged,
}

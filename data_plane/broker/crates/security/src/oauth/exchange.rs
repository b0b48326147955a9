//! The server side of an OAUTHBEARER exchange.

use crate::mechanism::Verifiers;
use crate::oauth::message::ClientFirst;
use crate::oauth::token::TokenRefusal;
use crate::outcome::{Authenticated, Refusal, RefusalReason, Step};

/// RFC 7628 section 3.2.2; Apache Kafka's server says the same.
const ERROR_CHALLENGE: &[u8] = br#"{"status":"invalid_token"}"#;

#[derive(Debug)]
pub(crate) struct Exchange {
    state: State,
}

#[derive(Debug)]
enum State {
    AwaitFirst,
    /// The client was told; it acknowledges with one ^A and is then refused for this reason.
    AwaitAcknowledgement(RefusalReason),
    Ended,
}

impl Exchange {
    pub(crate) fn new() -> Self {
        Self { state: State::AwaitFirst }
    }

    pub(crate) fn step(&mut self, token: &[u8], verifiers: Verifiers<'_>) -> Step {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::AwaitFirst => self.first(token, verifiers),
            State::AwaitAcknowledgement(reason) => Step::Refused(Refusal { username: None, reason }),
            State::Ended => Step::malformed(RefusalReason::UnexpectedToken),
        }
    }

    fn first(&mut self, token: &[u8], verifiers: Verifiers<'_>) -> Step {
        let message = match ClientFirst::parse(token) {
            Ok(message) => message,
            Err(reason) => return Step::malformed(reason),
        };
        match judge(&message, verifiers) {
            Ok(authenticated) => Step::Authenticated { response: Vec::new(), authenticated },
            Err(reason) => {
                self.state = State::AwaitAcknowledgement(reason);
                Step::Challenge(ERROR_CHALLENGE.to_vec())
            }
        }
    }
}

fn judge(message: &ClientFirst<'_>, verifiers: Verifiers<'_>) -> Result<Authenticated, RefusalReason> {
    let tokens = verifiers.tokens.ok_or(RefusalReason::Token(TokenRefusal::NotConfigured))?;
    let authenticated = tokens
        .verify(message.token, verifiers.credentials, verifiers.now_ms)
        .map_err(RefusalReason::Token)?;
    let name = authenticated.principal.strip_prefix("User:");
    if message.authorization_id.is_none_or(|id| Some(id) == name) {
        Ok(authenticated)
    } else {
        Err(RefusalReason::AuthorizationId)
    }
}

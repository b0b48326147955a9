//! `SaslHandshake`: the choice of a mechanism.

use headrace_protocol::messages::{SaslHandshakeRequest, SaslHandshakeResponse};
use headrace_security::{HandshakeError, TokenFraming};
use headrace_types::ErrorCode;

use super::Context;
use crate::{close::Close, reply::Answer};

pub(super) async fn handle(
    context: &Context<'_>,
    request: SaslHandshakeRequest<'_>,
) -> Result<Answer<SaslHandshakeResponse<'static>>, Close> {
    let Some(authentication) = &context.connection.authentication else {
        let response =
            SaslHandshakeResponse { error_code: ErrorCode::IllegalSaslState.code(), mechanisms: Vec::new() };
        return Ok(response.into());
    };
    let framing = if context.version == 0 { TokenFraming::Bare } else { TokenFraming::Request };
    let mut state = authentication.borrow_mut();
    let outcome = state.handshake(&request.mechanism, framing, context.broker.security.nonce());
    let mechanisms = state.mechanisms().iter().map(|mechanism| mechanism.name().into()).collect();
    let respond = |error: ErrorCode| SaslHandshakeResponse { error_code: error.code(), mechanisms };
    Ok(match outcome {
        Ok(()) => Answer::Respond(respond(ErrorCode::None)),
        Err(HandshakeError::UnsupportedMechanism) => {
            Answer::RespondAndClose(respond(ErrorCode::UnsupportedSaslMechanism))
        }
        Err(HandshakeError::IllegalState) => Answer::RespondAndClose(respond(ErrorCode::IllegalSaslState)),
    })
}

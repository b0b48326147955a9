//! `SaslAuthenticate`, and the bare tokens that follow version 0 of `SaslHandshake`.

use bytes::Bytes;
use headrace_protocol::messages::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use headrace_security::{Access, Authenticated, Refusal, RefusalReason, Step, acls::SUPER_USER};
use headrace_types::ErrorCode;

use super::Context;
use crate::{
    broker::Broker,
    close::Close,
    connections::Connection,
    limits::LOGIN_REFUSAL_DELAY,
    reply::{Answer, Reply},
};

/// Says nothing about which part of the login was wrong.
const REFUSED: &str = "Authentication failed: invalid credentials";
/// Told to nobody but who has proved that the cluster is its own.
const SUSPENDED: &str = "the cluster is suspended: whoever keeps it can tell why";

pub(super) async fn handle<'a>(
    context: &Context<'_>,
    request: SaslAuthenticateRequest<'a>,
) -> Result<Answer<SaslAuthenticateResponse<'a>>, Close> {
    if context.connection.authentication.is_none() {
        return Ok(SaslAuthenticateResponse {
            error_code: ErrorCode::IllegalSaslState.code(),
            error_message: Some("this listener has no logins".into()),
            ..Default::default()
        }
        .into());
    }
    let now_ms = context.broker.clock.wall_ms();
    Ok(match step(context.broker, context.connection, &request.auth_bytes) {
        Step::Challenge(challenge) => {
            SaslAuthenticateResponse { auth_bytes: challenge.into(), ..Default::default() }.into()
        }
        Step::Authenticated { response, authenticated } => SaslAuthenticateResponse {
            auth_bytes: response.into(),
            session_lifetime_ms: authenticated.session_lifetime_ms(now_ms),
            ..Default::default()
        }
        .into(),
        Step::Refused(refusal) => {
            refused(context.broker, context.connection, &refusal).await;
            let message = if refusal.reason == RefusalReason::Suspended { SUSPENDED } else { REFUSED };
            Answer::RespondAndClose(SaslAuthenticateResponse {
                error_code: ErrorCode::SaslAuthenticationFailed.code(),
                error_message: Some(message.into()),
                ..Default::default()
            })
        }
    })
}

/// A token that is a frame of its own; so is the answer.
pub(crate) async fn bare_token(
    broker: &Broker,
    connection: &Connection,
    token: &[u8],
) -> Result<Reply, Close> {
    match step(broker, connection, token) {
        Step::Challenge(answer) | Step::Authenticated { response: answer, .. } => {
            let length = (answer.len() as i32).to_be_bytes();
            Ok(Reply { segments: vec![Bytes::copy_from_slice(&length), answer.into()], ..Reply::default() })
        }
        Step::Refused(refusal) => {
            refused(broker, connection, &refusal).await;
            Err(Close::LoginRefused)
        }
    }
}

fn step(broker: &Broker, connection: &Connection, token: &[u8]) -> Step {
    match &connection.authentication {
        Some(state) => {
            let admit = |authenticated: &Authenticated| admit(broker, connection, authenticated);
            let step = broker.security.verify(connection.listener.logins, |verifiers| {
                state.borrow_mut().authenticate_if(token, verifiers, admit)
            });
            if let Step::Authenticated { authenticated, .. } = &step {
                tracing::debug!(connection = connection.id, principal = authenticated.principal, "logged in");
                broker.connections.logged_in(connection);
                forget_failures(broker, connection, authenticated);
            }
            step
        }
        None => Step::Refused(Refusal { username: None, reason: RefusalReason::UnexpectedToken }),
    }
}

/// Whether somebody who has proved who it is may come in here, now.
fn admit(
    broker: &Broker,
    connection: &Connection,
    authenticated: &Authenticated,
) -> Result<(), RefusalReason> {
    let is_super_user = authenticated.principal == SUPER_USER;
    let has_internal = broker.config.listeners.iter().any(|listener| listener.internal);
    if is_super_user && has_internal && !connection.listener.internal {
        return Err(RefusalReason::SuperUser);
    }
    if broker.security.access() == Access::Suspended && !is_super_user {
        return Err(RefusalReason::Suspended);
    }
    Ok(())
}

/// Whoever has mistyped a secret and then got it right begins anew.
fn forget_failures(broker: &Broker, connection: &Connection, authenticated: &Authenticated) {
    if let Some(name) = authenticated.credential_id.as_deref().filter(|_| !connection.listener.internal) {
        broker.failed_logins.succeed(connection.peer.ip(), name, broker.clock.mono());
    }
}

/// Tells the log, and lets the client wait for its answer.
async fn refused(broker: &Broker, connection: &Connection, refusal: &Refusal) {
    tracing::warn!(
        connection = connection.id,
        peer = %connection.peer,
        username = refusal.username,
        reason = %refusal.reason,
        "login refused"
    );
    // Nobody guesses who is told that the cluster is suspended, and nobody but the control plane reaches its own listener.
    let is_guess = refusal.reason != RefusalReason::Suspended && !connection.listener.internal;
    let delay = if is_guess {
        let now = broker.clock.mono();
        broker.failed_logins.refuse(connection.peer.ip(), refusal.username.as_deref(), now)
    } else {
        LOGIN_REFUSAL_DELAY
    };
    tokio::time::sleep(delay).await;
}

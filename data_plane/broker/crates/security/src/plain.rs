//! SASL PLAIN (RFC 4616): one message with the secret in it, so it belongs inside TLS.

use crate::credentials::{Credentials, UnknownName};
use crate::limits::SASL_MESSAGE_BYTES_MAX;
use crate::outcome::{RefusalReason, Step};

/// Judges the only message of the mechanism: `[authzid] NUL authcid NUL passwd`.
pub(crate) fn step(token: &[u8], credentials: &Credentials) -> Step {
    if token.len() > SASL_MESSAGE_BYTES_MAX {
        return Step::malformed(RefusalReason::TooLong(token.len()));
    }
    let Some(message) = PlainMessage::parse(token) else {
        return Step::malformed(RefusalReason::Malformed("PLAIN"));
    };
    let refuse = |reason| Step::refused(message.username, reason);
    match credentials.plain(message.username, message.secret.as_bytes()) {
        Err(UnknownName) => refuse(RefusalReason::UnknownUsername),
        Ok(None) => refuse(RefusalReason::WrongSecret),
        Ok(Some(_)) if !message.acts_as_itself() => refuse(RefusalReason::AuthorizationId),
        Ok(Some(authenticated)) => Step::Authenticated { response: Vec::new(), authenticated },
    }
}

struct PlainMessage<'a> {
    authorization_id: &'a str,
    username: &'a str,
    secret: &'a str,
}

impl<'a> PlainMessage<'a> {
    fn parse(token: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(token).ok()?;
        let mut parts = text.split('\0');
        let message =
            Self { authorization_id: parts.next()?, username: parts.next()?, secret: parts.next()? };
        let complete = parts.next().is_none() && !message.username.is_empty() && !message.secret.is_empty();
        complete.then_some(message)
    }

    fn acts_as_itself(&self) -> bool {
        self.authorization_id.is_empty() || self.authorization_id == self.username
    }
}

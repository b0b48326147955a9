//! SASL/OAUTHBEARER (RFC 7628) with the control plane's own short-lived tokens, verified offline.

mod exchange;
mod keys;
mod message;
mod token;

pub(crate) use exchange::Exchange;
pub use keys::TokenKeysError;
pub use token::{TokenRefusal, TokenVerifier};

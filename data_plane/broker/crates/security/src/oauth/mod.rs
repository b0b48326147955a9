//! SASL/OAUTHBEARER (RFC 7628) with the control plane's own short-lived tokens, or those of an organization's own issuer, verified
//! offline.

mod claims;
mod exchange;
mod issuer;
mod issuer_keys;
mod keys;
mod message;
mod token;

pub(crate) use exchange::Exchange;
pub use issuer::{IssuerError, IssuerVerifier};
pub use issuer_keys::IssuerKeysError;
pub use keys::TokenKeysError;
pub use token::{TokenRefusal, TokenVerifier};

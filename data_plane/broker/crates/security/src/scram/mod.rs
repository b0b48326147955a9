//! SCRAM (RFC 5802) with SHA-256 (RFC 7677) and SHA-512.

mod exchange;
mod hash;
mod message;

pub(crate) use exchange::Exchange;
pub use exchange::ServerNonce;
pub(crate) use hash::ScramHash;

//! Who is connecting, and what they may do: the broker's credentials, its SASL mechanisms and its access rules.
//!
//! Everything here decides and nothing here does: no I/O, no clock, no source of randomness. Bytes, the time and nonces are
//! passed in, and answers come back as values. A client is never told why it was refused; the reason is for the log.

pub mod acls;
mod authentication;
mod bounds;
mod certificates;
mod credentials;
mod credentials_file;
mod decoy;
pub mod limits;
mod mechanism;
mod networks;
mod oauth;
mod openness;
mod outcome;
mod plain;
mod scram;
mod users;
mod verifiers;

pub use authentication::{Authentication, HandshakeError, Operation, TokenFraming};
pub use bounds::Bounds;
pub use certificates::{CertificateRefusal, MappingError, PrincipalMapping, Subject, identify};
pub use credentials::{Credentials, CredentialsError};
pub use decoy::DecoyKey;
pub use mechanism::{Mechanism, Tokens, Verifiers};
pub use networks::Network;
pub use oauth::{IssuerError, IssuerKeysError, IssuerVerifier, TokenKeysError, TokenRefusal, TokenVerifier};
pub use openness::{Access, Openness};
pub use outcome::{Authenticated, Refusal, RefusalReason, Step};
pub use scram::ServerNonce;
pub use users::{ScramMechanism, ScramUsers, UserProblem, UsersFormatError, check_user_name};
pub use verifiers::SecretMark;

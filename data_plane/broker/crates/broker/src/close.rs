//! Why a connection ends.

use headrace_protocol::{DecodeError, EncodeError};
use headrace_security::CertificateRefusal;
use thiserror::Error;

/// A reason to close a connection without, or instead of, an answer. Each has a stable code for logs and metrics.
#[derive(Debug, Error)]
pub(crate) enum Close {
    #[error("the client closed the connection")]
    EndOfStream,
    #[error("a frame of {declared} bytes, where at most {allowed} are read")]
    FrameLength { declared: i64, allowed: usize },
    #[error("the bytes are not a request: {0}")]
    Malformed(#[from] DecodeError),
    #[error("API {key} version {version} is not advertised")]
    Unadvertised { key: i16, version: i16 },
    #[error("a request that is not allowed before the login, or after it has ended")]
    NotPermitted,
    #[error("the login was refused")]
    LoginRefused,
    #[error("the login took too long")]
    LoginTimeout,
    #[error("the TLS handshake failed: {0}")]
    Tls(std::io::Error),
    #[error("the certificate of the client: {0}")]
    Certificate(CertificateRefusal),
    #[error("the login has ended")]
    LoginEnded,
    #[error("the credential was revoked")]
    Revoked,
    #[error("the cluster is suspended")]
    Suspended,
    #[error("clients may no longer come from this address")]
    NetworkNotAllowed,
    #[error("too many clients had not logged in, most of them from this address")]
    LoginDisplaced,
    #[error("the connection was idle")]
    Idle,
    #[error("the client stopped in the middle of a frame")]
    Stalled,
    #[error("an error that acknowledgement level 0 can only signal by closing")]
    Unacknowledged,
    #[error("the answer can not be written: {0}")]
    Unencodable(#[from] EncodeError),
    #[error("the broker is stopping")]
    Stopping,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Close {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::EndOfStream => "end_of_stream",
            Self::FrameLength { .. } => "frame_length",
            Self::Malformed(_) => "request_malformed",
            Self::Unadvertised { .. } => "api_unadvertised",
            Self::NotPermitted => "request_not_permitted",
            Self::LoginRefused => "login_refused",
            Self::LoginTimeout => "login_timeout",
            Self::Tls(_) => "tls_handshake_failed",
            Self::Certificate(_) => "certificate_refused",
            Self::LoginEnded => "login_ended",
            Self::Revoked => "credential_revoked",
            Self::Suspended => "cluster_suspended",
            Self::NetworkNotAllowed => "network_not_allowed",
            Self::LoginDisplaced => "login_displaced",
            Self::Idle => "connection_idle",
            Self::Stalled => "frame_stalled",
            Self::Unacknowledged => "produce_unacknowledged",
            Self::Unencodable(_) => "response_unencodable",
            Self::Stopping => "broker_stopping",
            Self::Io(_) => "connection_lost",
        }
    }

    /// Whether it is the ordinary end of a connection.
    pub(crate) fn is_ordinary(&self) -> bool {
        matches!(self, Self::EndOfStream | Self::Idle | Self::Stopping | Self::Io(_))
    }
}

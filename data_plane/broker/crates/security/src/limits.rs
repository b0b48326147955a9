//! Limits of what is read from files and from clients that have not yet proved who they are.

/// Longest SASL token of any mechanism, in bytes; a frame before login is no longer than 16 KiB either.
pub const SASL_TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Longest SCRAM or PLAIN message, in bytes.
pub const SASL_MESSAGE_BYTES_MAX: usize = 2 * 1024;
/// Longest nonce that a SCRAM client may bring, in bytes.
pub const CLIENT_NONCE_BYTES_MAX: usize = 256;
/// Longest user name, in bytes.
pub const USERNAME_BYTES_MAX: usize = 255;

/// Longest credentials file, in bytes.
pub const CREDENTIALS_FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most credentials of one broker.
pub const CREDENTIALS_MAX: usize = 10_000;
/// Shortest and longest salt, in bytes.
pub const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
/// Fewest and most iterations of a SCRAM credential (Apache Kafka refuses fewer than 4096 as well).
pub const SCRAM_ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;

/// Fewest and most iterations of a SCRAM user, as Apache Kafka takes them.
pub const SCRAM_USER_ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=16_384;
/// Most SCRAM users of one cluster.
pub const SCRAM_USERS_MAX: usize = 1_000;

/// Most beginnings of names that an API key is bound to, of each kind.
pub const BOUNDS_MAX: usize = 50;
/// Longest beginning of a name that an API key is bound to, in bytes: as long as names of topics.
pub const BOUND_BYTES_MAX: usize = 249;

/// Most networks that the clients of a cluster may be confined to.
pub const ALLOWED_NETWORKS_MAX: usize = 100;

/// Longest token key file, in bytes.
pub const TOKEN_KEYS_FILE_BYTES_MAX: usize = 64 * 1024;
/// Most keys in a token key file.
pub const TOKEN_KEYS_MAX: usize = 32;
/// Longest key id in a token key file, in bytes.
pub const TOKEN_KEY_ID_BYTES_MAX: usize = 128;
/// Longest compact token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;
/// Longest time between a token's `iat` and its `exp`, in seconds.
pub const TOKEN_LIFETIME_SECONDS_MAX: i64 = 15 * 60;

/// Longest compact token of an organization's own issuer, in bytes; it fits a frame before login.
pub const ISSUER_TOKEN_BYTES_MAX: usize = 12 * 1024;
/// Longest time that is left to such a token, in seconds.
pub const ISSUER_TOKEN_LIFETIME_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Longest name of an issuer, or of an audience, in bytes.
pub const ISSUER_NAME_BYTES_MAX: usize = 500;
/// Longest name of the claim that names the principal, in bytes.
pub const PRINCIPAL_CLAIM_BYTES_MAX: usize = 100;
/// Longest name that such a claim gives, in bytes: its principal fits an access rule.
pub const SUBJECT_BYTES_MAX: usize = 240;
/// Most algorithms that an issuer may sign by.
pub const ISSUER_ALGORITHMS_MAX: usize = 9;
/// Most clock skew that is forgiven in tokens of an issuer, in seconds.
pub const CLOCK_SKEW_SECONDS_MAX: u32 = 300;
/// Shortest and longest modulus of an RSA key, in bytes: a longer one would cost the event loop more per login.
pub const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// Most access rules of one cluster.
pub const ACLS_MAX: usize = 4_000;
/// Longest resource name of an access rule, in bytes; names of topics are shorter still.
pub const ACL_NAME_BYTES_MAX: usize = 1_024;
/// Longest principal of an access rule, in bytes.
pub const ACL_PRINCIPAL_BYTES_MAX: usize = 256;

/// Longest text of rules that map certificates to principals, in bytes.
pub const MAPPING_RULES_BYTES_MAX: usize = 8 * 1024;
/// Most rules that map certificates to principals.
pub const MAPPING_RULES_MAX: usize = 50;
/// Largest compiled pattern of such a rule, in bytes.
pub const MAPPING_PATTERN_BYTES_MAX: usize = 256 * 1024;

//! Settings and limits of the coordinator.

/// Longest transactional id, in bytes.
pub(crate) const TRANSACTIONAL_ID_BYTES_MAX: usize = 1024;
/// How often transactional ids that nobody uses any more are looked for.
pub(crate) const SWEEP_INTERVAL_MS: u64 = 60 * 60 * 1000;
/// The last epoch that a producer may have: the one after it is left for fencing it.
pub(crate) const PRODUCER_EPOCH_MAX: i16 = i16::MAX - 1;

/// Settings and limits; the names are those of Apache Kafka's broker settings where there is one.
#[derive(Clone, Debug)]
pub struct TransactionConfig {
    /// `transaction.max.timeout.ms`: a producer that asks for more is refused.
    pub timeout_ms_max: i32,
    /// `transactional.id.expiration.ms`: how long an id is kept that nobody uses.
    pub id_expiration_ms: i64,
    /// Most transactional ids; a new one beyond it is `POLICY_VIOLATION`.
    pub ids_max: usize,
    /// Most partitions and groups of one transaction; more are `POLICY_VIOLATION`.
    pub places_max: usize,
}

impl Default for TransactionConfig {
    fn default() -> Self {
        Self {
            timeout_ms_max: 15 * 60 * 1000,
            id_expiration_ms: 7 * 24 * 60 * 60 * 1000,
            ids_max: 10_000,
            places_max: 10_000,
        }
    }
}

//! Limits of the process, in one place. Those an operator may set are defaults here and fields of the configuration.

use std::time::Duration;

use headrace_usage::WindowLength;

/// Longest configuration file, in bytes.
pub(crate) const CONFIG_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest certificate or private key file, in bytes.
pub(crate) const TLS_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Most authorities that sign clients' certificates.
pub(crate) const CLIENT_AUTHORITIES_MAX: usize = 20;
/// Longest description of an organization's own issuer of tokens that is checked, in bytes.
pub(crate) const ISSUER_BYTES_MAX: u64 = 256 * 1024;
/// Most listeners of one broker.
pub(crate) const LISTENERS_MAX: usize = 16;

/// Longest frame of a client that has not logged in, in bytes.
pub(crate) const UNAUTHENTICATED_FRAME_BYTES_MAX: usize = 16 * 1024;
/// Longest frame of a client that has logged in, in bytes, unless configured.
pub(crate) const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest frame that counts as small, in bytes.
pub(crate) const SMALL_REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Bytes of small requests that may be in memory at once, over all connections.
pub(crate) const SMALL_REQUESTS_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of other requests that may be in memory at once; at least four of the longest that can be configured.
pub(crate) const LARGE_REQUESTS_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Bytes of requests of one connection that may be in memory at once; the longest that can be configured.
pub(crate) const CONNECTION_REQUESTS_BYTES_MAX: usize = LARGE_REQUESTS_BYTES_MAX / 4;
/// Bytes that are read ahead of an encrypted connection at most: four records of TLS.
pub(crate) const READ_AHEAD_BYTES_MAX: usize = 64 * 1024;
/// Requests of one connection that may be unanswered at once; the next one is not read before one is answered.
pub(crate) const REQUESTS_IN_FLIGHT_MAX: usize = 32;

/// Connections at once, unless configured.
pub(crate) const CONNECTIONS_MAX: usize = 500;
/// Partitions of the broker, unless configured.
pub(crate) const PARTITIONS_MAX: usize = 1000;
/// Connections of the internal listener at once: clients' connections never keep the control plane out.
pub(crate) const INTERNAL_CONNECTIONS_MAX: usize = 256;
/// Of the connections that there may be, one in so many may be of clients that have not logged in.
pub(crate) const CONNECTIONS_PER_LOGIN: usize = 2;
/// Topics of the broker, unless configured.
pub(crate) const TOPICS_MAX: usize = 1000;
/// Consumer groups of the broker, unless configured.
pub(crate) const GROUPS_MAX: usize = 500;
/// Producers that the logs of the broker remember together, unless configured.
pub(crate) const PRODUCER_IDS_MAX: usize = 10_000;
/// A producer that was silent for less long is not forgotten to make room for another: it may still repeat a batch.
pub(crate) const PRODUCER_SAFE_MS: i64 = 60 * 60 * 1000;
/// How often the producers are counted anew; each look goes over all that every log remembers.
pub(crate) const PRODUCERS_LOOK_MS: i64 = 60 * 1000;
/// Partitions of a topic created without saying how many, unless configured.
pub(crate) const NUM_PARTITIONS: i32 = 1;
/// Descriptors of a partition: its active segment, its recovery point, and the closed segment that was read last.
pub(crate) const DESCRIPTORS_PER_PARTITION: usize = 3;
/// Descriptors of the process itself, its listeners, the admin endpoint and files that are opened for a moment; and refused
/// connections that are held, and those of the internal listener.
pub(crate) const DESCRIPTORS_RESERVED: usize = 96 + HELD_CONNECTIONS_MAX + INTERNAL_CONNECTIONS_MAX;

/// How long a client may take from connecting to being logged in, TLS handshake included.
pub(crate) const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may be silent between requests, in seconds, unless configured (Kafka: `connections.max.idle.ms`).
pub(crate) const IDLE_SECONDS: u32 = 600;
/// How long a frame or a response may make no progress at all.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a refused login is left waiting (Kafka: `connection.failed.authentication.delay.ms`).
pub(crate) const LOGIN_REFUSAL_DELAY: Duration = Duration::from_millis(100);
/// How long one is left waiting at most, after many of its address or name; the time for a login is longer.
pub(crate) const LOGIN_REFUSAL_DELAY_MAX: Duration = Duration::from_secs(5);
/// Refused logins of an address or a name that wait no longer than the first.
pub(crate) const FAILED_LOGINS_FORGIVEN: u32 = 5;
/// Time without a further one after which half of the refused logins of an address or a name are forgiven.
pub(crate) const FAILED_LOGINS_MEMORY: Duration = Duration::from_mins(5);
/// Addresses, names and pairs of them whose refused logins are counted apart; those that count least are forgotten first.
pub(crate) const FAILED_LOGINS_KEPT_MAX: usize = 4_096;
/// How long accepting pauses when the process is out of descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long answering what is in flight may take once the process is told to stop.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections to the admin endpoint at once.
pub(crate) const ADMIN_CONNECTIONS_MAX: usize = 16;
/// How long a client of the admin endpoint may take to send its request head.
pub(crate) const ADMIN_HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest body of a request to the admin endpoint, in bytes.
pub(crate) const ADMIN_BODY_BYTES_MAX: usize = 4096;
/// How long a client of the admin endpoint may take to send its request body.
pub(crate) const ADMIN_BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Clock skew that is forgiven in tokens, in seconds, unless configured.
pub(crate) const CLOCK_SKEW_SECONDS: u32 = 30;
/// How long requests that are already started may take once their connection is to end.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long handing the listening sockets over may take.
pub(crate) const HANDOVER_TIMEOUT: Duration = Duration::from_secs(2);
/// How often stopping looks whether connections are left.
pub(crate) const SHUTDOWN_POLL: Duration = Duration::from_millis(5);

/// Bytes of a coordinator's records that are written or read back at once; a larger record is a batch of its own.
pub(crate) const JOURNAL_BATCH_BYTES: usize = 1024 * 1024;
/// Segment size of a coordinator's log: what lies before a compaction goes by whole segments.
pub(crate) const JOURNAL_SEGMENT_BYTES: u64 = 1024 * 1024;
/// A coordinator's log, which a start reads whole, is not written anew before it has this size...
pub(crate) const JOURNAL_BYTES_BEFORE_COMPACTION: u64 = 4 * 1024 * 1024;
/// ...nor before it is this many times the size that it had after the last time.
pub(crate) const JOURNAL_GROWTH_BEFORE_COMPACTION: u64 = 4;
/// How often a coordinator's records that found the disk full are tried again.
pub(crate) const JOURNAL_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How often a marker is tried again that a partition can not take: the disk is full, or its files are damaged.
pub(crate) const MARKER_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long the end of a transaction waits for its markers before it is answered; it is decided already.
pub(crate) const MARKERS_WAIT_MAX: Duration = Duration::from_secs(5);
/// Longest pattern that `ListTransactions` is given, in bytes.
pub(crate) const TRANSACTIONAL_ID_PATTERN_BYTES_MAX: usize = 1024;
/// Most memory that such a pattern may take, in bytes.
pub(crate) const TRANSACTIONAL_ID_PATTERN_MEMORY_MAX: usize = 256 * 1024;

/// Bytes of fetched records that may be in memory at once, over all connections, until they are sent.
pub(crate) const FETCHED_IN_MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes of records in one answer to a fetch; a single larger batch comes all the same.
pub(crate) const FETCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What every fetch gets, however short memory is; it waits until there is this much.
pub(crate) const FETCH_BYTES_MIN: usize = 64 * 1024;
/// Reads that are remembered while their records are sent, for clients that ask for the same.
pub(crate) const SHARED_READS_MAX: usize = 16;
/// A read of fewer bytes is not worth remembering.
pub(crate) const SHARED_READ_BYTES_MIN: usize = 16 * 1024;
/// Reads for fetches that wait for the disk at once; further ones take turns.
pub(crate) const COLD_READS_MAX: usize = 4;
/// Bytes that are read ahead behind such a read while nobody waits for a sync.
pub(crate) const COLD_READ_AHEAD_BYTES: u64 = 8 * 1024 * 1024;
/// So long after a sync the next one is expected, and reads that wait for the disk give way to it.
pub(crate) const SYNCS_EXPECTED_FOR: Duration = Duration::from_secs(1);
/// Longest time that the disk is left to others after such a read.
pub(crate) const COLD_PAUSE_MAX: Duration = Duration::from_millis(100);
/// Longest time that a fetch waits for data, whatever it asks for.
pub(crate) const FETCH_WAIT_MAX: Duration = Duration::from_mins(5);
/// Partitions of all waiting fetches together that are woken by what arrives; a fetch beyond it waits its whole time.
pub(crate) const FETCH_WAITS_MAX: usize = 500_000;
/// Fetch sessions (Kafka: `max.incremental.fetch.session.cache.slots`); a fetch beyond it is answered without one.
pub(crate) const FETCH_SESSIONS_MAX: usize = 1_000;
/// Bytes that the partitions of all fetch sessions take together, near enough.
pub(crate) const FETCH_SESSIONS_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long a fetch session is safe from others (Kafka: `min.incremental.fetch.session.eviction.ms`).
pub(crate) const FETCH_SESSION_SAFE_TIME: Duration = Duration::from_mins(2);
/// Longest time that a produce request waits to be durable, whatever it asks for.
pub(crate) const PRODUCE_WAIT_MAX: Duration = Duration::from_mins(5);
/// How long what was acknowledged before it was durable waits for its sync.
pub(crate) const RELAXED_SYNC_DELAY: Duration = Duration::from_secs(1);
/// How often old segments are looked for.
pub(crate) const RETENTION_INTERVAL: Duration = Duration::from_secs(30);
/// Logs that retention looks at before the event loop looks for events.
pub(crate) const RETAINED_AT_ONCE: usize = 50;
/// How often logs are looked for that are due to be compacted (Kafka: `log.cleaner.backoff.ms`).
pub(crate) const COMPACTION_INTERVAL: Duration = Duration::from_secs(15);
/// Most bytes that one batch is decompressed to where `ListOffsets` looks for a timestamp inside.
pub(crate) const LOOKUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest sync that the event loop waits for itself, if the last ones were no longer.
pub(crate) const SYNC_HERE_MAX: Duration = Duration::from_micros(400);
/// Longest time that the event loop looks for the next request of who was just answered, before it sleeps.
pub(crate) const LINGER_MAX: Duration = Duration::from_micros(100);
/// Most rounds that it then sleeps at once instead, after it has looked in vain again and again.
pub(crate) const LINGER_SKIPPED_MAX: u32 = 1024;
/// Threads that sync logs at once.
pub(crate) const SYNC_THREADS: usize = 4;
/// Most partitions in one answer to `DescribeTopicPartitions` (Kafka: `max.request.partition.size.limit`).
pub(crate) const DESCRIBED_PARTITIONS_MAX: usize = 2_000;
/// Most producers in one answer to `DescribeProducers`.
pub(crate) const DESCRIBED_PRODUCERS_MAX: usize = 100_000;

/// Longest time that a client is told to wait at once; what is overdrawn beyond it is waited for after the next request.
pub(crate) const THROTTLE_MAX: Duration = Duration::from_mins(1);
/// How much of a plan's bytes a second may be used at once after a rest, in seconds.
pub(crate) const PLAN_BURST_SECONDS: f64 = 1.0;
/// As above, of a plan's changes of partitions.
pub(crate) const PLAN_MUTATIONS_BURST_SECONDS: f64 = 60.0;
/// Most entities whose quotas one request alters: each is synced.
pub(crate) const QUOTA_ENTRIES_MAX: usize = 100;
/// How long a connection that came too soon is held before it is closed, so that its client does not come again at once (KIP-612).
pub(crate) const REFUSAL_HOLD_MAX: Duration = Duration::from_secs(1);
/// Refused connections that are held at once; further ones are closed at once.
pub(crate) const HELD_CONNECTIONS_MAX: usize = 64;

/// Most filters of one request to delete access rules: each of them looks at every rule.
pub(crate) const ACL_FILTERS_MAX: usize = 1_000;
/// Most access rules that one answer to their deletion names; a rule counts once for every filter that means it.
pub(crate) const DELETED_ACLS_MAX: usize = 10_000;

/// How long a usage window is, unless configured.
pub(crate) const USAGE_WINDOW_LENGTH: WindowLength = WindowLength::MINUTE;
/// Usage windows in one answer, unless the request says how many.
pub(crate) const USAGE_PAGE_WINDOWS: usize = 20;
/// Most usage windows in one answer.
pub(crate) const USAGE_PAGE_WINDOWS_MAX: usize = 100;
/// Most bytes of usage windows in one answer; a single larger one comes all the same.
pub(crate) const USAGE_PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How often usage windows that found the disk full are tried again.
pub(crate) const USAGE_RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Longest request to fork the cluster, in bytes.
pub(crate) const FORK_BODY_BYTES_MAX: usize = 512 * 1024;
/// Most partitions for which a fork is told an offset.
pub(crate) const FORK_OFFSETS_MAX: usize = 1000;
/// An active segment up to this size is copied into a fork that takes everything; a larger one is closed and shared.
pub(crate) const FORK_COPIED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Threads that write the logs of a fork.
pub(crate) const FORK_THREADS: usize = 4;

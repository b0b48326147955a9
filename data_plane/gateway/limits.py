"""Every bound of the gateway, per process unless it says otherwise."""

MIB = 1024 * 1024

# Records. A broker takes 1 MiB of batch by default; the envelope of a batch stays under 4 KiB.
RECORD_BYTES_MAX = MIB - 4096
RECORD_OVERHEAD_BYTES = 256  # what a record in flight costs beside its own bytes
HEADERS_MAX = 100
HEADER_NAME_BYTES_MAX = 1024
TOPIC_NAME_CHARACTERS_MAX = 249
PARTITION_MAX = 2**31 - 1

# A JSON document that holds one record: base64 costs a third, escapes cost more.
DOCUMENT_BYTES_MAX = 4 * MIB

# Producing.
PRODUCERS_MAX = 256
PRODUCER_IDLE_SECONDS = 120
IN_FLIGHT_BYTES_MAX = 128 * MIB
IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX = 16 * MIB
BATCH_RECORDS_MAX = 500  # of one request, handed over together
BATCH_BYTES_MAX = MIB
SINGLE_PATIENCE_SECONDS = 1.0
STREAM_BATCHES_PENDING_MAX = 64
STREAM_IDLE_SECONDS = 60
STREAM_GRACE_SECONDS = 0.25
DELIVERY_TIMEOUT_MS = 15_000
CLOSE_SECONDS_MAX = 2.0
LINGER_MS = 1

# Consuming.
READERS_MAX = 128
READERS_PER_CREDENTIAL_MAX = 16
READER_IDLE_SECONDS = 15
READ_BYTES_MAX = 4 * MIB
READ_BYTES_DEFAULT = MIB
READ_RECORDS_MAX = 10_000
READ_WAIT_MS_MAX = 30_000
SINCE_AHEAD_MS_MAX = 3_600_000  # how far ahead brokers let a record's timestamp be (KIP-937)
FETCH_BYTES_MAX = 4 * MIB
PREFETCH_KIB_MAX = 1  # one fetch ahead: what nobody asks for is metered all the same
FETCH_QUEUE_BACKOFF_MS = 5
FETCH_WAIT_MS = 50  # also the longest that turning to another partition waits

# Talking to a cluster.
METADATA_TIMEOUT_SECONDS = 5.0
METADATA_THREADS = 8
TOPIC_KNOWN_SECONDS = 5
TOPICS_KNOWN_MAX = 1000
SWEEP_SECONDS = 5
RETRY_AFTER_SECONDS = 1

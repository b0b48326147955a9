"""Every bound of remote copies, per process unless it says otherwise."""

MIB = 1024 * 1024

TRANSFERS_MAX = 4  # directories that are read or written at once
PART_BYTES = 8 * MIB  # of a file that is in memory, for each transfer
READ_BYTES = MIB  # of an object or a file that is hashed at once
DOCUMENT_BYTES_MAX = 64 * MIB  # of an index or an edition
LISTED_EDITIONS_MAX = 10_000  # of a cluster
DELETED_AT_ONCE_MAX = 1000  # objects of one request
PROBLEMS_MAX = 1000  # damaged objects that one verification names

EDITIONS_KEPT_NEWEST = 3
EDITIONS_KEPT_HOURS = 24  # the newest edition of each
KEPT_DAYS_MAX = 3650

SWEEP_SECONDS = 3600  # between two searches for objects that no edition has
UNREFERENCED_SECONDS_MIN = 3600  # an object is younger while its edition may still come

CONNECT_SECONDS_MAX = 10
ANSWER_SECONDS_MAX = 60
ATTEMPTS_MAX = 5  # of one request to the bucket

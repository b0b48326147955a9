"""The one table of limits: what is over each, what counts it, and which tests hold it.

What a limit is, and how it is meant, stands in the code and is read from there.
"""

from __future__ import annotations

from dataclasses import dataclass

_BROKER = "data_plane/broker/crates/broker/tests"
_CRATES = "data_plane/broker/crates"

# Counters that tell the reason by a label.
_CLOSED = "headrace_broker_connections_closed"
_REFUSED = "headrace_broker_connections_refused"
_THROTTLED = "headrace_broker_throttled"
_WAITED = "headrace_broker_request_memory_waits"
_ANSWERED = "headrace_http_requests"


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that somebody outside can go over.

    `id` is a constant of the code, `broker.limits.<field>` for what the control plane sets by plan,
    or a key of `DEFINED`. `metric` is None where nothing is refused, or nothing counts it.
    """

    id: str
    over: str
    metric: str | None
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a limit of several parts is defined, and what it is."""

    path: str
    holds: str
    meaning: str


DEFINED = {
    "records.decompression": Definition(
        "data_plane/broker/crates/records/src/compression.rs",
        "DecompressionLimits",
        "bytes and ratio of a decompressed batch",
    ),
    "records.batch": Definition(
        "data_plane/broker/crates/records/src/validate.rs",
        "check_size",
        "bytes of a record batch: `max.message.bytes` of its topic",
    ),
    "api.head": Definition(
        "api/embedded/http_protocol.py",
        "class HeadLimits",
        "request line and header fields: bytes, fields, time ([http-limits.md](http-limits.md))",
    ),
    "api.requests": Definition(
        "api/rate_limits.py",
        "class Allowance",
        "requests of an address and of a credential ([http-limits.md](http-limits.md))",
    ),
    "api.failed_credentials": Definition(
        "control_plane/identity/attempts.py",
        "PAIR_FREE",
        "failed credentials of a name and of an address ([http-limits.md](http-limits.md))",
    ),
    "api.page": Definition("control_plane/kit/pagination.py", "PAGE_SIZE_MAX", "items of one page"),
}

CONCERNS = {
    "bytes of a request, before and after the login": (
        "broker.UNAUTHENTICATED_FRAME_BYTES_MAX",
        "broker.limits.request_bytes_max",
    ),
    "time to log in": ("broker.LOGIN_TIMEOUT",),
    "silence of a connection": ("broker.limits.idle_seconds_max",),
    "connections of a cluster and of an address": (
        "broker.limits.connections_max",
        "broker.limits.connections_per_address_max",
        "broker.CONNECTIONS_PER_LOGIN",
    ),
    "connections a second": (
        "broker.limits.connections_per_second_max",
        "broker.limits.connections_per_address_per_second_max",
    ),
    "bytes of requests in memory, of a connection and of a broker": (
        "broker.CONNECTION_REQUESTS_BYTES_MAX",
        "broker.SMALL_REQUESTS_BYTES_MAX",
        "broker.LARGE_REQUESTS_BYTES_MAX",
    ),
    "bytes of a record batch, as it is and decompressed": (
        "records.batch",
        "records.decompression",
    ),
    "partitions, topics, groups, producer ids": (
        "broker.limits.partitions_max",
        "broker.limits.topics_max",
        "broker.limits.groups_max",
        "broker.limits.producer_ids_max",
    ),
    "partitions made and removed": ("broker.limits.partition_changes_per_minute_max",),
    "bytes of records a second": (
        "broker.limits.produce_bytes_per_second_max",
        "broker.limits.fetch_bytes_per_second_max",
    ),
    "bodies, pages and requests over HTTP": ("api.BODY_BYTES_MAX", "api.page", "api.requests"),
    "failed logins": (
        "broker.FAILED_LOGINS_FORGIVEN",
        "broker.LOGIN_REFUSAL_DELAY_MAX",
        "api.failed_credentials",
    ),
}
"""What every cluster is protected from, whatever its plan: each of these limits is counted."""

LIMITS = (
    Limit(
        "broker.UNAUTHENTICATED_FRAME_BYTES_MAX",
        "closed unread (`frame_length`)",
        _CLOSED,
        (f"{_BROKER}/login.rs::frames_before_the_login_are_short",),
    ),
    Limit(
        "broker.limits.request_bytes_max",
        "closed unread (`frame_length`)",
        _CLOSED,
        (
            f"{_BROKER}/frames.rs::lengths_out_of_bounds_close_the_connection_without_being_read",
            f"{_BROKER}/access/memory.rs::a_connection_has_so_many_bytes_of_requests_in_memory_and_the_next_one_waits",
        ),
    ),
    Limit(
        "broker.LOGIN_TIMEOUT",
        "closed (`login_timeout`)",
        _CLOSED,
        (
            f"{_BROKER}/login.rs::a_login_that_never_comes_ends_the_connection",
            f"{_BROKER}/tls.rs::a_handshake_that_never_comes_ends_the_connection",
        ),
    ),
    Limit(
        "broker.limits.connections_max",
        "closed (`connections_max`)",
        _REFUSED,
        (f"{_BROKER}/access/connecting.rs::connections_are_limited_under_at_and_over",),
    ),
    Limit(
        "broker.limits.connections_per_address_max",
        "closed (`connections_per_address_max`)",
        _REFUSED,
        (f"{_BROKER}/access/connecting.rs::connections_are_limited_under_at_and_over",),
    ),
    Limit(
        "broker.limits.connections_per_second_max",
        "held up to a second, closed (`connection_rate_max`)",
        _REFUSED,
        (
            f"{_BROKER}/quotas/connecting.rs::a_cluster_that_is_connected_to_too_often_lets_in_who_was_quiet",
        ),
    ),
    Limit(
        "broker.limits.connections_per_address_per_second_max",
        "held up to a second, closed (`connection_rate_max`)",
        _REFUSED,
        (f"{_BROKER}/quotas/connecting.rs::an_address_that_connects_too_often_is_refused",),
    ),
    Limit(
        "broker.CONNECTIONS_PER_LOGIN",
        "the oldest of the address with most of them goes (`login_displaced`)",
        _CLOSED,
        (
            f"{_BROKER}/access/connecting.rs::silent_clients_make_place_for_those_that_log_in",
            f"{_CRATES}/broker/src/connections.rs::who_does_not_log_in_makes_place_first_where_most_of_them_are",
        ),
    ),
    Limit(
        "broker.INTERNAL_CONNECTIONS_MAX",
        "closed (`connections_max`)",
        _REFUSED,
        (f"{_CRATES}/broker/src/connections.rs::internal_connections_have_a_limit_of_their_own",),
    ),
    Limit(
        "security.ALLOWED_NETWORKS_MAX",
        "the credentials file is refused; `422` over HTTP",
        None,
        (
            f"{_CRATES}/security/src/openness.rs::networks_are_limited_under_at_and_over",
            f"{_BROKER}/access/states.rs::a_file_with_a_state_or_network_that_there_is_not_leaves_what_is_in_force",
        ),
    ),
    Limit(
        "broker.limits.session_seconds_max",
        "closed (`login_ended`)",
        _CLOSED,
        (f"{_BROKER}/access/sessions.rs::a_session_that_is_not_renewed_ends",),
    ),
    Limit(
        "broker.limits.idle_seconds_max",
        "closed (`connection_idle`)",
        _CLOSED,
        (
            f"{_BROKER}/access/sessions.rs::a_connection_that_says_nothing_ends_and_one_that_waits_for_an_answer_does_not",
        ),
    ),
    Limit(
        "broker.CONNECTION_REQUESTS_BYTES_MAX",
        "the next request is not read before there is room",
        _WAITED,
        (
            f"{_CRATES}/broker/src/request_memory.rs::a_connection_takes_its_own_part_and_no_more",
            f"{_BROKER}/access/memory.rs::a_connection_has_so_many_bytes_of_requests_in_memory_and_the_next_one_waits",
        ),
    ),
    Limit(
        "broker.SMALL_REQUESTS_BYTES_MAX",
        "the next request is not read before there is room",
        _WAITED,
        (
            f"{_CRATES}/broker/src/request_memory.rs::small_requests_wait_for_one_another_and_large_ones_do_not",
            f"{_BROKER}/frames.rs::a_declared_length_takes_no_memory_before_its_bytes_come",
        ),
    ),
    Limit(
        "broker.LARGE_REQUESTS_BYTES_MAX",
        "the next request is not read before there is room",
        _WAITED,
        (
            f"{_CRATES}/broker/src/request_memory.rs::large_requests_wait_for_one_another_and_small_ones_do_not",
            f"{_BROKER}/frames.rs::a_declared_length_takes_no_memory_before_its_bytes_come",
        ),
    ),
    Limit(
        "broker.READ_AHEAD_BYTES_MAX",
        "the rest is read once that was taken",
        None,
        (
            f"{_CRATES}/broker/src/read_ahead.rs::small_reads_become_few_large_ones_and_nothing_is_lost",
        ),
    ),
    Limit(
        "broker.FETCHED_IN_MEMORY_BYTES_MAX",
        "a fetch waits for room",
        None,
        (
            f"{_BROKER}/storage/fetching.rs::memory_stays_bounded_however_many_large_batches_are_fetched_and_not_read",
        ),
    ),
    Limit(
        "broker.FETCH_BYTES_MAX",
        "the rest comes with the next fetch",
        None,
        (
            f"{_BROKER}/storage/fetching.rs::one_batch_comes_however_small_the_limits_and_the_rest_stays_within_them",
        ),
    ),
    Limit(
        "broker.FETCH_SESSIONS_MAX",
        "answered without a session",
        "headrace_broker_fetch_sessions_declined",
        (
            f"{_CRATES}/fetch/tests/sessions.rs::a_full_cache_declines_until_a_session_was_unused_for_long",
        ),
    ),
    Limit(
        "broker.FETCH_SESSIONS_BYTES_MAX",
        "answered without a session",
        "headrace_broker_fetch_sessions_declined",
        (f"{_CRATES}/fetch/tests/sessions.rs::bytes_are_bounded_too",),
    ),
    Limit(
        "records.decompression",
        "`INVALID_RECORD` where records have to be read",
        "headrace_broker_produce_refused",
        (f"{_CRATES}/records/src/compression.rs::a_bomb_is_refused_by_bytes_and_by_ratio",),
    ),
    Limit(
        "records.batch",
        "`MESSAGE_TOO_LARGE`",
        "headrace_broker_produce_refused",
        (
            f"{_CRATES}/broker/src/topics/tests.rs::batches_that_are_refused_for_what_they_are_are_counted",
            f"{_CRATES}/records/src/validate.rs::sizes_are_bounded_by_topic_and_segment",
            "tests/bad_input/test_kafka_limits.py::test_a_record_over_the_limit_is_refused_as_too_large_and_others_go_on",
        ),
    ),
    Limit(
        "broker.limits.topics_max",
        "`POLICY_VIOLATION`",
        "headrace_broker_topics_refused",
        (f"{_BROKER}/quotas/plans.rs::topics_are_limited_at_and_over",),
    ),
    Limit(
        "broker.limits.stored_bytes_max",
        "`POLICY_VIOLATION`",
        "headrace_broker_produce_refused",
        (
            f"{_BROKER}/access/states.rs::a_cluster_stores_no_more_than_it_may_until_something_is_deleted",
            "tests/cluster/test_upkeep.py::test_clients_meet_the_limits_that_the_owner_set",
        ),
    ),
    Limit(
        "broker.limits.retention_ms_max",
        "`POLICY_VIOLATION`; the ceiling is in force",
        None,
        (
            f"{_BROKER}/storage/configurations.rs::no_topic_keeps_more_than_the_ceilings_of_its_cluster",
        ),
    ),
    Limit(
        "broker.limits.retention_bytes_max",
        "`POLICY_VIOLATION`; the ceiling is in force",
        None,
        (
            f"{_BROKER}/storage/configurations.rs::no_topic_keeps_more_than_the_ceilings_of_its_cluster",
        ),
    ),
    Limit(
        "broker.limits.partitions_max",
        "`POLICY_VIOLATION`",
        "headrace_broker_topics_refused",
        (
            f"{_BROKER}/quotas/plans.rs::partitions_are_limited_under_at_and_over",
            "tests/cluster/test_plans.py::test_its_broker_has_the_limits_that_the_plan_promises",
        ),
    ),
    Limit(
        "broker.limits.producer_ids_max",
        "`POLICY_VIOLATION`",
        "headrace_broker_producers_refused",
        (
            f"{_CRATES}/broker/src/topics/tests/producers.rs::producers_are_limited_under_at_and_over",
        ),
    ),
    Limit(
        "broker.PRODUCER_SAFE_MS",
        "forgotten, where another producer needs the place",
        None,
        (f"{_CRATES}/broker/src/topics/tests/producers.rs::who_was_silent_for_an_hour_makes_room",),
    ),
    Limit(
        "broker.FAILED_LOGINS_FORGIVEN",
        "further refusals wait longer",
        "headrace_broker_logins_delayed",
        (
            f"{_CRATES}/broker/src/failed_logins.rs::the_first_failures_wait_as_ever_and_each_one_more_twice_as_long_up_to_a_limit",
            f"{_BROKER}/access/refusals.rs::refusals_of_an_address_wait_longer_beyond_those_that_are_forgiven_up_to_a_limit",
            f"{_BROKER}/access/refusals.rs::refusals_under_a_name_wait_longer_wherever_they_come_from_and_whether_or_not_there_is_such_a_name",
        ),
    ),
    Limit(
        "broker.LOGIN_REFUSAL_DELAY_MAX",
        "refusals wait so long and no longer",
        "headrace_broker_logins_delayed_milliseconds",
        (
            f"{_CRATES}/broker/src/failed_logins.rs::the_first_failures_wait_as_ever_and_each_one_more_twice_as_long_up_to_a_limit",
            f"{_BROKER}/access/refusals.rs::refusals_of_an_address_wait_longer_beyond_those_that_are_forgiven_up_to_a_limit",
        ),
    ),
    Limit(
        "broker.FAILED_LOGINS_KEPT_MAX",
        "those that count least are forgotten",
        None,
        (
            f"{_CRATES}/broker/src/failed_logins.rs::a_flood_of_names_is_bounded_and_makes_nobody_forgotten_that_goes_on",
        ),
    ),
    Limit(
        "broker.limits.groups_max",
        "`POLICY_VIOLATION`",
        "headrace_broker_group_requests_refused",
        (
            f"{_CRATES}/groups/tests/limits.rs::a_broker_has_room_for_so_many_groups_but_idle_ones_make_way",
        ),
    ),
    Limit(
        "broker.limits.partition_changes_per_minute_max",
        "`THROTTLING_QUOTA_EXCEEDED`, or throttled afterwards",
        _THROTTLED,
        (
            f"{_BROKER}/quotas/plans.rs::changes_of_partitions_count_together",
            f"{_BROKER}/quotas/throttling.rs::too_many_partitions_are_refused_or_throttled_by_version",
        ),
    ),
    Limit(
        "broker.limits.produce_bytes_per_second_max",
        "answered, then throttled",
        _THROTTLED,
        (f"{_BROKER}/quotas/plans.rs::bytes_of_all_keys_count_together",),
    ),
    Limit(
        "broker.limits.fetch_bytes_per_second_max",
        "answered, then throttled",
        _THROTTLED,
        (f"{_BROKER}/quotas/plans.rs::bytes_of_all_keys_count_together",),
    ),
    Limit(
        "log.PRODUCERS_PER_PARTITION_MAX",
        "the producer that was silent longest is forgotten",
        None,
        (
            f"{_CRATES}/log/src/producers.rs::silent_producers_are_forgotten_and_the_number_is_bounded",
        ),
    ),
    Limit(
        "quotas.QUOTA_ENTITIES_MAX",
        "`POLICY_VIOLATION`",
        "headrace_broker_quota_entities",
        (
            f"{_CRATES}/quotas/tests/quotas.rs::entities_are_limited_and_rates_of_those_that_there_are_still_change",
        ),
    ),
    Limit(
        "quotas.QUOTA_BUCKETS_MAX",
        "further ones are counted together",
        "headrace_broker_quota_subjects",
        (
            f"{_CRATES}/quotas/tests/quotas.rs::subjects_beyond_the_limit_share_a_bucket_and_rested_ones_are_forgotten",
        ),
    ),
    Limit(
        "security.SCRAM_USERS_MAX",
        "`POLICY_VIOLATION`",
        None,
        (f"{_CRATES}/security/tests/users.rs::users_are_limited_and_known_ones_still_change",),
    ),
    Limit(
        "broker.CLIENT_AUTHORITIES_MAX",
        "`422 client_certificates_invalid`",
        None,
        (f"{_CRATES}/broker/src/check.rs::what_a_broker_would_not_take_is_refused_in_words",),
    ),
    Limit(
        "security.MAPPING_RULES_MAX",
        "`422 client_certificates_invalid`",
        None,
        (f"{_CRATES}/security/src/certificates/mapping.rs::rules_are_bounded",),
    ),
    Limit(
        "security.MAPPING_RULES_BYTES_MAX",
        "`422 client_certificates_invalid`",
        None,
        (f"{_CRATES}/security/src/certificates/mapping.rs::rules_are_bounded",),
    ),
    Limit(
        "security.MAPPING_PATTERN_BYTES_MAX",
        "`422 client_certificates_invalid`",
        None,
        (f"{_CRATES}/security/src/certificates/mapping.rs::rules_are_bounded",),
    ),
    Limit(
        "broker.ISSUER_BYTES_MAX",
        "`422 request_invalid`: no longer one is asked about",
        None,
        ("tests/api/v1/test_cluster_changes.py::test_what_no_issuer_can_be_is_refused",),
    ),
    Limit(
        "security.ISSUER_NAME_BYTES_MAX",
        "`422 oauth_issuer_invalid`",
        None,
        (
            f"{_CRATES}/security/tests/issuers.rs::issuers_that_can_not_be_used_are_refused_at_and_over_each_limit",
        ),
    ),
    Limit(
        "security.PRINCIPAL_CLAIM_BYTES_MAX",
        "`422 oauth_issuer_invalid`",
        None,
        (
            f"{_CRATES}/security/tests/issuers.rs::issuers_that_can_not_be_used_are_refused_at_and_over_each_limit",
        ),
    ),
    Limit(
        "security.ISSUER_ALGORITHMS_MAX",
        "`422 oauth_issuer_invalid`",
        None,
        (
            f"{_CRATES}/security/tests/issuers.rs::issuers_that_can_not_be_used_are_refused_at_and_over_each_limit",
        ),
    ),
    Limit(
        "security.CLOCK_SKEW_SECONDS_MAX",
        "`422 oauth_issuer_invalid`",
        None,
        (
            f"{_CRATES}/security/tests/issuers.rs::issuers_that_can_not_be_used_are_refused_at_and_over_each_limit",
        ),
    ),
    Limit(
        "security.RSA_MODULUS_BYTES",
        "the key is left out; `422 oauth_issuer_invalid` where no other is there",
        None,
        (
            f"{_CRATES}/security/tests/issuers.rs::keys_that_can_not_be_used_are_left_out_and_secrets_refused",
        ),
    ),
    Limit(
        "security.ISSUER_TOKEN_BYTES_MAX",
        "login refused",
        _CLOSED,
        (f"{_CRATES}/security/tests/issuers.rs::tokens_are_limited_in_length",),
    ),
    Limit(
        "security.ISSUER_TOKEN_LIFETIME_SECONDS_MAX",
        "login refused",
        _CLOSED,
        (f"{_CRATES}/security/tests/issuers.rs::claims_for_others_or_another_time_are_refused",),
    ),
    Limit(
        "security.SUBJECT_BYTES_MAX",
        "login refused",
        _CLOSED,
        (f"{_CRATES}/security/tests/issuers.rs::names_that_can_be_no_principals_are_refused",),
    ),
    Limit(
        "security.ACLS_MAX",
        "`POLICY_VIOLATION`",
        None,
        (f"{_BROKER}/acls/administration.rs::rules_and_filters_have_limits",),
    ),
    Limit(
        "broker.ACL_FILTERS_MAX",
        "`INVALID_REQUEST`",
        None,
        (f"{_BROKER}/acls/administration.rs::rules_and_filters_have_limits",),
    ),
    Limit(
        "security.CREDENTIALS_FILE_BYTES_MAX",
        "refused, the old ones stay in force",
        None,
        (
            f"{_CRATES}/security/tests/credentials.rs::a_file_beyond_every_limit_is_refused_before_it_is_read",
        ),
    ),
    Limit(
        "broker.TRANSACTIONAL_ID_PATTERN_BYTES_MAX",
        "`INVALID_REGULAR_EXPRESSION`",
        None,
        (
            f"{_CRATES}/broker/src/handlers/list_transactions.rs::a_pattern_means_whole_ids_and_is_bounded",
        ),
    ),
    Limit(
        "usage.WINDOW_ENTRIES_MAX",
        "the window closes early",
        "headrace_broker_usage_windows_closed",
        (f"{_CRATES}/usage/tests/windows.rs::a_window_with_too_much_in_it_closes_early",),
    ),
    Limit(
        "usage.PRINCIPALS_PER_WINDOW_MAX",
        "further ones count as `other`",
        None,
        (f"{_CRATES}/usage/tests/windows.rs::principals_beyond_the_limits_count_as_others",),
    ),
    Limit(
        "usage.WINDOWS_WAITING_MAX",
        "a window lasts to the end of its hour",
        "headrace_broker_usage_windows_waiting",
        (
            f"{_CRATES}/usage/tests/windows.rs::a_window_lasts_to_the_end_of_its_hour_while_too_many_wait",
        ),
    ),
    Limit(
        "gateway.RECORD_BYTES_MAX",
        "`413 record_too_large`",
        _ANSWERED,
        ("tests/data_plane/gateway/test_codecs.py::test_the_limit_counts_key_value_and_headers",),
    ),
    Limit(
        "gateway.IN_FLIGHT_BYTES_MAX",
        "`503 gateway_busy`",
        _ANSWERED,
        ("tests/data_plane/gateway/test_producers.py::test_a_process_has_bounded_bytes_in_flight",),
    ),
    Limit(
        "gateway.IN_FLIGHT_BYTES_PER_CREDENTIAL_MAX",
        "`429 credential_busy`",
        _ANSWERED,
        (
            "tests/data_plane/gateway/test_producers.py::test_a_credential_has_bounded_bytes_in_flight",
        ),
    ),
    Limit(
        "gateway.PRODUCERS_MAX",
        "the least recently used one makes room",
        None,
        (
            "tests/data_plane/gateway/test_producers.py::test_the_least_recently_used_producer_makes_room",
        ),
    ),
    Limit(
        "gateway.READERS_PER_CREDENTIAL_MAX",
        "`429 credential_busy`",
        _ANSWERED,
        (
            "tests/data_plane/gateway/test_consumers.py::test_a_caller_has_a_bounded_number_of_reads_and_a_cancelled_one_makes_room",
        ),
    ),
    Limit(
        "gateway.READ_BYTES_MAX",
        "the rest comes with the next read",
        None,
        (
            "tests/data_plane/gateway/test_pages.py::test_a_record_larger_than_the_page_is_returned_alone",
        ),
    ),
    Limit(
        "gateway.SINCE_AHEAD_MS_MAX",
        "`422 read_since_future`",
        _ANSWERED,
        (
            "tests/api/v1/test_read_start.py::test_the_future_is_refused_beyond_what_timestamps_may_be_ahead",
        ),
    ),
    Limit(
        "api.BODY_BYTES_MAX",
        "`413 body_too_large`",
        _ANSWERED,
        (
            "tests/api/test_problems.py::test_a_declared_length_over_the_limit_is_refused_unread",
            "tests/api/test_problems.py::test_a_body_of_the_limit_is_read",
        ),
    ),
    Limit(
        "api.head",
        "`431 request_head_too_large`, `408 request_head_too_slow`, closed",
        "headrace_http_heads_refused",
        (
            "tests/api/embedded/test_http_protocol.py::test_a_head_over_its_limits_is_answered_431",
            "tests/api/embedded/test_http_protocol.py::test_a_head_at_its_limits_is_good",
            "tests/api/embedded/test_http_protocol.py::test_a_head_that_never_ends_is_answered_408",
        ),
    ),
    Limit(
        "api.requests",
        "`429 rate_limit_exceeded`",
        "headrace_http_rate_limited",
        (
            "tests/api/test_rate_limits.py::test_at_the_limit_all_is_well_over_it_429_says_when_to_come_again",
        ),
    ),
    Limit(
        "api.failed_credentials",
        "`429 authentication_delayed`",
        "headrace_authentication_attempts",
        (
            "tests/api/test_sign_in_delays.py::test_after_too_many_failures_even_the_right_secret_waits_and_then_works",
            "tests/control_plane/identity/test_attempts.py::test_the_wait_doubles_up_to_its_most",
        ),
    ),
    Limit(
        "api.page",
        "`422 request_invalid`",
        _ANSWERED,
        ("tests/api/test_problems.py::test_page_size_is_bounded",),
    ),
)

# Sizes of names and files, what a process keeps for itself, and how often it does something: nobody
# outside goes over them, or the answer is that of any malformed request.
OTHERS = frozenset(
    {
        "commit.BLOCK_ALIGNMENT",
        "commit.BLOCK_BYTES_MAX",
        "commit.BYPASS_BYTES_MIN",
        "commit.FIRST_SEGMENT_BYTES",
        "commit.NOTES_BYTES_MAX",
        "commit.ROUNDS_BETWEEN_ATTEMPTS",
        "commit.SEGMENTS_MAX",
        "commit.SEGMENT_BYTES",
        "commit.SETTLED_AT_ONCE",
        "commit.UNREPLAYED_BYTES_MAX",
        "commit.ZEROS_BYTES",
        "types.TOPIC_NAME_BYTES_MAX",
        "types.RECORDS_PER_BATCH_MAX",
        "types.PARTITIONS_PER_TOPIC_MAX",
        "log.INDEX_ENTRIES_MAX",
        "log.INDEX_INTERVAL_BYTES",
        "log.CHECKPOINT_INTERVAL_BYTES",
        "log.PRODUCER_BATCHES",
        "log.PRODUCER_EXPIRATION_MS",
        "log.ABORTED_PER_SEGMENT_MAX",
        "log.PRODUCER_ID_BLOCK",
        "log.PRODUCER_ID_GAP",
        "tiering.ANSWER_SECONDS_MAX",
        "tiering.ATTEMPTS_MAX",
        "tiering.CONNECT_SECONDS_MAX",
        "tiering.DELETED_AT_ONCE_MAX",
        "tiering.DOCUMENT_BYTES_MAX",
        "tiering.EDITIONS_KEPT_HOURS",
        "tiering.EDITIONS_KEPT_NEWEST",
        "tiering.KEPT_DAYS_MAX",
        "tiering.LISTED_EDITIONS_MAX",
        "tiering.MIB",
        "tiering.PART_BYTES",
        "tiering.PROBLEMS_MAX",
        "tiering.READ_BYTES",
        "tiering.SWEEP_SECONDS",
        "tiering.TRANSFERS_MAX",
        "tiering.UNREFERENCED_SECONDS_MIN",
        "log.SIDE_FILE_BYTES_MAX",
        "log.SCAN_CHUNK_BYTES",
        "log.BATCH_BYTES_MAX",
        "log.COMPACTION_KEYS_MAX",
        "log.COMPACTION_WRITE_BYTES",
        "log.DISK_RESERVE_DIVISOR",
        "log.DISK_RESERVE_BYTES_MAX",
        "log.DISK_CHECK_INTERVAL_BYTES",
        "log.DISK_CHECK_INTERVAL_MS",
        "quotas.QUOTA_NAME_BYTES_MAX",
        "quotas.BURST_SECONDS",
        "usage.WINDOW_SECONDS_MAX",
        "usage.PRINCIPAL_BYTES_MAX",
        "usage.WINDOW_APPENDED_BYTES_MAX",
        "usage.WINDOWS_PER_STORED_METER",
        "groups.GROUP_ID_BYTES_MAX",
        "groups.INSTANCE_ID_BYTES_MAX",
        "groups.CLIENT_ID_BYTES_IN_MEMBER_ID_MAX",
        "groups.NEW_MEMBER_TIMEOUT_MS",
        "groups.SWEEP_INTERVAL_MS",
        "transactions.TRANSACTIONAL_ID_BYTES_MAX",
        "transactions.SWEEP_INTERVAL_MS",
        "transactions.PRODUCER_EPOCH_MAX",
        "security.SASL_TOKEN_BYTES_MAX",
        "security.SASL_MESSAGE_BYTES_MAX",
        "security.CLIENT_NONCE_BYTES_MAX",
        "security.USERNAME_BYTES_MAX",
        "security.CREDENTIALS_MAX",
        "security.SALT_BYTES",
        "security.SCRAM_ITERATIONS",
        "security.SCRAM_USER_ITERATIONS",
        "security.BOUNDS_MAX",
        "security.BOUND_BYTES_MAX",
        "security.TOKEN_KEYS_FILE_BYTES_MAX",
        "security.TOKEN_KEYS_MAX",
        "security.TOKEN_KEY_ID_BYTES_MAX",
        "security.TOKEN_BYTES_MAX",
        "security.TOKEN_LIFETIME_SECONDS_MAX",
        "security.ACL_NAME_BYTES_MAX",
        "security.ACL_PRINCIPAL_BYTES_MAX",
        "broker.CONFIG_FILE_BYTES_MAX",
        "broker.TLS_FILE_BYTES_MAX",
        "broker.LISTENERS_MAX",
        "broker.REQUEST_BYTES_MAX",
        "broker.SMALL_REQUEST_BYTES_MAX",
        "broker.REQUESTS_IN_FLIGHT_MAX",
        "broker.CONNECTIONS_MAX",
        "broker.PARTITIONS_MAX",
        "broker.TOPICS_MAX",
        "broker.GROUPS_MAX",
        "broker.PRODUCER_IDS_MAX",
        "broker.PRODUCERS_LOOK_MS",
        "broker.FAILED_LOGINS_MEMORY",
        "broker.NUM_PARTITIONS",
        "broker.DESCRIPTORS_PER_PARTITION",
        "broker.DESCRIPTORS_RESERVED",
        "broker.IDLE_SECONDS",
        "broker.STALL_TIMEOUT",
        "broker.LOGIN_REFUSAL_DELAY",
        "broker.ACCEPT_PAUSE",
        "broker.SHUTDOWN_TIMEOUT",
        "broker.ADMIN_CONNECTIONS_MAX",
        "broker.ADMIN_HEADER_TIMEOUT",
        "broker.ADMIN_BODY_BYTES_MAX",
        "broker.ADMIN_BODY_TIMEOUT",
        "broker.CLOCK_SKEW_SECONDS",
        "broker.FORK_BODY_BYTES_MAX",
        "broker.COLD_READS_MAX",
        "broker.COLD_READ_AHEAD_BYTES",
        "broker.COLD_PAUSE_MAX",
        "broker.SYNCS_EXPECTED_FOR",
        "broker.SHARED_READS_MAX",
        "broker.SHARED_READ_BYTES_MIN",
        "broker.FORK_COPIED_BYTES_MAX",
        "broker.FORK_OFFSETS_MAX",
        "broker.FORK_THREADS",
        "log.FORK_COPY_BYTES",
        "broker.DRAIN_TIMEOUT",
        "broker.HANDOVER_TIMEOUT",
        "broker.SHUTDOWN_POLL",
        "broker.JOURNAL_BATCH_BYTES",
        "broker.JOURNAL_SEGMENT_BYTES",
        "broker.JOURNAL_BYTES_BEFORE_COMPACTION",
        "broker.JOURNAL_GROWTH_BEFORE_COMPACTION",
        "broker.JOURNAL_RETRY_INTERVAL",
        "broker.MARKER_RETRY_INTERVAL",
        "broker.MARKERS_WAIT_MAX",
        "broker.TRANSACTIONAL_ID_PATTERN_MEMORY_MAX",
        "broker.FETCH_BYTES_MIN",
        "broker.FETCH_WAIT_MAX",
        "broker.FETCH_WAITS_MAX",
        "broker.FETCH_SESSION_SAFE_TIME",
        "broker.PRODUCE_WAIT_MAX",
        "broker.RELAXED_SYNC_DELAY",
        "broker.RETENTION_INTERVAL",
        "broker.RETAINED_AT_ONCE",
        "broker.COMPACTION_INTERVAL",
        "broker.LOOKUP_BYTES_MAX",
        "broker.SYNC_HERE_MAX",
        "broker.LINGER_MAX",
        "broker.LINGER_SKIPPED_MAX",
        "broker.SYNC_THREADS",
        "broker.DESCRIBED_PARTITIONS_MAX",
        "broker.DESCRIBED_PRODUCERS_MAX",
        "broker.THROTTLE_MAX",
        "broker.PLAN_BURST_SECONDS",
        "broker.PLAN_MUTATIONS_BURST_SECONDS",
        "broker.QUOTA_ENTRIES_MAX",
        "broker.REFUSAL_HOLD_MAX",
        "broker.HELD_CONNECTIONS_MAX",
        "broker.DELETED_ACLS_MAX",
        "broker.USAGE_WINDOW_LENGTH",
        "broker.USAGE_PAGE_WINDOWS",
        "broker.USAGE_PAGE_WINDOWS_MAX",
        "broker.USAGE_PAGE_BYTES_MAX",
        "broker.USAGE_RETRY_INTERVAL",
        "gateway.MIB",
        "gateway.RECORD_OVERHEAD_BYTES",
        "gateway.HEADERS_MAX",
        "gateway.HEADER_NAME_BYTES_MAX",
        "gateway.TOPIC_NAME_CHARACTERS_MAX",
        "gateway.PARTITION_MAX",
        "gateway.DOCUMENT_BYTES_MAX",
        "gateway.PRODUCER_IDLE_SECONDS",
        "gateway.BATCH_RECORDS_MAX",
        "gateway.BATCH_BYTES_MAX",
        "gateway.SINGLE_PATIENCE_SECONDS",
        "gateway.STREAM_BATCHES_PENDING_MAX",
        "gateway.STREAM_IDLE_SECONDS",
        "gateway.STREAM_GRACE_SECONDS",
        "gateway.DELIVERY_TIMEOUT_MS",
        "gateway.CLOSE_SECONDS_MAX",
        "gateway.LINGER_MS",
        "gateway.READERS_MAX",
        "gateway.READER_IDLE_SECONDS",
        "gateway.READ_BYTES_DEFAULT",
        "gateway.READ_RECORDS_MAX",
        "gateway.READ_WAIT_MS_MAX",
        "gateway.FETCH_BYTES_MAX",
        "gateway.PREFETCH_KIB_MAX",
        "gateway.FETCH_QUEUE_BACKOFF_MS",
        "gateway.FETCH_WAIT_MS",
        "gateway.METADATA_TIMEOUT_SECONDS",
        "gateway.METADATA_THREADS",
        "gateway.TOPIC_KNOWN_SECONDS",
        "gateway.TOPICS_KNOWN_MAX",
        "gateway.SWEEP_SECONDS",
        "gateway.RETRY_AFTER_SECONDS",
        "supervisor.PROCESSES_MAX",
        "supervisor.CONNECTIONS_MAX",
        "supervisor.MESSAGE_BYTES_MAX",
        "supervisor.LIST_PAGE_MAX",
        "supervisor.READY_SECONDS_MAX",
        "supervisor.HEALTH_SECONDS_MAX",
        "supervisor.HEALTH_BYTES_MAX",
        "supervisor.HANDOVER_SECONDS_MAX",
        "supervisor.HANDOVER_BYTES_MAX",
        "supervisor.STOP_SECONDS_MAX",
        "supervisor.BACKOFF_SECONDS_FIRST",
        "supervisor.BACKOFF_SECONDS_MAX",
        "supervisor.BACKOFF_RESET_SECONDS",
        "supervisor.WAKE_INTERVAL_SECONDS",
        "supervisor.PORT_CHOICES",
        "supervisor.PORT_ATTEMPTS_MAX",
        "supervisor.BACKLOG",
        "supervisor.SUPERVISOR_LOG_BYTES_MAX",
        "supervisor.PROCESS_LOG_BYTES_MAX",
        "supervisor.LOG_TAIL_BYTES",
        "supervisor.HOUSEKEEPING_SECONDS",
        "supervisor.OPEN_FILES_MAX",
        "api.BODY_SECONDS_MAX",
    }
)

"""The apache-kafka engine over three real nodes, which all tests here share, in this order."""

from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from joserfc.jwk import ECKey

from control_plane.kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    KafkaAdmin,
    NewTopic,
)
from control_plane.kit.errors import AppError
from control_plane.provisioning.engine import (
    ClientCertificates,
    ClusterOpenness,
    CredentialSet,
    Wish,
)
from control_plane.provisioning.errors import (
    AutoPauseNotOfferedError,
    ClientCertificatesNotOfferedError,
    CredentialsRejectedError,
    ForkRefusedError,
    KeepingLimitNotOfferedError,
    MetricsNotOfferedError,
    OAuthIssuerNotOfferedError,
    WakingNotOfferedError,
)
from control_plane.provisioning.forks import ForkCut
from control_plane.provisioning.usage import AppendedRange, UsageWindow
from tests.control_plane.provisioning.kafka_cluster import (
    SPEC,
    Kafka,
    Options,
    claims,
    is_let_in,
    kafka_installation,
    signed,
    unsigned,
)
from tests.control_plane.provisioning.native_cluster import CLUSTER, Key, credentials
from tests.control_plane.provisioning.sasl_plain import is_token_taken, login
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.xdist_group("apache-kafka")

KEY = Key.new()
SECONDS = 60
REFUSED_WISHES: Mapping[Wish, type[AppError]] = {
    "wake_on_connect": WakingNotOfferedError,
    "auto_pause": AutoPauseNotOfferedError,
    "storage_limit": KeepingLimitNotOfferedError,
    "retention_limits": KeepingLimitNotOfferedError,
    "fork": ForkRefusedError,
}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    # What lives for a minute is not worth being compiled well.
    quick = "-XX:TieredStopAtLevel=1"
    with kafka_installation(tmp_path_factory.mktemp("kafka") / "data", quick) as made:
        made.engine.ensure(SPEC, credentials(1, KEY))
        yield made


class Credentials:
    """Hands out sets of rising generations."""

    def __init__(self) -> None:
        self._generation = 1

    def next(self, *keys: Key, openness: ClusterOpenness | None = None) -> CredentialSet:
        self._generation += 1
        made = credentials(self._generation, *keys)
        return made if openness is None else replace(made, openness=openness)


@pytest.fixture(scope="module")
def sets() -> Credentials:
    return Credentials()


def admin_of(options: Options) -> KafkaAdmin:
    return AdminClient(options)


def create_topic(options: Options, name: str, partitions: int = 1) -> None:
    admin = admin_of(options)
    wanted = [NewTopic(name, partitions)]
    made = admin.create_topics(wanted, request_timeout=SECONDS, validate_only=False)
    made[name].result()


def produce(options: Options, topic: str, *values: bytes) -> list[str]:
    """Produce with acks=all and idempotence; return what went wrong, in words."""
    errors: list[str] = []
    producer = Producer({"enable.idempotence": True, **options})
    for value in values:
        producer.produce(topic, value, on_delivery=lambda error, _: errors.append(str(error)))
    assert producer.flush(SECONDS) == 0
    return [one for one in errors if one != "None"]


def consume(options: Options, topic: str, count: int) -> list[bytes]:
    found: list[bytes] = []
    consumer = Consumer({"group.id": "readers", "auto.offset.reset": "earliest", **options})
    consumer.subscribe([topic])
    try:

        def is_all() -> bool:
            for message in consumer.consume(count, timeout=1):
                value = message.value()
                if message.error() is None and value is not None:
                    found.append(value)
            return len(found) >= count

        eventually(is_all, f"only {len(found)} of {count} records come", SECONDS)
    finally:
        consumer.close()
    return found


def test_a_cluster_is_three_brokers_that_replicate(kafka: Kafka) -> None:
    seen = kafka.seen()
    assert (seen.state, seen.reason) == ("running", None)
    assert (seen.generation, seen.credentials_generation) == (1, 1)
    assert seen.endpoints is not None
    assert len(seen.endpoints.sasl_ssl.split(",")) == 3
    assert kafka.engine.list() == (CLUSTER,)
    assert kafka.engine.health(CLUSTER).is_settled

    create_topic(kafka.client(KEY), "orders", 3)
    told = AdminClient(kafka.client(KEY)).list_topics("orders", timeout=SECONDS)
    partitions = told.topics["orders"].partitions.values()
    assert [sorted(one.replicas) for one in partitions] == [[1, 2, 3]] * 3
    values = [str(one).encode() for one in range(20)]
    assert produce(kafka.client(KEY), "orders", *values) == []
    assert sorted(consume(kafka.client(KEY), "orders", 20)) == sorted(values)


def test_a_key_logs_in_by_its_secret_alone(kafka: Kafka) -> None:
    endpoints = kafka.seen().endpoints
    assert endpoints is not None
    for address in str(endpoints.sasl_plaintext).split(","):
        assert login(address, KEY.id, KEY.secret) == 0
        assert login(address, KEY.id, "hrs_wrong") != 0
        assert login(address, Key.new().id, KEY.secret) != 0
    assert is_let_in(kafka.client(KEY, "SCRAM-SHA-256"))
    assert not is_let_in(kafka.client(replace(KEY, secret="hrs_wrong"), "SCRAM-SHA-256"))


def test_tokens_are_taken_only_when_they_are_signed_current_and_for_this_cluster(
    kafka: Kafka,
) -> None:
    endpoints = kafka.seen().endpoints
    assert endpoints is not None
    whole = claims("u_somebody")
    strangers = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
    refused = {
        "unsigned": unsigned(whole),
        "late": signed(claims("u_somebody", iat=1, exp=2)),
        "for another cluster": signed(claims("u_somebody", aud="lkc_another")),
        "of another issuer": signed(claims("u_somebody", iss="headrace:in_another")),
        "by another key": signed(whole, strangers),
    }
    for addresses in (kafka.engine.bootstrap(CLUSTER).servers, str(endpoints.sasl_plaintext)):
        address, *_ = addresses.split(",")
        assert is_token_taken(address, signed(whole))
        assert [one for one, token in refused.items() if is_token_taken(address, token)] == []


def test_the_control_plane_is_itself_on_the_inner_listener_alone(kafka: Kafka) -> None:
    token = signed(claims("control-plane"))
    create_topic(kafka.token_client(token), "inside")
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        create_topic(kafka.token_client(token, is_inside=False), "outside")


def test_brokers_themselves_are_not_a_customers_to_change(kafka: Kafka) -> None:
    """A broker's settings name files and programs, whatever access rules a customer has."""
    entry = ConfigEntry("log.cleaner.threads", "2", incremental_operation=AlterConfigOpType.SET)
    broker = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[entry])
    admin = admin_of(kafka.client(KEY))
    changed = admin.incremental_alter_configs(
        [broker], request_timeout=SECONDS, validate_only=False
    )
    with pytest.raises(KafkaException, match="CLUSTER_AUTHORIZATION_FAILED"):
        changed[broker].result()


def test_the_plans_topics_and_partitions_are_bounded(kafka: Kafka) -> None:
    with pytest.raises(KafkaException, match="200 partitions"):
        create_topic(kafka.client(KEY), "wide", 201)


def test_what_the_engine_does_not_have_is_refused_by_name(kafka: Kafka) -> None:
    certificates = ClientCertificates(authorities="", mapping_rules="", required=False)
    with pytest.raises(WakingNotOfferedError):
        kafka.engine.ensure(replace(SPEC, wakes=True), credentials(1))
    with pytest.raises(ClientCertificatesNotOfferedError):
        kafka.engine.ensure(replace(SPEC, client_certificates=certificates), credentials(1))
    with pytest.raises(OAuthIssuerNotOfferedError):
        kafka.engine.ensure(replace(SPEC, takes_issued_tokens=True), credentials(1))
    with pytest.raises(MetricsNotOfferedError):
        kafka.engine.metrics(CLUSTER)
    with pytest.raises(ForkRefusedError):
        kafka.engine.fork("lkc_other", CLUSTER, ForkCut())
    for wish, refused in REFUSED_WISHES.items():
        with pytest.raises(refused):
            kafka.engine.check_wishes([wish])
    kafka.engine.check_wishes([])


def test_a_revoked_key_stops_on_an_open_connection(kafka: Kafka, sets: Credentials) -> None:
    revoked = Key.new()
    kafka.engine.apply_credentials(CLUSTER, sets.next(KEY, revoked))
    errors: list[str] = []
    producer = Producer(kafka.client(revoked))
    for _ in range(2):
        producer.produce("orders", b"x", on_delivery=lambda error, _: errors.append(str(error)))
        assert producer.flush(SECONDS) == 0
        kafka.engine.apply_credentials(CLUSTER, sets.next(KEY))
    assert errors[0] == "None"
    assert "TOPIC_AUTHORIZATION_FAILED" in errors[1]
    assert not is_let_in(kafka.client(revoked))


def test_a_set_that_can_not_be_one_leaves_the_one_before(kafka: Kafka, sets: Credentials) -> None:
    wrong = sets.next(KEY, openness=ClusterOpenness(allowed_networks=["nowhere"]))
    with pytest.raises(CredentialsRejectedError, match="allowed_networks"):
        kafka.engine.apply_credentials(CLUSTER, wrong)
    assert produce(kafka.client(KEY), "orders", b"y") == []


@pytest.mark.parametrize(
    "openness",
    [
        ClusterOpenness(access="read_only"),
        ClusterOpenness(access="suspended"),
        ClusterOpenness(allowed_networks=["192.0.2.0/24"]),
    ],
    ids=["read-only", "suspended", "networks"],
)
def test_a_closed_cluster_stores_nothing(
    kafka: Kafka, sets: Credentials, openness: ClusterOpenness
) -> None:
    kafka.engine.apply_credentials(CLUSTER, sets.next(KEY, openness=openness))
    (error,) = produce(kafka.client(KEY), "orders", b"z")
    assert "AUTHORIZATION_FAILED" in error
    # Brokers forward this to the controller, which hears of neither listener nor connection.
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        create_topic(kafka.client(KEY), "more")
    if openness.access == "read_only":
        assert len(consume({**kafka.client(KEY), "group.id": "others"}, "orders", 20)) >= 20
    kafka.engine.apply_credentials(CLUSTER, sets.next(KEY, openness=ClusterOpenness()))
    assert produce(kafka.client(KEY), "orders", b"z") == []


def test_a_key_with_bounds_does_what_they_say(kafka: Kafka, sets: Credentials) -> None:
    bounded = Key.new()
    made = sets.next(KEY, bounded)
    records = [
        {**one, "bounds": {"read": [], "write": ["ord"]}} if one["username"] == bounded.id else one
        for one in made.credentials
    ]
    kafka.engine.apply_credentials(CLUSTER, replace(made, credentials=records))
    assert produce(kafka.client(bounded), "orders", b"w") == []
    (error,) = produce(kafka.client(bounded), "inside", b"w")
    assert "TOPIC_AUTHORIZATION_FAILED" in error
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        create_topic(kafka.client(bounded), "orders-2")


def test_a_new_certificate_is_shown_without_a_restart(kafka: Kafka) -> None:
    assert not kafka.engine.renew_certificate(CLUSTER)
    pids = [kafka.pid(node) for node in (1, 2, 3)]
    before = shown(kafka)
    (kafka.data_dir / "clusters" / CLUSTER / "certificate.pem").unlink()
    assert kafka.engine.renew_certificate(CLUSTER)
    eventually(lambda: not before & shown(kafka), "a broker shows its old certificate", SECONDS)
    assert [kafka.pid(node) for node in (1, 2, 3)] == pids
    assert is_let_in(kafka.client(KEY))


def shown(kafka: Kafka) -> set[str]:
    endpoints = kafka.seen().endpoints
    assert endpoints is not None
    addresses = (one.rpartition(":") for one in endpoints.sasl_ssl.split(","))
    return {ssl.get_server_certificate((host, int(port))) for host, _, port in addresses}


def test_what_is_used_is_counted_to_the_byte(kafka: Kafka) -> None:
    create_topic(kafka.client(KEY), "metered", 2)
    kafka.engine.close_usage_window(CLUSTER)
    before = kafka.engine.usage_windows(CLUSTER, after=0, count_max=100).closed_through
    values = [b"." * 1000] * 50
    assert produce(kafka.client(KEY), "metered", *values) == []
    consume({**kafka.client(KEY), "group.id": "counted"}, "metered", len(values))

    def counted() -> Sequence[UsageWindow]:
        kafka.engine.close_usage_window(CLUSTER)
        return kafka.engine.usage_windows(CLUSTER, after=before, count_max=100).windows

    def of_metered(windows: Sequence[UsageWindow]) -> list[AppendedRange]:
        found = [one for window in windows for one in window.appended]
        return [one for one in found if one.topic == "metered"]

    # A follower that is a moment behind holds them back until the next window.
    eventually(
        lambda: sum(one.records for one in of_metered(counted())) >= len(values),
        "what was appended is never counted",
        SECONDS,
    )
    windows = counted()
    appended = of_metered(windows)
    assert sum(one.records for one in appended) == len(values)
    logs = kafka.data_dir / "clusters" / CLUSTER
    held = {
        node: sum(one.stat().st_size for one in (logs / str(node) / "logs").glob("metered-*/*.log"))
        for node in (1, 2, 3)
    }
    assert {sum(one.bytes for one in appended)} == set(held.values())
    whose = {share.principal for one in appended for share in one.by_principal}
    assert whose == {f"User:{KEY.id}"}
    traffic = [one for window in windows for one in window.traffic if one.topic == "metered"]
    assert {one.principal for one in traffic} == {f"User:{KEY.id}"}
    assert sum(one.read_bytes for one in traffic) >= len(values) * 1000
    assert all(
        sum(getattr(one, name) for one in traffic) > 0
        for name in ("read_requests", "produce_requests")
    )
    assert windows[-1].stored_bytes >= held[1]
    assert windows[-1].partitions >= 2


def test_a_killed_broker_is_missed_by_nobody_and_catches_up(kafka: Kafka) -> None:
    before = kafka.pid(1)
    os.kill(before, signal.SIGKILL)
    values = [f"k{one}".encode() for one in range(20)]
    assert produce(kafka.client(KEY), "orders", *values) == []
    eventually(lambda: kafka.engine.health(CLUSTER).is_settled, "it does not catch up", 240)
    assert kafka.pid(1) != before
    assert kafka.seen().restarts == 1


def test_a_removed_cluster_leaves_nothing(kafka: Kafka) -> None:
    kafka.engine.remove(CLUSTER)
    assert kafka.engine.observe(CLUSTER) is None
    assert kafka.engine.list() == ()
    kafka.engine.remove(CLUSTER)

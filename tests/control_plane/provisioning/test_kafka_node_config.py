from dataclasses import replace

import pytest

from control_plane.provisioning.engine import ClusterLimits
from control_plane.provisioning.engines.kafka.node_config import (
    LISTENERS,
    KafkaCluster,
    Node,
    NodeFiles,
    Place,
    format_arguments,
    kafka_cluster_id,
    node_client,
    server_properties,
    to_text,
)

LIMITS = ClusterLimits(
    connections_max=500,
    partitions_max=1000,
    request_bytes_max=16_777_216,
    connections_per_address_max=400,
    connections_per_second_max=100,
    produce_bytes_per_second_max=300,
    fetch_bytes_per_second_max=600,
    partition_changes_per_minute_max=120,
)
CLUSTER = KafkaCluster(
    cluster_id="lkc_one",
    secret="s3cret",
    nodes=tuple(
        Node(one, f"dir{one}", {name: 1000 * one + i for i, name in enumerate(LISTENERS)})
        for one in (1, 2, 3)
    ),
)
FILES = NodeFiles(logs="/c/1/logs", keystore="/c/keystore.pem", token_keys="/c/keys.json")
PLACE = Place(bind_host="192.0.2.1", public_host="kafka.example", token_issuer="headrace:in_1")


def properties(place: Place = PLACE, limits: ClusterLimits = LIMITS) -> dict[str, str]:
    return server_properties(
        CLUSTER,
        CLUSTER.nodes[0],
        FILES,
        place,
        limits,
        default_partitions=3,
        auto_create_topics=False,
    )


def test_a_node_is_broker_and_controller_of_one_quorum() -> None:
    found = properties()
    assert found["process.roles"] == "broker,controller"
    assert found["controller.quorum.bootstrap.servers"] == (
        "127.0.0.1:1003,127.0.0.1:2003,127.0.0.1:3003"
    )
    # Voters that are named here could never change (KIP-853).
    assert "controller.quorum.voters" not in found
    assert found["broker.rack"] == "rack-1"


def test_customers_come_in_by_tls_and_everything_else_stays_on_this_machine() -> None:
    found = properties()
    assert found["listeners"] == (
        "SASL_SSL://192.0.2.1:1000,SASL_PLAINTEXT://127.0.0.1:1001,"
        "INTERNAL://127.0.0.1:1002,CONTROLLER://127.0.0.1:1003"
    )
    assert found["advertised.listeners"].startswith("SASL_SSL://kafka.example:1000,")
    protocols = found["listener.security.protocol.map"].split(",")
    assert protocols[0] == "SASL_SSL:SASL_SSL"
    assert all(one.partition(":")[2].startswith("SASL") for one in protocols)


def test_addresses_of_ipv6_are_bracketed() -> None:
    found = properties(replace(PLACE, bind_host="::"))
    assert found["listeners"].startswith("SASL_SSL://[::]:1000,")


def test_tokens_are_never_judged_by_the_validator_that_takes_unsigned_ones() -> None:
    found = properties()
    with_tokens = [
        name.removesuffix(".sasl.enabled.mechanisms")
        for name, value in found.items()
        if name.endswith("sasl.enabled.mechanisms") and "OAUTHBEARER" in value.split(",")
    ]
    assert len(with_tokens) == 3
    for prefix in with_tokens:
        handler = found[f"{prefix}.oauthbearer.sasl.server.callback.handler.class"]
        assert handler.endswith(".OAuthBearerValidatorCallbackHandler")
        assert found[f"{prefix}.oauthbearer.connections.max.reauth.ms"] == "900000"
    assert found["sasl.oauthbearer.jwks.endpoint.url"] == "file:///c/keys.json"
    assert found["sasl.oauthbearer.expected.audience"] == "lkc_one"
    assert found["sasl.oauthbearer.expected.issuer"] == "headrace:in_1"


@pytest.mark.parametrize("listener", ["sasl_ssl", "sasl_plaintext"])
@pytest.mark.parametrize("mechanism", ["scram-sha-512", "scram-sha-256", "plain"])
def test_every_login_of_customers_is_judged_by_the_credentials_file(
    listener: str, mechanism: str
) -> None:
    handler = f"listener.name.{listener}.{mechanism}.sasl.server.callback.handler.class"
    assert properties()[handler].startswith("headrace.")


def test_the_nodes_secret_opens_no_listener_of_customers() -> None:
    names = [name for name, value in properties().items() if "s3cret" in value]
    assert names
    inside = ("listener.name.internal.", "listener.name.controller.")
    assert all(name.startswith(inside) for name in names)
    assert "s3cret" in node_client(CLUSTER, CLUSTER.nodes[0])["sasl.jaas.config"]


def test_a_write_survives_one_broker_and_none_is_given_to_a_broker_that_lacks_it() -> None:
    found = properties()
    assert found["default.replication.factor"] == "3"
    assert found["min.insync.replicas"] == "2"
    assert found["unclean.leader.election.enable"] == "false"
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        assert found[f"{topic}.replication.factor"] == "3"


def test_rates_of_the_plan_are_shared_over_the_nodes() -> None:
    found = properties()
    assert found["headrace.produce.bytes.per.second"] == "100.0"
    assert found["headrace.fetch.bytes.per.second"] == "200.0"
    assert found["headrace.partition.changes.per.second"] == "2.0"
    assert found["listener.name.sasl_ssl.max.connections"] == "500"
    assert found["max.connections.per.ip"] == "400"
    unlimited = properties(limits=ClusterLimits(1, 1, 1))
    assert "headrace.produce.bytes.per.second" not in unlimited
    assert "max.connections.per.ip" not in unlimited


def test_the_first_disk_names_every_voter_with_its_directory() -> None:
    arguments = format_arguments(CLUSTER, "/c/1/server.properties")
    voters = arguments[arguments.index("--initial-controllers") + 1]
    assert voters == "1@127.0.0.1:1003:dir1,2@127.0.0.1:2003:dir2,3@127.0.0.1:3003:dir3"
    assert arguments[arguments.index("--cluster-id") + 1] == kafka_cluster_id("lkc_one")
    assert "--ignore-formatted" in arguments


def test_clusters_have_ids_that_kafka_takes() -> None:
    assert len(kafka_cluster_id("lkc_one")) == 22
    assert kafka_cluster_id("lkc_one") != kafka_cluster_id("lkc_two")


def test_text_is_one_line_a_property() -> None:
    assert to_text({"a": "1", "b": "c\\d"}) == "a=1\nb=c\\\\d\n"

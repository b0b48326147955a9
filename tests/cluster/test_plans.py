"""Every plan of the native engine can be had, and its broker holds the limits that it promises."""

from collections.abc import Generator

import pytest
from confluent_kafka.admin import AdminClient

from control_plane.clusters.plans import CATALOGUE, Plan
from control_plane.kafka.admin import ConfigResource, KafkaAdmin
from tests.cluster.usage import ANSWER_SECONDS_MAX, Made, Usage, code_of, options


@pytest.fixture(params=sorted(one.id for one in CATALOGUE.values() if one.engine == "native"))
def plan(request: pytest.FixtureRequest) -> Plan:
    return CATALOGUE[request.param]


@pytest.fixture
def cluster(usage: Usage, plan: Plan) -> Generator[Made]:
    """A cluster of the plan, deleted again."""
    made = usage.create(f"plan-{plan.id}", plan.id)
    yield made
    usage.delete(made.id)


def broker_configs(admin: KafkaAdmin) -> dict[str, str | None]:
    resource = ConfigResource(ConfigResource.Type.BROKER, "1")
    answers = admin.describe_configs([resource], request_timeout=ANSWER_SECONDS_MAX)
    entries = answers[resource].result(ANSWER_SECONDS_MAX)
    return {name: entry.value for name, entry in entries.items()}


def test_its_broker_has_the_limits_that_the_plan_promises(
    usage: Usage, plan: Plan, cluster: Made
) -> None:
    key = usage.create_key(cluster.id)
    values = broker_configs(AdminClient(options(cluster, key)))
    assert values["max.connections"] == str(plan.limits.connections_max)
    assert values["socket.request.max.bytes"] == str(plan.limits.request_bytes_max)
    assert values["num.partitions"] == str(plan.default_partitions)

    topics = f"/v1/clusters/{cluster.id}/topics?dry_run=true"
    most = plan.limits.partitions_max
    usage.expect(200, usage.http.post(topics, json={"name": "most", "partitions": most}))
    refused = usage.http.post(topics, json={"name": "more", "partitions": most + 1})
    assert code_of(refused) == (409, "partitions_limit_reached")

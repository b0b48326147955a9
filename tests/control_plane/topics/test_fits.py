from dataclasses import replace

import pytest

from control_plane.topics.topics import ConfigValue, Topic, TopicSpec, fits

TOPIC = Topic(
    name="orders",
    id="2wLpsCkxQlqzYtJxvQmZEg",
    cluster_id="lkc_1",
    partitions=4,
    replication_factor=1,
    configs={
        "retention.ms": ConfigValue("1000", "dynamic_topic_config", is_default=False),
        "cleanup.policy": ConfigValue("delete", "default_config", is_default=True),
    },
)
SPEC = TopicSpec("orders", 4, 1, {"retention.ms": "1000"})


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        replace(SPEC, partitions=None, replication_factor=None, configs={}),
        replace(SPEC, configs={"cleanup.policy": "delete"}),
    ],
)
def test_what_was_asked_for_is_there(spec: TopicSpec) -> None:
    assert fits(TOPIC, spec)


@pytest.mark.parametrize(
    "spec",
    [
        replace(SPEC, name="other"),
        replace(SPEC, partitions=5),
        replace(SPEC, replication_factor=3),
        replace(SPEC, configs={"retention.ms": "1001"}),
        replace(SPEC, configs={"segment.ms": "1"}),
    ],
)
def test_anything_else_is_another_topic(spec: TopicSpec) -> None:
    assert not fits(TOPIC, spec)

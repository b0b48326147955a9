"""Kafka's rule for topic names (org.apache.kafka.common.internals.Topic). Pure."""

import re

NAME_LENGTH_MAX = 249

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_RESERVED = frozenset({".", ".."})


def is_topic_name(name: str) -> bool:
    return name not in _RESERVED and _NAME.fullmatch(name) is not None

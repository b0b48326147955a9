"""When both brokers can be asked everything."""

from __future__ import annotations

from typing import Final

from tests.parity.conversations import Speaker
from tests.parity.scripts import apis

COORDINATOR_MISSING: Final = frozenset({14, 15, 16})


def has_coordinators(speaker: Speaker) -> bool:
    """Whether groups and transactions are kept; Apache Kafka makes its topics at the first try."""
    for key_type in (0, 1):
        speaker.ask(apis.FIND_COORDINATOR, 4, {"key_type": key_type, "coordinator_keys": ["any"]})
    of_groups = speaker.ask(apis.OFFSET_DELETE, 0, {"group_id": "any", "topics": []})
    described = speaker.ask(apis.DESCRIBE_TRANSACTIONS, 0, {"transactional_ids": ["any"]})
    of_transactions = described["transaction_states"][0]
    return COORDINATOR_MISSING.isdisjoint({of_groups["error_code"], of_transactions["error_code"]})

"""What a client quota is: for whom, and which rates. Pure.

Kinds and rates are Kafka's own (KIP-13, KIP-124, KIP-546, KIP-599, KIP-612).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from control_plane.rights.places import place_of


class EntityType(StrEnum):
    """What a part of an entity names, in the words of the protocol."""

    USER = "user"
    CLIENT_ID = "client-id"
    IP = "ip"


class Rate(StrEnum):
    """A rate that can be limited."""

    PRODUCER_BYTE_RATE = "producer_byte_rate"
    CONSUMER_BYTE_RATE = "consumer_byte_rate"
    REQUEST_PERCENTAGE = "request_percentage"
    CONTROLLER_MUTATION_RATE = "controller_mutation_rate"
    CONNECTION_CREATION_RATE = "connection_creation_rate"


# Name None is the default: whoever has no quota of its own.
Entity = tuple[tuple[EntityType, str | None], ...]


@dataclass(frozen=True, slots=True)
class ClientQuota:
    """The rates of one entity, whose parts are in the order of `EntityType`.

    Of rates that a newer cluster adds the names are passed on.
    """

    entity: Entity
    rates: Mapping[str, float]

    @property
    def place(self) -> str:
        """Where the quota stands in lists; no other one stands there."""
        kind = "+".join(part for part, _ in self.entity)
        return place_of(kind, *(name for _, name in self.entity))


@dataclass(frozen=True, slots=True)
class Match:
    """What one part of an entity must be: the default, this name, or either where it is None."""

    name: str | None = None
    is_default: bool = False


QuotaFilter = Mapping[EntityType, Match]


def after(quota: ClientQuota, changes: Mapping[str, float | None]) -> ClientQuota:
    """Return the quota as `changes` leave it; None takes a rate away."""
    rates = {**quota.rates, **changes}
    return ClientQuota(
        quota.entity, {name: rate for name, rate in rates.items() if rate is not None}
    )


def ordered(parts: Mapping[EntityType, str | None]) -> Entity:
    """Return the parts of an entity in their order."""
    return tuple((kind, parts[kind]) for kind in EntityType if kind in parts)

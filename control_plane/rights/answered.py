"""What a cluster answered to a request of ours: a value, or an error of the protocol. Pure."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from confluent_kafka import KafkaError

from control_plane.kafka.errors import Refusals

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Answered(Generic[ValueT]):
    """A value that counts where `code`, the protocol's error code, is 0; `words` say more."""

    value: ValueT
    code: int
    words: str | None

    def unless_refused(self, refusals: Refusals) -> ValueT:
        """Return the value; raise the coded form of what the cluster refused with."""
        if self.code:
            raise refusals.to_app_error(KafkaError(self.code, self.words or ""))
        return self.value

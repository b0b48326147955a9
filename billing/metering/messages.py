"""What a message `usage.window_closed` says, once it was found to be sound."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from billing.metering.errors import UsageMessageInvalidError
from billing.periods import hour_of
from billing.rating.usage import HourQuantities

SOURCE_LENGTH_MAX = 255
ID_LENGTH_MAX = 64
NAME_LENGTH_MAX = 255
PLAN_LENGTH_MAX = 32
# An hour of the most that is believed of one cluster fits a database's 64 bits many times over.
BYTES_MAX = 2**50
PARTITIONS_MAX = 1_000_000
REASONS_MAX = 3


def _require_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("an instant is written as RFC 3339 says")  # noqa: TRY004 - pydantic's way
    return value


_Id = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=ID_LENGTH_MAX)]
_Instant = Annotated[AwareDatetime, BeforeValidator(_require_text)]
_Bytes = Annotated[StrictInt, Field(ge=0, le=BYTES_MAX)]


class UsageWindow(BaseModel):
    """A closed usage window of one cluster; half-open, within one UTC hour.

    Unknown fields are left alone: a collector may say more than billing asks for.
    """

    model_config = ConfigDict(frozen=True)

    source: Annotated[
        str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=SOURCE_LENGTH_MAX)
    ]
    organization_id: _Id
    cluster_id: _Id
    cluster_name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[^\x00-\x1f\x7f]+$"),
    ]
    plan: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=PLAN_LENGTH_MAX)]
    started_at: _Instant
    ended_at: _Instant
    running_ms: Annotated[StrictInt, Field(ge=0)]
    bytes_in: _Bytes
    bytes_out: _Bytes
    stored_bytes: _Bytes
    partitions: Annotated[StrictInt, Field(ge=0, le=PARTITIONS_MAX)]

    @model_validator(mode="after")
    def _lies_within_an_hour(self) -> Self:
        if not self.started_at < self.ended_at:
            raise ValueError("the window ends before it begins")
        if self.ended_at > hour_of(self.started_at) + timedelta(hours=1):
            raise ValueError("the window crosses a full hour")
        if self.running_ms > self.window_ms:
            raise ValueError("the broker ran for longer than the window lasts")
        return self

    @property
    def window_ms(self) -> int:
        """How long the window lasts."""
        return (self.ended_at - self.started_at) // timedelta(milliseconds=1)

    @property
    def quantities(self) -> HourQuantities:
        """What the window adds to its hour."""
        return HourQuantities(
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            stored_byte_seconds=self.stored_bytes * self.window_ms // 1000,
            running_ms=self.running_ms,
            partition_ms=self.partitions * self.running_ms,
        )


def parse(body: object) -> UsageWindow:
    """Read a message's body; raise UsageMessageInvalidError, which names what is wrong."""
    try:
        return UsageWindow.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:REASONS_MAX]
        reasons = [f"{'.'.join(map(str, one['loc'])) or 'window'}: {one['msg']}" for one in found]
        raise UsageMessageInvalidError("; ".join(reasons)) from None

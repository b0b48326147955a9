"""`DescribeClientQuotas` and `AlterClientQuotas` (KIP-546) as bytes, version 0. Pure."""

from collections.abc import Mapping

from control_plane.kafka.wire import Reader, Writer
from control_plane.rights.answered import Answered
from control_plane.rights.quotas import (
    ClientQuota,
    Entity,
    EntityType,
    Match,
    QuotaFilter,
    ordered,
)

VERSION = 0
_EXACT, _DEFAULT, _ANY = 0, 1, 2
_KINDS = frozenset(kind.value for kind in EntityType)


def describe(wanted: QuotaFilter, *, is_strict: bool = False) -> bytes:
    """Return the body of a request for the quotas of entities that have such parts.

    With `is_strict` they have no others.
    """
    writer = Writer().array(list(wanted.items()), _write_match)
    return writer.boolean(value=is_strict).done()


def described(answer: Reader) -> Answered[list[ClientQuota]]:
    """Read the quotas, or what the cluster refused with; kinds of entities to come are left out."""
    answer.int32()  # throttle time
    code, words = answer.int16(), answer.nullable_text()
    found = [_quota(parts, rates) for parts, rates in answer.array(_read_entry)]
    return Answered([quota for quota in found if quota is not None], code, words)


def alter(entity: Entity, changes: Mapping[str, float | None], *, is_dry_run: bool) -> bytes:
    """Return the body of a request that sets rates of one entity; None takes one away."""
    return Writer().array([(entity, changes)], _write_alteration).boolean(value=is_dry_run).done()


def altered(answer: Reader) -> Answered[None]:
    """Read how the alteration went."""
    answer.int32()  # throttle time
    code, words, _ = answer.only(
        lambda item: (item.int16(), item.nullable_text(), item.array(_read_part))
    )
    return Answered(None, code, words)


def _write_match(writer: Writer, part: tuple[EntityType, Match]) -> None:
    kind, match = part
    code = _DEFAULT if match.is_default else _ANY if match.name is None else _EXACT
    writer.text(kind).int8(code).text(match.name)


def _write_alteration(
    writer: Writer, alteration: tuple[Entity, Mapping[str, float | None]]
) -> None:
    entity, changes = alteration
    writer.array(entity, lambda own, part: own.text(part[0]).text(part[1]))
    writer.array(list(changes.items()), _write_change)


def _write_change(writer: Writer, change: tuple[str, float | None]) -> None:
    name, rate = change
    writer.text(name).float64(rate or 0.0).boolean(value=rate is None)


def _read_entry(answer: Reader) -> tuple[list[tuple[str, str | None]], list[tuple[str, float]]]:
    parts = answer.array(_read_part)
    return parts, answer.array(lambda item: (item.text(), item.float64()))


def _read_part(answer: Reader) -> tuple[str, str | None]:
    return answer.text(), answer.nullable_text()


def _quota(
    parts: list[tuple[str, str | None]], rates: list[tuple[str, float]]
) -> ClientQuota | None:
    if any(kind not in _KINDS for kind, _ in parts):
        return None
    entity = ordered({EntityType(kind): name for kind, name in parts})
    return ClientQuota(entity, dict(sorted(rates)))

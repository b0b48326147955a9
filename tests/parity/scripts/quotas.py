"""Quotas of clients, and SCRAM users, of which a broker without logins has none."""

from __future__ import annotations

from typing import Any

from tests.parity.scripts import apis
from tests.parity.sides import Side

EXACT, DEFAULT, ANY = 0, 1, 2
SHA_256, SHA_512 = 1, 2
ITERATIONS = 4_096

NO_LOGINS = (
    "a broker that asks for no login has no users; Kafka's tools make them where there are logins"
)

EXPLAINED = {
    "users": NO_LOGINS,
    "users made": NO_LOGINS,
    "users ended": NO_LOGINS,
}


def converse(side: Side) -> None:
    _quotas(side)
    _users(side)


def _entity(**parts: str | None) -> list[dict[str, Any]]:
    kinds = {"user": "user", "client": "client-id", "address": "ip", "odd": "odd"}
    return [{"entity_type": kinds[kind], "entity_name": name} for kind, name in parts.items()]


def _entry(entity: list[dict[str, Any]], *, remove: bool = False, **rates: float) -> dict[str, Any]:
    ops = [{"key": key, "value": value, "remove": remove} for key, value in rates.items()]
    return {"entity": entity, "ops": ops}


def _quotas(side: Side) -> None:
    for version in side.each(apis.ALTER_QUOTAS):
        ada, program = f"ada-{version}", f"program-{version}"
        for label, entries in (
            ("of a user", [_entry(_entity(user=ada), producer_byte_rate=1_000.0)]),
            (
                "of a program of a user",
                [_entry(_entity(user=ada, client=program), consumer_byte_rate=2_000.0)],
            ),
            ("of all programs", [_entry(_entity(client=None), request_percentage=50.5)]),
            (
                "of an address",
                [_entry(_entity(address="127.0.0.9"), connection_creation_rate=10.0)],
            ),
            ("of an odd kind", [_entry(_entity(odd="x"), producer_byte_rate=1.0)]),
            ("of nothing", [_entry([], producer_byte_rate=1.0)]),
            ("that there is not", [_entry(_entity(user=ada), odd_rate=1.0)]),
            ("of an address to produce", [_entry(_entity(address="::1"), producer_byte_rate=1.0)]),
            ("below nothing", [_entry(_entity(user=ada), producer_byte_rate=-1.0)]),
            ("in parts", [_entry(_entity(user=ada), controller_mutation_rate=0.5)]),
            ("that is not set", [_entry(_entity(user="eve"), remove=True, producer_byte_rate=0.0)]),
        ):
            for validate_only in (True, False):
                what = "checked" if validate_only else "set"
                fields = {"entries": entries, "validate_only": validate_only}
                side.ask(f"a quota {label} is {what}", apis.ALTER_QUOTAS, version, **fields)
    for version in side.each(apis.QUOTAS):
        for label, components, strict in (
            ("all", [], False),
            ("all, strictly", [], True),
            ("of one user", [("user", EXACT, "ada-0")], False),
            ("of one user alone", [("user", EXACT, "ada-0")], True),
            ("of users", [("user", ANY, None)], False),
            ("of all programs", [("client-id", DEFAULT, None)], False),
            ("of programs of users", [("user", ANY, None), ("client-id", ANY, None)], True),
            ("of addresses", [("ip", ANY, None)], False),
            ("of an odd kind", [("odd", ANY, None)], False),
            ("of users twice", [("user", ANY, None), ("user", EXACT, "ada-0")], False),
            ("of an odd match", [("user", 7, None)], False),
        ):
            rows = [
                {"entity_type": kind, "match_type": match, "match": name}
                for kind, match, name in components
            ]
            side.ask(f"quotas {label}", apis.QUOTAS, version, components=rows, strict=strict)


def _users(side: Side) -> None:
    made = {
        "name": "ada",
        "mechanism": SHA_256,
        "iterations": ITERATIONS,
        "salt": b"salt" * 4,
        "salted_password": b"p" * 32,
    }
    ended = {"name": "eve", "mechanism": SHA_512}
    for version in side.each(apis.ALTER_USERS):
        fields: dict[str, Any] = {"deletions": [], "upsertions": [made]}
        side.ask("users made", apis.ALTER_USERS, version, **fields)
        fields = {"deletions": [ended], "upsertions": []}
        side.ask("users ended", apis.ALTER_USERS, version, **fields)
    for version in side.each(apis.USERS):
        side.ask("users", apis.USERS, version, users=[{"name": "ada"}, {"name": "eve"}])

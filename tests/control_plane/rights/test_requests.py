"""Requests and answers about rights as bytes, and what stands in them."""

import hmac
import struct
from base64 import b64decode, b64encode

import pytest

from control_plane.kafka.wire import Reader, WireError, Writer
from control_plane.rights import access_rule_requests, quota_requests, scram_user_requests
from control_plane.rights.access_rules import (
    AccessRule,
    Operation,
    PatternFilter,
    Permission,
    ResourceType,
    RuleFilter,
    problem_of,
)
from control_plane.rights.places import place_of
from control_plane.rights.quotas import ClientQuota, EntityType, Match, after, ordered
from control_plane.rights.scram_users import Mechanism

RULE = AccessRule("topic", "orders", "literal", "User:a", "*", "read", "allow")


class TestAccessRules:
    def test_filters_leave_out_what_they_do_not_mean(self) -> None:
        body = access_rule_requests.describe(RuleFilter())
        assert body == b"\x01\xff\xff\x01\xff\xff\xff\xff\x01\x01"

    def test_filters_have_the_numbers_of_the_protocol(self) -> None:
        wanted = RuleFilter(
            resource_type=ResourceType.TRANSACTIONAL_ID,
            resource_name="o",
            pattern_type=PatternFilter.MATCH,
            operation=Operation.TWO_PHASE_COMMIT,
            permission=Permission.DENY,
        )
        body = access_rule_requests.describe(wanted)
        assert body == b"\x05\x00\x01o\x02\xff\xff\xff\xff\x0f\x02"

    def test_words_of_a_newer_cluster_are_passed_on(self) -> None:
        answer = Writer().int32(0).int16(0).text(None)
        answer.array(
            [99],
            lambda writer, kind: (
                writer.int8(kind)
                .text("x")
                .int8(3)
                .array(
                    [40],
                    lambda own, operation: own.text("User:a").text("*").int8(operation).int8(3),
                )
            ),
        )
        found = access_rule_requests.described(Reader(answer.done())).value
        assert [(rule.resource_type, rule.operation) for rule in found] == [
            ("unknown_99", "unknown_40")
        ]

    def test_an_answer_to_nothing_is_refused(self) -> None:
        with pytest.raises(WireError):
            access_rule_requests.created(Reader(Writer().int32(0).int32(0).done()))

    @pytest.mark.parametrize("host", ["*", "192.0.2.7", "2001:db8::1"])
    def test_hosts_are_addresses(self, host: str) -> None:
        assert (
            problem_of(AccessRule("topic", "o", "literal", "User:a", host, "all", "deny")) is None
        )


class TestScramUsers:
    def test_the_password_is_salted_as_in_the_example_of_rfc_7677(self) -> None:
        nonce, salt = (
            "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "W22ZaJ0SNY7soEsUEjb6gQ==",
        )
        login = scram_user_requests.salted(Mechanism.SCRAM_SHA_256, 4096, b64decode(salt), "pencil")
        said = f"n=user,r={nonce[:20]},r={nonce},s={salt},i=4096,c=biws,r={nonce}"
        server_key = hmac.digest(login.salted_password, b"Server Key", "sha256")
        signature = hmac.digest(server_key, said.encode(), "sha256")
        assert b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    def test_texts_of_any_length_are_compact(self) -> None:
        name = "x" * 200
        answer = Writer().int32(0)
        answer.compact_array(
            [name], lambda writer, text: writer.compact_text(text).int16(91).compact_text("gone")
        )
        found = scram_user_requests.altered(Reader(answer.no_tags().done()))
        assert (found.code, found.words) == (91, "gone")

    def test_tagged_fields_are_passed_over(self) -> None:
        tagged = b"\x01\x05\x03abc"
        answer = b"\x00\x00\x00\x00" + b"\x00\x00" + b"\x00" + b"\x01" + tagged
        assert scram_user_requests.described(Reader(answer)).value == []

    def test_a_number_without_an_end_is_refused(self) -> None:
        with pytest.raises(WireError):
            Reader(b"\xff" * 10).compact_nullable_text()


class TestQuotas:
    def test_filters_tell_defaults_from_names(self) -> None:
        wanted = {EntityType.USER: Match("a"), EntityType.IP: Match(is_default=True)}
        assert quota_requests.describe(wanted) == (
            b"\x00\x00\x00\x02\x00\x04user\x00\x00\x01a\x00\x02ip\x01\xff\xff\x00"
        )

    def test_a_rate_is_taken_away_by_none(self) -> None:
        body = quota_requests.alter(
            ((EntityType.USER, None),), {"a": None, "b": 1.5}, is_dry_run=True
        )
        removed = b"\x00\x01a" + struct.pack(">d", 0) + b"\x01"
        kept = b"\x00\x01b" + struct.pack(">d", 1.5) + b"\x00"
        assert body.endswith(b"\x00\x00\x00\x02" + removed + kept + b"\x01")

    def test_what_is_left_is_told_before(self) -> None:
        entity = ordered({EntityType.CLIENT_ID: "b", EntityType.USER: "a"})
        assert [kind for kind, _ in entity] == [EntityType.USER, EntityType.CLIENT_ID]
        quota = ClientQuota(entity, {"producer_byte_rate": 1.0, "consumer_byte_rate": 2.0})
        left = after(quota, {"producer_byte_rate": None, "request_percentage": 3.0})
        assert left.rates == {"consumer_byte_rate": 2.0, "request_percentage": 3.0}


def test_places_are_short_printable_and_of_one_thing_alone() -> None:
    names = [None, "", "a", "a\tb", "\x00", "ü" * 250, "\U0001f980" * 250, "\U0001f980" * 249]
    places = [place_of("topic", name) for name in names]
    assert len(set(places)) == len(names)
    assert all(place.isprintable() and len(place) < 400 for place in places)

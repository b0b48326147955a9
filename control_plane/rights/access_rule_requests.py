"""`DescribeAcls`, `CreateAcls` and `DeleteAcls` as bytes, version 1 (KIP-290). Pure.

librdkafka offers them too, but refuses whole answers for one rule whose words it does not know.
"""

from collections.abc import Mapping

from control_plane.kafka.wire import Reader, Writer
from control_plane.rights.access_rules import (
    OPERATION_CODES,
    PATTERN_CODES,
    PERMISSION_CODES,
    RESOURCE_TYPE_CODES,
    AccessRule,
    RuleFilter,
)
from control_plane.rights.answered import Answered

VERSION = 1
_ANY = 1


def describe(wanted: RuleFilter) -> bytes:
    """Return the body of a request for the rules that a filter means."""
    return _write_filter(Writer(), wanted).done()


def described(answer: Reader) -> Answered[list[AccessRule]]:
    """Read the rules, or what the cluster refused with."""
    answer.int32()  # throttle time
    code, words = answer.int16(), answer.nullable_text()
    resources = answer.array(_read_resource)
    return Answered([rule for rules in resources for rule in rules], code, words)


def create(rule: AccessRule) -> bytes:
    """Return the body of a request that adds one rule."""
    return Writer().array([rule], _write_rule).done()


def created(answer: Reader) -> Answered[None]:
    """Read how the creation went."""
    answer.int32()  # throttle time
    code, words = answer.only(lambda item: (item.int16(), item.nullable_text()))
    return Answered(None, code, words)


def delete(wanted: RuleFilter) -> bytes:
    """Return the body of a request that removes the rules that a filter means."""
    return Writer().array([wanted], _write_filter).done()


def deleted(answer: Reader) -> Answered[list[AccessRule]]:
    """Read which rules the filter removed."""
    answer.int32()  # throttle time
    return answer.only(_read_deletion)


def _write_rule(writer: Writer, rule: AccessRule) -> None:
    writer.int8(RESOURCE_TYPE_CODES[rule.resource_type]).text(rule.resource_name)
    writer.int8(PATTERN_CODES[rule.pattern_type]).text(rule.principal).text(rule.host)
    writer.int8(OPERATION_CODES[rule.operation]).int8(PERMISSION_CODES[rule.permission])


def _write_filter(writer: Writer, wanted: RuleFilter) -> Writer:
    writer.int8(_code(RESOURCE_TYPE_CODES, wanted.resource_type)).text(wanted.resource_name)
    writer.int8(_code(PATTERN_CODES, wanted.pattern_type)).text(wanted.principal)
    writer.text(wanted.host).int8(_code(OPERATION_CODES, wanted.operation))
    return writer.int8(_code(PERMISSION_CODES, wanted.permission))


def _read_resource(answer: Reader) -> list[AccessRule]:
    resource_type = _word(RESOURCE_TYPE_CODES, answer.int8())
    name = answer.text()
    pattern = _word(PATTERN_CODES, answer.int8())
    rules = answer.array(lambda item: (item.text(), item.text(), item.int8(), item.int8()))
    return [
        AccessRule(
            resource_type,
            name,
            pattern,
            principal,
            host,
            _word(OPERATION_CODES, operation),
            _word(PERMISSION_CODES, permission),
        )
        for principal, host, operation, permission in rules
    ]


def _read_deletion(answer: Reader) -> Answered[list[AccessRule]]:
    code, words = answer.int16(), answer.nullable_text()
    found = answer.array(_read_deleted)
    for _, own_code, own_words in found:
        if own_code and not code:
            code, words = own_code, own_words
    return Answered([rule for rule, _, _ in found], code, words)


def _read_deleted(answer: Reader) -> tuple[AccessRule, int, str | None]:
    code, words = answer.int16(), answer.nullable_text()
    rule = AccessRule(
        resource_type=_word(RESOURCE_TYPE_CODES, answer.int8()),
        resource_name=answer.text(),
        pattern_type=_word(PATTERN_CODES, answer.int8()),
        principal=answer.text(),
        host=answer.text(),
        operation=_word(OPERATION_CODES, answer.int8()),
        permission=_word(PERMISSION_CODES, answer.int8()),
    )
    return rule, code, words


def _code(codes: Mapping[str, int], word: str | None) -> int:
    return _ANY if word is None else codes[word]


def _word(codes: Mapping[str, int], code: int) -> str:
    return next((str(word) for word, known in codes.items() if known == code), f"unknown_{code}")

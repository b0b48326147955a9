"""The page of the clients is made of results alone, and is held against catalog and pins."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.clients.catalog import CLIENTS
from tools.clients_page import (
    PAGE,
    IncompleteError,
    faults,
    find_version,
    find_versions,
    lay_out,
    read_results,
)

EVERYTHING = {(row, client.name): True for client in CLIENTS for row in client.rows}


def report(*cases: str) -> ET.Element:
    return ET.fromstring(f"<testsuite>{''.join(cases)}</testsuite>")  # noqa: S314  made here


def case(proves: str, fault: str = "") -> str:
    told = f'<property name="proves" value="{proves}"/>'
    return f"<testcase><properties>{told}</properties>{fault}</testcase>"


@pytest.mark.parametrize("fault", ["<failure/>", "<error/>", "<skipped/>"])
def test_a_row_holds_when_every_test_of_it_passed(fault: str) -> None:
    results = read_results(
        report(
            case("produce franz-go"),
            case("produce franz-go", fault),
            case("consume kafka-console-producer, kafka-console-consumer"),
        )
    )
    assert results == {
        ("produce", "franz-go"): False,
        ("consume", "kafka-console-producer, kafka-console-consumer"): True,
    }


def test_what_no_test_told_of_is_not_written() -> None:
    without = {key: told for key, told in EVERYTHING.items() if key != ("codecs", "sarama")}
    with pytest.raises(IncompleteError, match="sarama: codecs"):
        lay_out(without, find_versions())


def test_the_page_that_is_made_has_no_faults_and_that_in_the_docs_neither() -> None:
    assert faults(lay_out(EVERYTHING, find_versions())) == []
    assert faults(PAGE.read_text(encoding="utf-8")) == []


def test_what_failed_a_missing_client_and_an_old_version_are_faults() -> None:
    failed = lay_out({**EVERYTHING, ("codecs", "sarama"): False}, find_versions())
    assert [fault.split(":")[0] for fault in faults(failed)] == ["sarama"]

    page = lay_out(EVERYTHING, find_versions())
    without = "\n".join(line for line in page.splitlines() if not line.startswith("| KafkaJS"))
    assert faults(without) == ["the page lacks KafkaJS"]

    old = lay_out(EVERYTHING, {**find_versions(), "aiokafka": "0.1"})
    assert faults(old) == ["aiokafka is not 0.1"]


def test_an_unknown_package_has_no_version() -> None:
    with pytest.raises(IncompleteError, match="nothing-of-that-name"):
        find_version("requirements/dev.lock", "nothing-of-that-name")

"""The proof usage-bytes in small: what is metered is what was appended, whatever was killed."""

from bench.proofs.usage_bytes import measure
from bench.proofs.usage_control import count_again_and_again

KILLS = 2


def test_bytes_metered_are_the_bytes_appended() -> None:
    figures, passed = measure(KILLS)
    assert passed, figures
    assert figures["collector_kills"] == KILLS
    assert figures["appended_bytes_of_the_deleted_topic"] > 0


def test_without_cursors_they_would_not_be() -> None:
    figures = count_again_and_again()
    assert figures["with_cursors"] == figures["appended_bytes"]
    assert figures["without_cursors"] > figures["appended_bytes"]

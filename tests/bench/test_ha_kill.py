from collections import Counter

from bench.proofs.ha_kill import judged, longest_gap


def test_what_is_acknowledged_must_be_there_once() -> None:
    acknowledged = {b"a", b"b", b"c"}
    assert judged(acknowledged, Counter([b"a", b"b", b"c"])) == (0, 0)
    assert judged(acknowledged, Counter([b"a", b"c", b"c", b"unknown"])) == (1, 1)
    assert judged(acknowledged, Counter()) == (3, 0)


def test_a_gap_counts_from_the_kill_to_the_end_of_the_round() -> None:
    assert longest_gap([0.5, 2.0, 2.5, 9.0], since=1.0, until=4.0) == 1.5
    assert longest_gap([], since=1.0, until=4.0) == 3.0

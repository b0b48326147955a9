import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.kit.token_buckets import BURST_MAX, PER_SECOND_MAX, Rate, TokenBuckets

NOW = 1_000_000.0


class TestRate:
    def test_reads_what_is_given_a_second_and_at_once(self) -> None:
        assert Rate.parse("50:200") == Rate(50, 200)
        assert Rate(50, 201).window_seconds == 5

    @pytest.mark.parametrize(
        "text", ["", "50", "50:", ":50", "0:1", "1:0", "-1:1", "1.5:2", "50:200 ", "9999999:1"]
    )
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="a rate"):
            Rate.parse(text)

    def test_has_bounds(self) -> None:
        assert Rate(PER_SECOND_MAX, BURST_MAX).window_seconds == 10
        with pytest.raises(ValueError, match="a rate"):
            Rate(1, BURST_MAX + 1)


class TestTokenBuckets:
    def test_gives_the_burst_and_not_one_more(self) -> None:
        buckets = TokenBuckets(Rate(50, 200))
        assert [buckets.take("a", NOW) for _ in range(200)] == [0.0] * 200
        assert buckets.take("a", NOW) == pytest.approx(0.02)

    def test_gives_one_more_after_the_wait_it_named_and_not_before(self) -> None:
        buckets = TokenBuckets(Rate(50, 2))
        buckets.take("a", NOW)
        buckets.take("a", NOW)
        wait = buckets.take("a", NOW)
        assert buckets.take("a", NOW + wait - 0.001) > 0
        assert buckets.take("a", NOW + wait) == 0

    def test_what_was_refused_does_not_count(self) -> None:
        buckets = TokenBuckets(Rate(1, 1))
        buckets.take("a", NOW)
        waits = {buckets.take("a", NOW) for _ in range(100)}
        assert waits == {1.0}

    def test_keys_do_not_share(self) -> None:
        buckets = TokenBuckets(Rate(1, 1))
        buckets.take("a", NOW)
        assert buckets.take("b", NOW) == 0

    def test_a_rested_bucket_is_full_and_no_fuller(self) -> None:
        buckets = TokenBuckets(Rate(10, 3))
        for _ in range(3):
            buckets.take("a", NOW)
        later = NOW + 3600
        assert [buckets.take("a", later) > 0 for _ in range(4)] == [False, False, False, True]

    def test_memory_is_bounded_and_the_longest_unused_goes_first(self) -> None:
        buckets = TokenBuckets(Rate(1, 1), buckets_max=2)
        for key in ("a", "b", "c"):
            buckets.take(key, NOW)
        assert len(buckets) == 2
        assert buckets.take("c", NOW) > 0
        assert buckets.take("a", NOW) == 0

    @given(
        st.lists(st.integers(0, 3_000_000), max_size=200), st.integers(1, 50), st.integers(1, 20)
    )
    def test_never_gives_more_than_its_rate(
        self, pauses_us: list[int], per_second: int, burst: int
    ) -> None:
        buckets = TokenBuckets(Rate(per_second, burst))
        moment, given_count = NOW, 0
        for pause in pauses_us:
            moment += pause / 1e6
            given_count += buckets.take("a", moment) == 0
        # One is for the nanoseconds that the rounded interval may be short of.
        assert given_count <= burst + (moment - NOW) * per_second + 1

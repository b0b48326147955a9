from hypothesis import given
from hypothesis import strategies as st

from billing.rating.apportion import apportion

weights = st.lists(st.integers(0, 2**60), min_size=1, max_size=24)


@given(st.integers(-(2**60), 2**60), weights)
def test_shares_add_up_to_the_whole(total: int, hours: list[int]) -> None:
    assert sum(apportion(total, hours)) == total


@given(st.integers(0, 2**60), weights)
def test_no_share_is_off_by_one_unit_or_more(total: int, hours: list[int]) -> None:
    whole = sum(hours)
    if whole:
        for share, weight in zip(apportion(total, hours), hours, strict=True):
            assert abs(share * whole - total * weight) < whole


def test_what_is_left_goes_to_the_largest_remainders() -> None:
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert apportion(100, [2, 3, 2]) == [29, 43, 28]
    assert apportion(7, [0, 0]) == [7, 0]

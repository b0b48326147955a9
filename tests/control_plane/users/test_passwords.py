import pytest

from control_plane.users.errors import PasswordRefusedError
from control_plane.users.passwords import require_good_password

EMAIL = "ada.byron@example.com"


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 129,
        "aaaaaaaaaaaa",
        "1234567890",
        "9876543210",
        "abcdefghijkl",
        "Password123!",
        "p@ssw0rd2026",
        "QWERTYuiop12",
        "!!welcome!!2026",
        "iloveyou1234567",
        "ada.byron1",
        "2026-11-30-12:00",
    ],
)
def test_what_would_be_tried_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordRefusedError) as caught:
        require_good_password(password, email=EMAIL)
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [
        "four unrelated mill words",
        "kX9#vTq2-p",
        "水車小屋の四つの言葉が並ぶ",
        "password of the river miller",
        "x9" * 5 + "abc",
    ],
)
def test_anything_else_is_taken(password: str) -> None:
    require_good_password(password, email=EMAIL)

import json

from control_plane.audit.redaction import DETAILS_BYTES_MAX, REDACTED, kept_of


def test_secrets_are_not_kept_wherever_they_stand() -> None:
    body = {"name": "n", "secret": "s", "inner": [{"new_password": {"a": 1}, "apiToken": "t"}]}
    assert kept_of(json.dumps(body).encode()) == {
        "name": "n",
        "secret": REDACTED,
        "inner": [{"new_password": REDACTED, "apiToken": REDACTED}],
    }


def test_what_is_no_object_is_not_kept() -> None:
    for body in (b"", b"[1]", b"nonsense", b"\xff", b"[" * 100_000):
        assert kept_of(body) is None


def test_large_bodies_leave_names_alone() -> None:
    kept = kept_of(json.dumps({"a": ["x" * 200] * 1000, "b": 1}).encode())
    assert kept == {"members": ["a", "b"]}
    assert len(json.dumps(kept_of(b'{"' + b"n" * 10_000 + b'": 1}'))) <= DETAILS_BYTES_MAX


def test_numbers_have_one_spelling() -> None:
    assert kept_of(b'{"a": 1.50, "b": NaN, "c": 7}') == {"a": "1.5", "b": "nan", "c": 7}

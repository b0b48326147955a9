from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from control_plane.kit.errors import UnavailableError
from control_plane.users import hashing
from control_plane.users.hashing import CONCURRENT_MAX, PasswordHashes

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_only_the_password_itself_is_verified() -> None:
    hashes = PasswordHashes(QUICK)
    made = hashes.make("four mill words")
    assert made.startswith("$argon2id$")
    assert hashes.verify(made, "four mill words")
    assert not hashes.verify(made, "Four mill words")
    assert not hashes.verify(None, "of nobody")
    assert not hashes.verify("damaged", "four mill words")


def test_a_hash_of_other_parameters_is_outdated() -> None:
    made = PasswordHashes(QUICK).make("four mill words")
    assert not PasswordHashes(QUICK).is_outdated(made)
    assert PasswordHashes().is_outdated(made)


def test_so_many_are_made_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "WAIT_SECONDS_MAX", 0.01)
    hashes = PasswordHashes(QUICK)
    for _ in range(CONCURRENT_MAX):
        hashes.__enter__()
    with ThreadPoolExecutor(1) as pool, pytest.raises(UnavailableError):
        pool.submit(hashes.make, "four mill words").result()
    hashes.__exit__()
    assert hashes.make("four mill words")

"""Which passwords are taken. Pure.

Length is what counts (NIST SP 800-63B, 5.1.1.2): no kinds of characters are asked for, and what
everybody would try first is refused, however it is decorated.
"""

import re

from control_plane.users.errors import PasswordRefusedError

PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 128
DISTINCT_MIN = 5

# What people choose when a password is asked for, without its digits and ornaments.
COMMON_WORDS = frozenset(
    {
        "abc",
        "abcd",
        "admin",
        "adminadmin",
        "administrator",
        "apachekafka",
        "asdf",
        "asdfasdf",
        "asdfghjkl",
        "azerty",
        "baseball",
        "changeme",
        "chocolate",
        "computer",
        "correcthorsebatterystaple",
        "default",
        "dragon",
        "football",
        "headrace",
        "hello",
        "helloworld",
        "iloveyou",
        "kafka",
        "letmein",
        "login",
        "loveme",
        "master",
        "michael",
        "monkey",
        "mypassword",
        "pass",
        "passpass",
        "passwd",
        "password",
        "passwordpassword",
        "princess",
        "qazwsx",
        "qazwsxedc",
        "qwer",
        "qwerasdf",
        "qwert",
        "qwerty",
        "qwertyqwerty",
        "qwertyuiop",
        "qwertz",
        "root",
        "secret",
        "shadow",
        "summer",
        "sunshine",
        "superman",
        "superuser",
        "test",
        "testing",
        "testtest",
        "trustno",
        "user",
        "welcome",
        "welcomewelcome",
        "whatever",
        "winter",
        "zaqwsx",
        "zxcvbnm",
    }
)
SEQUENCES = ("01234567890123456789", "09876543210987654321", "abcdefghijklmnopqrstuvwxyz")

_LOOK_ALIKES = str.maketrans("@01345$7!", "aoleassti")
_ORNAMENTS = re.compile(r"^[^a-z]+|[^a-z]+$")
_NOT_LETTERS = re.compile(r"[^a-z]+")


def require_good_password(password: str, *, email: str) -> None:
    """Raise PasswordRefusedError with what is wrong; it never repeats the password."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise PasswordRefusedError(
            f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters",
            advice="four words that have nothing to do with each other make a good one",
        )
    lowered = password.casefold()
    own = email.casefold().partition("@")[0]
    if len(set(lowered)) < DISTINCT_MIN or any(lowered in one * 2 for one in SEQUENCES):
        raise _common()
    bare = _ORNAMENTS.sub("", lowered)
    plain = {_NOT_LETTERS.sub("", lowered), _NOT_LETTERS.sub("", bare.translate(_LOOK_ALIKES))}
    if plain & COMMON_WORDS or not any(map(str.isalpha, lowered)):
        raise _common()
    if len(own) > 2 and own in lowered and len(lowered) - len(own) < PASSWORD_LENGTH_MIN:  # noqa: PLR2004 - names of one or two letters are in everything
        raise PasswordRefusedError(
            "the password is little more than the e-mail address", advice="choose another"
        )


def _common() -> PasswordRefusedError:
    return PasswordRefusedError(
        "the password is one of those that are tried first",
        advice="four words that have nothing to do with each other make a good one",
    )

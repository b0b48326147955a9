"""`DescribeUserScramCredentials` and `AlterUserScramCredentials` (KIP-554) as bytes, version 0.

Pure. librdkafka offers the first too, but ends the process where a cluster refuses it.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from control_plane.kafka.wire import Reader, Writer
from control_plane.rights.answered import Answered
from control_plane.rights.scram_users import Mechanism, ScramUser

VERSION = 0

_CODES: Mapping[Mechanism, int] = {Mechanism.SCRAM_SHA_256: 1, Mechanism.SCRAM_SHA_512: 2}
_HASHES: Mapping[Mechanism, str] = {
    Mechanism.SCRAM_SHA_256: "sha256",
    Mechanism.SCRAM_SHA_512: "sha512",
}


@dataclass(frozen=True, slots=True)
class Login:
    """A login to be made: its password is salted already (RFC 5802, `SaltedPassword`)."""

    mechanism: Mechanism
    iterations: int
    salt: bytes
    salted_password: bytes


def salted(mechanism: Mechanism, iterations: int, salt: bytes, password: str) -> Login:
    """Return the login of a password; what is sent does not tell it."""
    digest = hashlib.pbkdf2_hmac(_HASHES[mechanism], password.encode(), salt, iterations)
    return Login(mechanism, iterations, salt, digest)


def describe() -> bytes:
    """Return the body of a request for all users."""
    return Writer().compact_array((), Writer.compact_text).no_tags().done()


def described(answer: Reader) -> Answered[list[ScramUser]]:
    """Read the users, or what the cluster refused with."""
    answer.int32()  # throttle time
    code, words = answer.int16(), answer.compact_nullable_text()
    users = answer.compact_array(_read_user)
    answer.skip_tags()
    return Answered(users, code, words)


def put(name: str, logins: Sequence[Login]) -> bytes:
    """Return the body of a request that makes logins of a user, or replaces them."""

    def write(writer: Writer, login: Login) -> None:
        writer.compact_text(name).int8(_CODES[login.mechanism]).int32(login.iterations)
        writer.compact_blob(login.salt).compact_blob(login.salted_password)

    writer = Writer().compact_array((), Writer.compact_text)
    return writer.compact_array(logins, write).no_tags().done()


def end(name: str, mechanisms: Collection[Mechanism]) -> bytes:
    """Return the body of a request that ends logins of a user; it goes with its last one."""

    def write(writer: Writer, mechanism: Mechanism) -> None:
        writer.compact_text(name).int8(_CODES[mechanism])

    writer = Writer().compact_array(tuple(mechanisms), write)
    return writer.compact_array((), Writer.compact_text).no_tags().done()


def altered(answer: Reader) -> Answered[None]:
    """Read how the alteration of the one user of a request went."""
    answer.int32()  # throttle time
    results = answer.compact_array(
        lambda item: (item.compact_text(), item.int16(), item.compact_nullable_text())
    )
    answer.skip_tags()
    return next(
        (Answered(None, code, words) for _, code, words in results), Answered(None, 0, None)
    )


def _read_user(answer: Reader) -> ScramUser:
    name = answer.compact_text()
    answer.int16()  # an error of a name that was asked for, and none was
    answer.compact_nullable_text()
    logins = dict(answer.compact_array(lambda item: (item.int8(), item.int32())))
    known = {mechanism: logins[code] for mechanism, code in _CODES.items() if code in logins}
    return ScramUser(name, known)

"""What is fetched from where a customer says: within limits, and from public addresses alone."""

import socket
import threading
from collections.abc import Generator, Sequence
from ipaddress import ip_address

import pytest

from control_plane.kit.public_fetch import (
    URL_LENGTH_MAX,
    FetchLimits,
    FetchProblemError,
    check_url,
    fetch,
    is_public,
)
from tests.fixtures.identity_provider import IdentityProvider

LIMITS = FetchLimits(bytes_max=64, seconds_max=10, allows_private=True)


class TestAddresses:
    @pytest.mark.parametrize(
        "text", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"]
    )
    def test_of_the_internet_are_public(self, text: str) -> None:
        assert is_public(ip_address(text))

    @pytest.mark.parametrize(
        "text",
        [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",  # noqa: S104 - an address that must be refused
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
        ],
    )
    def test_of_anything_else_are_not(self, text: str) -> None:
        assert not is_public(ip_address(text))


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            "http://idp.test/jwks",
            "file:///etc/passwd",
            "gopher://idp.test",
            "https://",
            "https://user:secret@idp.test/",
            "https://idp.test/#keys",
            "https://idp.test:port/",
            "https://[::1/",
            "https://idp.test/a b\n",
            "https://idp.test/é",
            "",
        ],
    )
    def test_that_can_not_be_fetched_are_refused(self, url: str) -> None:
        with pytest.raises(FetchProblemError):
            check_url(url, allows_private=False)

    def test_are_limited_in_length(self) -> None:
        stem = "https://idp.test/"
        longest = stem + "x" * (URL_LENGTH_MAX - len(stem))
        assert check_url(longest, allows_private=False).hostname == "idp.test"
        with pytest.raises(FetchProblemError):
            check_url(longest + "x", allows_private=False)


def _refusal(url: str, limits: FetchLimits = LIMITS) -> str:
    with pytest.raises(FetchProblemError) as refused:
        fetch(url, limits)
    return str(refused.value)


class TestFetch:
    def test_returns_the_body(self, identity_provider: IdentityProvider) -> None:
        identity_provider.answer = (200, {}, b"x" * 64)
        assert fetch(identity_provider.jwks_url, LIMITS) == b"x" * 64

    def test_reads_no_more_than_it_may(self, identity_provider: IdentityProvider) -> None:
        identity_provider.answer = (200, {}, b"x" * 65)
        assert "more than 64 bytes" in _refusal(identity_provider.jwks_url)

    @pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 500, 204])
    def test_takes_no_other_answer_and_follows_no_redirect(
        self, identity_provider: IdentityProvider, status: int
    ) -> None:
        identity_provider.answer = (status, {"Location": identity_provider.jwks_url}, b"")
        assert f"status {status}" in _refusal(identity_provider.jwks_url)
        assert identity_provider.asked == 1

    def test_dials_only_what_it_has_judged(self, identity_provider: IdentityProvider) -> None:
        port = identity_provider.url.rpartition(":")[2]
        strict = FetchLimits(bytes_max=64, seconds_max=10)

        def resolve(_host: str, _port: int) -> Sequence[str]:
            return ("127.0.0.1", "::1", "169.254.169.254")

        with pytest.raises(FetchProblemError, match="no public address"):
            fetch(f"https://idp.test:{port}/jwks", strict, resolve=resolve)
        assert identity_provider.asked == 0
        identity_provider.answer = (200, {}, b"{}")
        asked: list[str] = []

        def note(host: str, _port: int) -> Sequence[str]:
            asked.append(host)
            return ("127.0.0.1",)

        url = f"http://idp.test:{port}/jwks"
        assert fetch(url, LIMITS, resolve=note) == b"{}"
        assert asked == ["idp.test"], "the name is looked up once, and what was judged is dialled"

    def test_says_who_did_not_answer(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            assert "127.0.0.1 did not answer" in _refusal(f"http://127.0.0.1:{port}/")


@pytest.fixture
def dripping() -> Generator[str]:
    """A server that sends a byte of a header now and then, for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    stop.set()
    thread.join()
    listener.close()


def test_a_server_that_drips_is_cut_off(dripping: str) -> None:
    limits = FetchLimits(bytes_max=64, seconds_max=0.5, allows_private=True)
    assert "within 0.5 s" in _refusal(dripping, limits)

import socket
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from control_plane.kit.db import Database
from control_plane.outbound.errors import OutboundError, OutboundUrlError
from control_plane.outbound.http import OutboundHttp, Resolve, resolve
from tests.fixtures.receivers import Receiver

STRICT = OutboundHttp(allows_private=False)
OPEN = OutboundHttp(allows_private=True)
NOTATIONS = ("127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]")


def standing_for(*addresses: str) -> Resolve:
    """Resolve every name to the same addresses."""

    def resolve_all(*_: object) -> Sequence[str]:
        return addresses

    return resolve_all


def ask(http: OutboundHttp, url: str, answer_bytes_max: int = 100) -> tuple[int, bytes]:
    answer = http.ask("POST", url, headers={}, content=b"hello", answer_bytes_max=answer_bytes_max)
    return answer.status, answer.body


def code(http: OutboundHttp, url: str) -> str:
    with pytest.raises(OutboundError) as caught:
        ask(http, url)
    return caught.value.code


@contextmanager
def listening(answer: bytes, *, then_closes: bool = True) -> Generator[tuple[int, list[int]]]:
    """Take connections on loopback and answer each with `answer`; count them."""
    taken: list[int] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                taken.append(1)
                with connection:
                    connection.sendall(answer)
                    if not then_closes:
                        ended.wait()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], taken
        ended.set()
        thread.join()


class TestAddresses:
    @pytest.mark.parametrize("host", NOTATIONS)
    def test_loopback_is_never_connected_to_however_it_is_written(self, host: str) -> None:
        with listening(b"") as (port, taken):
            assert code(STRICT, f"https://{host}:{port}/") == "address_not_allowed"
            assert taken == []

    def test_one_address_that_is_not_public_is_enough_to_refuse(self) -> None:
        http = OutboundHttp(allows_private=False, resolve=standing_for("8.8.8.8", "127.0.0.1"))
        assert code(http, "https://mixed.example/") == "address_not_allowed"

    def test_the_address_that_was_checked_is_the_one_connected_to(self, receiver: Receiver) -> None:
        """A name that stands for another address when it is asked again gains nothing by it."""
        asked: list[str] = []

        def rebinding(host: str, _: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

        http = OutboundHttp(allows_private=True, resolve=rebinding)
        url = f"http://rebinding.example:{receiver.port}/"
        assert ask(http, url)[0] == 204
        assert asked == ["rebinding.example"]
        assert receiver.received[0].headers["host"] == f"rebinding.example:{receiver.port}"

    def test_a_name_that_stands_for_nothing_is_told(self) -> None:
        def nothing(*_: object) -> Sequence[str]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")

        http = OutboundHttp(allows_private=False, resolve=nothing)
        assert code(http, "https://nothing.example/") == "name_not_resolved"

    def test_the_next_address_is_tried_where_nobody_listens(self, receiver: Receiver) -> None:
        http = OutboundHttp(allows_private=True, resolve=standing_for("127.0.0.9", "127.0.0.1"))
        assert ask(http, f"http://two.example:{receiver.port}/")[0] == 204

    def test_the_system_understands_what_the_check_is_given(self) -> None:
        assert resolve("2130706433", 443) == ["127.0.0.1"]


class TestAnswers:
    def test_redirects_are_answers_and_not_followed(self, receiver: Receiver) -> None:
        receiver.statuses = [302]
        receiver.headers = {"Location": receiver.url}
        assert ask(OPEN, receiver.url)[0] == 302
        assert len(receiver.received) == 1

    def test_a_body_is_read_up_to_the_limit(self, receiver: Receiver) -> None:
        receiver.statuses, receiver.body = [200], b"x" * 1_000_000
        assert ask(OPEN, receiver.url, 10) == (200, b"x" * 10)
        assert ask(OPEN, receiver.url, 0) == (200, b"")

    def test_an_answer_that_does_not_end_is_given_up(self) -> None:
        http = OutboundHttp(allows_private=True, seconds_max=0.2)
        with listening(b"HTTP/1.1 200 OK\r\nX-A: ", then_closes=False) as (port, _):
            assert code(http, f"http://127.0.0.1:{port}/") == "timeout"

    def test_an_answer_that_is_no_http_is_refused(self) -> None:
        with listening(b"SSH-2.0-mill\r\n") as (port, _):
            assert code(OPEN, f"http://127.0.0.1:{port}/") == "answer_invalid"

    def test_nobody_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        assert code(OPEN, f"http://127.0.0.1:{port}/") == "connect_failed"

    def test_tls_is_not_done_without(self, receiver: Receiver) -> None:
        assert code(OPEN, f"https://127.0.0.1:{receiver.port}/") == "tls_failed"

    def test_nothing_is_asked_inside_of_a_transaction(
        self, sqlite_database: Database, receiver: Receiver
    ) -> None:
        with sqlite_database.snapshot(), pytest.raises(AssertionError, match="transaction"):
            ask(OPEN, receiver.url)
        assert receiver.received == []


class TestUrls:
    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "ftp://example.com/",
            "example.com",
            "https://",
            "https://user:secret@example.com/",
            "https://example.com/#here",
            "https://example.com:22/",
            "https://example.com:99999/",
            "https://exämple.com/",
            "https://example.com/a b",
            "https://example.com/\r\nX-Evil: 1",
            "https://example.com/" + "a" * 2048,
        ],
    )
    def test_what_is_never_asked(self, url: str) -> None:
        with pytest.raises(OutboundUrlError):
            STRICT.check_url(url)
        with pytest.raises(OutboundUrlError):
            STRICT.ask("POST", url, headers={})

    @pytest.mark.parametrize(
        "url",
        ["https://example.com/hook?a=1", "https://example.com:8443", "HTTPS://example.com:443"],
    )
    def test_what_is(self, url: str) -> None:
        STRICT.check_url(url)

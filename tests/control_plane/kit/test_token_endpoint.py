"""Tokens reach librdkafka clients of this process, and nobody else."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
import pytest

from control_plane.kit.token_endpoint import REQUEST_BYTES_MAX, TokenEndpoint


@dataclass(frozen=True)
class StubToken:
    value: str


class RecordingSource:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def sign(self, subject: str, cluster_id: str) -> StubToken:
        self.asked.append((subject, cluster_id))
        return StubToken(f"token-of-{subject}")


@pytest.fixture
def source() -> RecordingSource:
    return RecordingSource()


@pytest.fixture
def endpoint(source: RecordingSource) -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint(source)
    yield endpoint
    endpoint.close()


def ask(url: str, client_id: str, secret: str, body: bytes = b"") -> tuple[int, dict[str, str]]:
    with httpx2.Client(trust_env=False) as client:
        response = client.post(url, content=body, auth=(client_id, secret))
        return response.status_code, response.json()


def test_the_holder_of_the_settings_gets_a_token_for_its_own_subject_and_cluster(
    endpoint: TokenEndpoint, source: RecordingSource
) -> None:
    settings = endpoint.client_settings("hk_one", "lkc_a")

    status, answer = ask(
        settings["sasl.oauthbearer.token.endpoint.url"],
        settings["sasl.oauthbearer.client.id"],
        settings["sasl.oauthbearer.client.secret"],
    )

    assert status == 200
    assert answer["access_token"] == "token-of-hk_one"
    assert source.asked == [("hk_one", "lkc_a")]


@pytest.mark.parametrize("client_id", ["hk_two.lkc_a", "hk_one.lkc_b", "", "hk_one"])
def test_a_secret_is_good_for_no_other_subject_or_cluster(
    endpoint: TokenEndpoint, source: RecordingSource, client_id: str
) -> None:
    settings = endpoint.client_settings("hk_one", "lkc_a")

    status, answer = ask(
        settings["sasl.oauthbearer.token.endpoint.url"],
        client_id,
        settings["sasl.oauthbearer.client.secret"],
    )

    assert (status, answer["error"]) == (401, "invalid_client")
    assert source.asked == []


def test_another_path_and_an_overlong_request_are_refused(
    endpoint: TokenEndpoint, source: RecordingSource
) -> None:
    settings = endpoint.client_settings("hk_one", "lkc_a")
    url = settings["sasl.oauthbearer.token.endpoint.url"]
    client_id = settings["sasl.oauthbearer.client.id"]
    secret = settings["sasl.oauthbearer.client.secret"]

    assert ask(url + "s", client_id, secret)[0] == 401
    assert source.asked == []
    assert ask(url, client_id, secret, b"x" * (REQUEST_BYTES_MAX + 1))[0] == 400
    assert ask(url, client_id, secret)[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"Authorization", "Basic é".encode("latin-1"))], 401),
        ([(b"Authorization", b"Basic %%%")], 401),
        ([(b"Authorization", b"Basic " + b64encode(b"\xff:\xff"))], 401),
        ([(b"Authorization", b"Basic " + b64encode("é.lkc_a:é".encode()))], 401),
        ([(b"Authorization", b"Bearer a")], 401),
        ([(b"Content-Length", "²".encode("latin-1"))], 400),
    ],
)
def test_headers_that_make_no_sense_are_refused(
    endpoint: TokenEndpoint, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    url = urlsplit(
        endpoint.client_settings("hk_one", "lkc_a")["sasl.oauthbearer.token.endpoint.url"]
    )
    lines = [b"POST " + url.path.encode() + b" HTTP/1.1", b"Host: localhost"]
    lines += [name + b": " + value for name, value in headers]
    if status != 400:
        lines.append(b"Content-Length: 0")
    with (
        socket.create_connection((url.hostname, url.port)) as client,
        client.makefile("rb") as file,
    ):
        client.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        assert f" {status} ".encode() in file.readline()


def test_secrets_differ_from_process_to_process() -> None:
    first, second = TokenEndpoint(RecordingSource()), TokenEndpoint(RecordingSource())
    try:
        key = "sasl.oauthbearer.client.secret"
        assert first.client_settings("a", "b")[key] != second.client_settings("a", "b")[key]
    finally:
        first.close()
        second.close()

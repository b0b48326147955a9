"""Sends requests: credentials, retries with a key against repetition, and typed errors."""

import random
import ssl
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from headrace.errors import ConfigurationError, ConnectionFailedError, ProblemError, problem_error
from headrace.retries import RetryPolicy, is_retried
from headrace.version import VERSION

T = TypeVar("T")

TIMEOUT_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 10.0
CONNECTIONS_MAX = 64
ERROR_STATUS_MIN = 400
URL_SCHEMES = ("https", "http")

_JSON_HEADERS = {"Content-Type": "application/json"}

Query = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True)
class Request:
    """One request, sent again as it is when it may be.

    `is_repeatable` says that sending it twice does no harm; a POST of the management API is made
    so by its Idempotency-Key.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict[str, "str | int | Sequence[str]"])
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    is_repeatable: bool = True
    timeout_seconds: float = TIMEOUT_SECONDS


def management_post(path: str, body: object, query: Query | None = None) -> Request:
    """Return a POST that is carried out once however often it is sent."""
    return Request(
        "POST",
        path,
        query or {},
        content=msgspec.json.encode(body),
        headers={**_JSON_HEADERS, "Idempotency-Key": str(uuid.uuid4())},
    )


def management_patch(path: str, body: object, query: Query | None = None) -> Request:
    """Return a PATCH, which may be sent twice."""
    content = msgspec.json.encode(body)
    return Request("PATCH", path, query or {}, content=content, headers=_JSON_HEADERS)


def management_put(path: str, body: object) -> Request:
    """Return a PUT, which may be sent twice."""
    return Request("PUT", path, content=msgspec.json.encode(body), headers=_JSON_HEADERS)


class Transport:
    """A connection pool to one service with one set of credentials. Thread-safe."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        ca_file: Path | None = None,
        retries: RetryPolicy | None = None,
    ) -> None:
        self.api_key = api_key
        self._retries = retries or RetryPolicy()
        headers = {"User-Agent": f"headrace-python/{VERSION}"}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        try:
            self._http = httpx2.Client(
                base_url=url,
                headers=headers,
                verify=_trust(ca_file),
                timeout=httpx2.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
                limits=httpx2.Limits(max_connections=CONNECTIONS_MAX),
            )
        except (httpx2.InvalidURL, UnicodeEncodeError) as error:
            raise ConfigurationError(f"the URL or the API key can not be used: {error}") from error
        if self._http.base_url.scheme not in URL_SCHEMES or not self._http.base_url.host:
            raise ConfigurationError(f"{url!r} is not a URL such as https://localhost:8643")

    def get(self, path: str, kind: type[T], query: Query | None = None) -> T:
        """Fetch one thing."""
        return self.decode(self.send(Request("GET", path, query or {})), kind)

    def post(self, path: str, body: object, kind: type[T]) -> T:
        """Change something, once."""
        return self.decode(self.send(management_post(path, body)), kind)

    def patch(self, path: str, body: object, kind: type[T]) -> T:
        """Change parts of one thing; saying it twice changes it once."""
        return self.decode(self.send(management_patch(path, body)), kind)

    def decode(self, response: httpx2.Response, kind: type[T]) -> T:
        """Read an answer."""
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConnectionFailedError(
                f"{response.url} did not answer like a Headrace service: {error}"
            ) from error

    def send(self, request: Request) -> httpx2.Response:
        """Send until there is an answer that is final.

        Raises ProblemError or one of its kinds, and ConnectionFailedError.
        """
        attempt = 0
        while True:
            attempt += 1
            is_last = attempt >= self._retries.attempts_max
            retry_after = None
            try:
                response = self._send_once(request)
            except httpx2.TransportError as error:
                if is_last or not _may_repeat(request, error):
                    raise _connection_failed(error) from error
            else:
                if response.status_code < ERROR_STATUS_MIN:
                    return response
                failure = problem_error(response.status_code, response.content)
                if is_last or not _may_succeed_later(request, failure):
                    raise failure
                retry_after = response.headers.get("Retry-After")
            self._wait(attempt, retry_after)

    def lines(self, request: Request) -> Generator[str]:
        """Yield the lines of an answer as they come. Raises what `send` raises, and never retries.

        After `timeout_seconds` without a line the connection counts as failed.
        """
        timeout = httpx2.Timeout(request.timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
        try:
            with self._http.stream(
                request.method, request.path, params=dict(request.query), timeout=timeout
            ) as response:
                if response.status_code >= ERROR_STATUS_MIN:
                    raise problem_error(response.status_code, response.read())
                yield from response.iter_lines()
        except httpx2.TransportError as error:
            raise _connection_failed(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send_once(self, request: Request) -> httpx2.Response:
        return self._http.request(
            request.method,
            request.path,
            params=dict(request.query),
            content=request.content,
            headers=dict(request.headers),
            timeout=httpx2.Timeout(request.timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS),
        )

    def _wait(self, attempt: int, retry_after: str | None) -> None:
        jitter = random.random()  # noqa: S311 spreads retries, guards nothing
        time.sleep(self._retries.delay_seconds(attempt, retry_after, jitter))


def _may_repeat(request: Request, error: httpx2.TransportError) -> bool:
    never_sent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    return (never_sent or request.is_repeatable) and not isinstance(
        error, httpx2.UnsupportedProtocol
    )


def _may_succeed_later(request: Request, failure: ProblemError) -> bool:
    # A gateway that timed out may have done what was asked.
    is_safe = request.is_repeatable or failure.status != HTTPStatus.GATEWAY_TIMEOUT
    return is_safe and is_retried(failure.status, failure.code)


def _connection_failed(error: httpx2.TransportError) -> ConnectionFailedError:
    reason = str(error) or type(error).__name__
    return ConnectionFailedError(f"{error.request.url.copy_with(query=None)}: {reason}")


def _trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the CA file {ca_file} can not be read: {error}") from error


def dry_run_flag(*, dry_run: bool) -> dict[str, str]:
    """Return the query by which a change is only checked."""
    return {"dry_run": "true"} if dry_run else {}


def path_of(*parts: str) -> str:
    """Return a path of parts, each escaped, so that no part can leave its place."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)

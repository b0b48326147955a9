"""Short-lived tokens for this process's own Kafka clients, by librdkafka's OIDC method.

confluent-kafka's `oauth_cb` makes every constructor sleep a full second before it looks whether
the callback has run. librdkafka's built-in OIDC client asks an HTTP endpoint instead and waits
for nothing: a client is made in milliseconds. So this process serves itself such an endpoint,
on a loopback port, for the life of the process and for holders of a secret made at its start.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

import structlog

from control_plane.kit.settings import keep_loopback_direct

TOKEN_PATH = "/token"  # noqa: S105 a path, not a secret
REQUEST_BYTES_MAX = 4_096
REQUEST_TIMEOUT_SECONDS = 5
SHUTDOWN_POLL_SECONDS = 0.1

_log = structlog.get_logger(__name__)


class Token(Protocol):
    """A signed token in compact form."""

    @property
    def value(self) -> str: ...


class TokenSource(Protocol):
    """Signs tokens that the brokers of one cluster verify offline."""

    def sign(self, subject: str, cluster_id: str) -> Token:
        """Return a token by which `subject` acts on that cluster."""
        ...


class TokenEndpoint:
    """Serves `source` to the Kafka clients made with `client_settings()`. Thread-safe."""

    def __init__(self, source: TokenSource) -> None:
        keep_loopback_direct()
        self._source = source
        self._key = secrets.token_bytes(32)
        self._server = _Server(self._answer)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": SHUTDOWN_POLL_SECONDS},
            name="token-endpoint",
            daemon=True,
        )
        self._thread.start()

    def client_settings(self, subject: str, cluster_id: str) -> dict[str, str]:
        """Return the librdkafka settings by which a client acts as `subject` on a cluster."""
        client_id = f"{subject}.{cluster_id}"
        return {
            "sasl.mechanisms": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": self._server.url,
            "sasl.oauthbearer.client.id": client_id,
            "sasl.oauthbearer.client.secret": self._secret_of(client_id),
        }

    def close(self) -> None:
        """Stop serving; open clients keep the tokens they have until these expire."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _secret_of(self, client_id: str) -> str:
        return hmac.new(self._key, client_id.encode(), hashlib.sha256).hexdigest()

    def _answer(self, authorization: str) -> bytes | None:
        credentials = _basic_credentials(authorization)
        if credentials is None:
            return None
        client_id, secret = credentials
        if not hmac.compare_digest(secret.encode(), self._secret_of(client_id).encode()):
            return None
        subject, _, cluster_id = client_id.rpartition(".")
        token = self._source.sign(subject, cluster_id)
        return json.dumps({"access_token": token.value, "token_type": "Bearer"}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[str], bytes | None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.url = f"http://127.0.0.1:{self.server_port}{TOKEN_PATH}"

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 the base's
        _log.exception("token request failed")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_TIMEOUT_SECONDS

    def do_POST(self) -> None:
        """Answer a client-credentials request (RFC 6749, section 4.4)."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > REQUEST_BYTES_MAX:
            self._reply(HTTPStatus.BAD_REQUEST, b'{"error":"invalid_request"}')
            return
        self.rfile.read(int(length))
        assert isinstance(self.server, _Server)
        authorization = self.headers.get("Authorization", "")
        body = self.server.answer(authorization) if self.path == TOKEN_PATH else None
        if body is None:
            self._reply(HTTPStatus.UNAUTHORIZED, b'{"error":"invalid_client"}')
        else:
            self._reply(HTTPStatus.OK, body)

    def _reply(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's
        _log.debug("token request", request=format % args)


def _basic_credentials(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no base64, no ASCII or no UTF-8
        return None
    return (name, secret) if separator else None

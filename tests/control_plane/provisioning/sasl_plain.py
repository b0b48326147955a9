"""A Kafka client that does nothing but log in, so that a refusal is seen at once."""

import socket
import struct

HANDSHAKE, API_VERSIONS, AUTHENTICATE = 17, 18, 36


def login(address: str, username: str, secret: str) -> int:
    """Log in; return the error code of the answer, 0 for success."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        return login_on(connection, username, secret)


def login_on(connection: socket.socket, username: str, secret: str) -> int:
    """Log in on a connection that may be one of TLS."""
    initial = b"\0" + username.encode() + b"\0" + secret.encode()
    error_code, _ = _authenticate(connection, b"PLAIN", initial)
    return error_code


def is_token_taken(address: str, token: str) -> bool:
    """Log in by SASL OAUTHBEARER (RFC 7628); a refusal may be a challenge that says why."""
    host, port = address.rsplit(":", 1)
    initial = b"n,,\x01auth=Bearer " + token.encode() + b"\x01\x01"
    with socket.create_connection((host, int(port))) as connection:
        error_code, challenge = _authenticate(connection, b"OAUTHBEARER", initial)
    return error_code == 0 and not challenge


def _authenticate(connection: socket.socket, mechanism: bytes, initial: bytes) -> tuple[int, bytes]:
    """Return the error code of the answer, 0 for success, and what it says to the client."""
    _call(connection, HANDSHAKE, struct.pack(">h", len(mechanism)) + mechanism)
    answer = _call(connection, AUTHENTICATE, struct.pack(">i", len(initial)) + initial)
    error_code, message_length = struct.unpack_from(">hh", answer)
    at = struct.calcsize(">hh") + max(message_length, 0)
    (length,) = struct.unpack_from(">i", answer, at)
    start = at + struct.calcsize(">i")
    return error_code, answer[start : start + length]


def served_apis(connection: socket.socket) -> int:
    """Return how many APIs are served, as the other side says."""
    answer = _call(connection, API_VERSIONS, b"")
    error_code, count = struct.unpack_from(">hi", answer)
    assert error_code == 0
    return count


def is_closed_by_peer(connection: socket.socket) -> bool:
    """Wait until the other side closes the connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def _call(connection: socket.socket, api_key: int, body: bytes) -> bytes:
    header = struct.pack(">hhih", api_key, 1, 7, -1)
    connection.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
    (length,) = struct.unpack(">i", _read(connection, 4))
    return _read(connection, length)[4:]


def _read(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = connection.recv(length - len(received))
        assert part, "the broker closed the connection"
        received += part
    return received

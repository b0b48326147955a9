"""A Kafka client that does nothing but log in by SASL PLAIN, so that a refusal is seen at once."""

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
    mechanism = b"PLAIN"
    _call(connection, HANDSHAKE, struct.pack(">h", len(mechanism)) + mechanism)
    initial = b"\0" + username.encode() + b"\0" + secret.encode()
    answer = _call(connection, AUTHENTICATE, struct.pack(">i", len(initial)) + initial)
    (error_code,) = struct.unpack_from(">h", answer)
    return error_code


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

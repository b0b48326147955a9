"""A process that keeps the supervisor's contract and nothing more: sockets, health, handover.

It answers each connection with its pid. With a file `crash` in its directory it ends at once, with
`mute` it answers nothing on its handover socket and ignores SIGTERM. Where its configuration has
`ports` it binds them itself, as a JVM does, and hands nothing over.
"""

import array
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer


def main() -> int:
    config_file = Path(sys.argv[1])
    directory = config_file.parent
    os.chdir(directory)
    config = json.loads(config_file.read_text())
    if Path("crash").exists():
        sys.stderr.write("told to crash\n")
        return 7
    mute = Path("mute").exists()
    ports: list[int] = config.get("ports", [])
    inherited = int(os.environ["LISTEN_FDS"])
    assert not (ports and inherited)
    names = os.environ["LISTEN_FDNAMES"].split(":")[:inherited]
    sockets = {name: socket.socket(fileno=3 + i) for i, name in enumerate(names)}
    own = [socket.create_server(("127.0.0.1", port)) for port in ports]
    _serve_health(config["generation"])
    if not mute:
        threading.Thread(target=_serve_handover, args=(sockets,), daemon=True).start()
    for served in (*sockets.values(), *own):
        threading.Thread(target=_serve, args=(served,), daemon=True).start()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if mute else signal.SIG_DFL)
    while True:
        signal.pause()


def _serve(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.sendall(f"{os.getpid()} {listening.getsockname()[1]}\n".encode())


def _serve_health(generation: int) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = {"status": "ready", "pid": os.getpid(), "generation": generation}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "unix"

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Keep the log for what matters."""

    Path("admin.sock").unlink(missing_ok=True)
    server = ThreadingUnixStreamServer("admin.sock", Health)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _serve_handover(sockets: dict[str, socket.socket]) -> None:
    Path("handover.sock").unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("handover.sock")
        listening.listen()
        while True:
            connection, _ = listening.accept()
            with connection:
                message = {"pid": os.getpid(), "listeners": list(sockets)}
                descriptors = array.array("i", [one.fileno() for one in sockets.values()])
                line = json.dumps(message).encode() + b"\n"
                if descriptors:
                    socket.send_fds(connection, [line], descriptors)
                else:
                    connection.sendall(line)


if __name__ == "__main__":
    sys.exit(main())

"""A process in the place of a node's JVM: it binds its addresses and answers the admin endpoint.

It finds what it is in the files of its directory, like a node. Node 2 is the controller. With a
file `behind` in its directory it tells of a partition that is under-replicated.
"""

import json
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

CONTROLLER = "2"


def properties(name: str) -> dict[str, str]:
    lines = Path(name).read_text().splitlines()
    return {key: value for key, _, value in (line.partition("=") for line in lines)}


TOLD = properties("node.properties")


def generation_of_credentials() -> int:
    generation: int = json.loads(Path(TOLD["headrace.credentials"]).read_text())["generation"]
    return generation


STARTED_AT_MS = int(time.time() * 1000)


def use() -> dict[str, object]:
    """What a test says that the node counts, or that it counts nothing."""
    told = Path("use.json")
    nothing: dict[str, object] = {"topics": {}, "replicas": []}
    counted: dict[str, object] = json.loads(told.read_text()) if told.exists() else nothing
    return {"started_at_ms": STARTED_AT_MS, "connections": 1, **counted}


STATE = {"credentials": generation_of_credentials()}


class Admin(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/v1/use":
            self.answer(use())
            return
        is_controller = TOLD["headrace.broker"] == CONTROLLER
        self.answer(
            {
                "status": "ready",
                "pid": os.getpid(),
                "generation": int(TOLD["headrace.generation"]),
                "credentials_generation": STATE["credentials"],
                "partitions": 7,
                "version": "4.3.1",
                "replication": {
                    "is_controller": is_controller,
                    "active_brokers": 3 if is_controller else 0,
                    "under_replicated_partitions": int(Path("behind").exists()),
                },
            }
        )

    def do_POST(self) -> None:
        if self.path == "/v1/credentials:reload":
            STATE["credentials"] = generation_of_credentials()
            self.answer({"credentials_generation": STATE["credentials"]})
        else:
            with Path("certificates").open("a") as file:
                file.write("reloaded\n")
            self.answer({"status": "reloaded"})

    def answer(self, body: dict[str, object]) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def address_string(self) -> str:
        return "unix"

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Keep the log for what matters."""


def main() -> None:
    logs = Path("logs")
    if Path("format.args").exists():
        logs.mkdir(exist_ok=True)
    assert logs.is_dir(), "a disk that was never formatted"
    listening: list[socket.socket] = []
    for one in properties("server.properties")["listeners"].split(","):
        host, _, port = one.partition("://")[2].rpartition(":")
        listening.append(socket.create_server((host, int(port))))
    Path("admin.sock").unlink(missing_ok=True)
    server = ThreadingUnixStreamServer("admin.sock", Admin)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever).start()


main()

import json
import logging
from collections.abc import Generator
from io import StringIO

import pytest
import structlog

from control_plane.identity.secrets import new_secret
from control_plane.kit.telemetry import REDACTED, configure_logging


@pytest.fixture
def stream() -> Generator[StringIO]:
    root = logging.getLogger()
    handlers, level, config = root.handlers, root.level, structlog.get_config()
    output = StringIO()
    configure_logging("info", output)
    yield output
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


def only_line(stream: StringIO) -> dict[str, str]:
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


class TestLogging:
    def test_writes_one_json_object_a_line(self, stream: StringIO) -> None:
        structlog.stdlib.get_logger("test").info("cluster_created", cluster_id="lkc_1\n{")
        line = only_line(stream)
        assert line["event"] == "cluster_created"
        assert line["cluster_id"] == "lkc_1\n{"
        assert line["level"] == "info"
        assert line["logger"] == "test"
        assert line["timestamp"].endswith("Z")

    def test_libraries_speak_the_same_way(self, stream: StringIO) -> None:
        logging.getLogger("uvicorn.error").warning("started on %s", "127.0.0.1")
        assert only_line(stream)["event"] == "started on 127.0.0.1"

    @pytest.mark.parametrize("key", ["secret", "Authorization", "api_key", "Set-Cookie"])
    def test_values_of_secret_keys_are_redacted(self, stream: StringIO, key: str) -> None:
        structlog.stdlib.get_logger("test").info("request", **{key: "hush"})
        assert only_line(stream)[key] == REDACTED

    def test_secret_keys_are_found_however_deep(self, stream: StringIO) -> None:
        structlog.stdlib.get_logger("test").info("request", headers={"Cookie": "hush", "a": "b"})
        assert "hush" not in stream.getvalue()
        assert '"a": "b"' in stream.getvalue()

    def test_our_secrets_are_redacted_wherever_they_stand(self, stream: StringIO) -> None:
        _, secret = new_secret()
        log = structlog.stdlib.get_logger("test")
        try:
            int(f"bad input {secret}!")
        except ValueError:
            message = f"failed with {secret}"
            log.exception(message, nested={"list": [f"x{secret}"]})
        assert secret not in stream.getvalue()
        assert "bad input [redacted]!" in only_line(stream)["exception"]

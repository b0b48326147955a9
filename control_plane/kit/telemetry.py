"""Structured logs: one JSON object a line, with secrets redacted by key and by shape."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog

REDACTED = "[redacted]"
SECRET_KEYS = frozenset(
    {
        "authorization",
        "cookie",
        "set_cookie",
        "password",
        "secret",
        "token",
        "api_key",
        "private_key",
    }
)
# Our own secrets are recognised by their shape wherever they stand, exception texts included.
SECRET_SHAPE = re.compile(r"(?:hrs|hrc)_[0-9A-Za-z_-]{16,}|whsec_[0-9A-Za-z+/=]{16,}")

_JSON = structlog.processors.JSONRenderer()


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to `stream` (standard error) as JSON."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of secret keys, however deep they stand."""
    return {key: _redacted(key, value) for key, value in event.items()}


def render(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Write a log line, with secrets of ours replaced wherever they stand in it."""
    return SECRET_SHAPE.sub(REDACTED, str(_JSON(logger, method, event)))


def _redacted(key: str, value: Any) -> Any:
    if key.lower().replace("-", "_") in SECRET_KEYS:
        return REDACTED
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {inner: _redacted(str(inner), part) for inner, part in items}
    return value

"""Celery in our log: no handlers of its own, and no line for every message."""

import logging

from celery import signals


def keep_own_logging() -> None:
    """Keep Celery from setting up logs of its own, and from a line for every message."""
    for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)
    signals.setup_logging.connect(_nothing, weak=False)


def _nothing(**_: object) -> None:
    return

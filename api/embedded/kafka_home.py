"""Finding Apache Kafka, for the engine that is Kafka itself."""

from pathlib import Path

import structlog

from control_plane.provisioning.engines.kafka.distribution import Distribution, find_distribution
from control_plane.provisioning.errors import EngineUnusableError

# What a checkout fetched by Maven for its tests.
RESOLVED = Path(__file__).parents[2] / "build" / "cache" / "java"

log = structlog.stdlib.get_logger("service")


def kafka_home(configured: Path | None) -> Path | None:
    """Return where Kafka is looked for: what was set, or what a checkout has; None for nowhere."""
    if configured is not None:
        return configured.expanduser().resolve()
    return RESOLVED if RESOLVED.is_dir() else None


def installed_kafka(configured: Path | None) -> Distribution | None:
    """Return the Kafka that clusters can be made with; None, and a line in the log, without."""
    home = kafka_home(configured)
    if home is None:
        return None
    try:
        return find_distribution(home)
    except EngineUnusableError as error:
        log.warning("apache_kafka_unusable", reason=error.detail, advice=error.advice)
        return None

"""What a process refuses to start without. Light, since every process imports it."""

from api.embedded.errors import EmbeddedError
from api.embedded.installation import Installation, find_installation
from control_plane.kit.settings import JobsMode, Settings


def require_prepared(settings: Settings) -> Installation:
    """Return the installation; raise EmbeddedError where `headrace prepare` has not run."""
    installation = find_installation(settings.data_dir)
    if installation is None or not settings.resolved_master_key_file.exists():
        raise EmbeddedError(
            f"{settings.data_dir} is not prepared; run headrace prepare with the same settings"
        )
    return installation


def require_queue(settings: Settings) -> str:
    """Return the address of the queue; raise EmbeddedError where jobs run in process."""
    if settings.jobs is not JobsMode.CELERY or settings.queue_url is None:
        raise EmbeddedError(
            "this process is for jobs in workers; set HEADRACE_JOBS=celery and HEADRACE_QUEUE_URL"
        )
    return settings.queue_url

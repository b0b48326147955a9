"""`headrace beat`: asks for the sweep of jobs now and then. One is enough, two do no harm."""

from api.embedded.options import DataDir, read_settings
from api.processes.celery_logs import keep_own_logging
from api.processes.checks import require_queue
from control_plane.kit.job_queue import job_queue
from control_plane.kit.telemetry import configure_logging


def beat(data_dir: DataDir = None) -> None:
    """Have lost and due jobs looked for, every HEADRACE_JOB_SWEEP_SECONDS."""
    settings = read_settings(data_dir, {})
    url = require_queue(settings)
    configure_logging(settings.log_level)
    keep_own_logging()
    app = job_queue(url, sweep_seconds=settings.job_sweep_seconds)
    # Its whole schedule is in the settings, so that there is nothing to keep in a file.
    app.Beat(scheduler_cls="celery.beat:Scheduler", loglevel=settings.log_level, quiet=True).run()

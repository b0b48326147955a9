"""The queue over which workers are told of jobs: Celery on Redis or Valkey.

A message holds the id of a job's row and nothing else. The row is the truth: a message that is
lost is sent again by the sweep, and one that comes twice finds nothing to do.
"""

from celery import Celery
from kombu import Queue

from control_plane.kit.jobs import JobQueue

RUN_TASK = "headrace.run_job"
SWEEP_TASK = "headrace.sweep_jobs"

SOFT_TIME_LIMIT_SECONDS = 600
TIME_LIMIT_SECONDS = 660
# Longer than the longest task, else the queue would give a running one to another worker.
VISIBILITY_SECONDS = 900
# With its defaults the transport looks for messages of dead workers every hundred seconds.
RESTORE_EVERY_SECONDS = 5
SOCKET_TIMEOUT_SECONDS = 5
CHILD_START_SECONDS_MAX = 60  # on a machine under load a fork takes its time


def job_queue(url: str, *, sweep_seconds: float) -> Celery:
    """Make the application through which messages are sent, received and, by beat, scheduled."""
    app = Celery("headrace", broker=url, set_as_current=False)
    app.conf.update(
        {
            "accept_content": ["json"],
            "task_serializer": "json",
            "task_ignore_result": True,
            "task_acks_late": True,
            "task_reject_on_worker_lost": True,
            "task_soft_time_limit": SOFT_TIME_LIMIT_SECONDS,
            "task_time_limit": TIME_LIMIT_SECONDS,
            "task_queues": [Queue(queue.value) for queue in JobQueue],
            "task_default_queue": JobQueue.CONTROL.value,
            "task_create_missing_queues": False,
            "worker_prefetch_multiplier": 1,
            "worker_proc_alive_timeout": CHILD_START_SECONDS_MAX,
            "worker_hijack_root_logger": False,
            "worker_redirect_stdouts": False,
            "worker_enable_remote_control": False,
            "worker_cancel_long_running_tasks_on_connection_loss": False,
            "broker_connection_retry_on_startup": True,
            "broker_connection_max_retries": None,
            "broker_transport_options": {
                "visibility_timeout": VISIBILITY_SECONDS,
                "unacked_restore_interval": RESTORE_EVERY_SECONDS,
                "unacked_restore_throttle": 1,
                "socket_timeout": SOCKET_TIMEOUT_SECONDS,
                "socket_connect_timeout": SOCKET_TIMEOUT_SECONDS,
            },
            "beat_schedule": {
                "sweep": {
                    "task": SWEEP_TASK,
                    "schedule": sweep_seconds,
                    # A sweep that waited for longer than to the next one has nothing to add.
                    "options": {"expires": sweep_seconds, "queue": JobQueue.CONTROL.value},
                }
            },
        }
    )
    return app

"""The job of mail."""

from control_plane.kit.jobs import JobQueue, JobRegistry
from control_plane.mail.service import SEND_JOB, MailService


def register(registry: JobRegistry, mail: MailService) -> None:
    """Add the job that sends mail to a process."""
    registry.register(SEND_JOB, mail.send, queue=JobQueue.NOTIFICATIONS)

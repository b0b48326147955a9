"""Rules of mail: written down with what it is about, sent afterwards."""

import json
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import cast

import structlog
from sqlalchemy.orm import Session

from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.ids import new_id
from control_plane.kit.jobs import JobContext, enqueue
from control_plane.kit.secrets import INSTALLATION_OWNER, SecretPlace, Vault
from control_plane.mail.errors import MailNotConfiguredError
from control_plane.mail.models import Mail
from control_plane.outbound.smtp import MailRefusedError, SmtpSender

SEND_JOB = "mails.send"
GIVEN_UP_AFTER = timedelta(days=1)

log = structlog.stdlib.get_logger("mail")


class MailService:
    """Mail of an installation; without a sender it has none, and says so."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, sender: SmtpSender | None, from_: str
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._sender = sender
        self._from = from_

    @property
    def is_configured(self) -> bool:
        """Whether mail is sent at all."""
        return self._sender is not None

    def require(self) -> None:
        """Raise MailNotConfiguredError where no mail is sent."""
        if self._sender is None:
            raise MailNotConfiguredError

    def queue(self, session: Session, *, to: str, subject: str, text: str) -> None:
        """Write a message down in the caller's transaction; a job sends it once that commits."""
        self.require()
        now = self._clock.now()
        mail = Mail(id=new_id("mail"), created_at=now)
        content = json.dumps({"to": to, "subject": subject, "text": text}).encode()
        mail.message_sealed = self._vault.seal(session, _place(mail.id), content)
        session.add(mail)
        session.flush()
        enqueue(session, SEND_JOB, mail.id, now=now)

    def send(self, context: JobContext) -> None:
        """Send one message; what is refused for now is raised, so that the job is tried again."""
        with self._database.snapshot() as session:
            mail = session.get(Mail, context.key)
            message = None if mail is None else self._message(session, mail)
        if mail is None or message is None or self._sender is None:
            return
        if self._clock.now() - mail.created_at > GIVEN_UP_AFTER:
            log.warning("mail_given_up", mail=mail.id)
        else:
            try:
                self._sender.send(message)
            except MailRefusedError as error:
                log.warning("mail_refused", mail=mail.id, reason=str(error))
        with context.apply() as session:
            sent = session.get(Mail, context.key)
            if sent is not None:
                session.delete(sent)

    def _message(self, session: Session, mail: Mail) -> EmailMessage:
        opened = self._vault.open(session, _place(mail.id), mail.message_sealed)
        content = cast("dict[str, str]", json.loads(opened))
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = content["to"]
        message["Subject"] = content["subject"]
        message["Date"] = format_datetime(mail.created_at)
        # The same in every attempt, so that a repetition is recognised.
        message["Message-ID"] = f"<{mail.id}@{self._from.rpartition('@')[2].rstrip('>')}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers of absent people
        message.set_content(content["text"])
        return message


def _place(mail_id: str) -> SecretPlace:
    return SecretPlace(INSTALLATION_OWNER, Mail.__tablename__, mail_id, "message_sealed")

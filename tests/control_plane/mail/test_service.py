from email.message import EmailMessage

import pytest
from sqlalchemy import select

from control_plane.kit.db import Database
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import Job, JobRegistry
from control_plane.kit.secrets import KEY_BYTES, MasterKey, Vault
from control_plane.mail import tasks
from control_plane.mail.errors import MailNotConfiguredError
from control_plane.mail.models import Mail
from control_plane.mail.service import GIVEN_UP_AFTER, MailService
from control_plane.outbound.smtp import (
    MailDelayedError,
    SmtpSender,
    SmtpServer,
    SmtpSettingsError,
)
from tests.fixtures.clocks import ManualClock
from tests.fixtures.mailboxes import Mailbox

FROM = "mill@headrace.example"


@pytest.fixture
def mail(sqlite_database: Database, clock: ManualClock, mailbox: Mailbox) -> MailService:
    sender = SmtpSender(SmtpServer.parse(mailbox.url))
    vault = Vault(MasterKey(b"k" * KEY_BYTES), clock)
    return MailService(sqlite_database, vault, clock, sender, FROM)


def queue(database: Database, mail: MailService) -> None:
    with database.transaction() as session:
        mail.queue(session, to="ada@example.com", subject="Zürich", text="hrc_m_secret\n")


def run(database: Database, clock: ManualClock, mail: MailService) -> None:
    registry = JobRegistry()
    tasks.register(registry, mail)
    JobRunner(database, clock, registry, workers=0, exclusive=False).run_due()


def waiting(database: Database) -> list[Mail]:
    with database.snapshot() as session:
        return list(session.scalars(select(Mail)))


def test_a_message_is_sealed_until_it_is_sent_and_then_gone(
    sqlite_database: Database, clock: ManualClock, mail: MailService, mailbox: Mailbox
) -> None:
    queue(sqlite_database, mail)
    (row,) = waiting(sqlite_database)
    assert b"secret" not in row.message_sealed
    run(sqlite_database, clock, mail)
    (message,) = mailbox.messages
    assert (message["From"], message["To"], message["Subject"]) == (
        FROM,
        "ada@example.com",
        "Zürich",
    )
    assert message["Message-ID"] == f"<{row.id}@headrace.example>"
    assert message.get_content() == "hrc_m_secret\r\n"
    assert waiting(sqlite_database) == []


def test_a_server_that_says_later_is_asked_again(
    sqlite_database: Database, clock: ManualClock, mail: MailService, mailbox: Mailbox
) -> None:
    mailbox.refusal = "451 later"
    queue(sqlite_database, mail)
    run(sqlite_database, clock, mail)
    with sqlite_database.snapshot() as session:
        assert "451" in str(session.scalars(select(Job.last_error)).one())
    mailbox.refusal = None
    clock.advance(60)
    run(sqlite_database, clock, mail)
    assert len(mailbox.messages) == 1
    assert waiting(sqlite_database) == []


def test_a_message_that_is_refused_is_dropped(
    sqlite_database: Database, clock: ManualClock, mail: MailService, mailbox: Mailbox
) -> None:
    mailbox.refusal = "550 nobody here"
    queue(sqlite_database, mail)
    run(sqlite_database, clock, mail)
    assert waiting(sqlite_database) == []
    assert mailbox.attempts == 1


def test_a_message_is_given_up_after_a_day(
    sqlite_database: Database, clock: ManualClock, mail: MailService, mailbox: Mailbox
) -> None:
    queue(sqlite_database, mail)
    clock.advance(GIVEN_UP_AFTER.total_seconds() + 1)
    run(sqlite_database, clock, mail)
    assert (waiting(sqlite_database), mailbox.attempts) == ([], 0)


def test_without_a_server_there_is_none(sqlite_database: Database, clock: ManualClock) -> None:
    vault = Vault(MasterKey(b"k" * KEY_BYTES), clock)
    none = MailService(sqlite_database, vault, clock, None, "")
    with pytest.raises(MailNotConfiguredError):
        queue(sqlite_database, none)


class TestAddresses:
    def test_scheme_port_and_login(self) -> None:
        server = SmtpServer.parse("smtps://mill:p%40ss@mail.example")
        assert server == SmtpServer("smtps", "mail.example", 465, "mill", "p@ss")
        assert SmtpServer.parse("smtp://mail.example:2525").port == 2525

    @pytest.mark.parametrize(
        "url", ["mail.example", "http://mail.example", "smtp://", "smtp://a:x"]
    )
    def test_what_is_none(self, url: str) -> None:
        with pytest.raises(SmtpSettingsError):
            SmtpServer.parse(url)

    def test_starttls_is_insisted_on(self, mailbox: Mailbox) -> None:
        sender = SmtpSender(SmtpServer.parse(mailbox.url.replace("+plain", "")))
        with pytest.raises(MailDelayedError):
            sender.send(EmailMessage())
        assert mailbox.attempts == 0

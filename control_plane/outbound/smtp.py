"""Sends one message by the installation's SMTP server."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from control_plane.kit.unit_of_work import require_no_unit_of_work

SMTP_SECONDS_MAX = 20.0
PERMANENT_MIN = 500
PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


class SmtpSettingsError(Exception):
    """The address of the SMTP server can not be used."""


class MailRefusedError(Exception):
    """The server refused the message for good."""


class MailDelayedError(Exception):
    """The server could not be reached, or refused the message for now."""


@dataclass(frozen=True)
class SmtpServer:
    """Where mail is handed over, as `smtp://user:password@host:587` says.

    `smtp` insists on STARTTLS, `smtps` begins with TLS, `smtp+plain` has neither.
    """

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read the address; raise SmtpSettingsError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SmtpSettingsError("the address of the SMTP server can not be read") from None
        if parts.scheme not in PORTS or not parts.hostname:
            schemes = ", ".join(f"{scheme}://" for scheme in PORTS)
            raise SmtpSettingsError(f"the address of the SMTP server begins with one of {schemes}")
        user = None if parts.username is None else unquote(parts.username)
        password = None if parts.password is None else unquote(parts.password)
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password)


class SmtpSender:
    """Hands messages over, one connection each."""

    def __init__(self, server: SmtpServer, trust: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._trust = trust or ssl.create_default_context()

    def send(self, message: EmailMessage) -> None:
        """Hand a message over; raise MailRefusedError or MailDelayedError."""
        require_no_unit_of_work()
        try:
            with self._connect() as smtp:
                if self._server.scheme == "smtp":
                    smtp.starttls(context=self._trust)
                if self._server.user is not None:
                    smtp.login(self._server.user, self._server.password or "")
                smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _failure(max(codes, default=0)) from None
        except smtplib.SMTPAuthenticationError as error:
            # The settings are wrong and not the message, which is worth keeping.
            raise MailDelayedError(f"the login was refused with {error.smtp_code}") from None
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailDelayedError(type(error).__name__) from None

    def _connect(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=SMTP_SECONDS_MAX, context=self._trust)
        return smtplib.SMTP(host, port, timeout=SMTP_SECONDS_MAX)


def _failure(code: int) -> Exception:
    """Return what an SMTP reply means (RFC 5321, 4.2.1): 5yz is for good."""
    kind = MailRefusedError if code >= PERMANENT_MIN else MailDelayedError
    return kind(f"the server answered {code}")

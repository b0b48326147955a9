"""Rules of users: addresses are proved by mailed links, and passwords let their users in.

Whoever asks about an address is answered the same whether it is known or not: looking it up and
writing to it is a job's business, and passwords are hashed in either case.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog
from sqlalchemy.orm import Session

from control_plane.identity.members import MemberService
from control_plane.identity.policy import Role
from control_plane.identity.principals import Principal, PrincipalKind
from control_plane.identity.sessions import NOWHERE, Holder, Origin, SessionService, SignedIn
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database, after_commit
from control_plane.kit.ids import new_id
from control_plane.kit.jobs import JobContext, enqueue
from control_plane.kit.scope import Scope
from control_plane.mail.service import MailService
from control_plane.organizations.service import OrganizationService
from control_plane.users import repository, texts
from control_plane.users.errors import (
    MailedTokenError,
    NotAMemberError,
    PasswordInvalidError,
    SignUpDisabledError,
)
from control_plane.users.hashing import PasswordHashes
from control_plane.users.models import MailedToken, User
from control_plane.users.passwords import require_good_password

MAIL_SIGN_UP_JOB = "users.mail_sign_up"
MAIL_RESET_JOB = "users.mail_reset"

TOKEN_PREFIX = "hrc_m_"  # noqa: S105 - how tokens begin is no secret
TOKEN_BYTES = 32
TOKEN_LENGTH_MAX = 64
SIGN_UP_SECONDS = 24 * 3600
RESET_SECONDS = 30 * 60
INVITATION_SECONDS = 3 * 24 * 3600
# Links that are mailed to one address within an hour; nobody's mailbox is filled from here.
MAILED_PER_HOUR_MAX = 5

log = structlog.stdlib.get_logger("users")


class Purpose(StrEnum):
    """What a mailed link is good for."""

    SIGN_UP = "sign_up"
    RESET = "reset"


@dataclass(frozen=True)
class SignUp:
    """What somebody who signs up asks for."""

    email: str
    name: str
    organization: str
    password: str


@dataclass(frozen=True)
class Membership:
    """An organization in which a user is a member."""

    organization_id: str
    organization_name: str
    member_id: str


class UserService:
    """People with passwords. `forget` drops what is cached of a member's sessions."""

    def __init__(  # noqa: PLR0913 - what it is composed of
        self,
        database: Database,
        clock: Clock,
        hashes: PasswordHashes,
        mail: MailService,
        members: MemberService,
        organizations: OrganizationService,
        sessions: SessionService,
        forget: Callable[[str], None],
        *,
        console_url: str,
        takes_sign_ups: bool,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hashes = hashes
        self._mail = mail
        self._members = members
        self._organizations = organizations
        self._sessions = sessions
        self._forget = forget
        self._console_url = console_url
        self._takes_sign_ups = takes_sign_ups

    @property
    def takes_sign_ups(self) -> bool:
        """Whether strangers may sign up here."""
        return self._takes_sign_ups

    def sign_up(self, wanted: SignUp) -> None:
        """Have the address proved; nothing else is made before it is.

        Call it outside transactions. Raises SignUpDisabledError, MailNotConfiguredError or
        PasswordRefusedError.
        """
        if not self._takes_sign_ups:
            raise SignUpDisabledError(
                "this installation takes nobody by itself",
                advice="ask its operator, or a member of your organization to invite you",
            )
        self._mail.require()
        email = wanted.email.casefold()
        require_good_password(wanted.password, email=email)
        asked = {
            "name": wanted.name,
            "organization": wanted.organization,
            "password_hash": self._hashes.make(wanted.password),
        }
        with self._database.transaction() as session:
            row = self._add_token(session, email, Purpose.SIGN_UP, SIGN_UP_SECONDS)
            row.wanted = asked
            enqueue(session, MAIL_SIGN_UP_JOB, row.id, now=self._clock.now())

    def confirm_sign_up(self, token: str, password: str, origin: Origin = NOWHERE) -> SignedIn:
        """Make the user, with an organization of its own, for whoever has signed up.

        The link proves the address, the password that it is the same person: anybody can sign up
        with another's address, whose owner must not get a password that somebody else knows by
        following a link. Call it outside transactions. Raises MailedTokenError or
        PasswordInvalidError.
        """
        with self._database.snapshot() as session:
            wanted = self._peek(session, token, Purpose.SIGN_UP).wanted
        if wanted is None:
            raise _link_over()
        if not self._hashes.verify(wanted["password_hash"], password):
            raise PasswordInvalidError(
                "this is not the password that was chosen when signing up",
                advice="if it was not you who signed up, leave this page: nothing is made",
            )
        with self._database.transaction() as session:
            email = self._use(session, token, Purpose.SIGN_UP).email
            if repository.find_user(session, email) is not None:
                raise _link_over()
            self._add_user(session, email, wanted["name"], wanted["password_hash"])
            organization = self._organizations.create(session, name=wanted["organization"])
            member = self._members.create(
                session,
                Scope(organization.id),
                email=email,
                name=wanted["name"],
                role=Role.OWNER,
                granted_by=None,
            )
            repository.end_mailed_tokens(session, email, Purpose.SIGN_UP, self._clock.now())
            return self._sessions.sign_in_member(session, member, origin)

    def sign_in(self, email: str, password: str, origin: Origin = NOWHERE) -> SignedIn:
        """Open a session in the first organization of a user. Call it outside transactions.

        Raises PasswordInvalidError whatever was wrong, or NotAMemberError.
        """
        address = email.casefold()
        with self._database.snapshot() as session:
            user = repository.find_user(session, address)
        user_hash = None if user is None else user.password_hash
        if not self._hashes.verify(user_hash, password) or user is None or user_hash is None:
            raise PasswordInvalidError
        renewed = self._hashes.make(password) if self._hashes.is_outdated(user_hash) else None
        with self._database.transaction() as session:
            present = repository.find_user(session, address)
            if present is None or present.password_hash != user_hash:
                raise PasswordInvalidError  # it was changed while this one was being checked
            if renewed is not None:
                present.password_hash = renewed
            members = self._members.list_by_email(session, address)
            if not members:
                raise NotAMemberError(
                    "nobody has made you a member of an organization",
                    advice="ask a member of your organization to invite you",
                )
            return self._sessions.sign_in_member(session, members[0], origin)

    def memberships(
        self, session: Session, member_id: str, organization_id: str
    ) -> list[Membership]:
        """List the organizations of whoever is signed in as a member, by name.

        Who has no password is in that one alone: the address was never proved.
        """
        found = [
            Membership(
                one.organization_id,
                self._organizations.get(
                    session, one.organization_id, visible_to=one.organization_id
                ).name,
                one.principal_id,
            )
            for one in self._holders_of(session, member_id, organization_id)
        ]
        return sorted(found, key=lambda one: (one.organization_name, one.organization_id))

    def holders(self, session: Session, principal: Principal) -> Sequence[Holder]:
        """Return whose sessions are those of a principal: a user's in every organization."""
        own = Holder(principal.organization_id, principal.id)
        if principal.kind is not PrincipalKind.MEMBER:
            return [own]
        return self._holders_of(session, principal.id, principal.organization_id)

    def switch(
        self,
        session: Session,
        member_id: str,
        organization_id: str,
        wanted_id: str,
        origin: Origin = NOWHERE,
    ) -> SignedIn:
        """Open a session in another organization of the same user; raise NotAMemberError."""
        for one in self.memberships(session, member_id, organization_id):
            if one.organization_id == wanted_id:
                member = self._members.find(session, Scope(wanted_id), one.member_id)
                assert member is not None, "read in the same transaction"
                return self._sessions.sign_in_member(session, member, origin)
        raise NotAMemberError("you are no member of such an organization")

    def request_reset(self, email: str) -> None:
        """Have a link mailed to the address, if it is anybody's; raise MailNotConfiguredError."""
        self._mail.require()
        with self._database.transaction() as session:
            enqueue(session, MAIL_RESET_JOB, email.casefold(), now=self._clock.now())

    def invite(self, session: Session, email: str, organization_id: str) -> None:
        """Write to somebody who was made a member, where the installation sends mail."""
        address = email.casefold()
        if not self._mail.is_configured or self._is_too_much(session, address):
            return
        organization = self._organizations.get(
            session, organization_id, visible_to=organization_id
        ).name
        if repository.find_user(session, address) is not None:
            sign_in = f"{self._console_url}/sign-in"
            self._send(session, address, texts.invitation_of_user(organization, sign_in))
            return
        token = self._name(self._add_token(session, address, Purpose.RESET, INVITATION_SECONDS))
        link = f"{self._console_url}/set-password?token={token}"
        self._send(
            session, address, texts.invitation(organization, link, INVITATION_SECONDS // 3600)
        )

    def reset(self, token: str, password: str) -> None:
        """Set the password of whoever the link was mailed to, and end every session.

        Whoever was a member without one becomes a user: the link proves the address. Call it
        outside transactions. Raises PasswordRefusedError or MailedTokenError.
        """
        with self._database.snapshot() as session:
            email = self._peek(session, token, Purpose.RESET).email
        require_good_password(password, email=email)
        password_hash = self._hashes.make(password)
        with self._database.transaction() as session:
            used = self._use(session, token, Purpose.RESET)
            user = repository.find_user(session, used.email)
            if user is None:
                members = self._members.list_by_email(session, used.email)
                if not members:
                    raise _link_over()
                user = self._add_user(session, used.email, members[0].name, password_hash)
            self._set_password(session, user, password_hash)

    def change_password(self, member_id: str, organization_id: str, old: str, new: str) -> None:
        """Replace a password by whoever knows it, and end every session.

        Call it outside transactions. Raises PasswordInvalidError or PasswordRefusedError.
        """
        with self._database.snapshot() as session:
            member = self._members.find(session, Scope(organization_id), member_id)
            user = None if member is None else repository.find_user(session, member.email)
        old_hash = None if user is None else user.password_hash
        if not self._hashes.verify(old_hash, old) or user is None:
            raise PasswordInvalidError
        require_good_password(new, email=user.email)
        password_hash = self._hashes.make(new)
        with self._database.transaction() as session:
            present = repository.find_user(session, user.email)
            if present is None or present.password_hash != old_hash:
                raise PasswordInvalidError
            self._set_password(session, present, password_hash)

    def mail_sign_up(self, context: JobContext) -> None:
        """Write to the address of a sign-up."""
        with context.apply() as session:
            row = session.get(MailedToken, context.key)
            if row is None or row.used_at is not None or self._is_too_much(session, row.email):
                return
            if repository.find_user(session, row.email) is not None:
                self._send(session, row.email, texts.already_there(f"{self._console_url}/sign-in"))
                session.delete(row)
                return
            token = self._name(row)
            link = f"{self._console_url}/confirm?token={token}"
            self._send(session, row.email, texts.verification(link, SIGN_UP_SECONDS // 3600))

    def mail_reset(self, context: JobContext) -> None:
        """Write to an address whose password is to be set, if it is anybody's."""
        email = context.key
        with context.apply() as session:
            is_known = repository.find_user(session, email) or self._members.list_by_email(
                session, email
            )
            if not is_known or self._is_too_much(session, email):
                return
            token = self._name(self._add_token(session, email, Purpose.RESET, RESET_SECONDS))
            link = f"{self._console_url}/set-password?token={token}"
            self._send(session, email, texts.password_reset(link, RESET_SECONDS // 60))

    def purge(self, context: JobContext) -> None:
        """Forget links that are over."""
        with context.apply() as session:
            repository.delete_stale_tokens(session, self._clock.now())

    def _holders_of(
        self, session: Session, member_id: str, organization_id: str
    ) -> Sequence[Holder]:
        """List the members that are the same person as one of them, itself included."""
        member = self._members.find(session, Scope(organization_id), member_id)
        if member is None:
            return []
        is_proved = repository.find_user(session, member.email) is not None
        members = self._members.list_by_email(session, member.email) if is_proved else [member]
        return [Holder(one.organization_id, one.id) for one in members]

    def _set_password(self, session: Session, user: User, password_hash: str) -> None:
        now = self._clock.now()
        user.password_hash = password_hash
        user.password_changed_at = now
        repository.end_mailed_tokens(session, user.email, Purpose.RESET, now)
        for member in self._members.list_by_email(session, user.email):
            self._sessions.end_all(session, Scope(member.organization_id), member.id)
            member_id = member.id
            after_commit(session, lambda ended=member_id: self._forget(ended))
        if self._mail.is_configured:
            self._send(session, user.email, texts.password_changed())

    def _send(self, session: Session, email: str, text: texts.Text) -> None:
        self._mail.queue(session, to=email, subject=text.subject, text=text.body)

    def _is_too_much(self, session: Session, email: str) -> bool:
        since = self._clock.now() - timedelta(hours=1)
        is_too_much = repository.count_mailed_since(session, email, since) > MAILED_PER_HOUR_MAX
        if is_too_much:
            log.info("mail_withheld")
        return is_too_much

    def _add_user(self, session: Session, email: str, name: str, password_hash: str) -> User:
        now = self._clock.now()
        user = User(
            id=new_id("usr"),
            email=email,
            name=name,
            password_hash=password_hash,
            created_at=now,
            password_changed_at=now,
        )
        session.add(user)
        session.flush()
        return user

    def _add_token(
        self, session: Session, email: str, purpose: Purpose, seconds: int
    ) -> MailedToken:
        """Write down a token that nobody knows until `_name` gives it a name."""
        now = self._clock.now()
        row = MailedToken(
            id=new_id("mlt"),
            email=email,
            purpose=purpose.value,
            token_hash=secrets.token_bytes(32),
            created_at=now,
            expires_at=now + timedelta(seconds=seconds),
        )
        session.add(row)
        session.flush()
        return row

    @staticmethod
    def _name(row: MailedToken) -> str:
        token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        row.token_hash = _hash(token)
        return token

    def _peek(self, session: Session, token: str, purpose: Purpose) -> MailedToken:
        found = None
        if len(token) <= TOKEN_LENGTH_MAX:
            now = self._clock.now()
            found = repository.find_mailed_token(session, _hash(token), purpose, now)
        if found is None:
            raise _link_over()
        return found

    def _use(self, session: Session, token: str, purpose: Purpose) -> MailedToken:
        used = None
        if len(token) <= TOKEN_LENGTH_MAX:
            now = self._clock.now()
            used = repository.use_mailed_token(session, _hash(token), purpose, now)
        if used is None:
            raise _link_over()
        return used


def _link_over() -> MailedTokenError:
    return MailedTokenError(
        "the link was already used or is too old", advice="ask for another one on the sign-in page"
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()

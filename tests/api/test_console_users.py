from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from control_plane.identity.policy import Role
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import JobRegistry
from control_plane.kit.scope import Scope
from control_plane.mail import tasks as mail_tasks
from control_plane.mail.models import Mail
from control_plane.users import tasks as user_tasks
from control_plane.users.models import MailedToken, User
from control_plane.users.service import MAILED_PER_HOUR_MAX
from tests.fixtures.mailboxes import Mailbox
from tests.fixtures.service import Service

EMAIL = "ada@example.com"
PASSWORD = "four unrelated mill words"
OTHER = "another river runs by here"
SIGN_UP = {"email": EMAIL, "name": "Ada", "organization": "Mill Street", "password": PASSWORD}


@pytest.fixture
def open_service(
    make_service: Callable[..., Service], sqlite_url: str, mailbox: Mailbox
) -> Service:
    """An installation that takes sign-ups and sends mail."""
    return make_service(
        sqlite_url, sign_up=True, smtp_url=mailbox.url, mail_from="mill@headrace.example"
    )


def run_jobs(service: Service) -> None:
    registry = JobRegistry()
    mail_tasks.register(registry, service.core.mail)
    user_tasks.register(registry, service.core.users)
    JobRunner(
        service.core.database, service.core.clock, registry, workers=0, exclusive=False
    ).run_due()


def sign_in(client: TestClient, password: str, email: str = EMAIL) -> Any:
    return client.post("/console/session", json={"email": email, "password": password})


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def add_member(service: Service, organization_id: str, role: Role = Role.DEVELOPER) -> str:
    with service.core.database.transaction() as session:
        member = service.core.members.create(
            session,
            Scope(organization_id),
            email=EMAIL,
            name="Ada",
            role=role,
            granted_by=None,
        )
    return member.id


def confirmation(mailbox: Mailbox, password: str = PASSWORD) -> dict[str, str]:
    return {"token": mailbox.token(), "password": password}


def signed_up(service: Service, mailbox: Mailbox) -> TestClient:
    """A client of somebody who has just signed up, and is signed in."""
    client = service.client()
    assert client.post("/console/sign-ups", json=SIGN_UP).status_code == 202
    run_jobs(service)
    answer = client.post("/console/sign-ups:confirm", json=confirmation(mailbox))
    assert answer.status_code == 200, answer.text
    return client


def set_password(service: Service, mailbox: Mailbox, password: str = PASSWORD) -> None:
    """Set a password by a link that is asked for and mailed."""
    client = service.client()
    assert client.post("/console/password-resets", json={"email": EMAIL}).status_code == 202
    run_jobs(service)
    body = {"token": mailbox.token(), "password": password}
    answer = client.post("/console/password-resets:use", json=body)
    assert answer.status_code == 204, answer.text
    run_jobs(service)


class TestSigningUp:
    def test_a_proved_address_becomes_the_owner_of_an_organization(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        client = signed_up(open_service, mailbox)
        session = client.get("/console/session").json()["session"]
        assert (session["kind"], session["role"]) == ("member", "owner")
        assert session["organization_name"] == "Mill Street"
        assert mailbox.messages[0]["To"] == EMAIL
        assert mailbox.link().startswith("https://localhost:8643/console/confirm?token=hrc_m_")
        assert sign_in(open_service.client(), PASSWORD, "Ada@Example.COM").status_code == 200

    def test_nothing_is_made_before_the_address_is_proved(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        open_service.client().post("/console/sign-ups", json=SIGN_UP)
        run_jobs(open_service)
        assert len(mailbox.messages) == 1
        assert code(sign_in(open_service.client(), PASSWORD)) == (401, "sign_in_refused")
        with open_service.core.database.snapshot() as session:
            assert session.query(User).count() == 0

    def test_who_follows_the_link_of_a_stranger_who_signed_up_gets_no_account_of_his(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        add_member(open_service, open_service.add_organization())
        stranger, invited = open_service.client(), open_service.client()
        stranger.post("/console/sign-ups", json=SIGN_UP)
        run_jobs(open_service)
        followed = invited.post(
            "/console/sign-ups:confirm", json=confirmation(mailbox, "my own idea of a password")
        )
        assert code(followed) == (401, "sign_in_refused")
        assert code(sign_in(stranger, PASSWORD)) == (401, "sign_in_refused")
        with open_service.core.database.snapshot() as session:
            assert session.query(User).count() == 0
        # The link still is good for who signed up.
        confirmed = stranger.post("/console/sign-ups:confirm", json=confirmation(mailbox))
        assert confirmed.status_code == 200, confirmed.text

    def test_a_link_works_once_and_for_a_day(self, open_service: Service, mailbox: Mailbox) -> None:
        client = signed_up(open_service, mailbox)
        used = client.post("/console/sign-ups:confirm", json=confirmation(mailbox))
        assert code(used) == (401, "mailed_link_invalid")
        body = SIGN_UP | {"email": "late@example.com"}
        client.post("/console/sign-ups", json=body)
        run_jobs(open_service)
        open_service.clock.advance(24 * 3600)
        late = client.post("/console/sign-ups:confirm", json=confirmation(mailbox))
        assert code(late) == (401, "mailed_link_invalid")

    def test_an_address_that_is_known_is_answered_the_same_and_told_by_mail(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        signed_up(open_service, mailbox)
        stranger = open_service.client()
        again = stranger.post("/console/sign-ups", json=SIGN_UP)
        fresh = stranger.post("/console/sign-ups", json=SIGN_UP | {"email": "new@example.com"})
        assert (again.status_code, again.content) == (fresh.status_code, fresh.content)
        run_jobs(open_service)
        told = {str(one["To"]): str(one["Subject"]) for one in mailbox.messages[1:]}
        assert told == {
            EMAIL: "You have signed up already",
            "new@example.com": "Confirm your e-mail address",
        }

    def test_is_off_unless_it_is_switched_on(self, sqlite_service: Service) -> None:
        client = sqlite_service.client()
        assert code(client.post("/console/sign-ups", json=SIGN_UP)) == (403, "sign_up_disabled")
        options = client.get("/console/sign-in-options").json()
        assert options == {"sign_up": False, "mail": False}
        answer = client.post("/console/password-resets", json={"email": EMAIL})
        assert code(answer) == (409, "mail_not_configured")

    def test_a_password_that_would_be_guessed_is_refused(self, open_service: Service) -> None:
        answer = open_service.client().post(
            "/console/sign-ups", json=SIGN_UP | {"password": "Password123!"}
        )
        assert code(answer) == (422, "password_too_weak")
        assert "Password123!" not in answer.text


class TestSigningIn:
    def test_one_answer_for_whatever_is_wrong(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        signed_up(open_service, mailbox)
        answers = [
            sign_in(open_service.client(), OTHER).json(),
            sign_in(open_service.client(), PASSWORD, "nobody@example.com").json(),
        ]
        for answer in answers:
            del answer["request_id"]
        assert answers[0] == answers[1]

    def test_failures_delay_the_next_try(self, open_service: Service, mailbox: Mailbox) -> None:
        signed_up(open_service, mailbox)
        client = open_service.client()
        seen = {sign_in(client, OTHER, "eve@example.com").status_code for _ in range(30)}
        assert seen == {401, 429}
        assert sign_in(client, PASSWORD).status_code == 200  # somebody else is not kept out

    def test_either_a_key_or_an_address_with_a_password(self, sqlite_service: Service) -> None:
        client = sqlite_service.client()
        for body in ({}, {"email": EMAIL}, {"api_key": "hrs_x", "email": EMAIL, "password": "x"}):
            assert code(client.post("/console/session", json=body)) == (422, "request_invalid")


class TestPasswords:
    def test_a_member_sets_a_first_password_by_a_mailed_link(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        organization = open_service.add_organization()
        member_id = add_member(open_service, organization)
        set_password(open_service, mailbox)
        session = sign_in(open_service.client(), PASSWORD).json()["session"]
        assert session["principal_id"] == member_id

    def test_a_reset_ends_every_session_and_the_old_password(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        client = signed_up(open_service, mailbox)
        assert client.get("/v1/whoami").status_code == 200
        set_password(open_service, mailbox, OTHER)
        assert client.get("/v1/whoami").status_code == 401
        assert sign_in(open_service.client(), PASSWORD).status_code == 401
        assert sign_in(open_service.client(), OTHER).status_code == 200
        assert mailbox.messages[-1]["Subject"] == "Your password was changed"

    def test_whoever_knows_it_changes_it(self, open_service: Service, mailbox: Mailbox) -> None:
        client = signed_up(open_service, mailbox)
        wrong = client.post("/console/password", json={"old": OTHER, "new": OTHER})
        assert code(wrong) == (401, "sign_in_refused")
        assert (
            client.post("/console/password", json={"old": PASSWORD, "new": OTHER}).status_code
            == 204
        )
        assert client.get("/v1/whoami").status_code == 401
        assert sign_in(open_service.client(), OTHER).status_code == 200

    def test_a_link_is_spent_by_its_use_and_by_that_of_another(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        add_member(open_service, open_service.add_organization())
        client = open_service.client()
        for _ in range(2):
            client.post("/console/password-resets", json={"email": EMAIL})
            run_jobs(open_service)
        first, second = mailbox.token(0), mailbox.token(1)
        url = "/console/password-resets:use"
        assert client.post(url, json={"token": second, "password": PASSWORD}).status_code == 204
        for token in (first, second):
            answer = client.post(url, json={"token": token, "password": OTHER})
            assert code(answer) == (401, "mailed_link_invalid")

    def test_a_link_lives_for_half_an_hour(self, open_service: Service, mailbox: Mailbox) -> None:
        add_member(open_service, open_service.add_organization())
        client = open_service.client()
        client.post("/console/password-resets", json={"email": EMAIL})
        run_jobs(open_service)
        open_service.clock.advance(30 * 60)
        body = {"token": mailbox.token(), "password": PASSWORD}
        answer = client.post("/console/password-resets:use", json=body)
        assert code(answer) == (401, "mailed_link_invalid")

    def test_an_unknown_address_is_answered_the_same_and_written_to_never(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        add_member(open_service, open_service.add_organization())
        client = open_service.client()
        known = client.post("/console/password-resets", json={"email": EMAIL})
        unknown = client.post("/console/password-resets", json={"email": "eve@example.com"})
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
        run_jobs(open_service)
        assert [str(one["To"]) for one in mailbox.messages] == [EMAIL]

    def test_nobodys_mailbox_is_filled(self, open_service: Service, mailbox: Mailbox) -> None:
        add_member(open_service, open_service.add_organization())
        for _ in range(MAILED_PER_HOUR_MAX + 5):
            open_service.client().post("/console/password-resets", json={"email": EMAIL})
            run_jobs(open_service)
        assert len(mailbox.messages) == MAILED_PER_HOUR_MAX + 1

    def test_an_api_key_has_none(self, sqlite_service: Service) -> None:
        client = sqlite_service.new_client()
        answer = client.post("/console/password", json={"old": PASSWORD, "new": OTHER})
        assert code(answer) == (403, "permission_denied")


class TestInvitations:
    def test_a_member_who_is_added_sets_a_password_and_signs_in(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        owner = open_service.new_client()
        body = {"email": EMAIL, "name": "Ada"}
        member = owner.post("/v1/members", json=body).json()
        run_jobs(open_service)
        assert mailbox.messages[0]["Subject"] == "You were invited to Mill Street"
        client = open_service.client()
        use = {"token": mailbox.token(), "password": PASSWORD}
        assert client.post("/console/password-resets:use", json=use).status_code == 204
        assert sign_in(client, PASSWORD).json()["session"]["principal_id"] == member["id"]

    def test_a_user_is_told_of_one_organization_more(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        client = signed_up(open_service, mailbox)
        owner = open_service.client(
            open_service.add_key(open_service.add_organization("Tide Mill"))
        )
        owner.post("/v1/members", json={"email": EMAIL, "name": "Ada"})
        run_jobs(open_service)
        assert mailbox.messages[-1]["Subject"] == "You were invited to Tide Mill"
        assert mailbox.link().endswith("/console/sign-in")
        assert len(client.get("/console/organizations").json()["items"]) == 2

    def test_what_is_refused_is_not_mailed(self, open_service: Service, mailbox: Mailbox) -> None:
        owner = open_service.new_client()
        for _ in range(2):
            owner.post("/v1/members", json={"email": EMAIL, "name": "Ada"})
        run_jobs(open_service)
        assert len(mailbox.messages) == 1


class TestOrganizations:
    def test_a_user_goes_from_one_to_the_other(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        client = signed_up(open_service, mailbox)
        other = open_service.add_organization("Tide Mill")
        add_member(open_service, other)
        listed = client.get("/console/organizations").json()["items"]
        assert [one["name"] for one in listed] == ["Mill Street", "Tide Mill"]
        answer = client.post("/console/organizations:switch", json={"organization_id": other})
        session = answer.json()["session"]
        assert (session["organization_id"], session["role"]) == (other, "developer")
        assert client.get("/v1/whoami").json()["organization_id"] == other

    def test_nobody_goes_where_they_are_no_member(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        client = signed_up(open_service, mailbox)
        body = {"organization_id": open_service.add_organization()}
        answer = client.post("/console/organizations:switch", json=body)
        assert code(answer) == (403, "not_a_member")

    def test_an_address_that_was_never_proved_opens_nothing_else(
        self, open_service: Service
    ) -> None:
        """A member who came by a link of the operator, and has no password."""
        first, second = open_service.add_organization("A"), open_service.add_organization("B")
        member_id = add_member(open_service, first)
        add_member(open_service, second)
        core = open_service.core
        with core.database.transaction() as session:
            member = core.members.find(session, Scope(first), member_id)
            assert member is not None
            token = core.sessions.issue_sign_in(session, member)
        client = open_service.client()
        client.get("/console/sign-in", params={"token": token})
        listed = client.get("/console/organizations").json()["items"]
        assert [one["id"] for one in listed] == [first]


class TestSecrets:
    def test_no_password_or_token_is_in_the_database(
        self, open_service: Service, mailbox: Mailbox
    ) -> None:
        open_service.client().post("/console/sign-ups", json=SIGN_UP)
        core = open_service.core
        run_jobs(open_service)
        with core.database.snapshot() as session:
            assert session.query(Mail).count() == 0
            stored = [str(vars(row)) for row in session.query(MailedToken)]
        assert stored
        assert not any(PASSWORD in row or mailbox.token() in row for row in stored)

    def test_a_page_of_another_site_can_not_ask(self, sqlite_service: Service) -> None:
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = sqlite_service.client().post("/console/sign-ups", json=SIGN_UP, headers=headers)
        assert code(answer) == (403, "cross_site_request")


def test_the_same_on_postgresql(
    make_service: Callable[..., Service], postgresql_url: str, mailbox: Mailbox
) -> None:
    service = make_service(
        postgresql_url, sign_up=True, smtp_url=mailbox.url, mail_from="mill@headrace.example"
    )
    client = signed_up(service, mailbox)
    add_member(service, service.add_organization("Tide Mill"))
    assert len(client.get("/console/organizations").json()["items"]) == 2
    set_password(service, mailbox, OTHER)
    assert client.get("/v1/whoami").status_code == 401
    assert sign_in(service.client(), OTHER).status_code == 200

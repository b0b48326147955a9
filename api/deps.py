"""What routes are given: the container of services, the caller's page, and ports to other parts."""

from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Query, Request
from sqlalchemy.orm import Session

from api.event_stream import StreamPlaces
from api.http_gateway import HttpGateway
from api.rate_limits import RateLimits
from billing.catalog.service import CatalogService
from billing.costs.service import CostService
from billing.metering.service import MeteringService
from billing.reports.service import ReportService
from control_plane.audit.service import AuditService
from control_plane.identity.authentication import Authenticator
from control_plane.identity.guard import AttemptGuard
from control_plane.identity.members import MemberService
from control_plane.identity.operators import OperatorService
from control_plane.identity.service import ApiKeyService
from control_plane.identity.session_authentication import SessionAuthenticator
from control_plane.identity.sessions import SessionService
from control_plane.identity.tokens import TokenSigner
from control_plane.kit.clock import Clock
from control_plane.kit.db import Database
from control_plane.kit.idempotency import IdempotencyStore
from control_plane.kit.jobs import JobRegistry
from control_plane.kit.pagination import (
    PAGE_SIZE_DEFAULT,
    PAGE_SIZE_MAX,
    PAGE_TOKEN_LENGTH_MAX,
    PageRequest,
)
from control_plane.kit.periodic import Periodic
from control_plane.kit.scope import Scope
from control_plane.kit.secrets import Vault
from control_plane.kit.settings import Settings
from control_plane.mail.service import MailService
from control_plane.notifications.delivering import Deliverer
from control_plane.notifications.service import WebhookService
from control_plane.operations.service import OperationService
from control_plane.organizations.service import OrganizationService
from control_plane.users.service import UserService


class ClusterDirectory(Protocol):
    """What routes of other resources ask about clusters."""

    def require(self, session: Session, scope: Scope, cluster_id: str) -> None:
        """Raise ClusterNotFoundError unless the cluster exists for `scope`."""
        ...

    def require_rotation(
        self, session: Session, organization_id: str, cluster_id: str | None
    ) -> None:
        """Raise RotationNotOfferedError unless what a key reaches knows two secrets of it."""
        ...


class CredentialPublisher(Protocol):
    """Brings credentials to the brokers that check them."""

    def request(self, session: Session, organization_id: str, cluster_id: str | None) -> None:
        """Ask, in the transaction that changes a key, for publication: a crash can not lose it."""
        ...

    def publish(self, organization_id: str, cluster_id: str | None) -> None:
        """Publish now and return when brokers confirm it: to one cluster, or None for all."""
        ...


class JobService(Protocol):
    """Has jobs run: on threads of this process, or by telling workers of them."""

    @property
    def alive(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self, timeout_seconds: float) -> bool:
        """Stop; return whether everything ended in time."""
        ...


@dataclass(frozen=True)
class Core:
    """The services that everything else is composed of."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    jobs: JobRegistry
    signer: TokenSigner
    rate_limits: RateLimits
    attempts: AttemptGuard
    authenticator: Authenticator
    audit: AuditService
    organizations: OrganizationService
    members: MemberService
    operators: OperatorService
    api_keys: ApiKeyService
    sessions: SessionService
    session_authenticator: SessionAuthenticator
    operations: OperationService
    streams: StreamPlaces
    mail: MailService
    users: UserService
    webhooks: WebhookService
    deliverer: Deliverer
    idempotency: IdempotencyStore
    catalog: CatalogService
    metering: MeteringService
    costs: CostService
    reports: ReportService


@dataclass(frozen=True)
class Container:
    """Everything that routes use; composed once per process by `api.composition`."""

    core: Core
    clusters: ClusterDirectory
    publisher: CredentialPublisher
    job_runner: JobService
    periodic: Periodic
    gateway: HttpGateway


def get_container(request: Request) -> Container:
    return cast("Container", request.app.state.container)


def get_core(request: Request) -> Core:
    return get_container(request).core


def get_page(
    page_size: Annotated[
        int, Query(ge=1, le=PAGE_SIZE_MAX, description="Most items to return.")
    ] = PAGE_SIZE_DEFAULT,
    page_token: Annotated[
        str | None,
        Query(max_length=PAGE_TOKEN_LENGTH_MAX, description="`next_page_token` of the last page."),
    ] = None,
) -> PageRequest:
    return PageRequest(page_size, page_token)


Services = Annotated[Container, Depends(get_container)]
CoreServices = Annotated[Core, Depends(get_core)]
PageQuery = Annotated[PageRequest, Depends(get_page)]

"""Composes the services of a web process from its settings."""

import random
from collections.abc import Callable

from api.deps import ClusterDirectory, Container, Core, CredentialPublisher, JobService
from api.event_stream import StreamPlaces
from api.http_gateway import HttpGateway
from api.rate_limits import rate_limits
from billing.catalog.seeds import SEEDS
from billing.catalog.service import CatalogService
from billing.costs.service import CostService
from billing.metering import tasks as metering_tasks
from billing.metering.service import MeteringService
from billing.metering.tasks import UsageConsumer
from billing.reports.pdf import PdfRenderer
from billing.reports.service import ReportService
from control_plane.audit import tasks as audit_tasks
from control_plane.audit.service import AuditService
from control_plane.clusters.plans import CATALOGUE
from control_plane.clusters.service import cluster_lives
from control_plane.identity import tasks as identity_tasks
from control_plane.identity.authentication import Authenticator
from control_plane.identity.guard import AttemptGuard
from control_plane.identity.members import MemberService
from control_plane.identity.operators import OperatorService
from control_plane.identity.service import ApiKeyService
from control_plane.identity.session_authentication import SessionAuthenticator
from control_plane.identity.sessions import SessionService
from control_plane.identity.tokens import load_signer
from control_plane.kit import idempotency
from control_plane.kit.clock import Clock, SystemClock
from control_plane.kit.db import Database
from control_plane.kit.idempotency import IdempotencyStore
from control_plane.kit.job_runner import JobRunner, JobRunners
from control_plane.kit.jobs import JobQueue, JobRegistry
from control_plane.kit.periodic import Periodic
from control_plane.kit.secrets import MasterKey, Vault
from control_plane.kit.settings import Environment, Settings
from control_plane.mail import tasks as mail_tasks
from control_plane.mail.service import MailService
from control_plane.notifications import tasks as notification_tasks
from control_plane.notifications.delivering import Deliverer
from control_plane.notifications.service import WebhookService
from control_plane.operations.service import OperationService
from control_plane.organizations.service import OrganizationService
from control_plane.outbound.http import OutboundHttp
from control_plane.outbound.smtp import SmtpSender, SmtpServer
from control_plane.users import tasks as user_tasks
from control_plane.users.hashing import PasswordHashes
from control_plane.users.service import UserService
from migrations.upgrade import require_current, upgrade

NOTIFICATION_WORKERS = 2
# Used keys say so this often, for `last_used_at`.
TOUCH_EVERY_SECONDS = 30


def build_core(
    settings: Settings, clock: Clock | None = None, hashes: PasswordHashes | None = None
) -> Core:
    """Open the database and build the services over it.

    The embedded service brings its schema up to date, in production that is a step of its own.
    Raises MasterKeyError, SchemaVersionError or PriceBookError when it can not go on.
    """
    clock = clock or SystemClock()
    master_key = MasterKey.load(settings.resolved_master_key_file)
    database = Database(settings.resolved_database_url)
    if settings.environment is Environment.EMBEDDED:
        upgrade(database.engine)
    else:
        require_current(database.engine)
    vault = Vault(master_key, clock)
    catalog = CatalogService(clock)
    with database.transaction() as session:
        signer = load_signer(session, vault, clock)
        catalog.load(session, SEEDS, CATALOGUE)
    metering = MeteringService(clock)
    costs = CostService(catalog, metering, clock)
    authenticator = Authenticator(database, clock, cluster_lives)
    sessions = SessionService(clock)
    http = OutboundHttp(allows_private=settings.allows_private_addresses)
    webhooks = WebhookService(vault, clock, http)
    session_authenticator = SessionAuthenticator(database, sessions, clock, cluster_lives)

    members, organizations = MemberService(clock), OrganizationService(clock)
    mail = MailService(database, vault, clock, _sender(settings), settings.mail_from or "")
    users = UserService(
        database,
        clock,
        hashes or PasswordHashes(),
        mail,
        members,
        organizations,
        sessions,
        session_authenticator.forget,
        console_url=settings.console_url,
        takes_sign_ups=settings.sign_up,
    )

    def forget_principal(principal_id: str) -> None:
        authenticator.forget(principal_id)
        session_authenticator.forget(principal_id)

    return Core(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        jobs=JobRegistry(),
        signer=signer,
        rate_limits=rate_limits(settings, clock),
        attempts=AttemptGuard(clock),
        authenticator=authenticator,
        audit=AuditService(database, clock),
        organizations=organizations,
        members=members,
        operators=OperatorService(clock, forget_principal),
        api_keys=ApiKeyService(vault, clock, forget_principal),
        sessions=sessions,
        session_authenticator=session_authenticator,
        operations=OperationService(database, clock, webhooks),
        streams=StreamPlaces(),
        mail=mail,
        users=users,
        webhooks=webhooks,
        deliverer=Deliverer(database, clock, webhooks, http, random.SystemRandom().random),
        idempotency=IdempotencyStore(database, vault, clock),
        catalog=catalog,
        metering=metering,
        costs=costs,
        reports=ReportService(costs, PdfRenderer(), clock),
    )


def _sender(settings: Settings) -> SmtpSender | None:
    """Return who sends mail, None where nobody does; raise SmtpSettingsError."""
    if settings.smtp_url is None:
        return None
    return SmtpSender(SmtpServer.parse(settings.smtp_url.get_secret_value()))


def build_container(
    core: Core,
    clusters: ClusterDirectory,
    publisher: CredentialPublisher,
    gateway: HttpGateway,
    job_service: Callable[[Core], JobService] | None = None,
) -> Container:
    """Compose what the routes use, and what has every job run that was registered by then."""
    register_jobs(core, publisher)
    job_service = job_service or in_process
    touch = Periodic("last-used", core.authenticator.flush_last_used, TOUCH_EVERY_SECONDS)
    return Container(
        core=core,
        clusters=clusters,
        publisher=publisher,
        job_runner=job_service(core),
        periodic=touch,
        gateway=gateway,
    )


def register_jobs(core: Core, publisher: CredentialPublisher) -> None:
    """Add the jobs of what knows no cluster; those of clusters came with their services."""
    identity_tasks.register(
        core.jobs, core.database, core.clock, publisher.publish, core.api_keys.retire
    )
    audit_tasks.register(core.jobs, core.audit)
    idempotency.register(core.jobs, core.idempotency)
    mail_tasks.register(core.jobs, core.mail)
    user_tasks.register(core.jobs, core.users)
    notification_tasks.register(core.jobs, core.deliverer)
    metering_tasks.register(core.jobs, UsageConsumer(core.catalog, core.metering))


def in_process(core: Core) -> JobService:
    """Return threads of this process that run jobs.

    What waits for customers' servers has threads of its own, so that clusters never wait for it.
    """
    own = core.jobs.of_queues(set(JobQueue) - {JobQueue.NOTIFICATIONS})
    foreign = core.jobs.of_queues({JobQueue.NOTIFICATIONS})
    return JobRunners(
        JobRunner(
            core.database,
            core.clock,
            own,
            workers=core.settings.job_workers,
            exclusive=core.settings.environment is Environment.EMBEDDED,
        ),
        JobRunner(
            core.database, core.clock, foreign, workers=NOTIFICATION_WORKERS, exclusive=False
        ),
    )

"""Python SDK of Headrace: manage clusters, topics and keys, produce and read records over HTTPS."""

from headrace.client import Client
from headrace.costs import CostLine, DailyReport, PriceBook, PricePreview, Spend, Usage
from headrace.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    CredentialsMissingError,
    HeadraceError,
    NotFoundError,
    OperationFailedError,
    PermissionDeniedError,
    ProblemError,
    ThrottledError,
    WaitTimeoutError,
)
from headrace.models import (
    ApiKey,
    Caller,
    ClientCertificates,
    Cluster,
    MaintenanceWindow,
    Operation,
    Organization,
    RecordPage,
    RecordReport,
    StoredRecord,
    Topic,
    Webhook,
    WebhookDelivery,
)
from headrace.records import NewRecord
from headrace.version import VERSION

__version__ = VERSION

__all__ = [
    "VERSION",
    "ApiKey",
    "AuthenticationError",
    "Caller",
    "Client",
    "ClientCertificates",
    "Cluster",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "CostLine",
    "CredentialsMissingError",
    "DailyReport",
    "HeadraceError",
    "MaintenanceWindow",
    "NewRecord",
    "NotFoundError",
    "Operation",
    "OperationFailedError",
    "Organization",
    "PermissionDeniedError",
    "PriceBook",
    "PricePreview",
    "ProblemError",
    "RecordPage",
    "RecordReport",
    "Spend",
    "StoredRecord",
    "ThrottledError",
    "Topic",
    "Usage",
    "WaitTimeoutError",
    "Webhook",
    "WebhookDelivery",
]

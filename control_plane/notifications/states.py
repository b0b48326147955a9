"""How far a delivery is; pure."""

from enum import StrEnum


class DeliveryStatus(StrEnum):
    """Whether an event was told: it waits, it was, or it was given up and may be sent again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisabledReason(StrEnum):
    """Why a webhook is not called."""

    OWNER = "disabled_by_owner"
    FAILING = "failed_for_days"
    GONE = "answered_gone"

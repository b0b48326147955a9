"""Coded errors of notifications."""

from control_plane.kit.errors import ConflictError, InvalidInputError, NotFoundError


class WebhookNotFoundError(NotFoundError):
    """No such webhook for this caller."""

    code = "webhook_not_found"
    title = "Webhook not found"


class DeliveryNotFoundError(NotFoundError):
    """No such delivery of this webhook for this caller."""

    code = "delivery_not_found"
    title = "Delivery not found"


class WebhookLimitError(ConflictError):
    """The organization has as many webhooks as it may have."""

    code = "webhook_limit_reached"
    title = "Webhook limit reached"


class EventTypeUnknownError(InvalidInputError):
    """No event is of that type."""

    code = "event_type_unknown"
    title = "Event type unknown"


class DeliveryPendingError(ConflictError):
    """The delivery waits to be made anyway."""

    code = "delivery_pending"
    title = "Delivery pending"


class WebhookDisabledError(ConflictError):
    """The webhook is not called."""

    code = "webhook_disabled"
    title = "Webhook disabled"

"""Webhooks: URLs that are told of events, and what they were told."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from headrace.models import Page, Webhook, WebhookDelivery, WebhooksReplayed
from headrace.pagination import iterate
from headrace.transport import Request, Transport, path_of

PATH = "/v1/webhooks"


class Webhooks:
    """What `client.webhooks` does."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, url: str, event_types: Sequence[str] | None = None, description: str = ""
    ) -> Webhook:
        """Have `url` told of events of these types, or of all; its secret is shown this once."""
        types = None if event_types is None else list(event_types)
        body = {"url": url, "event_types": types, "description": description}
        return self._transport.post(PATH, body, Webhook)

    def list(self) -> Iterator[Webhook]:
        """Yield webhooks, oldest first."""
        return iterate(self._transport, PATH, Page[Webhook], {})

    def get(self, webhook_id: str) -> Webhook:
        return self._transport.get(PATH + path_of(webhook_id), Webhook)

    def enable(self, webhook_id: str) -> Webhook:
        """Call a webhook again, with what waits for it."""
        return self._transport.patch(PATH + path_of(webhook_id), {"enabled": True}, Webhook)

    def disable(self, webhook_id: str) -> Webhook:
        """Call a webhook no more; what is to be told waits."""
        return self._transport.patch(PATH + path_of(webhook_id), {"enabled": False}, Webhook)

    def rotate_secret(self, webhook_id: str) -> Webhook:
        """Make a new secret, shown this once; the old one signs too for a day."""
        return self._transport.post(f"{PATH}{path_of(webhook_id)}:rotate-secret", {}, Webhook)

    def test(self, webhook_id: str) -> WebhookDelivery:
        """Send a message that tells of nothing, now and once, and tell how it went."""
        return self._transport.post(f"{PATH}{path_of(webhook_id)}:test", {}, WebhookDelivery)

    def deliveries(self, webhook_id: str, status: str | None = None) -> Iterator[WebhookDelivery]:
        """Yield what the webhook was or is to be told, newest first; of one status if said."""
        path = f"{PATH}{path_of(webhook_id)}/deliveries"
        query = {} if status is None else {"status": status}
        return iterate(self._transport, path, Page[WebhookDelivery], query)

    def replay(self, webhook_id: str, delivery_id: str) -> WebhookDelivery:
        """Make a delivery again, as the same message."""
        path = f"{PATH}{path_of(webhook_id)}/deliveries{path_of(delivery_id)}:replay"
        return self._transport.post(path, {}, WebhookDelivery)

    def replay_failed(self, webhook_id: str, since: datetime) -> int:
        """Make deliveries again that were given up, at most 1,000; return how many."""
        path = f"{PATH}{path_of(webhook_id)}:replay"
        body = {"since": since.isoformat()}
        return self._transport.post(path, body, WebhooksReplayed).replayed

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook and its deliveries."""
        self._transport.send(Request("DELETE", PATH + path_of(webhook_id)))

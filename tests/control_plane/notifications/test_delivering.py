import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from control_plane.kit.events import Event
from control_plane.kit.job_runner import JobRunner
from control_plane.kit.jobs import JobRegistry
from control_plane.kit.pagination import PageRequest
from control_plane.kit.scope import Scope
from control_plane.notifications import tasks
from control_plane.notifications.models import Delivery, Webhook
from control_plane.notifications.schedule import ATTEMPTS_MAX, RETRY_DELAYS_SECONDS
from control_plane.notifications.service import PENDING_MAX
from control_plane.notifications.signing import signing_headers
from control_plane.notifications.states import DeliveryStatus, DisabledReason
from tests.fixtures.receivers import Receiver
from tests.fixtures.service import Service


@dataclass
class Bench:
    """An organization with a webhook, and the jobs of notifications run by hand."""

    service: Service
    receiver: Receiver
    scope: Scope
    webhook_id: str
    secret: str

    def tell(self, event_type: str = "member.created", **data: str) -> None:
        with self.service.core.database.transaction() as session:
            event = Event(event_type, self.scope.organization_id, data)
            self.service.core.webhooks.tell(session, event)

    def run(self) -> None:
        """Run what is due: a sweep first, as its time would have come."""
        registry = JobRegistry()
        core = self.service.core
        tasks.register(registry, core.deliverer)
        runner = JobRunner(core.database, core.clock, registry, workers=0, exclusive=True)
        runner.start()
        runner.run_due()

    def deliveries(self) -> list[Delivery]:
        """Those of the webhook, oldest first."""
        with self.service.core.database.snapshot() as session:
            found = self.service.core.webhooks.list_deliveries(
                session, self.scope, self.webhook_id, PageRequest(100)
            )
        return list(reversed(found.items))

    def webhook(self) -> Webhook:
        with self.service.core.database.snapshot() as session:
            return self.service.core.webhooks.get(session, self.scope, self.webhook_id)

    def sent(self) -> list[dict[str, object]]:
        return [json.loads(one.body) for one in self.receiver.received]

    def add(self, url: str, event_types: list[str] | None = None) -> tuple[str, str]:
        core = self.service.core
        with core.database.transaction() as session:
            webhook, secret = core.webhooks.create(
                session, self.scope, url=url, description="", event_types=event_types
            )
        return webhook.id, secret


@pytest.fixture
def bench(service: Service, receiver: Receiver) -> Bench:
    made = Bench(service, receiver, Scope(service.add_organization()), "", "")
    made.webhook_id, made.secret = made.add(receiver.url)
    return made


class TestSending:
    def test_an_event_is_told_signed_and_in_the_shape_of_the_standard(self, bench: Bench) -> None:
        bench.tell(member_id="u_one")
        bench.run()
        (delivery,) = bench.deliveries()
        (received,) = bench.receiver.received
        assert delivery.status == DeliveryStatus.DELIVERED
        assert delivery.response_status == 204
        assert json.loads(received.body) == {
            "type": "member.created",
            "timestamp": "2026-11-22T12:00:00.000000Z",
            "data": {"member_id": "u_one"},
        }
        assert received.headers["content-type"] == "application/json"
        timestamp = int(bench.service.clock.now().timestamp())
        expected = signing_headers(delivery.event_id, timestamp, received.body, [bench.secret])
        assert expected.items() <= received.headers.items()

    def test_only_what_was_asked_for_is_told(self, bench: Bench) -> None:
        bench.webhook_id, _ = bench.add(bench.receiver.url, ["operation.failed"])
        bench.tell("member.created")
        assert bench.deliveries() == []
        bench.tell("operation.failed")
        assert [one.event_type for one in bench.deliveries()] == ["operation.failed"]

    def test_another_organization_hears_nothing(self, bench: Bench) -> None:
        other = bench.service.add_organization()
        with bench.service.core.database.transaction() as session:
            bench.service.core.webhooks.tell(session, Event("member.created", other, {}))
        bench.run()
        assert bench.receiver.received == []

    def test_what_is_rolled_back_is_not_told(self, bench: Bench) -> None:
        with bench.service.core.database.rehearsal() as session:
            event = Event("member.created", bench.scope.organization_id, {})
            bench.service.core.webhooks.tell(session, event)
        bench.run()
        assert bench.receiver.received == []

    def test_events_come_in_the_order_in_which_they_happened(self, bench: Bench) -> None:
        for number in range(5):
            bench.tell(number=str(number))
            bench.service.clock.advance(0.001)
        bench.run()
        assert [one["data"] for one in bench.sent()] == [{"number": str(n)} for n in range(5)]


class TestFailing:
    def test_it_is_sent_again_as_the_same_message_until_it_is_taken(self, bench: Bench) -> None:
        bench.receiver.statuses = [500, 302, 200]
        bench.tell()
        for _ in range(3):
            bench.run()
            bench.run()  # nothing is due yet
            bench.service.clock.advance(RETRY_DELAYS_SECONDS[1] * 1.2)
        (delivery,) = bench.deliveries()
        assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 3)
        assert len({one.body for one in bench.receiver.received}) == 1
        assert {one.headers["webhook-id"] for one in bench.receiver.received} == {delivery.event_id}
        assert len({one.headers["webhook-timestamp"] for one in bench.receiver.received}) == 3
        assert bench.webhook().failing_since is None

    def test_it_is_given_up_after_a_day_and_kept(self, bench: Bench) -> None:
        bench.receiver.statuses = [503]
        bench.tell()
        started_at = bench.service.clock.now()
        while (pending := bench.deliveries()[0]).status == DeliveryStatus.PENDING:
            assert pending.next_attempt_at is not None
            bench.service.clock.advance(
                (pending.next_attempt_at - bench.service.clock.now()).total_seconds()
            )
            rests_until = bench.webhook().resting_until
            if rests_until is not None:
                rest = (rests_until - bench.service.clock.now()).total_seconds()
                bench.service.clock.advance(max(rest, 0))
            bench.run()
        (delivery,) = bench.deliveries()
        assert delivery.status == DeliveryStatus.FAILED
        assert delivery.attempts == ATTEMPTS_MAX == len(bench.receiver.received)
        assert (delivery.response_status, delivery.error_code) == (503, "status_not_2xx")
        assert bench.service.clock.now() - started_at > timedelta(hours=20)

    def test_one_that_fails_is_not_called_for_everything_that_waits(self, bench: Bench) -> None:
        bench.receiver.statuses = [500]
        for _ in range(3):
            bench.tell()
        bench.run()
        assert len(bench.receiver.received) == 1

    def test_nobody_listens_there(self, bench: Bench) -> None:
        core = bench.service.core
        with core.database.transaction() as session:
            webhook = core.webhooks.get(session, bench.scope, bench.webhook_id)
            core.webhooks.set_url(webhook, "http://127.0.0.9:9/")
        bench.tell()
        bench.run()
        assert bench.deliveries()[0].error_code == "connect_failed"

    def test_gone_is_gone(self, bench: Bench) -> None:
        bench.receiver.statuses = [410]
        bench.tell()
        bench.run()
        assert not bench.webhook().is_enabled
        assert bench.webhook().disabled_reason == DisabledReason.GONE

    def test_days_of_failures_disable_it_and_the_others_are_told(
        self, bench: Bench, receiver: Receiver
    ) -> None:
        failing, _ = bench.add("http://127.0.0.9:9/", ["operation.failed"])
        bench.tell("operation.failed")
        started_at = bench.service.clock.now()
        while self._is_enabled(bench, failing):
            assert bench.service.clock.now() - started_at < timedelta(days=4)
            bench.tell("operation.failed")
            bench.run()
            bench.service.clock.advance(6 * 3600)
        assert bench.service.clock.now() - started_at > timedelta(days=3)
        bench.run()
        told = [one for one in bench.sent() if one["type"] == "webhook.disabled"]
        assert [one["data"] for one in told] == [
            {"webhook_id": failing, "url": "http://127.0.0.9:9/", "reason": "failed_for_days"}
        ]
        assert receiver.received

    @staticmethod
    def _is_enabled(bench: Bench, webhook_id: str) -> bool:
        with bench.service.core.database.snapshot() as session:
            return bench.service.core.webhooks.get(session, bench.scope, webhook_id).is_enabled

    def test_more_than_may_wait_is_kept_as_given_up(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("control_plane.notifications.service.PENDING_MAX", 2)
        assert PENDING_MAX > 1000
        for _ in range(3):
            bench.tell()
            bench.service.clock.advance(1)
        assert [one.status for one in bench.deliveries()] == ["pending", "pending", "failed"]
        assert bench.deliveries()[2].error_code == "too_many_pending"


class TestAfterwards:
    def test_what_was_given_up_is_made_again_when_asked(self, bench: Bench) -> None:
        bench.receiver.statuses = [500]
        bench.tell()
        core = bench.service.core
        with core.database.transaction() as session:
            row = session.get_one(Delivery, bench.deliveries()[0].id)
            row.status, row.next_attempt_at, row.attempts = "failed", None, ATTEMPTS_MAX
        bench.receiver.statuses = [200]
        since = datetime.fromisoformat("2026-11-22T00:00:00Z")
        with core.database.transaction() as session:
            assert core.webhooks.replay_failed(session, bench.scope, bench.webhook_id, since) == 1
        bench.run()
        (delivery,) = bench.deliveries()
        assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 1)

    def test_a_new_secret_signs_beside_the_old_one_for_a_day(self, bench: Bench) -> None:
        core = bench.service.core
        with core.database.transaction() as session:
            webhook = core.webhooks.get(session, bench.scope, bench.webhook_id)
            secret = core.webhooks.rotate_secret(session, webhook)
        assert secret != bench.secret
        bench.tell()
        bench.run()
        bench.service.clock.advance(24 * 3600 + 1)
        bench.tell()
        bench.run()
        for received, in_force in zip(
            bench.receiver.received, ([secret, bench.secret], [secret]), strict=True
        ):
            headers = received.headers
            timestamp = int(headers["webhook-timestamp"])
            expected = signing_headers(headers["webhook-id"], timestamp, received.body, in_force)
            assert headers["webhook-signature"] == expected["webhook-signature"]

    def test_old_deliveries_are_forgotten(self, bench: Bench) -> None:
        bench.tell()
        bench.run()
        bench.service.clock.advance(31 * 24 * 3600)
        bench.run()
        assert bench.deliveries() == []

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from control_plane.kit.db import Database
from control_plane.kit.idempotency import (
    CLAIM_SECONDS,
    KEPT_SECONDS,
    Claim,
    IdempotencyKeyInFlightError,
    IdempotencyKeyReusedError,
    IdempotencyStore,
    IdempotentReply,
    KeptReply,
)
from control_plane.kit.secrets import MasterKey, Vault
from control_plane.organizations.models import Organization
from tests.fixtures.clocks import ManualClock
from tests.fixtures.databases import Aborted, abort

HASH = b"request"
CALLERS = 8


@pytest.fixture
def store(database: Database, clock: ManualClock) -> IdempotencyStore:
    with database.transaction() as session:
        session.add_all(
            Organization(id=name, name=name, created_at=clock.now())
            for name in ("org_one", "org_two")
        )
    return IdempotencyStore(database, Vault(MasterKey(b"k" * 32), clock), clock)


def claim(store: IdempotencyStore, organization_id: str = "org_one") -> Claim:
    claimed = store.claim(organization_id, "key", HASH)
    assert isinstance(claimed, Claim)
    return claimed


class TestClaim:
    def test_the_kept_reply_answers_the_same_request(self, store: IdempotencyStore) -> None:
        store.keep_final(claim(store), 201, b"reply")
        assert store.claim("org_one", "key", HASH) == KeptReply(201, b"reply")

    def test_another_request_with_the_key_is_refused(self, store: IdempotencyStore) -> None:
        claimed = claim(store)
        with pytest.raises(IdempotencyKeyReusedError):
            store.claim("org_one", "key", b"other")
        store.keep_final(claimed, 201, b"reply")
        with pytest.raises(IdempotencyKeyReusedError):
            store.claim("org_one", "key", b"other")

    def test_organizations_do_not_share_keys(self, store: IdempotencyStore) -> None:
        store.keep_final(claim(store), 201, b"reply")
        claim(store, "org_two")

    def test_a_request_in_flight_blocks_the_key_until_its_claim_expires(
        self, store: IdempotencyStore, clock: ManualClock
    ) -> None:
        claim(store)
        clock.advance(CLAIM_SECONDS - 1)
        with pytest.raises(IdempotencyKeyInFlightError):
            claim(store)
        clock.advance(1)
        claim(store)

    def test_released_it_is_free(self, store: IdempotencyStore) -> None:
        store.release(claim(store))
        claim(store)

    def test_of_many_at_once_one_gets_it(self, store: IdempotencyStore) -> None:
        def attempt(_: int) -> bool:
            try:
                claim(store)
            except IdempotencyKeyInFlightError:
                return False
            return True

        with ThreadPoolExecutor(CALLERS) as pool:
            assert sorted(pool.map(attempt, range(CALLERS))) == [False] * (CALLERS - 1) + [True]


class TestResuming:
    def test_the_first_request_resumes_nothing(self, store: IdempotencyStore) -> None:
        assert not claim(store).is_resumed

    def test_who_takes_over_from_a_dead_request_is_told(
        self, store: IdempotencyStore, clock: ManualClock
    ) -> None:
        claim(store)
        clock.advance(CLAIM_SECONDS)
        assert claim(store).is_resumed

    def test_a_failed_request_can_be_resumed_at_once_and_by_itself_only(
        self, store: IdempotencyStore
    ) -> None:
        store.lapse(claim(store))
        with pytest.raises(IdempotencyKeyReusedError):
            store.claim("org_one", "key", b"other")
        assert claim(store).is_resumed

    def test_a_late_failure_does_not_end_the_claim_of_another(
        self, store: IdempotencyStore, clock: ManualClock
    ) -> None:
        slow = claim(store)
        clock.advance(CLAIM_SECONDS)
        claim(store)
        store.lapse(slow)
        with pytest.raises(IdempotencyKeyInFlightError):
            claim(store)

    def test_a_process_that_is_alone_ends_the_claims_of_its_predecessors(
        self, store: IdempotencyStore
    ) -> None:
        store.keep_final(claim(store, "org_two"), 201, b"reply")
        claim(store)
        store.lapse_all()
        assert claim(store).is_resumed
        assert store.claim("org_two", "key", HASH) == KeptReply(201, b"reply")


class TestKeep:
    def test_the_location_is_kept_and_the_last_one_counts(
        self, store: IdempotencyStore, database: Database
    ) -> None:
        claimed = claim(store)
        with database.transaction() as session:
            store.keep(session, claimed, 202, b"early", "/v1/operations/op_1")
        assert store.claim("org_one", "key", HASH) == KeptReply(
            202, b"early", "/v1/operations/op_1"
        )
        store.keep_final(claimed, 201, b"late", "/v1/clusters/lkc_1")
        assert store.claim("org_one", "key", HASH) == KeptReply(201, b"late", "/v1/clusters/lkc_1")

    def test_is_part_of_the_transaction(self, store: IdempotencyStore, database: Database) -> None:
        claimed = claim(store)
        with pytest.raises(Aborted):
            abort(database, lambda session: store.keep(session, claimed, 201, b"reply"))
        store.release(claimed)
        claim(store)

    def test_a_kept_reply_outlives_a_failure_after_it(self, store: IdempotencyStore) -> None:
        claimed = claim(store)
        store.keep_final(claimed, 202, b"early")
        store.release(claimed)
        assert store.claim("org_one", "key", HASH) == KeptReply(202, b"early")

    def test_whoever_lost_the_claim_can_not_do_the_work(
        self, store: IdempotencyStore, database: Database, clock: ManualClock
    ) -> None:
        slow = claim(store)
        clock.advance(CLAIM_SECONDS)
        store.keep_final(claim(store), 201, b"second")
        with pytest.raises(IdempotencyKeyInFlightError), database.transaction() as session:
            store.keep(session, slow, 201, b"first")
        assert store.claim("org_one", "key", HASH) == KeptReply(201, b"second")

    def test_the_reply_is_sealed(self, store: IdempotencyStore, database: Database) -> None:
        store.keep_final(claim(store), 201, b"the secret of a key")
        with database.snapshot() as session:
            row = session.scalars(select(IdempotentReply)).one()
        assert row.body_sealed is not None
        assert b"secret" not in row.body_sealed


class TestErasing:
    def test_a_reply_is_gone_after_a_day(
        self, store: IdempotencyStore, database: Database, clock: ManualClock
    ) -> None:
        store.keep_final(claim(store), 201, b"reply")
        clock.advance(KEPT_SECONDS - 1)
        assert store.claim("org_one", "key", HASH) == KeptReply(201, b"reply")
        clock.advance(1)
        with database.transaction() as session:
            store.sweep(session)
        with database.snapshot() as session:
            count = session.execute(select(func.count()).select_from(IdempotentReply))
            assert count.scalar_one() == 0

    def test_an_old_reply_is_not_given_even_before_the_sweep(
        self, store: IdempotencyStore, clock: ManualClock
    ) -> None:
        store.keep_final(claim(store), 201, b"reply")
        clock.advance(KEPT_SECONDS)
        claim(store)

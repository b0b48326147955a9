"""Bytes in flight stay bounded, and are handed out in the order of asking."""

from __future__ import annotations

import asyncio

from data_plane.gateway.budget import ByteBudget


def test_what_is_taken_is_missing_until_it_is_given_back() -> None:
    budget = ByteBudget(10)

    assert budget.try_take(6)
    assert not budget.try_take(5)
    budget.give_back(6)
    assert budget.try_take(10)


def test_who_waits_is_let_in_by_turn() -> None:
    async def scenario() -> list[str]:
        budget = ByteBudget(10)
        order: list[str] = []

        async def take(name: str, count: int) -> None:
            await budget.take(count)
            order.append(name)

        await budget.take(8)
        tasks = [asyncio.create_task(take(*one)) for one in (("large", 9), ("small", 1))]
        await asyncio.sleep(0)
        assert not budget.try_take(1), "nobody passes those who wait"
        budget.give_back(8)
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(scenario()) == ["large", "small"]


def test_who_stops_waiting_holds_nothing_and_nobody_up() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10)
        await budget.take(8)
        large = asyncio.create_task(budget.take(9))
        small = asyncio.create_task(budget.take(2))
        await asyncio.sleep(0)
        large.cancel()
        await small
        assert budget.used_bytes == 10

    asyncio.run(scenario())


def test_a_turn_that_comes_while_its_owner_leaves_is_passed_on() -> None:
    async def scenario() -> None:
        budget = ByteBudget(10)
        await budget.take(10)
        waiting = asyncio.create_task(budget.take(10))
        await asyncio.sleep(0)
        budget.give_back(10)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        assert budget.used_bytes == 0

    asyncio.run(scenario())

"""Failed work: retries, giving up, and dead letters."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import BusUnavailable, Claim, Outlet, Stale, WriteRefused
from tertulia_shared.codec import BadEntry, decode
from tertulia_shared.entries import DeadLetter, Work
from tertulia_shared.work import BadWork, RetryLater
from tests.harness.virtual_time import settle, virtual_time
from tests.unit.shared.worker_bench import (
    SETTINGS,
    ScriptedHandler,
    claims_of,
    dead_letters,
    forever,
    make_bus,
    post,
    raising,
    working,
)


@pytest.mark.parametrize("error", [RetryLater("busy"), BusUnavailable("away"), ValueError("a bug")])
@virtual_time
async def test_failed_attempt_at_work_is_retried(error: Exception) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(error))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert handler.ended == []
        await asyncio.sleep(2 * SETTINGS.lease_s)
        assert [claim.attempt for claim in handler.begun] == [1, 2]
        assert await bus.open_work("tts") == 0
        assert await dead_letters(bus) == []


@virtual_time
async def test_interrupted_work_is_acknowledged_and_not_given_up() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(Stale("interrupted")))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert await bus.open_work("tts") == 0
        assert handler.given_up == []


@pytest.mark.parametrize("error", [BadWork("no such thing"), BadEntry("unreadable")])
@virtual_time
async def test_bad_work_is_dead_lettered_and_reported_without_a_retry(error: Exception) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(error))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert handler.given_up == [str(error)]
        (letter,) = await dead_letters(bus)
        assert (letter.reason, letter.attempts, letter.stage) == (str(error), 1, "tts")
        assert letter.message_id
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_work_is_given_up_with_its_last_error_after_the_last_attempt() -> None:
    errors = [RetryLater("first"), RetryLater("second"), RetryLater("third"), RetryLater("never seen")]
    bus, handler = make_bus(), ScriptedHandler(raising(*errors))
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert len(handler.begun) == SETTINGS.max_attempts
        assert handler.given_up == ["given up after 3 attempts; last failure: RetryLater: third"]
        assert [letter.reason for letter in await dead_letters(bus)] == handler.given_up
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_given_up_work_is_acknowledged_even_if_its_give_up_handler_fails() -> None:
    async def broken(_claim: Claim) -> None:
        raise BadEntry("the event cannot be read")

    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison")))
    handler.on_give_up = broken
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert await bus.open_work("tts") == 0
        assert len(await dead_letters(bus)) == 1
        await post(bus)
        await settle()
        assert len(handler.ended) == 1


@pytest.mark.parametrize("turn_id", ["t", None], ids=["a turn", "no turn"])
@virtual_time
async def test_dead_letter_names_the_turn_that_was_given_up(turn_id: str | None) -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison")))
    handler.turn_id = turn_id
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert [letter.turn_id for letter in await dead_letters(bus)] == [turn_id or ""]


@virtual_time
async def test_work_with_unreadable_fields_is_dead_lettered() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("poison")))
    await bus.prepare("tts")
    outlet = bus.outlet()
    outlet.append(bus.keys.work("tts"), Work("x"), message_id=b"\xff")
    await outlet.flush()
    async with working(bus, handler):
        await settle()
        assert len(await dead_letters(bus)) == 1


@pytest.mark.parametrize("refusal", [WriteRefused("WRONGTYPE"), ExceptionGroup("", [WriteRefused("ids used up")])])
@virtual_time
async def test_work_is_dead_lettered_even_if_redis_refuses_the_report_to_the_client(refusal: Exception) -> None:
    async def refused(_claim: Claim) -> None:
        raise refusal

    bus, handler = make_bus(), ScriptedHandler(refused)
    handler.on_give_up = refused
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(10 * SETTINGS.lease_s)
        assert len(handler.begun) == SETTINGS.max_attempts
        assert len(handler.given_up) == len(await dead_letters(bus)) == 1
        assert await bus.open_work("tts") == 0


@virtual_time
async def test_dead_letter_goes_to_the_fallback_stream_if_redis_refuses_it() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(BadWork("ids")))
    spoil: Outlet = bus.outlet()
    spoil.put(bus.keys.dead(), {"not": "a stream"})
    await spoil.flush()
    async with working(bus, handler):
        await post(bus)
        await asyncio.sleep(1)
        assert await bus.open_work("tts") == 0
    (entry,) = await bus.read(bus.keys.dead_aside())
    assert "ids" in decode(DeadLetter, entry.fields).reason


@virtual_time
async def test_work_in_progress_counts_as_failed_when_its_worker_breaks() -> None:
    bus, handler = make_bus(), ScriptedHandler(forever)
    async with working(bus, handler) as worker:
        await post(bus)
        await settle()
        worker.broke = True
    (claim,) = await claims_of(bus, idle_s=SETTINGS.lease_s)
    assert (claim.id, claim.attempt) == (handler.begun[0].id, 2)


@virtual_time
async def test_dead_letter_has_the_first_error_of_an_exception_group() -> None:
    bus, handler = make_bus(), ScriptedHandler(raising(ExceptionGroup("of tasks", [BadEntry("no text in it")])))
    async with working(bus, handler):
        await post(bus)
        await settle()
        assert handler.given_up == ["no text in it"]


@virtual_time
async def test_log_lines_about_work_name_the_conversation_the_message_and_the_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    bus, handler = make_bus(), ScriptedHandler(raising(RetryLater("busy"), BadWork("no such thing")))
    work = Work("conversation", message_id="message", turn_id="turn")
    async with working(bus, handler):
        await bus.post("tts", work)
        await asyncio.sleep(2 * SETTINGS.lease_s)
    for begin in ("attempt failed", "took work over", "gave up work"):
        (line,) = [record for record in caplog.records if record.getMessage().startswith(begin)]
        assert [getattr(line, name) for name in ("conversation_id", "message_id", "turn_id")] == [
            "conversation", "message", "turn",
        ]  # fmt: skip

from __future__ import annotations

import asyncio

import pytest

from tertulia_tts.engine import EngineUnavailable, SynthesisFailed
from tertulia_tts.pcm_queue import PCMQueue


def queue() -> PCMQueue:
    return PCMQueue(asyncio.get_running_loop())


async def test_take_returns_all_pieces_that_were_offered_since_the_last_call() -> None:
    pieces = queue()
    assert pieces.offer(b"ab")
    assert pieces.offer(b"cd")
    pieces.finish()
    assert await pieces.take() == b"abcd"
    assert await pieces.take() is None


async def test_offer_from_a_thread_wakes_the_waiting_consumer() -> None:
    pieces = queue()
    async with asyncio.TaskGroup() as tasks:
        taker = tasks.create_task(pieces.take())
        tasks.create_task(asyncio.to_thread(pieces.offer, b"ab"))
    assert taker.result() == b"ab"


async def test_offer_returns_false_after_stop() -> None:
    pieces = queue()
    assert pieces.offer(b"ab")
    pieces.stop()
    assert pieces.stopped
    assert not pieces.offer(b"cd")
    assert await pieces.take() is None


async def test_take_raises_the_error_given_to_stop() -> None:
    pieces = queue()
    reason = SynthesisFailed("closed", retryable=True)
    async with asyncio.TaskGroup() as tasks:
        taker = tasks.create_task(_error_of(pieces))
        tasks.create_task(_call(pieces.stop, reason))
    assert taker.result() is reason


async def test_take_returns_all_pieces_before_it_raises_the_error_given_to_finish() -> None:
    pieces = queue()
    pieces.offer(b"ab")
    pieces.finish(EngineUnavailable("gone"))
    assert await pieces.take() == b"ab"
    with pytest.raises(EngineUnavailable, match="gone"):
        await pieces.take()


async def test_unexpected_error_given_to_finish_becomes_synthesis_failed() -> None:
    pieces = queue()
    cause = ZeroDivisionError("oops")
    pieces.finish(cause)
    with pytest.raises(SynthesisFailed, match="ZeroDivisionError: oops") as caught:
        await pieces.take()
    assert caught.value.__cause__ is cause
    assert not caught.value.retryable


def test_offer_returns_false_after_the_loop_was_closed() -> None:
    loop = asyncio.new_event_loop()
    pieces = PCMQueue(loop)
    loop.close()
    pieces.offer(b"ab")
    assert pieces.stopped
    assert not pieces.offer(b"cd")


async def _error_of(pieces: PCMQueue) -> SynthesisFailed:
    with pytest.raises(SynthesisFailed) as caught:
        await pieces.take()
    return caught.value


async def _call(function: object, *arguments: object) -> None:
    assert callable(function)
    function(*arguments)

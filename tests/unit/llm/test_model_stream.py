"""The deadlines of a model's stream, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from tertulia_llm.model.failures import ModelFailed
from tertulia_llm.model.stream import AFTER_FINISH_S, MOST_TICKS, THINKING, Marker, ModelStream
from tertulia_llm.settings import LLMSettings
from tertulia_shared.ticks import TICK_S
from tests.fakes.model_sse import KEEP_ALIVE, chunk
from tests.harness.settings_of import settings_of
from tests.harness.virtual_time import now, virtual_time

FIRST_TOKEN_S, STALL_S = 30.0, 20.0
FOREVER_S = 10_000.0
HI, STOP = chunk({"content": "Hi"}), chunk({}, "stop")


def stream_of(*steps: tuple[float, bytes]) -> ModelStream:
    """A stream of pieces, each of which comes after a wait."""

    async def pieces() -> AsyncIterator[bytes]:
        for wait_s, piece in steps:
            await asyncio.sleep(wait_s)
            yield piece

    settings = settings_of(LLMSettings, llm_first_token_s=FIRST_TOKEN_S, llm_stall_s=STALL_S)
    return ModelStream(pieces(), settings)


class Arriving:
    """A response whose tokens arrive at intervals. A read takes all that have arrived since the last one."""

    def __init__(self, tokens: int, every_s: float) -> None:
        self._waiting = [chunk({"content": f" {number}"}) for number in range(tokens)] + [STOP]
        self._every_s = every_s
        self._due = now()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._waiting:
            raise StopAsyncIteration
        await asyncio.sleep(max(0.0, self._due - now()))
        arrived = b""
        while self._waiting and self._due <= now():
            arrived += self._waiting.pop(0)
            self._due += self._every_s
        return arrived


async def pieces_of(stream: ModelStream) -> Sequence[str | Marker]:
    return [piece async for piece in stream]


@virtual_time
async def test_reasoning_in_a_field_extends_the_deadline() -> None:
    thought = chunk({"content": None, "reasoning": "Hmm."})
    stream = stream_of(*[(STALL_S - 1, thought)] * 5, (STALL_S - 1, HI), (1, STOP))
    assert await pieces_of(stream) == [THINKING, "Hi"]


@virtual_time
async def test_reasoning_in_the_text_extends_the_deadline() -> None:
    texts = ("<think>", "Hmm.", "Hmm.", "</think>", "Hi")
    stream = stream_of(*((STALL_S - 1, chunk({"content": text})) for text in texts), (1, STOP))
    assert await pieces_of(stream) == [THINKING, "Hi"]


@virtual_time
async def test_stream_that_stalls_during_reasoning_fails() -> None:
    began = now()
    with pytest.raises(ModelFailed, match="said nothing for 20 seconds"):
        await pieces_of(stream_of((1, chunk({"content": "<think>"})), (STALL_S + 1, HI)))
    assert now() == began + 1 + STALL_S


@virtual_time
async def test_comments_do_not_extend_the_deadline() -> None:
    began = now()
    with pytest.raises(ModelFailed, match="said nothing for 30 seconds"):
        await pieces_of(stream_of(*[(7, KEEP_ALIVE)] * 10))
    assert now() == began + FIRST_TOKEN_S


@virtual_time
async def test_reply_is_complete_even_if_the_server_keeps_the_stream_open() -> None:
    began = now()
    assert await pieces_of(stream_of((1, HI), (1, STOP), (FOREVER_S, b"data: [DONE]"))) == ["Hi"]
    assert now() == began + 2 + AFTER_FINISH_S


@virtual_time
async def test_token_counts_after_the_reply_are_waited_for() -> None:
    usage = b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n'
    stream = stream_of((1, HI), (1, STOP), (AFTER_FINISH_S - 1, usage))
    assert await pieces_of(stream) == ["Hi"]
    assert stream.usage == {"total_tokens": 3}


@virtual_time
async def test_tokens_are_yielded_one_by_one_until_text_is_merged() -> None:
    settings = settings_of(LLMSettings)
    assert await pieces_of(ModelStream(Arriving(4, 0.01), settings)) == [" 0", " 1", " 2", " 3"]


@pytest.mark.parametrize("ticks", [1, MOST_TICKS])
@virtual_time
async def test_merged_text_waits_for_the_next_tick_at_most(ticks: int) -> None:
    began = now()
    stream = ModelStream(Arriving(40, 0.01), settings_of(LLMSettings))
    stream.merge_text(ticks)
    pieces = [piece async for piece in stream]
    assert "".join(map(str, pieces)) == "".join(f" {number}" for number in range(40))
    assert len(pieces) <= 20 / ticks + 2
    assert now() - began < 40 * 0.01 + 2 * ticks * TICK_S


@virtual_time
async def test_merged_texts_of_all_responses_are_read_at_the_same_times() -> None:
    async def read_times(start_s: float) -> set[float]:
        await asyncio.sleep(start_s)
        stream = ModelStream(Arriving(40, 0.01), settings_of(LLMSettings))
        stream.merge_text(1)
        return {round(now(), 4) async for _ in stream}

    first, second = await asyncio.gather(read_times(0.0), read_times(0.007))
    assert len(first | second) <= 23


@virtual_time
async def test_merged_text_adds_no_wait_to_a_fast_response() -> None:
    began = now()
    stream = ModelStream(Arriving(200, 0.0), settings_of(LLMSettings))
    stream.merge_text(1)
    assert "".join(map(str, await pieces_of(stream))) == "".join(f" {number}" for number in range(200))
    assert now() == began


class FakeConnection:
    """Records when it is paused and resumed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.calls: list[tuple[str, float]] = []

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.calls.append(("pause", round(now() * 1000)))

    def resume_reading(self) -> None:
        self.calls.append(("resume", round(now() * 1000)))


@virtual_time
async def test_connection_is_read_only_at_ticks_once_text_is_merged() -> None:
    connection = FakeConnection()
    stream = ModelStream(Arriving(40, 0.01), settings_of(LLMSettings))
    stream.connection = connection
    pieces = aiter(stream)
    await anext(pieces)
    assert connection.calls == []
    stream.merge_text(MOST_TICKS)
    assert len([piece async for piece in pieces]) <= 40 * 0.01 / (MOST_TICKS * TICK_S) + 2
    assert len(connection.calls) >= 18
    assert [name for name, _ in connection.calls] == ["pause", "resume"] * (len(connection.calls) // 2)
    for _, at_ms in connection.calls[1::2]:
        assert at_ms % (MOST_TICKS * TICK_S * 1000) == 0


@virtual_time
async def test_connection_of_a_cancelled_reply_is_read_again() -> None:
    connection = FakeConnection()
    stream = ModelStream(Arriving(40, 0.01), settings_of(LLMSettings))
    stream.connection = connection
    stream.merge_text(1)
    reading = asyncio.create_task(pieces_of(stream))
    await asyncio.sleep(0.105)
    assert connection.calls[-1][0] == "pause"
    reading.cancel()
    await asyncio.wait([reading])
    assert connection.calls[-1][0] == "resume"


@virtual_time
async def test_connection_that_closes_while_it_is_paused_is_not_resumed() -> None:
    connection = FakeConnection()
    stream = ModelStream(Arriving(4, 0.01), settings_of(LLMSettings))
    stream.connection = connection
    stream.merge_text(1)
    reading = asyncio.create_task(pieces_of(stream))
    await asyncio.sleep(0.005)
    connection.is_closed = True
    assert len(await reading) > 1
    assert [name for name, _ in connection.calls] == ["pause"]

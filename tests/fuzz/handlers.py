"""Runs the handlers of the workers on the memory bus and in virtual time, with hostile entries in their streams."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final

from tertulia_shared.bus import Claim, WriteRefused
from tertulia_shared.codec import decode_event
from tertulia_shared.entries import SAMPLE_RATE_IN, AudioChunk, MicChunk, TTSSentence, UserTurn, Work
from tertulia_shared.events import Error, ListeningStopped
from tertulia_shared.exception_groups import first_error
from tertulia_shared.ids import new_id
from tertulia_shared.keys import Key
from tertulia_shared.testing.memory_bus import MemoryBus
from tertulia_shared.work import Ending, ending_of
from tests.fuzz.in_process import fields_of
from tests.fuzz.mutations import raw
from tests.harness.crashing_process import START_MS
from tests.harness.llm import LINES, LLMBench
from tests.harness.virtual_time import VirtualLoop, now
from tests.unit.llm.turn_bench import HELLO, say_and_mend
from tests.unit.stt.listening_session import HELLO as SPOKEN
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.tts.spoken_message import SENTENCES, SpokenMessage

SHARE: Final = 0.01
"""The share of all inputs for each kind in this module."""
MAX_ATTEMPTS = 3
STATE: Final = ("epoch", "cursor", "plan", "started", "complete", "failed", "cut", "settled", "ended", "warned", "talk")
IDS: Final = (None, None, "1-0", "2-0", "4-0", "5-0", "1-1", f"{2**63}-0", f"{2**64 - 1}-{2**64 - 1}")


def _write(bus: MemoryBus, key: Key, rng: Random, fields: Mapping[bytes, bytes]) -> None:
    """Append an entry directly to a stream. An id before the last one is skipped, because Redis would refuse it."""
    with suppress(ValueError):
        bus._server._own_stream(key).add(  # write it without the codec, as another process would
            fields, id=rng.choice(IDS), now_ms=START_MS + round(now() * 1000), max_len=None
        )


async def _put(bus: MemoryBus, key: Key, name: str, value: bytes) -> None:
    outlet = bus.outlet()
    outlet.put(key, {name: value})
    await outlet.flush()


async def _work(
    bus: MemoryBus, claimed: Callable[[], Awaitable[Claim]], handle: Callable[[Claim], Awaitable[Any]],
    give_up: Callable[[Claim, str], Awaitable[Any]],
) -> None:  # fmt: skip
    """Handle a work entry as a worker does: retry after an unknown error; give up if it can never succeed."""
    for attempt in range(MAX_ATTEMPTS):
        claim = await claimed()
        try:
            await handle(claim)
        except Exception as raised:
            error = first_error(raised)
            ending = ending_of(error)
            if ending in (Ending.DEAD, Ending.NEWER) or attempt == MAX_ATTEMPTS - 1:
                # writes to the state are refused, so the worker writes only the dead letter
                with suppress(WriteRefused):
                    await give_up(claim, f"{error}")
            elif ending is not Ending.FINISH:
                if attempt:
                    raise AssertionError("a second attempt at poison") from raised
                continue
        await bus.finish(claim, "worker")
        return


async def _turns(rng: Random) -> None:
    bench = LLMBench()
    await bench.set("Luna", "Rex")
    if rng.randrange(2):
        await bench.say(HELLO)
        await bench.work()
    for _ in range(rng.randrange(1, 4)):
        match rng.randrange(4):
            case 0:
                key = bench.bus.keys.state(bench.conversation_id)
                await _put(bench.bus, key, rng.choice(STATE), raw(rng))
            case 1:
                name = rng.choice(("control", "receipts"))
                _write(bench.bus, getattr(bench.bus.keys, name)(bench.conversation_id), rng, fields_of(rng, UserTurn))
            case _:
                key = bench.bus.keys.turns(bench.conversation_id)
                _write(bench.bus, key, rng, fields_of(rng, UserTurn, turn_id=new_id(), source="typed"))
    await say_and_mend(bench)  # this turn may be given up because of the hostile entries
    bench.handler = None
    turn_id = await say_and_mend(bench)
    client = await bench.client()
    assert client.complete.count(turn_id) == 1, "the next message is not answered"
    assert [text for _, text, _ in client.talk()][-2:] == [LINES["Luna"], LINES["Rex"]]


async def _speaker(rng: Random) -> None:
    message = SpokenMessage()
    ids = {"conversation_id": message.conversation_id, "message_id": message.message_id, "is_final": rng.choice("01")}
    await message.post_sentences(SENTENCES[: rng.randrange(4)], final=False)
    sentences = message.bus.keys.sentences(message.conversation_id, message.message_id)
    for _ in range(rng.randrange(1, 4)):
        match rng.randrange(5):
            case 0:
                audio = message.bus.keys.audio(message.conversation_id, message.message_id)
                _write(message.bus, audio, rng, fields_of(rng, AudioChunk, **ids))
            case 1:
                await _put(message.bus, message.bus.keys.state(message.conversation_id), rng.choice(STATE), raw(rng))
            case _:
                index = str(rng.randrange(5))
                _write(message.bus, sentences, rng, fields_of(rng, TTSSentence, index=index, text="Hello.", **ids))
    await _work(message.bus, message.claim_work, message.handler.handle, message.handler.give_up)
    again = SpokenMessage()
    message.message_id, message.conversation_id = again.message_id, again.conversation_id
    message.engine.spoken.clear()
    await message.post_sentences()
    await message.speak()
    await message.assert_audio_complete()


async def _listener(rng: Random) -> None:
    session = ListeningSession(SPOKEN)
    await session.prepare()
    progress = session.bus.keys.mic_progress(session.conversation_id, session.session_id)
    if not rng.randrange(3):
        await _put(session.bus, progress, rng.choice(("sample", "entry", "entry_sample", "ended")), raw(rng))
    if not rng.randrange(3):
        await _put(session.bus, session.bus.keys.state(session.conversation_id), rng.choice(STATE), raw(rng))
    if rng.randrange(2):
        await session.send_audio(SAMPLE_RATE_IN)
    mic = session.bus.keys.mic(session.conversation_id, session.session_id)
    for _ in range(rng.randrange(1, 4)):
        _write(session.bus, mic, rng, fields_of(rng, MicChunk, cause="stopped", is_final=rng.choice("01")))
    await _work(session.bus, session.claim_work, session.listener.handle, session.listener.give_up)
    session.session_id, session.conversation_id, session.frames = new_id(), new_id(), 0
    await session.post_work()
    listening = asyncio.create_task(session.serve())
    await session.send_audio(SPOKEN.end + SAMPLE_RATE_IN)
    await session.stop()
    await listening
    events = [
        decode_event(entry.fields) for entry in await session.bus.read(session.bus.keys.events(session.conversation_id))
    ]
    assert events[-1] == ListeningStopped(session.session_id, "stopped"), "the next session does not end"
    assert not [event for event in events if isinstance(event, Error)]


async def _pointer(rng: Random) -> None:
    """Post a hostile work entry for each stage, and let the workers handle it."""
    bench, message, session = LLMBench(), SpokenMessage(), ListeningSession()
    await bench.set("Luna")
    turns = await bench.worker()
    for stage, handler in (("llm", turns), ("tts", message.handler), ("stt", session.listener)):
        fields = fields_of(rng, Work)
        claim = Claim(stage, "1-0", 1, fields)  # pyright: ignore[reportArgumentType] - a literal of these three
        try:
            await asyncio.wait_for(handler.handle(claim), 2000)
        except Exception as raised:
            if ending_of(raised) is Ending.RETRY:
                raise
            with suppress(WriteRefused):
                await handler.give_up(claim, "test")


def _on_virtual_time(one: Callable[[Random], Awaitable[None]]) -> Callable[[Random], object]:
    def run(rng: Random) -> None:
        async def call() -> None:
            await one(rng)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(call())

    return run


KINDS: Final[Mapping[str, Callable[[Random], object]]] = {
    "llm's turns": _on_virtual_time(_turns),
    "tts's speaker": _on_virtual_time(_speaker),
    "stt's listener": _on_virtual_time(_listener),
    "pointers to work": _on_virtual_time(_pointer),
}

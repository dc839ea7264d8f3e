"""Two speech engines side by side, as real processes: who speaks which message, and what the client is told."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.codec import decode, decode_event
from tertulia_shared.entries import AudioChunk, TTSSentence, Work
from tertulia_shared.events import Warn
from tertulia_shared.ids import new_id
from tests.harness.client import talk
from tests.harness.eventually import eventually
from tests.harness.service_process import Process
from tests.harness.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SENTENCE = "Every word of this sentence takes its time to be said."
BOX = ("instant", "0")
LOCAL = ("espeak", "1")
"""Engine and tier of a worker."""
LOCAL_VOICE = "otto"
"""A voice that only espeak has."""
BOTH = "luna"
CLAIM_AFTER_S = 2.0
LONG_S = 30.0
"""A worker that waits so long takes no work from a preferred one that is only slow."""
STAGE_AWAY_S = 10.0
"""Three seconds after the reply began, and what a busy machine may add."""


@contextmanager
def tts_stack(folder: Path, *, claim_after_s: float = LONG_S) -> Generator[Stack]:
    with Stack(folder, workers={}, env={"TERTULIA_TTS_CLAIM_AFTER_MS": str(int(claim_after_s * 1000))}) as stack:
        yield stack


def start(stack: Stack, worker: tuple[str, str]) -> Process:
    engine, tier = worker
    return stack.start("tts", TERTULIA_TTS_ENGINE=engine, TERTULIA_TTS_TIER=tier)


async def started(stack: Stack, *workers: tuple[str, str]) -> list[Process]:
    """Start tts workers with these settings, and wait until each of them knows all others."""
    processes = [start(stack, each) for each in workers]
    await until_known(stack, *workers)
    return processes


async def until_known(stack: Stack, *workers: tuple[str, str]) -> None:
    """Wait until each running worker knows that exactly these are alive."""
    names = sorted(f"{engine} (tier {tier})" for engine, tier in workers)
    line = f'the speech workers are: {", ".join(names)}"'

    def knows(process: Process) -> bool:
        known = re.findall(r'the speech workers are: [^"]*"', process.log.read_text())
        return bool(known) and known[-1] == line

    await eventually(lambda: all(map(knows, stack.of("tts"))))


async def post(bus: Bus, voice_id: str, sentences: int = 1, *, final: bool = True, conversation_id: str = "") -> Work:
    """Post a message of equal sentences."""
    work = Work(conversation_id or new_id(), new_id(), voice_id=voice_id)
    await add_sentences(bus, work, 0, sentences, final=final)
    await bus.post("tts", work)
    return work


async def add_sentences(bus: Bus, work: Work, begin: int, end: int, *, final: bool = True) -> None:
    """Write the sentences `begin` to `end`, exclusive, and with `final` the end of the message."""
    outlet = bus.outlet()
    for index in range(begin, end + final):
        is_final = index == end
        text, voice = "" if is_final else SENTENCE, work.voice_id
        entry = TTSSentence(text, index, work.conversation_id, work.message_id, "", "Ada", voice, is_final=is_final)
        outlet.append(bus.keys.sentences(work.conversation_id, work.message_id), entry, id=f"{index + 1}-0")
    await outlet.flush()


async def chunks(bus: Bus, work: Work) -> list[AudioChunk]:
    entries = await bus.read(bus.keys.audio(work.conversation_id, work.message_id))
    return [decode(AudioChunk, entry.fields) for entry in entries]


async def spoken(bus: Bus, work: Work) -> list[AudioChunk]:
    """The chunks of the message, when it is complete."""

    async def complete() -> list[AudioChunk] | None:
        found = await chunks(bus, work)
        return found[:-1] if found and found[-1].is_final else None

    return await eventually(complete)


async def engines(bus: Bus, works: Sequence[Work]) -> list[str]:
    """The engine that spoke each message; all its chunks are by one."""
    found: list[str] = []
    for work in works:
        (engine,) = {chunk.engine for chunk in await spoken(bus, work)}
        found.append(engine)
    return found


async def warnings(bus: Bus, work: Work) -> list[str]:
    entries = await bus.read(bus.keys.events(work.conversation_id))
    return [event.code for entry in entries if isinstance(event := decode_event(entry.fields), Warn)]


async def test_preferred_engine_speaks_all_and_the_other_only_what_it_alone_can(tmp_path: Path) -> None:
    with tts_stack(tmp_path / "stack") as stack:
        async with stack.bus() as bus:
            await started(stack, LOCAL, BOX)
            works = [await post(bus, BOTH) for _ in range(30)]
            only_local = [await post(bus, LOCAL_VOICE) for _ in range(5)]
            assert await engines(bus, works) == ["instant"] * 30
            assert await engines(bus, only_local) == ["espeak"] * 5
            for work in (*works, *only_local):
                assert await warnings(bus, work) == []


async def sentence_ended(bus: Bus, work: Work) -> bool:
    found = await chunks(bus, work)
    return bool(found) and found[-1].text_at == len(SENTENCE)


def pcm_of(found: Sequence[AudioChunk], sentence: int) -> bytes:
    return b"".join(chunk.audio for chunk in found if chunk.sentence_index == sentence)


async def begun(bus: Bus, work: Work) -> str:
    """Wait until a part of the message is spoken; returns the engine."""
    found = await eventually(lambda: chunks(bus, work))
    return found[0].engine


def owner(stack: Stack) -> Process:
    process = stack.owner("tts")
    assert process is not None
    return process


async def test_other_engine_steps_in_for_a_preferred_one_that_hangs_and_warns_once(tmp_path: Path) -> None:
    with tts_stack(tmp_path / "stack", claim_after_s=CLAIM_AFTER_S) as stack:
        async with stack.bus() as bus:
            _, box = await started(stack, LOCAL, BOX)
            box.send(signal.SIGSTOP)
            posted_at = time.monotonic()
            first = await post(bus, BOTH)
            second = await post(bus, BOTH, conversation_id=first.conversation_id)
            assert await engines(bus, [first, second]) == ["espeak"] * 2
            assert time.monotonic() - posted_at >= CLAIM_AFTER_S
            assert await warnings(bus, first) == ["engine_changed"]


async def test_other_engine_speaks_at_once_if_the_preferred_one_has_died(tmp_path: Path) -> None:
    with tts_stack(tmp_path / "stack") as stack:
        async with stack.bus() as bus:
            _, box = await started(stack, LOCAL, BOX)
            box.send(signal.SIGKILL)
            await until_known(stack, LOCAL)
            posted_at = time.monotonic()
            work = await post(bus, BOTH)
            assert await begun(bus, work) == "espeak"
            assert time.monotonic() - posted_at < LONG_S
            assert await engines(bus, [work]) == ["espeak"]
            assert await warnings(bus, work) == ["engine_changed"]


async def test_same_engine_takes_a_message_over_if_it_is_there(tmp_path: Path) -> None:
    with tts_stack(tmp_path / "stack") as stack:
        async with stack.bus() as bus:
            await started(stack, LOCAL, BOX, BOX)
            works = [await post(bus, BOTH, sentences=2, final=False) for _ in range(4)]
            assert {await begun(bus, work) for work in works} == {"instant"}
            owner(stack).send(signal.SIGKILL)
            for work in works:
                await add_sentences(bus, work, 2, 2)
            assert await engines(bus, works) == ["instant"] * 4
            assert [await warnings(bus, work) for work in works] == [[]] * 4


async def test_another_engine_takes_a_message_over_at_the_start_of_a_sentence_and_warns(tmp_path: Path) -> None:
    with tts_stack(tmp_path / "stack", claim_after_s=CLAIM_AFTER_S) as stack:
        async with stack.bus() as bus:
            _, box = await started(stack, LOCAL, BOX)
            work = await post(bus, BOTH, final=False)
            await eventually(lambda: sentence_ended(bus, work))
            box.send(signal.SIGKILL)
            await add_sentences(bus, work, 1, 3)
            found = await spoken(bus, work)
            assert [{chunk.engine for chunk in found if chunk.sentence_index == index} for index in range(3)] == [
                {"instant"}, {"espeak"}, {"espeak"},
            ]  # fmt: skip
            assert len(pcm_of(found, 1)) == pytest.approx(len(pcm_of(found, 2)), rel=0.1), "both are whole"
            assert await warnings(bus, work) == ["engine_changed"]


async def test_voice_of_an_engine_that_is_away_waits_for_it_and_holds_up_nothing_else(tmp_path: Path) -> None:
    with tts_stack(tmp_path / "stack") as stack:
        async with stack.bus() as bus:
            local, _ = await started(stack, LOCAL, BOX)
            local.send(signal.SIGTERM)
            await until_known(stack, BOX)
            waiting = [await post(bus, LOCAL_VOICE) for _ in range(3)]
            assert await engines(bus, [await post(bus, BOTH) for _ in range(3)]) == ["instant"] * 3
            assert [await chunks(bus, work) for work in waiting] == [[]] * 3
            start(stack, LOCAL)
            assert await engines(bus, waiting) == ["espeak"] * 3


async def test_client_is_told_soon_if_nobody_can_speak_and_hears_the_reply_later(
    tmp_path: Path,
) -> None:
    with Stack(tmp_path / "stack") as stack:
        (tts,) = stack.of("tts")
        async with talk(*stack.urls) as client:
            await asyncio.to_thread(tts.send, signal.SIGKILL)
            turn_id, said_at = new_id(), time.monotonic()
            await client.say("Luna, how are you?", turn_id)
            warning = await client.until_event("warning")
            assert warning["code"] == "stage_away"
            assert time.monotonic() - said_at < STAGE_AWAY_S
            stack.start("tts")
            await client.until_done(turn_id)

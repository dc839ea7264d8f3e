"""The real stt worker process with the real recorder: it reads microphone entries, and writes events and a turn."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tertulia_shared.codec import decode, decode_event
from tertulia_shared.entries import TURN_VERSION, MicChunk, UserTurn, Work
from tertulia_shared.events import Event, ListeningStopped, TranscriptionFinished
from tests.fakes.tiny_whisper import SENTENCE
from tests.harness.eventually import eventually
from tests.harness.sound import microphone
from tests.harness.stack import Stack

pytestmark = pytest.mark.timeout(240, method="signal")


async def test_spoken_utterance_becomes_a_turn(tmp_path: Path, whisper: Path) -> None:
    conversation_id, session_id = str(uuid4()), str(uuid4())
    settings = {
        "TERTULIA_STT_ENGINE": "realtimestt",
        "TERTULIA_STT_MODEL": str(whisper),
        "TERTULIA_STT_REALTIME_MODEL": str(whisper),
    }
    with Stack(tmp_path, workers={"stt": 1}, env=settings) as stack:
        stack.unsaid.add(SENTENCE)
        async with stack.bus() as bus:
            await bus.prepare("llm")
            await bus.post("stt", Work(conversation_id, session_id=session_id))
            outlet = bus.outlet()
            frames = [*microphone("hello_luna.wav")]
            for number, frame in enumerate(frames, 1):
                outlet.append(bus.keys.mic(conversation_id, session_id), MicChunk(frame), id=f"{number}-0")
            last = MicChunk(b"", is_final=True, cause="stopped")
            outlet.append(bus.keys.mic(conversation_id, session_id), last, id=f"{len(frames) + 1}-0")
            await outlet.flush()

            seen: list[Event] = []
            events = bus.follow(bus.keys.events(conversation_id))
            while not any(isinstance(event, ListeningStopped) for event in seen):
                seen += [decode_event(entry.fields) for entry in await events.read()]
            events.close()
            (finished,) = [event for event in seen if isinstance(event, TranscriptionFinished)]
            assert finished.text == SENTENCE
            (entry,) = await bus.read(bus.keys.turns(conversation_id))
            turn = decode(UserTurn, entry.fields, newest=TURN_VERSION)
            assert (turn.turn_id, turn.text) == (finished.turn_id, SENTENCE)


async def test_worker_without_weights_exits_with_an_error_that_names_the_download_command(tmp_path: Path) -> None:
    settings = {"TERTULIA_STT_ENGINE": "realtimestt", "TERTULIA_STT_MODEL": "small"}
    stack = Stack(tmp_path, workers={}, env=settings)
    with stack:
        worker = stack.start("stt")
        worker.killed = True  # no `check`, because the test checks the exit code
        worker.stopping = True
        await eventually(lambda: not worker.running, "the worker exits")
        assert worker.wait() == 1
        assert "fetch-models" in worker.tail()
        assert "Traceback" not in worker.tail()

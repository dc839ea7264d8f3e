"""Which engines the workers use, and why, in Redis."""

from __future__ import annotations

import asyncio

import pytest

from tertulia_shared.bus import Bus
from tertulia_shared.engine_choice import Choice
from tertulia_shared.engine_state import MAX_REASON, publish, reasons_in, state_of
from tests.harness.eventually import eventually


async def test_published_reasons_are_read_by_stage_and_engine(bus: Bus) -> None:
    key = bus.keys.engines()
    choices = {"stt": Choice("pocketsphinx", {"whisper": "no models"}), "tts": Choice("kokoro", because="it is fast")}
    async with asyncio.TaskGroup() as tasks:
        publishing = [
            tasks.create_task(publish(bus, lambda: {key: state_of("stt", choices["stt"])})),
            tasks.create_task(publish(bus, lambda: {key: state_of("tts", choices["tts"])})),
        ]

        async def both() -> bool:
            return len(await bus.hash(key)) == len(publishing)

        await eventually(both)
        for task in publishing:
            task.cancel()
    reasons = reasons_in(await bus.hash(key))
    assert reasons == {"stt": {"pocketsphinx": "whisper: no models"}, "tts": {"kokoro": "it is fast"}}


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff", b'{"stage": "stt", "engine": 3, "reason": "x"}'])
def test_entries_that_cannot_be_decoded_are_skipped(raw: bytes) -> None:
    good = state_of("tts", Choice("espeak", because="it needs no models"))["tts:espeak"].encode()
    assert reasons_in({b"bad": raw, b"tts:espeak": good}) == {"tts": {"espeak": "it needs no models"}}


def test_long_reason_is_shortened() -> None:
    state = state_of("stt", Choice("loro", because="x" * 10_000))["stt:loro"]
    assert len(reasons_in({b"": state.encode()})["stt"]["loro"]) == MAX_REASON

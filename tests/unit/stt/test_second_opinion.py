"""A turn-end model changes the silence after an unclear text."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tertulia_stt.checkpoint import read_turn
from tertulia_stt.listener import Listener
from tertulia_stt.second_opinion import KEPT_SAMPLES, RecentSound
from tertulia_stt.turn_end import SilenceBounds
from tests.fakes.scripted_recognition import Utterance
from tests.harness.eventually import eventually
from tests.unit.stt.listening_session import FRAME_SAMPLES, ListeningSession

UNCLEAR = Utterance(3_200, 20_096, "Hello Luna.")
OPEN = Utterance(3_200, 20_096, "I went to the")
SPEECH_END = 16_000
BOUNDS = SilenceBounds()


@dataclass
class FakeModel:
    """Returns this probability, and keeps the sound of each call."""

    probability: float
    asked: list[bytes] = field(default_factory=list[bytes])

    def probability_finished(self, pcm16k: bytes) -> float:
        self.asked.append(pcm16k)
        return self.probability


class JudgedSession(ListeningSession):
    """A session whose worker has a model."""

    def __init__(self, model: FakeModel, *script: Utterance) -> None:
        super().__init__(*script, think_ahead="off")
        self.model = model

    @property
    def listener(self) -> Listener:
        return Listener(self.bus, self.engine, self.settings, self.metrics, turn_model=self.model)


@pytest.mark.parametrize(("probability", "bound_ms"), [(0.95, BOUNDS.finished_ms), (0.5, 640), (0.05, 940)])
async def test_opinion_of_the_model_changes_the_silence_after_an_unclear_text(
    probability: float, bound_ms: int
) -> None:
    session = JudgedSession(FakeModel(probability), UNCLEAR)
    job = await session.start()
    await session.send_audio(60_000)
    (turn,) = await eventually(session.turns, "the turn ends")
    assert turn.text == "Hello Luna."
    progress = await session.bus.hash(session.bus.keys.mic_progress(session.conversation_id, session.session_id))
    bound = max(UNCLEAR.end, SPEECH_END + bound_ms * 16)
    assert bound <= read_turn(progress).ended_at < bound + FRAME_SAMPLES
    await session.stop()
    await job


async def test_model_gets_the_sound_of_the_turn_and_of_the_silence_after_it() -> None:
    model = FakeModel(0.5)
    session = JudgedSession(model, UNCLEAR)
    await session.serve_audio(30_000)
    (pcm,) = model.asked
    whole = b"".join(number.to_bytes(2, "little") * FRAME_SAMPLES for number in range(1, session.frames))
    assert pcm == whole[2 * UNCLEAR.start : 2 * UNCLEAR.end]


async def test_model_is_not_asked_if_the_text_is_clear() -> None:
    model = FakeModel(0.5)
    await JudgedSession(model, OPEN).serve_audio(30_000)
    assert model.asked == []


def test_recent_sound_keeps_the_last_12_seconds() -> None:
    sound = RecentSound()
    for number in range(100):
        sound.add(number * 16_000, bytes([number]) * 32_000)
    assert sound.between(98 * 16_000 + 100, 99 * 16_000 + 100) == bytes([98]) * 31_800 + bytes([99]) * 200
    kept = sound.between(0, 100 * 16_000)
    assert KEPT_SAMPLES * 2 <= len(kept) <= KEPT_SAMPLES * 2 + 32_000

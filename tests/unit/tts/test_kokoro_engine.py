"""The engine kokoro on a tiny model: what the contract of the speech port does not require."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

import pytest
from pydantic import ValidationError

from tertulia_tts.engine import EngineUnavailable, SpeechRequest, SynthesisFailed
from tertulia_tts.engines import load_engine
from tertulia_tts.engines.kokoro.engine import KokoroEngine, KokoroOptions
from tertulia_tts.engines.kokoro.model import MODEL_FILE, Cancelled, KokoroModel, Run
from tertulia_tts.engines.kokoro.settings import KokoroSettings
from tertulia_tts.engines.kokoro.voices import KOKORO_VOICES
from tests.fakes.tiny_kokoro import make_tiny_kokoro
from tests.harness.settings_of import settings_of

SENTENCE = "I was just thinking about lunch, and what we could cook together for everybody."


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_kokoro(tmp_path_factory.mktemp("models") / "kokoro")


@pytest.fixture
async def kokoro(weights: Path) -> AsyncGenerator[KokoroEngine]:
    engine = made(weights)
    await engine.start()
    yield engine
    await engine.close()


def made(weights: Path, *, threads: int = 1, speeds: Mapping[str, float] | None = None) -> KokoroEngine:
    return KokoroEngine(KokoroOptions(lambda: weights, threads, speeds or {}))


async def spoken(engine: KokoroEngine, text: str = SENTENCE, voice: str = "luna", *, index: int = 0) -> list[bytes]:
    return [pcm async for pcm in engine.speak(SpeechRequest(text, voice, 1, index, 0))]


async def test_phrase_of_the_listener_who_runs_out_of_audio_first_is_spoken_first(kokoro: KokoroEngine) -> None:
    finished: list[float] = []

    async def speak(deadline: float) -> None:
        assert [pcm async for pcm in kokoro.speak(SpeechRequest("Of course.", "luna", 1, 0, deadline))]
        finished.append(deadline)

    async with asyncio.TaskGroup() as tasks:
        for deadline in (0.0, 30.0, 10.0, 20.0):  # the first one finds the model free
            tasks.create_task(speak(deadline))
    assert finished == [0.0, 10.0, 20.0, 30.0]


async def test_deadline_does_not_change_the_sound(kokoro: KokoroEngine) -> None:
    late = [pcm async for pcm in kokoro.speak(SpeechRequest(SENTENCE, "luna", 1, 0, 1e9))]
    assert b"".join(late) == b"".join(await spoken(kokoro))


async def test_first_sentence_of_a_message_is_spoken_in_phrases(kokoro: KokoroEngine) -> None:
    assert len(await spoken(kokoro, index=0)) == 2
    assert len(await spoken(kokoro, index=5)) == 1


@pytest.mark.parametrize("threads", [1, 2])
async def test_number_of_threads_does_not_change_the_sound(weights: Path, kokoro: KokoroEngine, threads: int) -> None:
    other = made(weights, threads=threads)
    await other.start()
    assert await spoken(other) == await spoken(kokoro)
    await other.close()


async def test_speed_of_a_voice_changes_its_length_only(weights: Path, kokoro: KokoroEngine) -> None:
    fast = made(weights, speeds={"luna": 2.0})
    await fast.start()
    normal = sum(map(len, await spoken(kokoro)))
    assert sum(map(len, await spoken(fast))) == pytest.approx(normal / 2, rel=0.15)
    assert await spoken(fast, voice="rex") == await spoken(kokoro, voice="rex")
    await fast.close()


async def test_running_syntheses_fail_when_the_engine_is_closed(kokoro: KokoroEngine) -> None:
    async with aclosing(kokoro.speak(SpeechRequest(f"{SENTENCE} {SENTENCE}", "luna", 1, 0, 0))) as pieces:
        assert await anext(pieces)
        await kokoro.close()
        with pytest.raises(SynthesisFailed) as caught:
            await anext(pieces)
    assert caught.value.retryable


def test_cancelled_run_of_the_model_ends_with_an_error(weights: Path) -> None:
    model = KokoroModel(weights, [KOKORO_VOICES[0].kokoro_id], threads=1)
    run = Run()
    run.cancel()
    with pytest.raises(Cancelled):
        model.samples([50, 60], KOKORO_VOICES[0].kokoro_id, 1.0, run)


async def test_error_about_missing_weights_names_the_command_that_fetches_them(tmp_path: Path) -> None:
    engine = load_engine("kokoro", settings_of(KokoroSettings, models_dir=tmp_path))
    with pytest.raises(EngineUnavailable, match="tertulia fetch-models kokoro"):
        await engine.start()
    await engine.close()


async def test_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    folder = make_tiny_kokoro(tmp_path / "kokoro")
    (folder / MODEL_FILE).write_text("not a model")
    with pytest.raises(EngineUnavailable, match="cannot load"):
        await made(folder).start()


async def test_voice_file_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    folder = make_tiny_kokoro(tmp_path / "kokoro")
    (folder / "voices" / "af_heart.bin").write_bytes(b"1234")
    with pytest.raises(EngineUnavailable, match=r"af_heart.bin is not a voice .* 4 bytes"):
        await made(folder).start()


async def test_model_that_fails_to_speak_at_the_start_is_unavailable(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("failed to allocate memory")

    monkeypatch.setattr(KokoroModel, "samples", fail)
    with pytest.raises(EngineUnavailable, match="cannot speak on this machine: failed to allocate memory"):
        await made(weights).start()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("luna", "not of the form"),
        ("luna=3", "from 0.5 to 2"),
        ("luna=1, luna=1.1", "named twice"),
        ("a=nan", "from"),
        ("af_heart=1.1", "no voice 'af_heart'; its voices are luna, rex"),
    ],
)
def test_wrong_speeds_are_refused(text: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        settings_of(KokoroSettings, tts_kokoro_speeds=text)


async def test_speed_of_a_character_multiplies_the_speed_of_its_voice_within_the_models_range(weights: Path) -> None:
    engine = made(weights, speeds={"luna": 2.0})
    await engine.start()

    async def length(speed: float) -> int:
        request = SpeechRequest(SENTENCE, "luna", 1, speed=speed)
        return sum([len(pcm) async for pcm in engine.speak(request)])

    assert await length(0.5) == pytest.approx(2 * await length(1.0), rel=0.15)
    assert await length(2.0) == await length(1.0)
    await engine.close()

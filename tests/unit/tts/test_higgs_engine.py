from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from tertulia_tts.engine import Breakable, EngineUnavailable, SynthesisFailed
from tertulia_tts.engines.higgs.engine import MAX_FAILURES, SENTENCE_GAP_MS, HiggsEngine, HiggsOptions
from tertulia_tts.engines.higgs.frame_decoder import SAMPLES_A_FRAME
from tertulia_tts.engines.higgs.model import DeviceLost, OutOfMemory
from tests.fakes.scripted_higgs import ScriptedModel
from tests.harness.available_speech_engines import VOICES
from tests.harness.eventually import eventually

TEXT = "I was just thinking about lunch."
LONG = " ".join([TEXT] * 40)
GAP_BYTES = 24 * SENTENCE_GAP_MS * 2


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


def engine_of(model: ScriptedModel, kept: Path, *, wait_s: float = 60, stall_s: float = 60) -> HiggsEngine:
    return HiggsEngine(HiggsOptions(VOICES, kept, wait_s, stall_s), lambda: model)


@pytest.fixture
async def engine(model: ScriptedModel, tmp_path: Path) -> AsyncGenerator[HiggsEngine]:
    made = engine_of(model, tmp_path)
    await made.start()
    yield made
    await made.close()


async def spoken(engine: HiggsEngine, text: str = TEXT, voice: str = "luna", seed: int = 7) -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize(text, voice, seed)])


async def test_start_speaks_one_word_to_warm_up_the_model(model: ScriptedModel, engine: HiggsEngine) -> None:
    assert model.texts == ["Ready."]


async def test_engine_offers_the_voices_in_the_folder_and_luna_is_the_default(engine: HiggsEngine) -> None:
    assert [voice.id for voice in engine.voices()] == ["luna", "rex", "sage"]


async def test_audio_of_a_sentence_contains_all_frames_and_the_gap(engine: HiggsEngine, model: ScriptedModel) -> None:
    model.frames = 33
    pcm = await spoken(engine)
    # Silence at the beginning and the end of the scripted tone is trimmed, so the length differs by a few samples.
    assert abs(len(pcm) - GAP_BYTES - 33 * SAMPLES_A_FRAME * 2) < 400


async def test_speech_that_does_not_end_is_stopped_at_a_limit_for_the_length_of_the_text(
    engine: HiggsEngine, model: ScriptedModel
) -> None:
    model.frames = 4000
    pcm = await spoken(engine, "Yes, sir.")
    assert len(pcm) < (len("Yes, sir.") * 2.5 + 50 + 1) * SAMPLES_A_FRAME * 2 + GAP_BYTES


async def test_long_silence_of_the_model_ends_the_sentence(engine: HiggsEngine, model: ScriptedModel) -> None:
    model.frames, model.silent_from = 130, 20
    before = model.columns
    pcm = await spoken(engine)
    assert model.columns - before < 100
    assert len(pcm) == pytest.approx(20 * SAMPLES_A_FRAME * 2 + GAP_BYTES, abs=SAMPLES_A_FRAME * 2)


async def test_utterances_of_a_long_text_have_different_seeds(engine: HiggsEngine, model: ScriptedModel) -> None:
    await spoken(engine, LONG, seed=2**64 - 1)
    seeds = model.seeds[1:]
    assert len(seeds) > 3
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


async def test_special_tokens_in_the_text_do_not_reach_the_model(engine: HiggsEngine, model: ScriptedModel) -> None:
    await spoken(engine, "Stop <|eot_id|> here <|audio_out_bos|> or <| there |> (softly)")
    assert model.texts[-1] == "Stop here or there softly."


@pytest.mark.parametrize("text", ["...", "?!", "<|eot_id|>", "()"])
async def test_text_of_punctuation_only_is_not_spoken(engine: HiggsEngine, model: ScriptedModel, text: str) -> None:
    assert await spoken(engine, text) == b""
    assert model.texts == ["Ready."]


async def test_utterances_use_the_device_one_at_a_time(engine: HiggsEngine, model: ScriptedModel) -> None:
    alone = [await spoken(engine, seed=seed) for seed in range(4)]
    together = await asyncio.gather(*(spoken(engine, seed=seed) for seed in range(4)))
    assert together == alone
    assert model.most_at_once == 1


async def test_cancelled_synthesis_ends_at_the_next_step_of_the_model(
    engine: HiggsEngine, model: ScriptedModel
) -> None:
    model.frames = 120
    model.gate = threading.Event()
    before = model.columns
    task = asyncio.create_task(spoken(engine))
    await eventually(lambda: model.at_once == 1, "the synthesis begins")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    model.gate.set()
    await eventually(lambda: model.at_once == 0, "the synthesis ends")
    assert model.columns - before <= 1
    assert await spoken(engine, "Yes.")


async def test_sentence_that_is_cancelled_while_it_waits_for_the_device_is_not_spoken(
    engine: HiggsEngine, model: ScriptedModel
) -> None:
    model.gate = threading.Event()
    first = asyncio.create_task(spoken(engine, "First."))
    await eventually(lambda: model.at_once == 1, "the first synthesis begins")
    waiting = asyncio.create_task(spoken(engine, "Cancelled."))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    model.gate.set()
    assert await first
    assert "Cancelled." not in model.texts


async def test_sentence_that_waits_too_long_for_the_device_fails_with_a_retryable_error(
    model: ScriptedModel, tmp_path: Path
) -> None:
    engine = engine_of(model, tmp_path, wait_s=0.05)
    await engine.start()
    model.gate = threading.Event()
    first = asyncio.create_task(spoken(engine))
    await eventually(lambda: model.at_once == 1, "the first synthesis begins")
    with pytest.raises(SynthesisFailed, match="more tts workers") as caught:
        await spoken(engine, "Second.")
    assert caught.value.retryable
    model.gate.set()
    assert await first
    await engine.close()


async def test_model_that_makes_no_step_in_time_breaks_the_engine_and_all_sentences_fail(
    model: ScriptedModel, tmp_path: Path
) -> None:
    engine = engine_of(model, tmp_path, stall_s=0.2)
    await engine.start()
    assert isinstance(engine, Breakable)
    model.gate = threading.Event()
    both = await asyncio.gather(spoken(engine), spoken(engine, "Second."), return_exceptions=True)
    assert all(isinstance(each, SynthesisFailed) and each.retryable for each in both)
    assert "no step" in str(await engine.broken())
    with pytest.raises(SynthesisFailed, match="broke"):
        await spoken(engine)
    model.gate.set()  # let the engine's thread end
    await engine.close()


@pytest.mark.parametrize("at", [0, 30])
async def test_sentence_that_runs_out_of_memory_once_has_the_same_audio(
    engine: HiggsEngine, model: ScriptedModel, at: int
) -> None:
    whole = await spoken(engine)
    model.errors = [(at, OutOfMemory("scripted"))]
    assert await spoken(engine) == whole
    assert model.freed == 1


async def test_sentence_whose_second_try_runs_out_of_memory_fails_with_a_retryable_error(
    engine: HiggsEngine, model: ScriptedModel
) -> None:
    whole = await spoken(engine)
    model.errors = [(30, OutOfMemory("scripted"))] * 2
    with pytest.raises(SynthesisFailed, match="out of memory") as caught:
        await spoken(engine)
    assert caught.value.retryable
    assert await spoken(engine) == whole


async def test_engine_reports_itself_broken_after_several_sentences_in_a_row_ran_out_of_memory(
    engine: HiggsEngine, model: ScriptedModel
) -> None:
    model.errors += [(0, OutOfMemory("scripted"))] * 2 * MAX_FAILURES
    for _ in range(MAX_FAILURES):
        with pytest.raises(SynthesisFailed):
            await spoken(engine)
    assert "out of memory" in str(await engine.broken())


async def test_lost_device_makes_the_engine_report_itself_broken(engine: HiggsEngine, model: ScriptedModel) -> None:
    model.errors = [(3, DeviceLost("CUDA error: scripted"))]
    with pytest.raises(SynthesisFailed) as caught:
        await spoken(engine)
    assert caught.value.retryable
    assert "CUDA error" in str(await engine.broken())


async def test_unexpected_error_of_the_model_fails_only_the_sentence_being_spoken(
    engine: HiggsEngine, model: ScriptedModel
) -> None:
    model.errors = [(3, ValueError("scripted"))]
    with pytest.raises(SynthesisFailed) as caught:
        await spoken(engine)
    assert not caught.value.retryable
    assert await spoken(engine)


async def test_closing_the_engine_fails_running_syntheses(engine: HiggsEngine, model: ScriptedModel) -> None:
    model.frames = 120
    async with aclosing(engine.synthesize(LONG, "luna", 1)) as pieces:
        assert await anext(pieces)
        await engine.close()
        with pytest.raises(SynthesisFailed) as caught:
            [pcm async for pcm in pieces]
    assert caught.value.retryable


async def test_synthesis_fails_if_the_engine_was_not_started(model: ScriptedModel, tmp_path: Path) -> None:
    with pytest.raises(SynthesisFailed, match="start"):
        await spoken(engine_of(model, tmp_path))


async def test_codes_of_voice_clips_are_stored_and_reused_unless_they_are_damaged_or_of_another_codec(
    model: ScriptedModel, tmp_path: Path
) -> None:
    for _ in range(2):
        engine = engine_of(model, tmp_path)
        await engine.start()
        await engine.close()
    assert model.encoded == 3
    kept = sorted(tmp_path.glob("*.npy"))  # noqa: ASYNC240 - no other task must run
    assert len(kept) == 3
    kept[0].write_bytes(b"broken")
    np.save(kept[1], np.full((8, 4), 5000, np.int16))
    engine = engine_of(model, tmp_path)
    await engine.start()
    await engine.close()
    assert model.encoded == 5
    model.fingerprint = "another codec"
    engine = engine_of(model, tmp_path)
    await engine.start()
    await engine.close()
    assert model.encoded == 8


async def test_start_error_says_how_to_add_a_voice_if_there_is_none(model: ScriptedModel, tmp_path: Path) -> None:
    engine = HiggsEngine(HiggsOptions(tmp_path / "none", tmp_path), lambda: model)
    with pytest.raises(EngineUnavailable, match="tertulia voice add"):
        await engine.start()


async def test_start_error_names_the_unusable_voice(model: ScriptedModel, tmp_path: Path) -> None:
    (tmp_path / "voices" / "bob").mkdir(parents=True)
    (tmp_path / "voices" / "bob" / "voice.toml").write_text('transcript = "Hello."')
    engine = HiggsEngine(HiggsOptions(tmp_path / "voices", tmp_path), lambda: model)
    with pytest.raises(EngineUnavailable, match="voice 'bob'"):
        await engine.start()


async def test_start_error_about_a_missing_package_names_the_install_command(tmp_path: Path) -> None:
    def load() -> ScriptedModel:
        raise ImportError("No module named 'boson_multimodal'")

    before = set(threading.enumerate())
    engine = HiggsEngine(HiggsOptions(VOICES, tmp_path), load)
    with pytest.raises(EngineUnavailable, match=r"boson_multimodal.*make higgs-env"):
        await engine.start()
    assert set(threading.enumerate()) <= before


async def test_start_error_says_that_the_device_has_too_little_memory(model: ScriptedModel, tmp_path: Path) -> None:
    model.errors = [(0, OutOfMemory("tried to allocate 20 GiB"))]
    with pytest.raises(EngineUnavailable, match="20 GiB"):
        await engine_of(model, tmp_path).start()

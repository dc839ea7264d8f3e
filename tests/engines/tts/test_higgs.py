"""The engine `higgs` with boson-multimodal's own code, but with tiny random weights (`make test-engines`)."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tertulia_shared.voice_files import read_voice
from tertulia_tts.engine import SynthesisFailed
from tertulia_tts.engines.higgs.boson_model import BosonModel, load_boson
from tertulia_tts.engines.higgs.decode_windows import CONTEXT
from tertulia_tts.engines.higgs.delay_pattern import CODES, Codes, FrameAssembler
from tertulia_tts.engines.higgs.engine import HiggsEngine, HiggsOptions
from tertulia_tts.engines.higgs.frame_decoder import SAMPLES_A_FRAME, FrameDecoder
from tertulia_tts.engines.higgs.model import ClonedVoice, DeviceLost, OutOfMemory
from tests.fakes.tiny_higgs import make_tiny_higgs
from tests.harness.available_speech_engines import VOICES, tiny_higgs_model
from tests.harness.eventually import eventually

pytestmark = pytest.mark.higgs

TEXT = "I was just thinking about lunch."
LONG = " ".join([TEXT] * 40)


@pytest.fixture(scope="module")
def model() -> BosonModel:
    return tiny_higgs_model()


@pytest.fixture(scope="module")
def voice(model: BosonModel) -> ClonedVoice:
    files = read_voice(VOICES / "luna")
    return ClonedVoice(files, model.encode(files))


@pytest.fixture
async def engine(model: BosonModel, tmp_path: Path) -> AsyncGenerator[HiggsEngine]:
    made = HiggsEngine(HiggsOptions(VOICES, tmp_path), lambda: model)
    await made.start()
    yield made
    await made.close()


def columns_of(model: BosonModel, voice: ClonedVoice, text: str, seed: int, frames: int = 60) -> list[list[int]]:
    got: list[list[int]] = []

    def keep(column: Codes) -> bool:
        got.append(column.tolist())
        return True

    model.generate(voice, text, seed, frames, keep)
    return got


async def spoken(engine: HiggsEngine, text: str = TEXT, voice: str = "luna", seed: int = 7) -> bytes:
    return b"".join([pcm async for pcm in engine.synthesize(text, voice, seed)])


def test_generated_codes_depend_only_on_text_voice_and_seed(model: BosonModel, voice: ClonedVoice) -> None:
    def first(text: str = TEXT, seed: int = 1, by: ClonedVoice = voice) -> list[list[int]]:
        got: list[list[int]] = []
        model.generate(by, text, seed, 60, lambda column: (got.append(column.tolist()), len(got) < 9)[1])
        return got

    rex = read_voice(VOICES / "rex")
    whole = first()
    assert first("Something else entirely!") != whole
    assert first(seed=2) != whole
    assert first(by=ClonedVoice(rex, model.encode(rex))) != whole
    assert first() == whole


def test_generation_stops_when_the_callback_returns_false(model: BosonModel, voice: ClonedVoice) -> None:
    steps = 0

    def three(_: Codes) -> bool:
        nonlocal steps
        steps += 1
        return steps < 3

    model.generate(voice, TEXT, 1, 60, three)
    assert steps == 3


def test_generation_stops_after_the_maximum_number_of_frames(model: BosonModel, voice: ClonedVoice) -> None:
    for seed in range(4):
        assembler = FrameAssembler(8)
        frames = 0

        def count(column: Codes, assembler: FrameAssembler = assembler) -> bool:
            nonlocal frames
            frames += assembler.feed(column) is not None
            return not assembler.ended

        model.generate(voice, TEXT, seed, 10, count)
        assert frames <= 10


def test_decoding_in_windows_equals_decoding_all_frames_at_once(model: BosonModel) -> None:
    frames = np.random.default_rng(5).integers(0, CODES, (8, 70)).astype(np.int16)
    decoder = FrameDecoder(model.decode)
    pieces = [decoder.feed(frames[:, at]) for at in range(70)] + list(decoder.finish())
    streamed = np.concatenate(pieces) / 32767
    padded = np.concatenate((frames, np.repeat(frames[:, -1:], CONTEXT, axis=1)), axis=1)
    at_once = model.decode(padded)[: 70 * SAMPLES_A_FRAME]
    assert np.abs(at_once).max() > 0.1
    assert np.abs(streamed - at_once).max() < 1e-3


@pytest.mark.timeout(240)
def test_windows_of_a_full_size_codec_equal_decoding_all_frames_at_once(tmp_path: Path) -> None:
    """The context of the windows is long enough for a codec of the real size. (It takes 459 MB, and is made once.)"""
    whole = load_boson(make_tiny_higgs(tmp_path).settings())
    frames = np.random.default_rng(6).integers(0, CODES, (8, 14)).astype(np.int16)
    decoder = FrameDecoder(whole.decode)
    pieces = [decoder.feed(frames[:, at]) for at in range(14)] + list(decoder.finish())
    padded = np.concatenate((frames, np.repeat(frames[:, -1:], CONTEXT, axis=1)), axis=1)
    at_once = whole.decode(padded)[: 14 * SAMPLES_A_FRAME]
    assert np.abs(np.concatenate(pieces) / 32767 - at_once).max() < 1e-3
    shutil.rmtree(tmp_path)


async def test_concurrent_syntheses_give_the_same_audio_as_consecutive_syntheses(engine: HiggsEngine) -> None:
    alone = [await spoken(engine, voice="luna"), await spoken(engine, voice="rex", seed=8)]
    assert all(alone)
    together = await asyncio.gather(spoken(engine, voice="luna"), spoken(engine, voice="rex", seed=8))
    assert list(together) == alone


async def test_closing_the_audio_generator_ends_the_generation_at_the_next_step(
    engine: HiggsEngine, model: BosonModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await spoken(engine)
    steps_after: list[int] = []
    left = asyncio.Event()
    generate = model.generate

    def counting(voice: ClonedVoice, text: str, seed: int, frames: int, on_column: Callable[[Codes], bool]) -> None:
        def counted(column: Codes) -> bool:
            if left.is_set():
                steps_after.append(1)
            return on_column(column)

        generate(voice, text, seed, frames, counted)

    monkeypatch.setattr(model, "generate", counting)
    async with aclosing(engine.synthesize(LONG, "luna", 7)) as pieces:
        assert await anext(pieces)
    left.set()
    monkeypatch.undo()
    assert await spoken(engine) == whole
    assert len(steps_after) <= 1


async def test_model_that_makes_no_step_in_time_makes_the_engine_report_itself_broken(
    model: BosonModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    engine = HiggsEngine(HiggsOptions(VOICES, tmp_path, stall_s=1.0), lambda: model)
    await engine.start()
    forward = model._serve.model._forward_core

    def hang(*args: Any, **kwargs: Any) -> Any:
        released.wait()
        return forward(*args, **kwargs)

    monkeypatch.setattr(model._serve.model, "_forward_core", hang)
    with pytest.raises(SynthesisFailed, match="no step") as caught:
        await spoken(engine)
    assert caught.value.retryable
    assert "no step" in str(await engine.broken())
    await engine.close()
    monkeypatch.undo()
    released.set()
    await eventually(lambda: all(each.name != "higgs" for each in threading.enumerate()), "the thread ends")


async def test_sentence_that_runs_out_of_memory_once_has_the_same_audio(
    engine: HiggsEngine, model: BosonModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await spoken(engine)
    forward, calls = model._serve.model._forward_core, 0

    def short_of_memory(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 22:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return forward(*args, **kwargs)

    monkeypatch.setattr(model._serve.model, "_forward_core", short_of_memory)
    assert await spoken(engine) == whole
    assert calls > 22


def test_pytorch_errors_are_converted_to_out_of_memory_or_device_lost(
    model: BosonModel, voice: ClonedVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(error: Exception) -> None:
        def fail(*_: Any, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(model._serve.model, "_forward_core", fail)

    raising(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    with pytest.raises(OutOfMemory):
        columns_of(model, voice, TEXT, 1)
    raising(RuntimeError("CUDA error: device-side assert triggered"))
    with pytest.raises(DeviceLost):
        columns_of(model, voice, TEXT, 1)
    raising(RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        columns_of(model, voice, TEXT, 1)

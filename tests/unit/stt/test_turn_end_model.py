"""The model smart-turn: the spectrogram that it gets, and the search for its file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tertulia_stt.engine import SAMPLE_RATE, EngineUnavailable
from tertulia_stt.turn_end import load_turn_model
from tertulia_stt.turn_end.log_mel import BANDS, FRAMES, SAMPLES, last_samples, log_mel
from tertulia_stt.turn_end.smart_turn import SmartTurn


class ScriptedSession:
    """An ONNX session that returns a fixed probability and keeps its inputs."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.given: list[Mapping[str, NDArray[np.float32]]] = []

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, NDArray[np.float32]]
    ) -> Sequence[NDArray[np.float32]]:
        self.given.append(input_feed)
        return [np.array([[self.probability]], dtype=np.float32)]


def tone(hertz: float, seconds: float) -> bytes:
    angles = 2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (10_000 * np.sin(angles)).astype("<i2").tobytes()


def test_short_recording_gets_silence_before_it() -> None:
    samples = last_samples(b"\x00\x40" * 100)
    assert len(samples) == SAMPLES
    assert not samples[:-100].any()
    assert (samples[-100:] == 0.5).all()


def test_only_the_last_8_s_of_a_long_recording_are_used() -> None:
    pcm = np.arange(SAMPLES + 1000, dtype=np.int64).astype("<i2")
    assert (last_samples(pcm.tobytes()) * 32768 == pcm[1000:]).all()


@pytest.mark.parametrize("pcm", [b"", b"\x00\x00" * 5000, tone(440, 10)])
def test_spectrogram_has_the_same_shape_for_every_recording(pcm: bytes) -> None:
    spectrogram = log_mel(last_samples(pcm))
    assert spectrogram.shape == (BANDS, FRAMES)
    assert spectrogram.dtype == np.float32
    assert np.isfinite(spectrogram).all()
    assert spectrogram.max() - spectrogram.min() <= 2.001


def test_higher_tone_is_in_a_higher_band_of_the_spectrogram() -> None:
    bands = [int(log_mel(last_samples(tone(hertz, 8)))[:, 400].argmax()) for hertz in (200, 1000, 3000, 7000)]
    assert bands == sorted(set(bands))


def test_smart_turn_passes_one_spectrogram_to_the_model_and_returns_its_probability() -> None:
    session = ScriptedSession(0.25)
    assert SmartTurn(session).probability_finished(tone(440, 1)) == 0.25
    assert [given["input_features"].shape for given in session.given] == [(1, BANDS, FRAMES)]


def test_no_model_is_loaded_if_the_setting_is_empty() -> None:
    assert load_turn_model("") is None


def test_error_names_the_model_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"no file .*gone\.onnx"):
        load_turn_model(str(tmp_path / "gone.onnx"))


@pytest.fixture
def pipecat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a fake package pipecat. Its import fails the test."""
    package = tmp_path / "pipecat"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "pipecat", raising=False)
    importlib.invalidate_caches()
    return package


def test_error_for_a_package_without_the_model_says_what_to_install(pipecat: Path) -> None:
    with pytest.raises(EngineUnavailable, match="pip install --no-deps 'pipecat-ai"):
        load_turn_model("smart-turn")


def test_model_is_found_in_the_package_and_the_error_names_missing_libraries(
    pipecat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pipecat / "audio" / "turn" / "smart_turn" / "data"
    folder.mkdir(parents=True)
    (folder / "smart-turn-v3.2-cpu.onnx").write_bytes(b"not read")
    monkeypatch.setattr("tertulia_stt.turn_end.turn_model._LIBRARIES", ("numpy", "a_library_that_nobody_has"))
    with pytest.raises(EngineUnavailable, match=r"a_library_that_nobody_has.*tertulia-stt\[turn-model\]"):
        load_turn_model("smart-turn")

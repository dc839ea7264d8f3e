"""smart-turn from the package pipecat-ai, on recordings (`make test-engines`)."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from tertulia_stt.engine import BYTES_PER_SAMPLE, SAMPLE_RATE, EngineUnavailable
from tertulia_stt.turn_end import TurnEndModel, load_turn_model

RECORDING = Path(__file__).resolve().parents[2] / "fixtures" / "hello_luna.wav"
SILENCE = bytes(BYTES_PER_SAMPLE * SAMPLE_RATE // 5)


@pytest.fixture(scope="module")
def smart_turn() -> TurnEndModel:
    model = load_turn_model("smart-turn")
    assert model is not None
    return model


def test_smart_turn_distinguishes_a_whole_sentence_from_a_cut_one(smart_turn: TurnEndModel) -> None:
    with wave.open(str(RECORDING)) as recording:
        pcm = recording.readframes(recording.getnframes())
    speech = pcm.rstrip(b"\x00")
    middle = len(speech) * 6 // 10 // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
    assert smart_turn.probability_finished(pcm) > 0.5
    assert smart_turn.probability_finished(pcm[:middle] + SILENCE) < 0.5


@pytest.mark.parametrize("seconds", [0, 1, 20])
def test_smart_turn_takes_recordings_of_any_length(smart_turn: TurnEndModel, seconds: int) -> None:
    assert 0 <= smart_turn.probability_finished(b"\x01\x00" * SAMPLE_RATE * seconds) <= 1


def test_smart_turn_refuses_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "notes.onnx"
    path.write_text("not a model")
    with pytest.raises(EngineUnavailable, match="cannot load"):
        load_turn_model(str(path))

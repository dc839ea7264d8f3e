"""Conversion of PCM WAV files to microphone PCM."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

import pytest

from tertulia_cli.client.resampling import resampled
from tertulia_cli.client.talk import FRAME_BYTES, frames
from tertulia_cli.client.wav import read_speech
from tertulia_cli.exit_codes import MISUSED, Failure


def tone(hz: int, frequency: float, seconds: float = 0.25) -> array[int]:
    return array("h", (round(16_000 * math.sin(2 * math.pi * frequency * i / hz)) for i in range(int(hz * seconds))))


def level_db(samples: array[int]) -> float:
    """RMS in dB below a tone of amplitude 16000; without the ends, where the filter is not settled."""
    inner = samples[400:-400]
    return 20 * math.log10(math.sqrt(sum(x * x for x in inner) / len(inner)) / (16_000 / math.sqrt(2)) + 1e-9)


def test_wav_of_16_khz_mono_is_not_changed(tmp_path: Path) -> None:
    pcm = tone(16_000, 440).tobytes()
    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(pcm)
    assert read_speech(path) == pcm


def test_file_that_is_not_pcm_wav_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"fLaC" + bytes(40))
    with pytest.raises(Failure, match=r"(?s)another format: FLAC.*ffmpeg.*-ar 16000") as failure:
        read_speech(path)
    assert failure.value.code == MISUSED


def test_missing_wav_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read: No such file"):
        read_speech(tmp_path / "none.wav")


@pytest.mark.parametrize("hz", [8_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_length_pitch_and_level(hz: int) -> None:
    there = resampled(tone(hz, 1_000), hz, 16_000)
    assert len(there) == 4_000 - (hz == 22_050)  # a quarter of a second; 5512 samples are a little less
    assert abs(level_db(there)) < 0.05
    expected = tone(16_000, 1_000)
    assert max(abs(a - b) for a, b in zip(there[400:-400], expected[400:-400], strict=False)) < 100


@pytest.mark.parametrize(("frequency", "below_db"), [(8_600, 45), (10_000, 60), (15_000, 60)])
def test_resampling_suppresses_aliases(frequency: float, below_db: float) -> None:
    assert level_db(resampled(tone(48_000, frequency), 48_000, 16_000)) < -below_db


def test_resampling_keeps_the_position_of_a_click() -> None:
    samples = array("h", bytes(2 * 4_410))
    samples[2_205] = 30_000
    there = resampled(samples, 44_100, 16_000)
    assert max(range(len(there)), key=lambda i: there[i]) == 800


def test_resampling_clips_at_full_scale() -> None:
    square = array("h", ([32_767] * 50 + [-32_768] * 50) * 20)
    there = resampled(square, 44_100, 16_000)
    assert max(there) == 32_767
    assert min(there) == -32_768


def test_microphone_frames_have_one_length_and_all_samples() -> None:
    pcm = bytes(range(1, 251)) * 10
    made = list(frames(pcm))
    assert {len(frame) for frame in made} == {FRAME_BYTES}
    assert b"".join(made).rstrip(b"\0") == pcm

"""Conversion of PCM WAV files to microphone PCM."""

from __future__ import annotations

import contextlib
import math
import struct
import wave
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_cli.client.resampling import resampled
from tertulia_cli.client.talk import FRAME_BYTES, frames
from tertulia_cli.client.wav import mono, parse, read_speech
from tertulia_cli.exits import MISUSED, Failure


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WAVE" + body


def format_of(*, hz: int = 16_000, channels: int = 1, bits: int = 16, tag: int = 1) -> bytes:
    align = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, hz, hz * align, align, bits)


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


@pytest.mark.parametrize(
    ("bits", "raw"),
    [
        (8, b"\x80\xc0\x00"),
        (16, b"\0\0\0\x40\0\x80"),
        (24, b"\7\0\0\7\0\x40\7\0\x80"),
        (32, b"\7\7\0\0\7\7\0\x40\7\7\0\x80"),
    ],
)
def test_wav_of_any_sample_width_becomes_16_bit(bits: int, raw: bytes) -> None:
    wav = parse(riff((b"fmt ", format_of(bits=bits)), (b"data", raw)))
    assert list(mono(wav)) == [0, 16_384, -32_768]


def test_wav_channels_are_mixed_to_mono() -> None:
    raw = struct.pack("<4h", 100, 300, -100, -300)
    assert list(mono(parse(riff((b"fmt ", format_of(channels=2)), (b"data", raw))))) == [200, -200]


def test_wav_may_have_the_extensible_format_and_unknown_chunks() -> None:
    extensible = format_of(tag=0xFFFE) + struct.pack("<HHIH14x", 22, 16, 4, 1)
    raw = riff((b"LIST", b"odd"), (b"fmt ", extensible), (b"fact", b"1234"), (b"data", b"\1\0\2\0"))
    assert list(mono(parse(raw))) == [1, 2]


def test_wav_data_size_may_exceed_the_file_size() -> None:
    raw = riff((b"fmt ", format_of()), (b"data", b"\1\0" * 8))
    assert len(mono(parse(raw[:-5]))) == 5


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no RIFF"),
        (b"fLaC" + b"\0" * 40, "no RIFF"),
        (riff((b"fmt ", format_of())), "no sound"),
        (riff((b"data", b"\0\0")), "comes before the format"),
        (riff((b"fmt ", format_of()), (b"data", b"")), "no sound"),
        (riff((b"fmt ", format_of(tag=3, bits=32)), (b"data", b"\0" * 8)), "format 3"),
        (riff((b"fmt ", format_of(bits=12)), (b"data", b"\0" * 8)), "12 bits"),
        (riff((b"fmt ", format_of(hz=0)), (b"data", b"\0" * 8)), "at 0 Hz"),
        (riff((b"fmt ", b"\1\0"), (b"data", b"\0" * 8)), "too short"),
    ],
)
def test_file_that_is_not_pcm_wav_is_refused_with_advice(tmp_path: Path, raw: bytes, why: str) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(raw)
    with pytest.raises(Failure, match=rf"(?s){why}.*ffmpeg") as failure:
        read_speech(path)
    assert failure.value.code == MISUSED


def test_missing_wav_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read: No such file"):
        read_speech(tmp_path / "none.wav")


@given(st.binary(max_size=200))
def test_arbitrary_bytes_parse_as_wav_or_raise_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert mono(parse(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + body))


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

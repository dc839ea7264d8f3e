from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_shared.voice_files import CLIP, TEXTS, BadVoice, VoiceFiles, check, read_voice, read_voices, write_voice
from tests.harness.available_speech_engines import VOICES


def tone(seconds: float = 4.0, peak: float = 0.3, rate: int = 16_000) -> bytes:
    wave_form = peak * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)
    return np.rint(wave_form * 32767).astype("<i2").tobytes()


def clipped() -> bytes:
    samples = np.frombuffer(tone(peak=0.1), "<i2").copy()
    samples[::100] = 32767
    return samples.tobytes()


GOOD = VoiceFiles("bob", 'He said "hello", and left.', 16_000, tone(), "Bob", "en-GB", "calm", "A hall.")


def test_written_voice_can_be_read_again(tmp_path: Path) -> None:
    made = write_voice(tmp_path, GOOD)
    assert read_voice(made) == GOOD
    assert read_voices(tmp_path) == (GOOD,)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_voice_transcript_with_any_text_is_read_as_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    voice = replace(GOOD, transcript="Hello " + text.replace("\x7f", ""))
    assert read_voice(write_voice(tmp_path_factory.mktemp("v"), voice)).transcript == voice.transcript


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(GOOD, id="Bad Name"), "a-z"),
        (replace(GOOD, id="../up"), "a-z"),
        (replace(GOOD, name="Bo\u200bb"), r"its name contains U\+200B ZERO WIDTH SPACE"),
        (replace(GOOD, transcript=" ... "), "transcript is empty"),
        (replace(GOOD, transcript="a" * 1001), "1001 characters"),
        (replace(GOOD, sample_rate=8_000), "8000 Hz"),
        (replace(GOOD, pcm=tone(2.9)), r"2\.9 s long"),
        (replace(GOOD, pcm=tone(31)), r"31\.0 s long"),
        (replace(GOOD, pcm=b""), r"0\.0 s long"),
        (replace(GOOD, pcm=tone(peak=0.005)), "too quiet"),
        (replace(GOOD, pcm=bytes(2 * 16_000 * 4)), "too quiet"),
        (replace(GOOD, pcm=tone(peak=0.99)), "too loud"),
        (replace(GOOD, pcm=clipped()), "clipped"),
    ],
)  # fmt: skip
def test_unusable_voice_clip_is_refused_with_the_reason(wrong: VoiceFiles, message: str) -> None:
    with pytest.raises(BadVoice, match=message):
        check(wrong)


def test_all_faults_of_a_voice_clip_are_reported_at_once() -> None:
    with pytest.raises(BadVoice, match=r"a-z.*transcript.*long"):
        check(replace(GOOD, id="X", transcript="", pcm=tone(1)))


def test_folder_without_voice_toml_is_not_a_voice(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert read_voices(tmp_path) == ()
    assert read_voices(tmp_path / "nowhere") == ()


@pytest.mark.parametrize("damage", ["no clip", "no wav", "mp3", "no toml", "a number", "latin-1"])
def test_error_names_the_damaged_voice(tmp_path: Path, damage: str) -> None:
    made = write_voice(tmp_path, GOOD)
    match damage:
        case "no clip":
            (made / CLIP).unlink()
        case "no wav":
            (made / CLIP).write_bytes(b"RIFF")
        case "mp3":
            (made / CLIP).write_bytes(b"ID3" + bytes(1000))
        case "no toml":
            (made / TEXTS).write_text("transcript = ")
        case "a number":
            (made / TEXTS).write_text("transcript = 5")
        case _:
            (made / TEXTS).write_bytes('transcript = "é"'.encode("latin-1"))
    with pytest.raises(BadVoice, match="voice 'bob'"):
        read_voices(tmp_path)


def test_stereo_clip_is_read_as_one_channel(tmp_path: Path) -> None:
    made = write_voice(tmp_path, GOOD)
    with wave.open(str(made / CLIP), "wb") as clip:
        clip.setparams((2, 2, 16_000, 0, "NONE", ""))
        clip.writeframes(np.repeat(np.frombuffer(GOOD.pcm, "<i2"), 2).tobytes())
    assert read_voice(made) == GOOD


def test_project_has_example_voices_for_the_three_first_characters() -> None:
    assert [voice.id for voice in read_voices(VOICES)] == ["luna", "rex", "sage"]

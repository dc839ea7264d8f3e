"""The rules for a recording from which a voice is made."""

from __future__ import annotations

import struct

import pytest

from tertulia_shared.voice_clips import (
    CLIP_HZ,
    BadRecording,
    check_recording,
    is_clip_id,
    new_clip_id,
    pcm_of,
)
from tertulia_shared.wav import wav_file
from tests.harness.recordings import recorded_pcm


def test_ids_are_random_and_recognized() -> None:
    ids = {new_clip_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(is_clip_id(each) for each in ids)


@pytest.mark.parametrize(
    "id", ["luna", "clip-", "clip-0123456789ABCDEF", "clip-0123456789abcdef0", "clip-../../etc/pass"]
)
def test_other_ids_are_not_recognized(id: str) -> None:
    assert not is_clip_id(id)


def test_samples_of_a_recording_are_read() -> None:
    pcm = recorded_pcm()
    assert pcm_of(wav_file(pcm, CLIP_HZ)) == pcm


def test_chunks_after_the_samples_are_left_out() -> None:
    pcm = recorded_pcm()
    assert pcm_of(wav_file(pcm, CLIP_HZ) + b"LIST" + struct.pack("<I", 4) + b"INFO") == pcm


WAV = wav_file(recorded_pcm(), CLIP_HZ)


@pytest.mark.parametrize(
    ("wav", "message"),
    [
        (b"", "24 kHz"),
        (b"ID3" + bytes(100), "MP3"),
        (WAV[:40], "24 kHz"),
        (WAV[:-2], "not complete"),
        (WAV[:40] + struct.pack("<I", 0xFFFF_FFFF) + WAV[44:], "not complete"),
        (WAV[:40] + struct.pack("<I", 0) + WAV[44:], "not complete"),
        (WAV[:40] + struct.pack("<I", len(WAV) - 45) + WAV[44:], "not complete"),
        (wav_file(recorded_pcm(), 16_000), "24 kHz"),
        (WAV[:22] + struct.pack("<H", 2) + WAV[24:32] + struct.pack("<H", 4) + WAV[34:], "mono"),
    ],
    ids=["empty", "mp3", "header cut", "samples cut", "endless", "no size", "odd size", "16 kHz", "stereo"],
)
def test_file_that_is_not_a_whole_wav_of_the_right_kind_is_refused(wav: bytes, message: str) -> None:
    with pytest.raises(BadRecording, match=message):
        pcm_of(wav)


@pytest.mark.parametrize("seconds", [5.0, 30.0])
def test_recording_of_the_right_length_and_level_is_accepted(seconds: float) -> None:
    check_recording(recorded_pcm(seconds))


@pytest.mark.parametrize(
    ("pcm", "message"),
    [
        (recorded_pcm(4.9), r"4\.9 s long; 5 to 30 s"),
        (recorded_pcm(30.1), r"30\.1 s long"),
        (b"", r"0\.0 s long"),
        (bytes(2 * 6 * CLIP_HZ), "is silent"),
        (recorded_pcm(peak=0.01), "is too quiet"),
        (recorded_pcm(peak=0.7), "is too loud"),
        (recorded_pcm(peak=1.0), "is clipped"),
        (recorded_pcm(10, sound_s=2.5), r"only 2\.5 s of sound; at least 3 s"),
    ],
    ids=["short", "long", "empty", "silent", "quiet", "loud", "clipped", "pauses"],
)
def test_unusable_recording_is_refused_with_the_reason(pcm: bytes, message: str) -> None:
    with pytest.raises(BadRecording, match=message):
        check_recording(pcm)

"""Recording of speech, and simulated playback."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from tertulia_cli.client.frames import Audio
from tertulia_cli.client.speech import Player, Receipt, Recording
from tertulia_cli.exit_codes import Failure


def audio(ms: int, sentence: int = 0, chunk: int = 0, message_id: str = "m") -> Audio:
    return Audio(message_id, "c", sentence, chunk, f"{sentence + 1}-{chunk + 1}", 24_000, b"\1\0" * (24 * ms))


def test_received_speech_is_recorded_in_order(tmp_path: Path) -> None:
    recording = Recording()
    recording.add(audio(100))
    recording.add(audio(50))
    assert recording.seconds == pytest.approx(0.15)
    recording.write(tmp_path / "out.wav")
    with wave.open(str(tmp_path / "out.wav")) as written:
        assert (written.getframerate(), written.getnchannels(), written.getsampwidth()) == (24_000, 1, 2)
        assert written.readframes(9999) == b"\1\0" * (24 * 150)


def test_unwritable_output_file_is_reported_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be written"):
        Recording().write(tmp_path / "no" / "out.wav")


def test_simulated_playback_plays_one_frame_after_the_other() -> None:
    player = Player()
    player.add(audio(100, chunk=0), now=10.0)
    player.add(audio(100, chunk=1), now=10.01)
    assert player.played(10.05) == []
    assert player.remaining(10.05) == pytest.approx(0.15)
    assert player.played(10.15) == [Receipt("m", 0, 0, 100)]
    assert player.played(10.2001) == [Receipt("m", 0, 1, 200)]
    assert player.played(99) == []
    assert player.all_reported


def test_simulated_playback_returns_the_newest_receipt_of_each_message() -> None:
    player = Player()
    for chunk in range(5):
        player.add(audio(100, chunk=chunk), now=0.0)
    player.add(audio(100, message_id="n"), now=0.0)
    assert player.played(9.0) == [Receipt("m", 0, 4, 500), Receipt("n", 0, 0, 100)]


def test_simulated_playback_starts_at_once_after_a_pause() -> None:
    player = Player()
    player.add(audio(100, chunk=0), now=0.0)
    player.played(5.0)
    player.add(audio(100, chunk=1), now=5.0)
    assert player.played(5.05) == []
    assert player.played(5.11) == [Receipt("m", 0, 1, 200)]


def test_simulated_playback_gives_no_receipt_for_flushed_frames() -> None:
    player = Player()
    player.add(audio(1000), now=0.0)
    assert player.flush(0.05) == []
    assert player.remaining(0.1) == 0
    assert player.played(99) == []
    player.add(audio(100, message_id="n"), now=0.2)
    assert player.played(0.31) == [Receipt("n", 0, 0, 100)]


def test_last_receipt_before_a_flush_names_the_sample_at_which_playback_stopped() -> None:
    player = Player()
    player.add(audio(100, chunk=0), now=0.0)
    player.add(audio(300, chunk=1), now=0.0)
    assert player.flush(0.25) == [Receipt("m", 0, 0, 250, next_samples=3600)]
    player.add(audio(100, message_id="n"), now=1.0)
    assert player.flush(1.05) == []

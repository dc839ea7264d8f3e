"""`tertulia voice`: the folder of voices, while no gateway answers. The gateway: test_voice_in_gateway.py."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tertulia_cli.main import main
from tertulia_shared.voice_files import read_voice
from tests.servers.redis_server import free_port


def recording(path: Path, seconds: float = 5, rate: int = 44_100, channels: int = 2, peak: float = 0.3) -> Path:
    tone = peak * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)
    frames = np.repeat(np.rint(tone * 32767).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(frames.tobytes())
    return path


@pytest.fixture(autouse=True)
def voices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERTULIA_VOICES_DIR", str(tmp_path / "voices"))
    monkeypatch.setenv("TERTULIA_PORT", str(free_port()))  # nobody listens there
    return tmp_path / "voices"


def tertulia(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_voice_add_makes_a_voice_from_a_clip(tmp_path: Path, voices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = str(recording(tmp_path / "clip.wav"))
    assert tertulia("voice", "add", "bob", clip, "Hello  there.\n", "--title", "Bob", "--language", "en-GB") == 0
    made = read_voice(voices / "bob")
    assert (made.transcript, made.name, made.language, made.sample_rate) == ("Hello there.", "Bob", "en-GB", 44_100)
    assert made.seconds == pytest.approx(5)
    assert "No gateway answers" in capsys.readouterr().out
    assert tertulia("voice", "list") == 0
    assert capsys.readouterr().out == "bob: Bob, en-GB (5.0 s)\n"


def test_voice_add_reduces_a_higher_sample_rate(tmp_path: Path, voices: Path) -> None:
    assert tertulia("voice", "add", "bob", str(recording(tmp_path / "clip.wav", 3.5, 96_000, 1)), "Hello.") == 0
    made = read_voice(voices / "bob")
    assert (made.sample_rate, made.seconds) == (48_000, pytest.approx(3.5))


def test_voice_add_overwrites_a_voice_only_with_replace(
    tmp_path: Path, voices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(recording(tmp_path / "clip.wav"))
    assert tertulia("voice", "add", "bob", clip, "One.") == 0
    assert tertulia("voice", "add", "bob", clip, "Two.") == 2
    assert "--replace" in capsys.readouterr().err
    assert read_voice(voices / "bob").transcript == "One."
    assert tertulia("voice", "add", "bob", clip, "Two.", "--replace") == 0
    assert read_voice(voices / "bob").transcript == "Two."


def test_voice_add_refuses_an_unsuitable_clip_with_the_reason(
    tmp_path: Path, voices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tertulia("voice", "add", "bob", str(recording(tmp_path / "clip.wav", 1)), "Hello.") == 2
    assert "1.0 s long; 3 to 30 s" in capsys.readouterr().err
    assert tertulia("voice", "add", "bob", str(recording(tmp_path / "clip.wav", peak=0.003)), "Hello.") == 2
    assert "too quiet" in capsys.readouterr().err
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    assert tertulia("voice", "add", "bob", str(tmp_path / "song.mp3"), "Hello.") == 2
    assert "ffmpeg" in capsys.readouterr().err
    assert tertulia("voice", "add", "bob", str(tmp_path / "nowhere.wav"), "Hello.") == 2
    assert "cannot be read" in capsys.readouterr().err
    assert not voices.exists()


def test_empty_voice_list_shows_how_to_add_a_voice(capsys: pytest.CaptureFixture[str]) -> None:
    assert tertulia("voice", "list") == 0
    assert "tertulia voice add" in capsys.readouterr().out


def test_gateway_that_was_named_must_answer(tmp_path: Path, voices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip, nobody = str(recording(tmp_path / "clip.wav")), f"127.0.0.1:{free_port()}"
    assert tertulia("voice", "add", "bob", clip, "Hello.", "--consent", "--url", nobody) == 3
    assert tertulia("voice", "list", "--url", nobody) == 3
    assert "no gateway answers" in capsys.readouterr().err
    assert not voices.exists()

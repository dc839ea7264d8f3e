"""`tertulia voice` while a gateway answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tertulia_cli.exit_codes import FAILED, MISUSED, NO_ANSWER, NO_CONNECTION, OK, Failure
from tertulia_cli.voice.command import POLL_S, READY_S, NewVoice, add_voice, show
from tertulia_shared.voice_clips import CLIP_HZ
from tertulia_shared.voice_files import VoiceFiles
from tests.unit.cli.test_voice_command import recording

ID = "clip-0123456789abcdef"


class ScriptedVoices:
    """Plays the gateway. The voice is ready, or has `problem`, at the request number `after` after it was made."""

    def __init__(self, *, after: float = 2, problem: str = "", failure: Failure | None = None) -> None:
        self.made: list[VoiceFiles] = []
        self.slept: list[float] = []
        self._after = after
        self._problem = problem
        self._failure = failure

    def clips(self) -> list[dict[str, Any]]:
        if self._failure is not None:
            raise self._failure
        is_done = len(self.slept) >= self._after
        return [
            {
                "id": ID,
                "name": each.name,
                "language": each.language,
                "seconds": each.seconds,
                "ready": is_done and not self._problem,
                "problem": self._problem if is_done else "",
            }
            for each in self.made
        ]

    def make(self, voice: VoiceFiles) -> str:
        self.made.append(voice)
        return ID

    def add(self, folder: Path, new: NewVoice, *, consent: bool = True, must_answer: bool = False) -> int:
        return add_voice(self, folder, new, consent=consent, must_answer=must_answer, pause=self.slept.append)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "voices"


@pytest.fixture
def bob(tmp_path: Path) -> NewVoice:
    return NewVoice("bob", recording(tmp_path / "clip.wav", 6), "Hello  there.\n", language="en-GB")


def test_gateway_gets_the_recording_in_its_format(
    folder: Path, bob: NewVoice, capsys: pytest.CaptureFixture[str]
) -> None:
    api = ScriptedVoices()
    assert api.add(folder, bob) == OK
    (sent,) = api.made
    assert (sent.name, sent.language, sent.transcript, sent.sample_rate) == ("Bob", "en-GB", "Hello there.", CLIP_HZ)
    assert sent.seconds == pytest.approx(6)
    assert not folder.exists()
    assert api.slept == [POLL_S] * 2
    out = capsys.readouterr().out
    assert f"voice {ID}: Bob (6.0 s)" in out
    assert "can speak now" in out


def test_without_consent_nothing_is_sent(folder: Path, bob: NewVoice) -> None:
    api = ScriptedVoices()
    with pytest.raises(Failure, match="--consent") as caught:
        api.add(folder, bob, consent=False)
    assert caught.value.code == MISUSED
    assert api.made == []
    assert not folder.exists()


@pytest.mark.parametrize("option", [{"scene": "A hall."}, {"description": "calm"}, {"replace": True}])
def test_options_of_the_folder_are_refused(option: dict[str, Any], folder: Path, tmp_path: Path, bob: NewVoice) -> None:
    api = ScriptedVoices()
    with pytest.raises(Failure, match="--folder") as caught:
        api.add(folder, NewVoice("bob", bob.clip, "Hello.", **option))
    assert caught.value.code == MISUSED
    assert api.made == []


def test_recording_that_is_too_short_for_the_gateway_is_not_sent(folder: Path, tmp_path: Path) -> None:
    api = ScriptedVoices()
    with pytest.raises(Failure, match=r"4\.0 s long; 5 to 30 s") as caught:
        api.add(folder, NewVoice("bob", recording(tmp_path / "short.wav", 4), "Hello."))
    assert caught.value.code == MISUSED
    assert api.made == []


def test_engine_that_cannot_make_the_voice_is_reported(folder: Path, bob: NewVoice) -> None:
    with pytest.raises(Failure, match="the clip hums") as caught:
        ScriptedVoices(problem="the clip hums").add(folder, bob)
    assert caught.value.code == FAILED


def test_wait_for_the_engine_ends(folder: Path, bob: NewVoice) -> None:
    api = ScriptedVoices(after=float("inf"))
    with pytest.raises(Failure, match="It is kept") as caught:
        api.add(folder, bob)
    assert caught.value.code == NO_ANSWER
    assert sum(api.slept) == READY_S


def test_gateway_that_refuses_is_not_replaced_by_the_folder(folder: Path, bob: NewVoice) -> None:
    with pytest.raises(Failure, match="token"):
        ScriptedVoices(failure=Failure("a token is missing", FAILED)).add(folder, bob)
    assert not folder.exists()


def test_folder_is_used_without_a_gateway(folder: Path, bob: NewVoice, capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedVoices(failure=Failure("no gateway answers", NO_CONNECTION))
    assert api.add(folder, bob, consent=False) == OK
    assert (folder / "bob" / "voice.toml").exists()
    assert "Restart the tts workers" in capsys.readouterr().out


def test_folder_can_be_asked_for(folder: Path, bob: NewVoice, capsys: pytest.CaptureFixture[str]) -> None:
    assert add_voice(None, folder, bob, consent=False, must_answer=False) == OK
    assert (folder / "bob" / "voice.toml").exists()
    assert "No gateway" not in capsys.readouterr().out


def test_list_shows_the_folder_and_the_gateway(folder: Path, bob: NewVoice, capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedVoices(after=0)
    add_voice(None, folder, bob, consent=False, must_answer=False)
    api.add(folder, NewVoice("eve", bob.clip, "Hello."))
    capsys.readouterr()
    assert show(api, folder, must_answer=False) == OK
    assert capsys.readouterr().out.splitlines() == [
        "bob: Bob, en-GB (6.0 s)",
        f"{ID}: Eve, und (6.0 s), in the gateway: ready",
    ]

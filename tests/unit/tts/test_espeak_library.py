from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import espeakng_loader
import pytest

from tertulia_tts.engine import EngineUnavailable
from tertulia_tts.engines.espeak import library
from tertulia_tts.engines.espeak.voices import ESPEAK_VOICES

LUNA = ESPEAK_VOICES[0]
TEXT = "A sentence that takes a good while to say, longer than one buffer."


def pieces_of(text: str = TEXT) -> list[bytes]:
    pieces: list[bytes] = []

    def keep(pcm: bytes) -> bool:
        pieces.append(pcm)
        return True

    library.speak(LUNA, text, 1, keep)
    return pieces


def refuse(_pcm: bytes) -> bool:
    return False


def test_espeak_delivers_audio_in_pieces_of_at_most_100_ms() -> None:
    pieces = pieces_of()
    assert len(pieces) > 20
    assert max(len(pcm) for pcm in pieces) <= library.NATIVE_RATE * 2 // 10


def test_callback_that_returns_false_is_not_called_again() -> None:
    calls: list[bytes] = []

    def once(pcm: bytes) -> bool:
        calls.append(pcm)
        return False

    library.speak(LUNA, TEXT * 50, 1, once)
    assert len(calls) == 1


def test_call_that_the_callback_stopped_does_not_affect_the_next_call() -> None:
    whole = pieces_of()
    library.speak(LUNA, TEXT * 50, 1, refuse)
    assert pieces_of() == whole


def test_exception_in_the_callback_is_raised_to_the_caller() -> None:
    def fail(_pcm: bytes) -> bool:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        library.speak(LUNA, TEXT, 1, fail)


def test_espeak_error_names_the_missing_voice() -> None:
    unknown = dataclasses.replace(LUNA, file="gmw/xx-nowhere")
    with pytest.raises(EngineUnavailable, match=r"no voice 'gmw/xx-nowhere' \(for 'luna'\)"):
        library.speak(unknown, TEXT, 1, refuse)


def test_espeak_error_about_a_missing_library_names_the_package_to_reinstall(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(tmp_path / "libespeak-ng.so"))
    with pytest.raises(EngineUnavailable, match="Reinstall the package espeakng-loader"):
        library.speak(LUNA, TEXT, 1, refuse)


def test_espeak_error_about_missing_data_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copied = shutil.copy(espeakng_loader.get_library_path(), tmp_path)
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(copied))
    with pytest.raises(EngineUnavailable, match="espeak-ng-data"):
        library.speak(LUNA, TEXT, 1, refuse)

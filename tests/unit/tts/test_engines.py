from __future__ import annotations

import sys

import pytest

from tertulia_tts.engine import EngineUnavailable, EngineUnknown, Voice, choose_voice
from tertulia_tts.engines import ENGINES, load_engine

VOICES = (Voice("first", "First", "en", "the default"), Voice("second", "Second", "en", "another"))


def test_an_unknown_engine_is_refused_with_those_that_exist() -> None:
    with pytest.raises(EngineUnknown, match=r"'parrot'; choose one of: espeak, higgs, instant, openai"):
        load_engine("parrot")


def test_an_engine_without_its_dependencies_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tertulia_tts.engines.espeak.engine", raising=False)
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(EngineUnavailable, match=r"pip install tertulia-tts\[espeak\]"):
        load_engine("espeak")


@pytest.mark.parametrize("name", ["espeak", "higgs", "instant", "openai"])
def test_an_engine_has_the_name_it_is_loaded_by(name: str) -> None:
    assert name in ENGINES
    assert load_engine(name).name == name


def test_a_voice_is_chosen_by_its_id() -> None:
    choice = choose_voice(VOICES, "second")
    assert (choice.voice.id, choice.substituted) == ("second", False)


def test_an_unknown_voice_is_the_default_and_marked() -> None:
    choice = choose_voice(VOICES, "third")
    assert (choice.voice.id, choice.substituted) == ("first", True)

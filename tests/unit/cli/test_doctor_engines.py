"""The doctor's lines about engines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tertulia_cli.doctor import engine_findings
from tertulia_cli.doctor.findings import Finding
from tertulia_cli.settings import RunSettings
from tertulia_shared import engine_choice
from tertulia_shared.engines import TTS_ENGINES, EngineSpec
from tertulia_shared.weights import MODELS
from tertulia_tts.settings import TTSSettings
from tests.fakes.engine_package import NAME, offer_engines
from tests.harness.settings_of import settings_of
from tests.harness.tiny_weights import write_sparse


def tts_findings(settings: RunSettings) -> dict[str, Finding]:
    """The findings about speech engines, by the engine's name."""
    found = [each for each in engine_findings.engines(settings) if each.what.startswith("tts engine ")]
    return {each.what.split()[2].rstrip(":,"): each for each in found}


def test_doctor_needs_only_the_chosen_engine() -> None:
    found = tts_findings(settings_of(RunSettings, tts_engine="instant"))
    assert found["instant"] == Finding(ok=True, what="tts engine instant (chosen)")
    assert [name for name, each in found.items() if each.needed] == ["instant"]


def test_doctor_names_missing_modules_and_how_to_install_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    higgs = tts_findings(settings_of(RunSettings))["higgs"]
    assert (higgs.ok, higgs.needed) == (False, False)
    assert "boson_multimodal" in higgs.what
    assert "make higgs-env" in higgs.advice


def test_doctor_accepts_an_engine_that_has_its_own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    python = tmp_path / ".venv-higgs" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    higgs = tts_findings(settings_of(RunSettings, tts_engine="higgs"))["higgs"]
    assert higgs == Finding(ok=True, what="tts engine higgs (chosen), in .venv-higgs")


def test_doctor_lists_the_installed_engines_when_none_has_the_chosen_name() -> None:
    parrot = tts_findings(settings_of(RunSettings, tts_engine="parrot"))["parrot"]
    assert (parrot.ok, parrot.needed) == (False, True)
    assert "TERTULIA_TTS_ENGINE" in parrot.advice
    assert "espeak" in parrot.advice


def test_doctor_reports_a_package_whose_engine_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = offer_engines(tmp_path, TTS_ENGINES, {"broken": "package_of_parrots:ENGINE"})
    monkeypatch.setattr(sys, "path", [str(broken), *sys.path])
    found = tts_findings(settings_of(RunSettings))["broken"]
    assert (found.ok, found.needed) == (False, False)
    assert "package_of_parrots" in found.what
    assert found.advice == f"reinstall {NAME}"


MODEL = "whisper-tiny.en"
NEEDS_A_MODEL = EngineSpec("tests:unused", TTSSettings, models=(MODEL,))


@pytest.fixture
def loro(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunSettings:
    """Settings that choose an installed engine which needs a model."""
    packages = offer_engines(tmp_path / "packages", TTS_ENGINES, {"loro": f"{__name__}:NEEDS_A_MODEL"})
    monkeypatch.setattr(sys, "path", [str(packages), *sys.path])
    return settings_of(RunSettings, tts_engine="loro", models_dir=tmp_path / "models")


def test_doctor_says_how_to_fetch_the_models_of_an_engine(loro: RunSettings) -> None:
    found = tts_findings(loro)["loro"]
    assert (found.ok, found.needed) == (False, True)
    assert MODEL in found.what
    assert found.advice == f"tertulia fetch-models {MODEL}"


def test_doctor_accepts_an_engine_whose_models_are_there(loro: RunSettings) -> None:
    write_sparse(MODELS[MODEL], loro.models_folder)
    assert tts_findings(loro)["loro"] == Finding(ok=True, what="tts engine loro (chosen)")


def test_doctor_shows_which_engine_auto_chooses(loro: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_choice, "PREFERENCE", {**engine_choice.PREFERENCE, TTS_ENGINES: ("loro", "espeak")})
    found = tts_findings(loro.model_copy(update={"tts_engine": engine_choice.AUTO}))
    assert found["espeak"].what.startswith("tts engine espeak (chosen by auto: loro: models are missing")
    assert (found["loro"].ok, found["loro"].needed) == (False, False)
    assert "tertulia fetch-models" in found["loro"].advice

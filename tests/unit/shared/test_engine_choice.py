"""The engine setting `auto`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tertulia_shared import engine_choice
from tertulia_shared.engine_choice import AUTO, choose_engine, load_choosing, models_of
from tertulia_shared.engines import STT_ENGINES, EngineSpec
from tertulia_shared.settings import CommonSettings
from tertulia_shared.weights import MODELS
from tests.fakes.engine_package import offer_engines
from tests.harness.settings_of import settings_of
from tests.harness.tiny_weights import write_sparse

HERE = "tests.unit.shared.test_engine_choice"
MODEL = "whisper-tiny.en"


class ServiceSettings(CommonSettings):
    stt_engine: str = AUTO


class LoroSettings(ServiceSettings):
    loro_squawks: int = 3


LORO = EngineSpec(f"{HERE}:unused", LoroSettings, models=(MODEL,))
LACKS_A_LIBRARY = EngineSpec("library_of_parrots:make", LoroSettings, ("library_of_parrots",), "teach it", "", (MODEL,))


@pytest.fixture(autouse=True)
def _offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = {"loro": f"{HERE}:LORO", "needy": f"{HERE}:LACKS_A_LIBRARY", "broken": "package_of_parrots:ENGINE"}
    monkeypatch.setattr(sys, "path", [str(offer_engines(tmp_path / "packages", STT_ENGINES, offers)), *sys.path])
    monkeypatch.chdir(tmp_path)


def prefer(monkeypatch: pytest.MonkeyPatch, *engines: str) -> None:
    monkeypatch.setattr(engine_choice, "PREFERENCE", {STT_ENGINES: engines})


def test_named_engine_is_used_even_if_it_cannot_run(tmp_path: Path) -> None:
    choice = choose_engine(STT_ENGINES, "needy", tmp_path)
    assert (choice.engine, dict(choice.passed_over)) == ("needy", {})


def test_auto_takes_the_best_engine_whose_models_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefer(monkeypatch, "loro", "pocketsphinx")
    write_sparse(MODELS[MODEL], tmp_path)
    choice = choose_engine(STT_ENGINES, AUTO, tmp_path)
    assert (choice.engine, dict(choice.passed_over)) == ("loro", {})


def test_auto_falls_back_and_says_which_model_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefer(monkeypatch, "loro", "pocketsphinx")
    choice = choose_engine(STT_ENGINES, AUTO, tmp_path)
    assert choice.engine == "pocketsphinx"
    assert "tertulia fetch-models" in choice.passed_over["loro"]


@pytest.mark.parametrize(
    ("factor", "engine", "reason"),
    [
        (None, "loro", "its models are installed"),
        (0.41, "loro", "real-time factor 0.41 on this machine"),
        (0.9, "pocketsphinx", "loro: it needs 0.90 of real time on this machine"),
    ],
)
def test_auto_passes_over_an_engine_that_was_measured_as_too_slow(
    factor: float | None, engine: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, "loro", "pocketsphinx")
    write_sparse(MODELS[MODEL], tmp_path)
    choice = choose_engine(STT_ENGINES, AUTO, tmp_path, lambda _: factor)
    assert choice.engine == engine
    assert choice.reason.startswith(reason)


def test_reason_for_a_named_engine_is_the_setting(tmp_path: Path) -> None:
    assert choose_engine(STT_ENGINES, "needy", tmp_path).reason == "TERTULIA_STT_ENGINE names it"


@pytest.mark.parametrize(("engine", "reason"), [("needy", "library_of_parrots"), ("broken", "package_of_parrots")])
def test_auto_falls_back_from_an_engine_that_cannot_be_loaded(
    engine: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefer(monkeypatch, engine, "pocketsphinx")
    choice = choose_engine(STT_ENGINES, AUTO, tmp_path)
    assert choice.engine == "pocketsphinx"
    assert reason in choice.passed_over[engine]


def test_auto_does_not_mention_an_engine_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefer(monkeypatch, "lyrebird", "pocketsphinx")
    assert dict(choose_engine(STT_ENGINES, AUTO, tmp_path).passed_over) == {}


def test_models_of_auto_are_those_of_the_best_engine_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    prefer(monkeypatch, "lyrebird", "needy", "loro", "pocketsphinx")
    assert models_of(STT_ENGINES, AUTO) == (MODEL,)
    prefer(monkeypatch, "lyrebird", "needy", "pocketsphinx")
    assert models_of(STT_ENGINES, AUTO) == ()


def test_models_of_a_named_engine_do_not_depend_on_its_libraries() -> None:
    assert models_of(STT_ENGINES, "needy") == (MODEL,)
    assert models_of(STT_ENGINES, "lyrebird") == ()


def test_settings_are_those_of_the_chosen_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefer(monkeypatch, "loro", "pocketsphinx")
    write_sparse(MODELS[MODEL], tmp_path)
    monkeypatch.setenv("TERTULIA_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("TERTULIA_LORO_SQUAWKS", "7")
    settings, choice = load_choosing(ServiceSettings, STT_ENGINES, "stt_engine")
    assert (settings.stt_engine, choice.engine) == ("loro", "loro")
    assert isinstance(settings, LoroSettings)
    assert settings.loro_squawks == 7


def test_models_folder_is_below_the_data_folder_unless_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERTULIA_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("TERTULIA_MODELS_DIR", raising=False)
    assert settings_of(CommonSettings).models_folder == tmp_path / "models"
    monkeypatch.setenv("TERTULIA_MODELS_DIR", "/srv/models")
    assert settings_of(CommonSettings).models_folder == Path("/srv/models")

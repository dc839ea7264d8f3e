"""The discovery of engines, and the reports of errors in other packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tertulia_shared.engines import (
    TTS_ENGINES,
    EngineSpec,
    EngineUnavailable,
    EngineUnknown,
    find_engine,
    installed_engines,
)
from tertulia_shared.settings import CommonSettings
from tests.fakes.engine_package import NAME, offer_engines

HERE = "tests.unit.shared.test_engines"


class ParrotSettings(CommonSettings):
    squawks: int = 3


class OtherSettings(CommonSettings):
    pass


PARROT = EngineSpec(f"{HERE}:make_parrot", ParrotSettings)
LACKS_A_LIBRARY = EngineSpec("library_of_parrots:make", ParrotSettings, ("library_of_parrots", "json"), "teach it")
NO_SPEC = "a string"


def make_parrot(settings: ParrotSettings) -> str:
    return "squawk " * settings.squawks


@pytest.fixture(autouse=True)
def _offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = {
        "parrot": f"{HERE}:PARROT",
        "needy": f"{HERE}:LACKS_A_LIBRARY",
        "no_spec": f"{HERE}:NO_SPEC",
        "no_module": "package_of_parrots:ENGINE",
    }
    monkeypatch.setattr(sys, "path", [str(offer_engines(tmp_path, TTS_ENGINES, offers)), *sys.path])


def test_installed_engines_lists_engines_with_their_packages() -> None:
    packages = {name: engine.package for name, engine in installed_engines(TTS_ENGINES).items()}
    assert packages["parrot"] == NAME
    assert packages["espeak"] == "tertulia-tts"
    assert list(packages) == sorted(packages)


def test_find_engine_lists_the_installed_engines_when_the_name_is_unknown() -> None:
    with pytest.raises(EngineUnknown, match=r"speech engine is called 'lyrebird'; installed are: espeak, .*parrot$"):
        find_engine(TTS_ENGINES, "lyrebird")


def test_create_passes_the_settings_to_the_factory() -> None:
    parrot = find_engine(TTS_ENGINES, "parrot")
    assert parrot.create(ParrotSettings.model_construct(squawks=1)) == "squawk "
    assert parrot.create() == "squawk " * 3


def test_create_refuses_the_settings_of_another_engine() -> None:
    with pytest.raises(TypeError, match="'parrot' takes ParrotSettings, not OtherSettings"):
        find_engine(TTS_ENGINES, "parrot").create(OtherSettings.model_construct())


def test_create_names_the_missing_library_and_how_to_install_it() -> None:
    needy = find_engine(TTS_ENGINES, "needy")
    assert needy.spec().missing() == ["library_of_parrots"]
    with pytest.raises(EngineUnavailable, match="'needy' needs library_of_parrots, which is not installed: teach it"):
        needy.create()


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no_spec", "NO_SPEC is not an EngineSpec"), ("no_module", "No module named 'package_of_parrots'")],
)
def test_spec_names_the_package_whose_entry_point_is_broken(name: str, reason: str) -> None:
    with pytest.raises(EngineUnavailable, match=f"of the package {NAME} cannot be loaded: .*{reason}"):
        find_engine(TTS_ENGINES, name).spec()


def test_duplicate_engine_name_belongs_to_the_first_package_in_the_alphabet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = offer_engines(tmp_path / "other", TTS_ENGINES, {"parrot": "x:y"}, package="zoo")
    monkeypatch.setattr(sys, "path", [str(other), *sys.path])
    assert installed_engines(TTS_ENGINES)["parrot"].package == NAME

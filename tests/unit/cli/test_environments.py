from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tertulia_cli.environments import python_of
from tertulia_cli.run.plan import workers
from tertulia_cli.settings import RunSettings
from tests.harness.settings_of import settings_of


@pytest.fixture
def own_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An environment for realtimestt in the working directory."""
    monkeypatch.chdir(tmp_path)
    python = tmp_path / ".venv-stt" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    return str(python)


def test_engine_with_its_own_environment_uses_its_python(own_python: str) -> None:
    settings = settings_of(RunSettings, stt_engine="realtimestt")
    pythons = {worker.stage: worker.spec.command[0] for worker in workers(settings, {"stt": 1, "llm": 1, "tts": 1}, {})}
    assert pythons == {"stt": own_python, "llm": sys.executable, "tts": sys.executable}


def test_engine_without_its_own_environment_uses_the_python_of_the_command(own_python: str) -> None:
    assert python_of("stt", settings_of(RunSettings)) == sys.executable


def test_engine_whose_environment_is_missing_uses_the_python_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert python_of("stt", settings_of(RunSettings, stt_engine="realtimestt")) == sys.executable

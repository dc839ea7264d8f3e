"""`tertulia fetch-models`: which models it fetches, and what it reports."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from tertulia_cli.exit_codes import FAILED, MISUSED, OK, Failure
from tertulia_cli.models import command
from tertulia_cli.models.command import Request, fetch_models, fetch_once, needed_models
from tertulia_cli.models.fetcher import WORK
from tertulia_cli.settings import RunSettings
from tertulia_shared.weights import MODELS, Download, location
from tests.harness.settings_of import settings_of
from tests.harness.tiny_weights import CONTENTS, WebServer, full_disk, tiny_model, web_server, write_files


@pytest.fixture
def web() -> Generator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, web: WebServer, monkeypatch: pytest.MonkeyPatch) -> RunSettings:
    """Settings whose recognizer needs the tiny model, the only one in the registry."""
    models = {"tiny": tiny_model(Download(web.base))}
    monkeypatch.setattr(command, "MODELS", models)
    monkeypatch.setattr(location, "MODELS", models)
    monkeypatch.setattr(command, "models_of", models_of)
    monkeypatch.chdir(tmp_path)
    return settings_of(RunSettings, stt_engine="loro", tts_engine="espeak", models_dir=tmp_path / "models")


def models_of(_: str, engine: str) -> Sequence[str]:
    return ("tiny",) if engine == "loro" else ()


def fetched(settings: RunSettings, request: Request | None = None) -> tuple[int, str]:
    """The exit code and the output of the command."""
    output = io.StringIO()
    code = fetch_models(settings, request or Request(), Console(file=output, width=200))
    return code, output.getvalue()


def once(settings: RunSettings) -> str:
    """The output of `tertulia run --fetch-models` about models."""
    output = io.StringIO()
    fetch_once(settings, Console(file=output, width=200))
    return output.getvalue()


def test_models_of_the_chosen_engines_are_fetched(settings: RunSettings) -> None:
    code, text = fetched(settings)
    assert code == OK
    assert "A tiny model" in text
    assert "MIT" in text
    assert "complete" in text
    assert (settings.models_folder / "tiny" / "model.bin").read_bytes() == CONTENTS["model.bin"]


def test_engines_without_models_fetch_nothing(settings: RunSettings, web: WebServer) -> None:
    code, text = fetched(settings.model_copy(update={"stt_engine": "pocketsphinx"}))
    assert (code, web.asked) == (OK, [])
    assert "need no models" in text


def test_models_can_be_named(settings: RunSettings, web: WebServer) -> None:
    code, _ = fetched(settings.model_copy(update={"stt_engine": "pocketsphinx"}), Request(("tiny",)))
    assert code == OK
    assert len(web.asked) == len(CONTENTS)


def test_all_fetches_the_models_that_no_engine_needs(settings: RunSettings, web: WebServer) -> None:
    code, _ = fetched(settings.model_copy(update={"stt_engine": "pocketsphinx"}), Request(everything=True))
    assert code == OK
    assert len(web.asked) == len(CONTENTS)


def test_unknown_model_is_refused_with_the_list_of_models(settings: RunSettings) -> None:
    with pytest.raises(Failure, match=r"no model 'enormous': the models are tiny and realtimestt") as raised:
        fetched(settings, Request(("enormous",)))
    assert raised.value.code == MISUSED


def test_folder_that_does_not_exist_is_refused(settings: RunSettings, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="there is no such folder"):
        fetched(settings, Request(folder=tmp_path / "nowhere"))


def test_failure_names_the_missing_models_and_the_remedy(settings: RunSettings, web: WebServer) -> None:
    web.files = {}
    code, text = fetched(settings)
    assert code == FAILED
    assert "missing: tiny" in text
    assert "--folder" in text


def test_folder_of_another_machine_is_used(settings: RunSettings, web: WebServer, tmp_path: Path) -> None:
    write_files(tmp_path / "copy" / "tiny")
    code, _ = fetched(settings, Request(folder=tmp_path / "copy"))
    assert (code, web.asked) == (OK, [])


def test_models_folder_that_cannot_be_made_is_reported(settings: RunSettings, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(Failure, match=r"cannot be written .*TERTULIA_MODELS_DIR"):
        fetched(settings)


def test_full_disk_is_reported_with_the_remedy(settings: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", full_disk)
    with pytest.raises(Failure, match=r"is full \(.* are needed, .* are free\).*TERTULIA_MODELS_DIR"):
        fetched(settings)
    assert "is full" in once(settings)


@pytest.mark.parametrize("start", [fetched, once])
def test_leftovers_of_a_killed_process_are_deleted_when_no_model_is_missing(
    settings: RunSettings, start: Callable[[RunSettings], object]
) -> None:
    fetched(settings)
    leftover = settings.models_folder / WORK / "temporary-1" / "tiny.whl"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    start(settings)
    assert not (settings.models_folder / WORK).exists()


def test_list_shows_sizes_licences_and_what_is_needed(settings: RunSettings, web: WebServer) -> None:
    code, text = fetched(settings, Request(only_list=True))
    assert (code, web.asked) == (OK, [])
    assert "- tiny" in text
    assert "MIT" in text
    assert "(needed)" in text


def test_first_start_fetches_and_later_starts_say_nothing(settings: RunSettings, web: WebServer) -> None:
    assert "A tiny model" in once(settings)
    asked = len(web.asked)
    assert once(settings) == ""
    assert len(web.asked) == asked == len(CONTENTS)


def test_failed_download_is_not_repeated_at_the_next_start(settings: RunSettings, web: WebServer) -> None:
    web.files = {}
    assert "failed" in once(settings)
    asked = len(web.asked)
    assert once(settings) == ""
    assert len(web.asked) == asked


def test_command_fetches_even_if_a_start_has_failed_to(settings: RunSettings, web: WebServer) -> None:
    web.files = {}
    once(settings)
    web.files = dict(CONTENTS)
    assert fetched(settings)[0] == OK


def test_start_goes_on_if_the_models_folder_cannot_be_written(settings: RunSettings, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    assert "cannot be written" in once(settings)


def test_default_engines_need_only_known_models() -> None:
    assert all(model.name in MODELS for model in needed_models(settings_of(RunSettings)))


@pytest.mark.parametrize(("code", "expected"), [(0, OK), (1, FAILED)])
@pytest.mark.parametrize("chosen", [True, False], ids=["chosen engine", "named"])
def test_models_of_realtimestt_are_downloaded_with_its_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: int, *, chosen: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    python = tmp_path / ".venv-stt" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    ran: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(subprocess, "run", run)
    settings = settings_of(RunSettings, stt_engine="realtimestt" if chosen else "pocketsphinx", tts_engine="espeak")
    assert fetched(settings, Request(() if chosen else ("realtimestt",)))[0] == expected
    assert ran == [[str(python), "-m", "tertulia_stt.download_models"]]

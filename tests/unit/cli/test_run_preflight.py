"""What is checked before anything is started."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tertulia_cli.exits import Failure
from tertulia_cli.run import preflight


def test_the_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    preflight.make_data_dir(folder)
    preflight.make_data_dir(folder)
    assert sorted(each.name for each in folder.iterdir()) == ["logs", "redis"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_data_folder_that_cannot_be_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="TERTULIA_DATA_DIR"):
        preflight.make_data_dir(tmp_path / "file" / "data")


def test_a_free_port_is_found() -> None:
    assert preflight.bindable_port("127.0.0.1", 0) > 0


def test_a_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} is in use"):
            preflight.bindable_port("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_said() -> None:
    with pytest.raises(Failure, match="TERTULIA_HOST"):
        preflight.bindable_port("192.0.2.1", 8000)


def test_two_cannot_use_one_folder(tmp_path: Path) -> None:
    with preflight.sole_use(tmp_path):
        refused = pytest.raises(Failure, match=rf"another `tertulia run` \(process {os.getpid()}\)")
        with refused, preflight.sole_use(tmp_path):
            pytest.fail("it was let in")
    with preflight.sole_use(tmp_path):  # and afterwards it is free again
        pass


def test_a_killed_run_whose_redis_still_lives_keeps_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "LOCK_PATIENCE_S", 0.0)
    with preflight.sole_use(tmp_path) as held:
        os.ftruncate(held, 0)
        os.write(held, b"4194305")  # above any pid of Linux
        killed = pytest.raises(Failure, match="redis-server of a `tertulia run` that was killed")
        with killed, preflight.sole_use(tmp_path):
            pytest.fail("it was let in")


def test_a_missing_service_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    preflight.check_packages()
    monkeypatch.setattr(preflight, "PACKAGES", ("tertulia_shared", "tertulia_no_such"))
    with pytest.raises(Failure, match="tertulia-no-such not installed"):
        preflight.check_packages()

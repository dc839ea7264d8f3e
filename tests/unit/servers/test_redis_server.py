"""The choice of the redis-server for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.redis_server import CHOICE, RedisDidNotStart, find_redis_server


def test_redis_server_from_the_environment_is_preferred_to_the_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "valkey-server"
    server.touch(mode=0o755)
    monkeypatch.setenv(CHOICE, str(server))
    assert find_redis_server() == str(server)


def test_missing_redis_server_from_the_environment_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, str(tmp_path / "none"))
    with pytest.raises(RedisDidNotStart, match=CHOICE):
        find_redis_server()

"""The redis-server of `tertulia run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertulia_cli.run import redis


def test_redis_server_is_found_with_its_version() -> None:
    server = redis.find_server()
    assert server is not None
    version = redis.version_of(server)
    assert version is not None
    assert version >= redis.OLDEST


def test_redis_server_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\necho 'Redis server v=5.0.14 sha=0'\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert redis.find_server() == str(own)
    assert redis.version_of(str(own)) == (5, 0, 14)


def test_redis_server_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert redis.version_of(str(tmp_path / "nothing")) is None


def test_too_long_socket_path_is_replaced_by_one_in_a_private_folder(tmp_path: Path) -> None:
    assert redis.socket_path(Path("/data/redis")) == Path("/data/redis/redis.sock")
    short = redis.socket_path(tmp_path / ("long" * 30))
    assert len(bytes(short)) <= redis.MAX_SOCKET_PATH
    assert short.parent.stat().st_mode & 0o777 == 0o700
    short.parent.rmdir()


def test_own_redis_runs_without_port_or_eviction_and_with_persistence() -> None:
    command = " ".join(redis.command("redis-server", Path("/d"), Path("/d/redis.sock")))
    for option in (
        "--port 0",
        "--unixsocketperm 700",
        "--appendonly yes",
        "--appendfsync everysec",
        "--maxmemory 512mb",
        "--maxmemory-policy noeviction",
        "--stream-node-max-bytes 2048",
        "--rdbcompression no",
        "--auto-aof-rewrite-min-size 256mb",
    ):
        assert option in command

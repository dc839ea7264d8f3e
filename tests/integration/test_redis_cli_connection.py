"""Runs the recipes of docs/redis-cli.md that connect to Redis: each answers PING."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tertulia_shared.keys import Keys
from tests.harness.access import AccessBench
from tests.harness.missing_program import skip_or_fail
from tests.harness.redis_cli import BLOCKS, redis_cli
from tests.servers.redis_server import RedisDidNotStart, RedisServer

pytestmark = pytest.mark.timeout(120)


PING = "\n$cli PING\n"


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A Redis at the socket that `make run` uses."""
    folder = tmp_path / "data" / "redis"
    with RedisServer(folder, unix=True) as running:
        yield running


def reached(script: str, folder: Path, **extra: str) -> str:
    path = f"{folder / 'bin'}:{Path(redis_cli()).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script + PING], cwd=folder, env={**os.environ, "PATH": path, **extra},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_redis_cli_recipe_reaches_the_redis_of_make_run(server: RedisServer, tmp_path: Path) -> None:
    assert reached(BLOCKS["Reaching Redis"][0], tmp_path) == "PONG\n"


def test_redis_cli_recipe_reaches_a_redis_at_a_url(redis_url: str, tmp_path: Path) -> None:
    assert reached(BLOCKS["Reaching Redis"][1], tmp_path, TERTULIA_REDIS_URL=redis_url) == "PONG\n"


SHOW = '\necho "$cli"'


def test_redis_password_is_on_no_command_line(tmp_path: Path) -> None:
    secret = "pa:ss"  # noqa: S105 - the server lives only for this test
    with RedisServer(tmp_path / "server", password=secret) as server:
        for login in (f":{secret}", f"default:{secret}"):
            url = server.url_as(login)
            lines = reached(BLOCKS["Reaching Redis"][1] + SHOW, tmp_path, TERTULIA_REDIS_URL=url).splitlines()
            assert secret not in lines[0]
            assert lines[1:] == ["PONG"]


def test_redis_cli_recipe_reaches_a_redis_that_requires_certificates(keys: Keys, tmp_path: Path) -> None:
    try:
        bench = AccessBench(tmp_path, keys, tls=True)
    except RedisDidNotStart as missing:
        skip_or_fail(missing)
    bench.init()
    bench.box("gpu1")
    tls = bench.box_tls("gpu1")
    env = {
        "TERTULIA_REDIS_URL": bench.box_url("gpu1"),
        "TERTULIA_REDIS_CA": str(tls.ca),
        "TERTULIA_REDIS_CERT": str(tls.cert),
        "TERTULIA_REDIS_KEY": str(tls.key),
    }
    _, own, certificates, _ = BLOCKS["Reaching Redis"]
    with bench.server:
        assert reached(own + certificates, tmp_path, **env) == "PONG\n"
        with pytest.raises(subprocess.CalledProcessError):
            reached(own, tmp_path, **env)


def test_redis_cli_recipe_reaches_the_redis_of_compose(redis_url: str, keys: Keys, tmp_path: Path) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "assert sys.argv[1:6] == ['compose', 'exec', '-T', 'redis', 'tertulia-redis-cli'], sys.argv\n"
        f"os.execv({redis_cli()!r}, ['redis-cli', '-u', {redis_url!r}, *sys.argv[6:]])\n"
    )
    docker.chmod(0o755)
    assert reached(BLOCKS["Reaching Redis"][3], tmp_path) == "PONG\n"

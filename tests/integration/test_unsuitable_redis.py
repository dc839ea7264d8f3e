"""Each service and `tertulia doctor` refuse an unsuitable Redis with one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import pytest

from tests.servers.redis_server import RedisServer

SERVICES = ("gateway", "llm", "tts", "stt")
UNFIT = {
    "cluster": (["--cluster-enabled", "yes"], "Redis Cluster"),
    "allkeys-lru": (["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], "noeviction"),
    "volatile-ttl": (["--maxmemory-policy", "volatile-ttl"], "noeviction"),
}


@pytest.fixture(params=UNFIT)
def unfit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URL of an unsuitable Redis, and a word that the reason contains."""
    options, said = UNFIT[request.param]
    with RedisServer(tmp_path / "redis", options=options) as server:
        yield server.url, said


def run_service(service: str, redis_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run([f"tertulia_{service}.main"], redis_url, folder)


def run(words: list[str], redis_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    return subprocess.run(
        [sys.executable, "-m", *words], env=env | {"TERTULIA_REDIS_URL": redis_url, "TERTULIA_DATA_DIR": str(folder)},
        capture_output=True, text=True, timeout=60, check=False, cwd=folder,
    )  # fmt: skip


def test_each_service_refuses_an_unsuitable_redis_and_says_why(unfit: tuple[str, str], tmp_path: Path) -> None:
    redis_url, said = unfit
    with ThreadPoolExecutor() as starts:
        all_ended = list(starts.map(run_service, SERVICES, repeat(redis_url), repeat(tmp_path)))
    for service, ended in zip(SERVICES, all_ended, strict=True):
        assert ended.returncode == 1, service
        (line,) = [each for each in ended.stderr.splitlines() if "cannot start" in each]
        assert line.startswith(f"tertulia-{service} ")
        assert said in line
        assert "Traceback" not in ended.stderr


def test_doctor_names_the_redis_setting_to_change(unfit: tuple[str, str], tmp_path: Path) -> None:
    redis_url, said = unfit
    ended = run(["tertulia_cli.main", "doctor"], redis_url, tmp_path)
    assert any(line.startswith("✗") and said in line for line in ended.stdout.splitlines()), ended.stdout

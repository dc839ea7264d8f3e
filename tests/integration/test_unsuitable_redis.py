"""Each service and `tertulia doctor` refuse an unsuitable Redis with one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.redis_server import RedisServer

UNFIT = [
    (["--cluster-enabled", "yes"], "Redis Cluster"),
    (["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], "noeviction"),
    (["--maxmemory-policy", "volatile-ttl"], "noeviction"),
]


def run(words: list[str], redis_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    return subprocess.run(
        [sys.executable, "-m", *words], env=env | {"TERTULIA_REDIS_URL": redis_url, "TERTULIA_DATA_DIR": str(folder)},
        capture_output=True, text=True, timeout=60, check=False, cwd=folder,
    )  # fmt: skip


@pytest.mark.parametrize("service", ["gateway", "llm", "tts", "stt"])
@pytest.mark.parametrize(("options", "said"), UNFIT, ids=["cluster", "allkeys-lru", "volatile-ttl"])
def test_service_refuses_unsuitable_redis_with_reason(
    tmp_path: Path, service: str, options: list[str], said: str
) -> None:
    with RedisServer(tmp_path / "redis", options=options) as server:
        ended = run([f"tertulia_{service}.main"], server.url, tmp_path)
    assert ended.returncode == 1
    (line,) = [each for each in ended.stderr.splitlines() if "cannot start" in each]
    assert said in line
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("options", "said"), UNFIT, ids=["cluster", "allkeys-lru", "volatile-ttl"])
def test_doctor_names_the_redis_setting_to_change(tmp_path: Path, options: list[str], said: str) -> None:
    with RedisServer(tmp_path / "redis", options=options) as server:
        ended = run(["tertulia_cli.main", "doctor"], server.url, tmp_path)
    assert any(line.startswith("✗") and said in line for line in ended.stdout.splitlines()), ended.stdout

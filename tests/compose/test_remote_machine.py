"""A remote machine: its containers are a separate project, which reaches Redis only over TLS at a published port."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tertulia_shared.ids import new_id
from tests.compose.silence import MAX_SILENCE_S, MAX_WAIT_S, playback_during
from tests.compose.spoken_turn import assert_understood_and_answered_aloud
from tests.harness.client import talk
from tests.harness.compose import ROOT, Compose
from tests.servers.redis_server import free_port

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

BOX = ROOT / "deploy" / "gpu-box"


def bridge_address() -> str:
    """The address at which containers reach this machine: the gateway of Docker's default network."""
    look = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    return subprocess.run(look, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def hub() -> Iterator[Compose]:
    """The first machine. It has no stt and tts workers."""
    address = bridge_address()
    settings = {
        "TERTULIA_REDIS_NAMES": address,
        "TERTULIA_REDIS_TLS_BIND": address,
        "TERTULIA_REDIS_TLS_PORT": str(free_port()),
    }
    with Compose("remote.yml", settings=settings) as running:
        running.run("stop", "stt", "tts")
        yield running


@pytest.fixture(scope="module")
def box(hub: Compose, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Runs `docker compose …` for the remote machine gpu1, which has its login and is running."""
    folder: Path = tmp_path_factory.mktemp("box")
    address, port = hub.settings["TERTULIA_REDIS_TLS_BIND"], hub.settings["TERTULIA_REDIS_TLS_PORT"]
    let_in = ["access", "box", "gpu1", "--host", address, "--port", port, "--stages", "tts,stt"]
    packed = hub.run("run", "--rm", "--no-TTY", *let_in)
    with tarfile.open(fileobj=io.BytesIO(packed.encode())) as tar:
        tar.extractall(folder, filter="data")
    project = f"tertulia-box-{uuid4().hex[:8]}"
    files = ["--file", str(BOX / "compose.yml"), "--file", str(BOX / "cpu.yml")]
    about = ["--project-name", project, "--env-file", os.devnull, "--profile", "stt", *files]

    def compose(*args: str) -> str:
        done = subprocess.run(
            ["docker", "compose", *about, *args],
            env=os.environ | {"TERTULIA_BOX": str(folder)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"docker compose {' '.join(args)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    try:
        compose("up", "--detach", "--build")
        yield compose
    finally:
        compose("down", "--volumes", "--rmi", "local", "--timeout", "5")


async def test_remote_machine_serves_stt_and_tts_until_its_access_is_revoked(
    hub: Compose, box: Callable[..., str]
) -> None:
    """In between, Redis restarts while the remote machine speaks."""
    hub.wait_ready()
    async with talk(hub.url) as client:
        turn_id = new_id()
        await client.hears("Luna, hello!", turn_id)
        (answer,) = client.record.of_turn(turn_id)
    assert answer.status == "complete"
    assert sum(map(len, answer.pcm.values())) > 0
    await assert_understood_and_answered_aloud(hub.url)
    playback = await playback_during(hub.url, lambda: hub.run("restart", "redis"))
    assert playback.longest_silence_s <= MAX_SILENCE_S
    assert playback.longest_wait_s <= MAX_WAIT_S
    assert "lacks the right" not in box("logs")
    assert "gpu1: stt, tts" in hub.run("run", "--rm", "--no-TTY", "access", "list")
    hub.run("run", "--rm", "--no-TTY", "access", "revoke", "gpu1")
    hub.wait(
        lambda: "was it revoked" in box("logs", "tts"), "the box logs that it was revoked", lambda: box("logs", "tts")
    )
    assert "gpu1" not in hub.run("run", "--rm", "--no-TTY", "access", "list")


def test_redis_accepts_connections_from_outside_only_with_tls(hub: Compose) -> None:
    ports = hub.config()["services"]["redis"]["ports"]
    assert [(port["target"], port["host_ip"]) for port in ports] == [(6380, hub.settings["TERTULIA_REDIS_TLS_BIND"])]
    address = (hub.settings["TERTULIA_REDIS_TLS_BIND"], int(hub.settings["TERTULIA_REDIS_TLS_PORT"]))
    answer = b""
    with socket.create_connection(address, timeout=10) as plain, contextlib.suppress(ConnectionError):
        plain.sendall(b"PING\r\n" * 10)
        answer = plain.recv(100)
    assert b"PONG" not in answer

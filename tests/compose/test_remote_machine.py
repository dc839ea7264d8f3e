"""A remote machine: its containers are a separate project, which reaches Redis only over TLS at a published port."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import subprocess
import tarfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tertulia_shared.ids import new_id
from tests.compose.silence import MAX_SILENCE_S, MAX_WAIT_S, STORY, playback_during
from tests.compose.spoken_turn import assert_understood_and_answered_aloud
from tests.harness.client import talk
from tests.harness.compose import ROOT, Compose
from tests.harness.scrape import parsed
from tests.servers.redis_server import free_port

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

BOX = ROOT / "deploy" / "gpu-box"
BOTH_SPEAK = "the speech workers are: espeak (tier 0), espeak (tier 1)"
"""In the log of a tts worker when it knows the remote machine's and the first machine's worker."""
PRINT_METRICS = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9100/metrics').read().decode())"


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
        "TERTULIA_TTS_ENGINE": "espeak",  # the engine of the remote machine, so that both have the same voices
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


@contextlib.contextmanager
def both_speak(hub: Compose, box: Callable[..., str]) -> Generator[None]:
    """The tts workers of both machines run, and know each other. Afterwards only the remote machine speaks."""
    hub.run("start", "tts")
    hub.wait(lambda: BOTH_SPEAK in hub.logs("tts"), "the first machine knows both workers", lambda: hub.logs("tts"))
    yield
    box("up", "--detach", "--wait", "tts")
    hub.run("stop", "tts")


def spoken_s(hub: Compose) -> float:
    """Seconds of sound that the first machine's tts worker has made."""
    metrics = parsed(hub.run("exec", "--no-TTY", "tts", "python", "-c", PRINT_METRICS))
    return metrics.total("tertulia_tts_audio_seconds_total")


async def assert_first_machine_speaks_only_when_the_other_is_killed(hub: Compose, box: Callable[..., str]) -> None:
    async with talk(hub.url) as client:
        await client.hears("Luna, Rex and Sage, hello!", turn_id := new_id())
        answers = client.record.of_turn(turn_id)
        assert [each.name for each in answers] == ["Luna", "Rex", "Sage"]
        assert all(each.status == "complete" and sum(map(len, each.pcm.values())) > 0 for each in answers)
        assert spoken_s(hub) == 0
        assert client.record.of("warning") == []
        frames = len(client.record.of("audio"))
        await client.say(STORY, turn_id := new_id())
        await client.until(lambda: len(client.record.of("audio")) > frames, "sound of the story")
        await asyncio.to_thread(box, "kill", "tts")
        await client.until_done(turn_id)
        assert [each.status for each in client.record.of_turn(turn_id)] == ["complete"] * 3
        assert spoken_s(hub) > 0
        assert [each["code"] for each in client.record.of("warning")] == ["engine_changed"]


async def test_remote_machine_serves_stt_and_tts_until_its_access_is_revoked(
    hub: Compose, box: Callable[..., str]
) -> None:
    """In between, its tts is killed while the first machine has one too, and Redis restarts while it speaks."""
    hub.wait_ready()
    with both_speak(hub, box):
        await assert_first_machine_speaks_only_when_the_other_is_killed(hub, box)
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

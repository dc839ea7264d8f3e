"""Containers have only the rights and the files that they need."""

from __future__ import annotations

import pytest

from tests.harness.compose import WORKERS, Compose

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

OWN = ("gateway", *WORKERS)
MAX_OWN_BYTES = {"gateway": 170e6, "llm": 130e6, "cli": 110e6, "stt": 350e6, "tts": 250e6}
"""The maximum number of bytes that an image may add to its base image, python:3.11-slim (125 MB).

The stt image has CTranslate2 (146 MB), onnxruntime (74 MB) and numpy (62 MB); the tts image has the latter two,
and espeak-ng. The gateway's image has numpy because soundfile needs it.
"""


@pytest.mark.parametrize("service", [*OWN, "redis"])
def test_container_has_minimal_privileges(stack: Compose, service: str) -> None:
    for container in stack.containers(service):
        host = container.attrs["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert container.attrs["Config"]["User"] not in ("", "0", "root")
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert host["LogConfig"]["Config"] == {"max-file": "3", "max-size": "10m"}
        assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_only_the_gateway_port_is_published_and_it_is_bound_to_loopback(stack: Compose) -> None:
    published: set[tuple[str, str]] = set()
    for container in stack.containers():
        ports: dict[str, list[dict[str, str]] | None] = container.attrs["NetworkSettings"]["Ports"]
        service = container.attrs["Config"]["Labels"]["com.docker.compose.service"]
        published |= {(service, binding["HostIp"]) for bindings in ports.values() for binding in bindings or ()}
    assert published == {("gateway", "127.0.0.1")}


@pytest.mark.parametrize("command", ["PING", "INFO", "XLEN tertulia:work:tts"])
def test_redis_rejects_commands_without_a_password(stack: Compose, command: str) -> None:
    output = stack.run("exec", "--no-TTY", "redis", "redis-cli", *command.split())
    assert output.startswith("NOAUTH")


@pytest.mark.parametrize("service", OWN)
def test_stop_grace_period_is_longer_than_the_drain_time(stack: Compose, service: str) -> None:
    seconds = stack.config()["services"][service]["stop_grace_period"].removesuffix("s")
    assert float(seconds) > 10, "TERTULIA_DRAIN_S is 10 unless set"


@pytest.mark.parametrize("service", [*OWN, "access"])
def test_image_is_small_and_has_no_secret(stack: Compose, service: str) -> None:
    image = stack.image(service)
    base = stack.engine.images.get("python:3.11-slim")
    limit = MAX_OWN_BYTES["cli" if service == "access" else service]
    assert image.attrs["Size"] - base.attrs["Size"] < limit
    assert image.attrs["Config"]["User"] == "10001:10001"
    shown = " ".join(str(layer.get("CreatedBy", "")) for layer in image.history()) + str(image.attrs["Config"]["Env"])
    assert "PASSWORD" not in shown.upper()
    assert "SECRET" not in shown.upper()


def test_passwords_are_in_no_environment_variable_and_no_log(stack: Compose) -> None:
    logs = stack.logs()
    for service in OWN:
        url = stack.run("exec", "--no-TTY", service, "cat", "/run/secrets/TERTULIA_REDIS_URL").strip()
        password = url.partition("://")[2].partition("@")[0].partition(":")[2]
        assert len(password) >= 32
        assert password not in logs
        for container in stack.containers():
            assert password not in str(container.attrs["Config"]["Env"])


def test_passwords_are_on_no_command_line(stack: Compose) -> None:
    url = stack.run("exec", "--no-TTY", "redis", "sh", "-c", "cat /run/secrets/TERTULIA_REDIS_URL").strip()
    password = url.partition("://")[2].partition("@")[0].partition(":")[2]
    waiting = "tertulia-redis-cli XREAD BLOCK 2000 STREAMS tertulia:dead 9-0 & sleep 1; cat /proc/[0-9]*/cmdline; wait"
    lines = stack.run("exec", "--no-TTY", "redis", "sh", "-c", waiting).replace("\0", " ")
    assert "redis-cli --no-auth-warning --user reader XREAD" in lines
    assert password not in lines

"""Runs docker-compose.yml as a separate project, and disturbs its containers on request."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import docker

from tests.servers.redis_server import free_port

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ("stt", "llm", "tts")
BUILD_S = 900.0
UP_S = 180.0
POLL_S = 0.1


class NoDocker(RuntimeError):
    """This machine has no Docker engine with Compose; the message says what is missing."""


def find_docker() -> docker.DockerClient:
    """Connect to the Docker engine.

    Raises:
        NoDocker: the engine does not answer, or has no Compose.
    """
    try:
        client = docker.from_env()
        client.ping()
    except Exception as error:  # the SDK does not convert the errors of requests and urllib3
        raise NoDocker(f"no Docker engine answers: {error}") from error
    done = subprocess.run(["docker", "compose", "version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoDocker(f"`docker compose` is not there: {done.stderr.strip()}")
    return client


class Compose:
    """`with Compose() as stack:` builds and starts the project and waits until it is ready; at the end it is removed.

    `files` are overlays in deploy/compose. `settings` go into the environment; no `.env` is read. `up`: further options
    of `docker compose up`.
    """

    def __init__(self, *files: str, settings: Mapping[str, str] | None = None, up: Sequence[str] = ()) -> None:
        self.settings = dict(settings or {})
        self.before_ready: Callable[[], object] = lambda: None
        """Called when the containers have been started, before the wait until the gateway is ready."""
        self._up = up
        self.engine = find_docker()
        self.project = f"tertulia-test-{uuid4().hex[:8]}"
        self.port = 0
        """The published port of the gateway, once it is up."""
        self._files = [ROOT / "docker-compose.yml", *(ROOT / "deploy" / "compose" / name for name in files)]
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            **{name: value for name, value in os.environ.items() if name.startswith("DOCKER_")},
            **(settings or {}),
        }

    def __enter__(self) -> Self:
        try:
            self.run("build", "--quiet", timeout_s=BUILD_S)
            # chosen after the build, which takes minutes: meanwhile another process could take the port
            self.use_port(free_port())
            self.run("up", "--detach", "--no-build", *self._up)
            self.before_ready()
            self.wait_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the project, with its volumes and images."""
        self.run("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5", check=False)
        self.engine.close()

    def with_settings(self, **settings: str) -> Compose:
        """The same running project, with these settings as well for its next commands."""
        changed = copy(self)
        changed._environment = {**self._environment, **settings}
        return changed

    def use_port(self, port: int) -> None:
        """Publish the gateway at this port."""
        self.port = port
        self.set(TERTULIA_PORT=str(port))

    def set(self, **settings: str) -> None:
        """Change settings for the next commands of this project."""
        self._environment |= settings

    @property
    def url(self) -> str:
        """The gateway's WebSocket."""
        return f"ws://127.0.0.1:{self.port}/ws"

    # -- compose

    def run(self, *args: str, timeout_s: float = UP_S, check: bool = True) -> str:
        """Run `docker compose …`; returns its output."""
        done = subprocess.run(
            self._command(*args),
            cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"docker compose {' '.join(args)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def run_into(self, path: Path, *args: str) -> None:
        """Run `docker compose …` with its output in a file, as `>` does in a shell."""
        with path.open("wb") as file:
            subprocess.run(self._command(*args), cwd=ROOT, env=self._environment, stdout=file, timeout=UP_S, check=True)

    def command(self, *args: str) -> str:
        """Run `tertulia …` in the container `cli`; returns its output."""
        return self.run("exec", "--no-TTY", "cli", "tertulia", *args)

    def upgrade(self) -> str:
        """Run deploy/upgrade.sh; returns its output."""
        done = subprocess.run(
            [str(ROOT / "deploy" / "upgrade.sh"), *self._options()],
            cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=BUILD_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def config(self) -> dict[str, Any]:
        """The merged configuration, as Compose reads it."""
        return json.loads(self.run("config", "--format", "json"))

    def containers(self, service: str = "") -> Sequence[docker.Container]:
        """All containers, also stopped ones."""
        labels = [f"com.docker.compose.project={self.project}", "com.docker.compose.oneoff=False"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        return self.engine.containers.list(all=True, filters={"label": labels})

    def image(self, service: str) -> docker.Image:
        """The image of a service that this project builds."""
        return self.engine.images.get(self.config()["services"][service]["image"])

    def engines(self, stage: str) -> Sequence[str]:
        """The engines of a stage's live workers."""
        return json.loads(self.get("/readyz")[1])["engines"][stage]

    def replace(self, *services: str) -> None:
        """Replace the containers by new ones, as an upgrade does."""
        # not --no-deps: Compose would note another configuration, and replace the containers again at the next `up`
        self.run("up", "--detach", "--no-build", "--force-recreate", *services)

    def kill_process(self, service: str) -> None:
        """Send SIGKILL to the process in a container. (After `docker kill`, Docker does not restart a container.)"""
        self.run("exec", "--no-TTY", service, "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")

    def redis(self, *command: str) -> str:
        """Run the wrapper in the redis container; returns its output."""
        return self.run("exec", "--no-TTY", "redis", "tertulia-redis-cli", *command).rstrip("\n")

    def logs(self, *services: str) -> str:
        """The logs of the services."""
        return self.run("logs", "--no-color", "--no-log-prefix", *services)

    def _options(self) -> list[str]:
        files = [part for path in self._files for part in ("--file", str(path))]
        return ["--project-name", self.project, "--env-file", os.devnull, *files]

    def _command(self, *args: str) -> list[str]:
        return ["docker", "compose", *self._options(), *args]

    # -- the gateway

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of the answer at the published port; status 0 without an answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def wait_ready(self) -> None:
        """Wait until the gateway is ready."""
        self.wait(lambda: self.get("/readyz")[0] == 200, "the gateway and a worker of each stage", self.logs)

    def wait_healthy(self, *services: str) -> None:
        """Wait until the health check of every container of these services passes."""

        def healthy() -> bool:
            found = [container for service in services for container in self.containers(service)]
            return bool(found) and all(health_of(container) == "healthy" for container in found)

        self.wait(healthy, f"healthy: {', '.join(services)}", lambda: self.run("ps", "--all"))

    def wait(self, look: Any, what: str, else_show: Any) -> None:
        """Wait until `look()` is true."""
        deadline = time.monotonic() + UP_S
        while not look():
            assert time.monotonic() < deadline, f"{what}: it never happened\n{else_show()}"
            time.sleep(POLL_S)


def health_of(container: docker.Container) -> str:
    """The state of a container's health check: starting, healthy or unhealthy; "" if it has no health check."""
    container.reload()
    return container.attrs["State"].get("Health", {}).get("Status", "")

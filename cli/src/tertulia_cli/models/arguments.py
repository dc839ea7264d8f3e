"""The command line of `tertulia fetch-models`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tertulia_cli.models.command import Request, fetch_models
from tertulia_cli.models.realtimestt import ENGINE as REALTIMESTT
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load
from tertulia_shared.weights import MODELS


def add(commands: Any) -> None:
    """Add the command to the command line."""
    command = commands.add_parser(
        "fetch-models",
        help="download the models that the engines need",
        description="Downloads the models of the chosen engines into DATA/models (TERTULIA_MODELS_DIR), and checks "
        "them against their published hashes. Running it again continues an interrupted download, and repairs damaged "
        "files. No service downloads models by itself.",
    )
    command.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help=f"only these: {', '.join(MODELS)}, or {REALTIMESTT} (the Whisper models of TERTULIA_STT_MODEL and "
        "TERTULIA_STT_REALTIME_MODEL)",
    )
    command.add_argument("--all", action="store_true", help="also the models that no chosen engine needs")
    command.add_argument("--list", action="store_true", help="show the models, their sizes and licences")
    command.add_argument(
        "--folder", type=Path, metavar="DIR", help="look here first: a copy of another machine's models folder"
    )
    command.set_defaults(do=_do)


def _do(args: argparse.Namespace) -> int:
    request = Request(tuple(args.models), args.folder, everything=args.all, only_list=args.list)
    return fetch_models(load(RunSettings), request)

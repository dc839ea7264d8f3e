"""Command line of `tertulia lan`, and the context that `tertulia run --lan` shares with it."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from typing import Any, Final

from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load

MODULES: Final = ("cryptography", "ifaddr", "segno")
MAX_GID: Final = 2**31 - 1


def add(commands: Any) -> None:
    """Add `lan` to the commands."""
    command = commands.add_parser(
        "lan",
        help="HTTPS in the home network for a gateway in a container (`run --lan` does it for `tertulia run`)",
        description="Makes a certificate for the names and addresses of this machine, shows the address with a QR "
        "code, and renews the certificate until Ctrl-C. Used by deploy/compose/lan.yml.",
    )
    command.add_argument("--dir", type=Path, metavar="DIR", help="folder of the certificate (DATA/lan)")
    command.add_argument("--gid", type=_gid, metavar="N", help="group that may read the gateway's files")
    command.add_argument("--once", action="store_true", help="end after the output")
    command.set_defaults(do=_lan)


def check_modules() -> None:
    """Check that the optional libraries are installed.

    Raises:
        Failure: one is missing.
    """
    if missing := [name for name in MODULES if importlib.util.find_spec(name) is None]:
        raise Failure(f"HTTPS in the home network needs {', '.join(missing)}: pip install 'tertulia-cli[lan]'", MISUSED)


def _lan(args: argparse.Namespace) -> int:
    check_modules()
    from tertulia_cli.lan import command  # noqa: PLC0415 - needs the extra, which `check_modules` has found

    return command.lan(load(RunSettings), folder=args.dir, gid=args.gid, once=args.once)


def _gid(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_GID:
        raise argparse.ArgumentTypeError(f"{text!r} is not a group id: 0 to {MAX_GID}")
    return int(text)

"""Command line of `tertulia access`."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tertulia_cli.access.folder import HOLDERS, NODE_DAYS, NODE_STAGES, TLS_PORT
from tertulia_cli.access.names import parse_names
from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.keys import STAGES, Keys, Stage
from tertulia_shared.settings import load

if TYPE_CHECKING:  # importing it needs the optional packages of `access`
    from tertulia_cli.access.command import Access

DIR: Final = Path("/access")
REDIS: Final = "redis:6379"
MAX_DAYS: Final = 3650


def add(commands: Any) -> None:
    """Add `access` to the commands."""
    command = commands.add_parser(
        "access",
        help="logins and certificates for Redis, also for remote machines",
        description="Manages a folder of logins, one for each service, and an ACL file for Redis; gives remote "
        "machines access over TLS. See docs/gpu-box.md.",
    )
    _add_where(command, DIR, REDIS)
    what = command.add_subparsers(required=True, metavar="WHAT")
    init = what.add_parser(
        "init",
        help="make missing files and renew expiring ones; safe to repeat",
        description="Makes logins, Redis' ACL file, and with --names an authority and Redis' certificate.",
    )
    init.add_argument("--names", default="", metavar="NAME,…", help="names of Redis for other machines")
    init.add_argument(
        "--rotate", action="append", default=[], choices=HOLDERS, metavar="USER",
        help=f"make a new password for this user ({', '.join(HOLDERS)}); may be repeated",
    )  # fmt: skip
    init.set_defaults(do=_init)
    box = what.add_parser(
        "box",
        help="add a remote machine; its bundle goes to stdout",
        description="Makes a login with the rights of some stages, and a certificate: (umask 077; tertulia access box "
        "gpu1 --host 192.168.1.10 > gpu1.tar). With --renew, options that are not given keep their values.",
    )
    box.add_argument("name", metavar="NAME")
    box.add_argument("--host", required=True, metavar="ADDRESS", help="the name or address by which it reaches Redis")
    box.add_argument("--port", type=_port, help=f"Redis' TLS port ({TLS_PORT})")
    box.add_argument("--stages", type=_stages, metavar="STAGE,…", help=f"the stages it runs ({', '.join(NODE_STAGES)})")
    box.add_argument("--days", type=_days, help=f"validity of its certificate in days ({NODE_DAYS})")
    box.add_argument("--renew", action="store_true", help="make a new login and certificate for an existing box")
    box.set_defaults(do=_box)
    listing = what.add_parser("list", help="list the remote machines")
    listing.set_defaults(do=_list)
    revoke = what.add_parser("revoke", help="revoke the access of a remote machine")
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(do=_revoke)
    for each in (init, box, listing, revoke):  # an option after the subcommand overrides the same option before it
        _add_where(each, argparse.SUPPRESS, argparse.SUPPRESS)


def _add_where(command: argparse.ArgumentParser, folder: Path | str, redis: str) -> None:
    command.add_argument("--dir", type=Path, default=folder, help=f"the folder ({DIR})")
    command.add_argument("--redis", default=redis, metavar="HOST:PORT", help=f"Redis' address for services ({REDIS})")
    command.add_argument(
        "--gid", type=_number, default=None if folder is DIR else argparse.SUPPRESS, metavar="N",
        help="group that may read the logins and Redis' files",
    )  # fmt: skip


def _init(args: argparse.Namespace) -> int:
    access = _access(args)
    from tertulia_cli.access import command  # noqa: PLC0415 - needs the extra, which `_access` has found

    return command.init(access, parse_names(args.names), args.rotate)


def _box(args: argparse.Namespace) -> int:
    if sys.stdout.isatty():
        shown = f"(umask 077; tertulia access box {args.name} … > {args.name}.tar)"
        raise Failure(f"the bundle is binary and contains a private key; write it to a file: {shown}", MISUSED)
    access = _access(args)
    from tertulia_cli.access import command  # noqa: PLC0415 - as above

    asked = command.NewNode(args.name, args.host, args.port, args.stages, args.days, args.renew)
    code, packed = command.add_node(access, asked)
    sys.stdout.buffer.write(packed)
    sys.stdout.buffer.flush()
    return code


def _list(args: argparse.Namespace) -> int:
    access = _access(args)
    from tertulia_cli.access import command  # noqa: PLC0415 - as above

    return command.show(access)


def _revoke(args: argparse.Namespace) -> int:
    access = _access(args)
    from tertulia_cli.access import command  # noqa: PLC0415 - as above

    return command.revoke(access, args.name)


def _access(args: argparse.Namespace) -> Access:
    if importlib.util.find_spec("cryptography") is None:
        raise Failure("`tertulia access` makes certificates: pip install 'tertulia-cli[access]'", MISUSED)
    from tertulia_cli.access import command  # noqa: PLC0415 - as above

    folder = command.open_folder(args.dir, args.gid)
    return command.Access(folder, Keys(load(RunSettings).namespace), args.redis)


def _stages(text: str) -> tuple[Stage, ...]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [part for part in asked if part not in STAGES]
    if unknown or not asked:
        raise argparse.ArgumentTypeError(f"{text!r}: give one or more of {', '.join(STAGES)}, separated by commas")
    return tuple(stage for stage in STAGES if stage in asked)


def _port(text: str) -> int:
    return _within(text, 1, 65_535, "port")


def _days(text: str) -> int:
    return _within(text, 1, MAX_DAYS, "number of days")


def _number(text: str) -> int:
    return _within(text, 0, 2**31 - 1, "group id")


def _within(text: str, least: int, most: int, what: str) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a {what}: {least} to {most}")
    return int(text)

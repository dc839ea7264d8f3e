"""Command line of `tertulia dead`. The commands are imported when they are called: `tertulia run` does without them."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.settings import RunSettings
from tertulia_shared.settings import load


def add_dead(commands: Any) -> None:
    """Add `dead` to the commands."""
    command = commands.add_parser(
        "dead",
        help="failed work: see why, retry it",
        description="Redis keeps work that no worker could finish for 30 days, with the reason.",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    listing = what.add_parser("list", help="list all of it")
    listing.set_defaults(do=_dead_list)
    showing = what.add_parser("show", help="explain one entry: what it was, why it was given up, what a retry does")
    showing.add_argument("id", metavar="ID")
    showing.set_defaults(do=_dead_show)
    retrying = what.add_parser("retry", help="post the work again, as if it had never been tried")
    dropping = what.add_parser("drop", help="delete the entry")
    for each, do in ((retrying, _dead_retry), (dropping, _dead_drop)):
        each.add_argument("ids", nargs="*", metavar="ID")
        each.add_argument("--all", action="store_true", help="all that `tertulia dead list` lists")
        each.set_defaults(do=do)
    dropping.add_argument("--yes", action="store_true", help="do not ask")


def _dead_list(_: argparse.Namespace) -> int:
    from tertulia_cli.dead_letters.command import dead_list  # noqa: PLC0415 - see above

    return asyncio.run(dead_list(load(RunSettings)))


def _dead_show(args: argparse.Namespace) -> int:
    from tertulia_cli.dead_letters.command import dead_show  # noqa: PLC0415 - see above

    return asyncio.run(dead_show(load(RunSettings), args.id))


def _dead_retry(args: argparse.Namespace) -> int:
    _check_which(args)
    from tertulia_cli.dead_letters.command import dead_retry  # noqa: PLC0415 - see above

    return asyncio.run(dead_retry(load(RunSettings), args.ids, every=args.all))


def _dead_drop(args: argparse.Namespace) -> int:
    _check_which(args)
    from tertulia_cli.dead_letters.command import dead_drop  # noqa: PLC0415 - see above

    return asyncio.run(dead_drop(load(RunSettings), args.ids, every=args.all, sure=args.yes))


def _check_which(args: argparse.Namespace) -> None:
    if bool(args.ids) == args.all:
        raise Failure("give one or more ids (`tertulia dead list` shows them), or --all.", MISUSED)

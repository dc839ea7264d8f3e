"""Command line of `tertulia persona`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from tertulia_cli.client.files import read_file
from tertulia_cli.client.gateway_options import add_gateway_options, gateway_address
from tertulia_cli.exit_codes import MISUSED, Failure
from tertulia_cli.personas.command import create_persona, delete_persona, list_personas, show_persona
from tertulia_cli.personas.rest import PersonaRest
from tertulia_shared.text_encoding import WANTED, UnknownEncoding, decoded

MAX_FILE_BYTES: Final = 64 * 1024
"""More than the longest description that the gateway accepts."""
OF: Final = "a persona's name or id"


def add(commands: Any) -> None:
    """Add `persona` to the commands."""
    command = commands.add_parser(
        "persona",
        help="list, show, create and delete personas",
        description="A persona is who you are in a conversation: the page chooses one under Model and memory. The "
        "gateway must be running.",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    listing = what.add_parser("list", help="print the ids and the names of all personas")
    listing.set_defaults(do=_list)
    showing = what.add_parser("show", help="print the description of a persona")
    showing.add_argument("of", metavar="OF", help=OF)
    showing.set_defaults(do=_show)
    creating = what.add_parser("create", help="create a persona, and print its id")
    creating.add_argument("name", metavar="NAME", help="what the characters call you")
    text = creating.add_mutually_exclusive_group()
    text.add_argument("--description", default="", metavar="TEXT", help="who you are, for the characters")
    text.add_argument("--file", type=Path, metavar="FILE", help="a file with the description; - reads standard input")
    creating.add_argument("--replace", action="store_true", help="change the persona with this name if there is one")
    creating.set_defaults(do=_create)
    deleting = what.add_parser("delete", help="delete a persona; conversations that use it keep a copy")
    deleting.add_argument("of", metavar="OF", help=OF)
    deleting.set_defaults(do=_delete)
    for each in (listing, showing, creating, deleting):
        add_gateway_options(each)


def _api(args: argparse.Namespace) -> PersonaRest:
    return PersonaRest(gateway_address(args))


def _list(args: argparse.Namespace) -> int:
    return list_personas(_api(args))


def _show(args: argparse.Namespace) -> int:
    return show_persona(_api(args), args.of)


def _delete(args: argparse.Namespace) -> int:
    return delete_persona(_api(args), args.of)


def _create(args: argparse.Namespace) -> int:
    description = args.description if args.file is None else _text_of(args.file)
    return create_persona(_api(args), args.name, description, replace=args.replace)


def _text_of(path: Path) -> str:
    """The text of a file. Raises: Failure."""
    try:
        return decoded(read_file(path, MAX_FILE_BYTES, "a description")).strip()
    except Failure as failure:
        raise Failure(f"{path}: {failure}", failure.code) from None
    except UnknownEncoding:
        raise Failure(f"{path}: the file is not text in {WANTED}.", MISUSED) from None

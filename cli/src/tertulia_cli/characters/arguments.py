"""Command line of `tertulia character`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tertulia_cli.characters.command import FORMS, ExportOptions, export_card, import_cards
from tertulia_cli.characters.rest import GatewayRest
from tertulia_cli.client.gateway_options import add_gateway_options, gateway_address


def add(commands: Any) -> None:
    """Add `character` to the commands."""
    command = commands.add_parser(
        "character",
        help="import and export character cards",
        description="Character cards are files in which programs exchange characters: Tavern cards V1, V2 and V3, as "
        "JSON, PNG or (import only) CHARX. The gateway must be running.",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    importing = what.add_parser("import", help="create a character of each card")
    importing.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a PNG, CHARX or JSON file; - reads standard input"
    )
    importing.add_argument("--name", default="", help="the character's name, instead of the card's")
    importing.add_argument("--voice", default="", metavar="ID", help="its voice; without it, one is proposed")
    add_gateway_options(importing)
    importing.set_defaults(do=_import)
    exporting = what.add_parser("export", help="write the card of a character into a file")
    exporting.add_argument("name", metavar="NAME", help="the character's name")
    exporting.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write (NAME.png); - is standard output"
    )
    exporting.add_argument("--format", default="", choices=FORMS, help="png or json (from the file's name)")
    exporting.add_argument("--replace", action="store_true", help="replace an existing file")
    add_gateway_options(exporting)
    exporting.set_defaults(do=_export)


def _import(args: argparse.Namespace) -> int:
    return import_cards(GatewayRest(gateway_address(args)), args.files, name=args.name, voice=args.voice)


def _export(args: argparse.Namespace) -> int:
    options = ExportOptions(args.name, args.out, args.format, args.replace)
    return export_card(GatewayRest(gateway_address(args)), options)

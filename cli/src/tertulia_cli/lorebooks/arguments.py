"""Command line of `tertulia lorebook`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tertulia_cli.client.gateway_options import add_gateway_options, gateway_address
from tertulia_cli.lorebooks.command import LorebookExport, export_lorebook, import_lorebook
from tertulia_cli.lorebooks.rest import LorebookRest

OF = "a conversation's id, or a character's name"


def add(commands: Any) -> None:
    """Add `lorebook` to the commands."""
    command = commands.add_parser(
        "lorebook",
        help="import and export lorebooks",
        description="Gives a conversation or a character the lorebook of a file (SillyTavern's world info, a V3 "
        "lorebook, or a character card), and writes one into a file. The gateway must be running.",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    importing = what.add_parser("import", help="set a lorebook; it replaces an earlier one")
    importing.add_argument("of", metavar="OF", help=OF)
    importing.add_argument("file", type=Path, metavar="FILE", help="a .json file; - reads standard input")
    add_gateway_options(importing)
    importing.set_defaults(do=_import)
    exporting = what.add_parser("export", help="write a lorebook into a file, as SillyTavern's world info")
    exporting.add_argument("of", metavar="OF", help=OF)
    exporting.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write (lorebook.json); - is standard output"
    )
    exporting.add_argument("--replace", action="store_true", help="replace an existing file")
    add_gateway_options(exporting)
    exporting.set_defaults(do=_export)


def _import(args: argparse.Namespace) -> int:
    return import_lorebook(LorebookRest(gateway_address(args)), args.of, args.file)


def _export(args: argparse.Namespace) -> int:
    return export_lorebook(LorebookRest(gateway_address(args)), LorebookExport(args.of, args.out, args.replace))

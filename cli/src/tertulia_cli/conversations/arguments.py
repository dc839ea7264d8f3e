"""Command line of `tertulia conversation`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tertulia_cli.client.gateway_options import add_gateway_options, gateway_address
from tertulia_cli.conversations.command import (
    SUFFIXES,
    ConversationExport,
    branch_conversation,
    export_conversation,
    import_conversations,
)
from tertulia_cli.conversations.rest import ConversationRest


def add(commands: Any) -> None:
    """Add `conversation` to the commands."""
    command = commands.add_parser(
        "conversation",
        help="export, import and branch conversations",
        description="Writes a conversation into a file: as text, as data, or spoken as sound (.ogg, .wav). Makes a "
        "conversation of a file: JSON of Tertulia, or a chat of SillyTavern (.jsonl). Makes a new conversation of the "
        "beginning of another one. The gateway must be running.",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    importing = what.add_parser("import", help="make a new conversation of each file, and print its id")
    importing.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a .json or .jsonl file; - reads standard input"
    )
    importing.add_argument("--again", action="store_true", help="make another copy of a file that was imported before")
    add_gateway_options(importing)
    importing.set_defaults(do=_import)
    exporting = what.add_parser("export", help="write a conversation into a file")
    exporting.add_argument("id", metavar="ID", help="the conversation's id")
    exporting.add_argument("--out", type=Path, metavar="FILE", help="the file to write (ID.json); - is standard output")
    exporting.add_argument("--format", default="", choices=tuple(SUFFIXES), help="from the file's name, or else json")
    exporting.add_argument(
        "--user-voice", default="", metavar="VOICE", help="in a sound: the voice of your messages; none leaves them out"
    )
    exporting.add_argument("--replace", action="store_true", help="replace an existing file")
    add_gateway_options(exporting)
    exporting.set_defaults(do=_export)
    branching = what.add_parser(
        "branch",
        help="make a new conversation of the beginning of another one, and print its id",
        description="The new conversation has the messages up to and with MESSAGE, the same settings, cast and "
        "lorebooks.",
    )
    branching.add_argument("id", metavar="ID", help="the conversation's id")
    branching.add_argument("message", metavar="MESSAGE", help="the id of the last message that both have in common")
    add_gateway_options(branching)
    branching.set_defaults(do=_branch)


def _import(args: argparse.Namespace) -> int:
    return import_conversations(ConversationRest(gateway_address(args)), args.files, again=args.again)


def _export(args: argparse.Namespace) -> int:
    options = ConversationExport(args.id, args.out, args.format, args.replace, args.user_voice)
    return export_conversation(ConversationRest(gateway_address(args)), options)


def _branch(args: argparse.Namespace) -> int:
    return branch_conversation(ConversationRest(gateway_address(args)), args.id, args.message)

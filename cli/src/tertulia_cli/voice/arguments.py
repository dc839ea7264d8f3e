"""Command line of `tertulia voice`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tertulia_cli.client.gateway_options import add_gateway_options, gateway_address
from tertulia_cli.settings import RunSettings
from tertulia_cli.voice.command import NewVoice, add_voice, show
from tertulia_cli.voice.rest import GatewayVoices
from tertulia_shared.settings import load
from tertulia_shared.voice_clips import CONSENT


def add(commands: Any) -> None:
    """Add `voice` to the commands."""
    command = commands.add_parser(
        "voice",
        help="add a voice to clone, or list the voices",
        description="Voices for speech engines that clone a voice from a recording (docs/engines.md).",
    )
    what = command.add_subparsers(required=True, metavar="WHAT")
    adding = what.add_parser(
        "add",
        help="make a voice from a recording",
        description="Gives the recording to the gateway, so that every tts worker on every machine speaks the voice at "
        "once. If no gateway answers, or with --folder, writes the voice into the folder voices/ "
        "(TERTULIA_VOICES_DIR) of this machine, which tts workers read when they start. The recording is a WAV file of "
        "5 to 30 s (with --folder 3 to 30 s) in which one person speaks, at 16 kHz or more, without music or noise. "
        "Only use voices whose owners agree.",
    )
    adding.add_argument("id", metavar="NAME", help="a-z, 0-9, - and _; in the folder, characters refer to it")
    adding.add_argument("clip", type=Path, metavar="FILE.wav")
    adding.add_argument("transcript", metavar="TEXT", help="the words in the recording, exactly as spoken")
    adding.add_argument("--title", default="", help="the name to show")
    adding.add_argument("--language", default="und", metavar="TAG", help="such as en-US")
    adding.add_argument("--consent", action="store_true", help=f'for the gateway: "{CONSENT}"')
    add_gateway_options(adding)
    adding.add_argument("--folder", action="store_true", help="write it into the folder, also if a gateway answers")
    adding.add_argument("--description", default="", help="with --folder: a description of the sound")
    adding.add_argument(
        "--scene", default="", help='with --folder: the room it should sound like ("A small, quiet room.")'
    )
    adding.add_argument("--replace", action="store_true", help="with --folder: replace an existing voice of this name")
    adding.set_defaults(do=_add)
    listing = what.add_parser("list", help="list the voices of the folder, and those of the gateway if it answers")
    add_gateway_options(listing)
    listing.set_defaults(do=_list)


def _add(args: argparse.Namespace) -> int:
    new = NewVoice(
        args.id, args.clip, args.transcript, args.title, args.language, args.description, args.scene, args.replace
    )
    return add_voice(
        None if args.folder else GatewayVoices(gateway_address(args)),
        load(RunSettings).voices_dir,
        new,
        consent=args.consent,
        must_answer=args.url is not None,
    )


def _list(args: argparse.Namespace) -> int:
    return show(GatewayVoices(gateway_address(args)), load(RunSettings).voices_dir, must_answer=args.url is not None)

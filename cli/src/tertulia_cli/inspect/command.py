"""`tertulia inspect`: selects a conversation or message, and shows it once or follows it, as text or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from tertulia_cli.client.files import STANDARD_STREAM
from tertulia_cli.exit_codes import MISUSED, OK, Failure
from tertulia_cli.formatting import printable
from tertulia_cli.inspect import json_output, tables
from tertulia_cli.inspect.following import Following
from tertulia_cli.inspect.lines import Line, as_json, as_text
from tertulia_cli.inspect.memory import memory
from tertulia_cli.inspect.snapshot import Listed, conversation_of_message, list_conversations, sound_of, take_snapshot
from tertulia_cli.inspect.sound import check_sound, write_wav, write_wav_to_pipe
from tertulia_cli.inspect.timeline import build
from tertulia_cli.inspect.turns import Message, Timeline
from tertulia_cli.redis_connection import open_redis
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms

LAST: Final = "last"
PLAIN_COLUMNS: Final = 160
"""The table's width if the output is not a terminal: enough for every column."""
STREAM_STYLE: Final = {
    "turns": "bold green", "events": "cyan", "sentences": "magenta", "audio": "dim", "receipts": "dim",
    "control": "bold yellow", "dead": "bold red",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """Options of `tertulia inspect`.

    `conversation`: `last`, an id or the start of an id. With "" the command lists the conversations, or with `follow`
    follows all of them.
    """

    conversation: str = ""
    message: str = ""
    audio: Path | None = None
    follow: bool = False
    as_json: bool = False


async def inspect(settings: RunSettings, options: InspectOptions) -> int:
    """Run the command.

    Raises:
        Failure: Redis does not answer, or the conversation, message or sound does not exist.
    """
    if options.follow and (options.message or options.audio):
        raise Failure("--follow cannot be combined with --message or --audio.", MISUSED)
    if options.audio == STANDARD_STREAM:
        _check_stdout(options)
    async with open_redis(settings, "inspect") as bus:
        return await _inspect(bus, options)


def _check_stdout(options: InspectOptions) -> None:
    """Check that only the sound would be written to standard output, and not to a terminal."""
    if options.as_json:
        raise Failure("--json and --audio - would both write to standard output: give --audio a file.", MISUSED)
    if sys.stdout.isatty():
        raise Failure(
            "the sound is binary: write it to a file, as in `tertulia inspect last --audio - > r.wav`.", MISUSED
        )


async def _inspect(bus: Bus, options: InspectOptions) -> int:
    if options.follow:
        id = choose(options.conversation, await list_conversations(bus)) if options.conversation else ""
        following = Following(bus, id, _line_printer(options, every_conversation=not id), _say)
        await following.run(lambda: _say_following(id))
        return OK
    if options.message or options.audio:
        return await _inspect_message(bus, options)
    conversations = await list_conversations(bus)
    if not options.conversation:
        if options.as_json:
            _print_json(json_output.listed_json(conversations, await memory(bus)))
        else:
            tables.show_list(_console(), conversations, wall_ms(), await memory(bus))
        return OK
    timeline = build(await take_snapshot(bus, choose(options.conversation, conversations), wall_ms()))
    if options.as_json:
        _print_json(json_output.timeline_json(timeline))
    else:
        tables.show_timeline(_console(), timeline)
    return OK


async def _inspect_message(bus: Bus, options: InspectOptions) -> int:
    id, message_id = await _select_message(bus, options)
    snapshot = await take_snapshot(bus, id, wall_ms())
    timeline = build(snapshot)
    message = choose_message(message_id, timeline)
    if options.audio is not None:
        check_sound(message)
        sound = sound_of(bus, id, message.message_id)
        to_stdout = options.audio == STANDARD_STREAM
        seconds = await (write_wav_to_pipe(sys.stdout.buffer, sound) if to_stdout else write_wav(options.audio, sound))
        unfinished = "" if message.sound_complete is not None else " (more may follow)"
        written_to = "standard output" if to_stdout else options.audio
        print(f"{written_to}: {seconds:.2f} s of {printable(message.name)}{unfinished}", file=sys.stderr)
        if to_stdout:
            return OK
    pieces = snapshot.audio.get(message.message_id, ())
    if options.as_json:
        _print_json(json_output.message_json(timeline, message, pieces))
    elif options.message:
        tables.show_message(_console(), timeline, message, pieces)
    return OK


async def _select_message(bus: Bus, options: InspectOptions) -> tuple[str, str]:
    """The conversation's id, and the message's id or its start ("" for the last message)."""
    if not options.conversation and options.message:
        found = await conversation_of_message(bus, options.message.lower())
        if found is None:
            raise Failure(f"no message {options.message} in Redis: `tertulia inspect last` shows some ids.", MISUSED)
        return found
    return choose(options.conversation or LAST, await list_conversations(bus)), options.message.lower()


def choose(asked: str, conversations: Sequence[Listed]) -> str:
    """The conversation's id, given `last`, an id, or the start of exactly one id.

    Raises:
        Failure: no conversation matches, or several do.
    """
    if asked == LAST and conversations:
        return conversations[0].id
    fitting = [each.id for each in conversations if each.id.startswith(asked.lower())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Failure(f"{len(fitting)} conversations begin with {asked}: give more of the id.", MISUSED)
    raise Failure(f"no conversation {asked} in Redis: `tertulia inspect` lists the conversations.", MISUSED)


def choose_message(asked: str, timeline: Timeline) -> Message:
    """The message whose id begins with `asked`; "" for the last one that has started.

    Raises:
        Failure: no message matches, or several do.
    """
    messages = {id: message for turn in timeline.turns for id, message in turn.messages.items()}
    if not asked:
        begun = [message for message in messages.values() if message.started is not None]
        if begun:
            return begun[-1]
        raise Failure(f"conversation {timeline.conversation_id} has no reply yet.")
    fitting = [message for id, message in messages.items() if id.startswith(asked)]
    if len(fitting) == 1:
        return fitting[0]
    where = f"conversation {timeline.conversation_id}"
    if fitting:
        raise Failure(f"{len(fitting)} messages of {where} begin with {asked}: give more of the id.", MISUSED)
    raise Failure(f"no message {asked} in {where}: `tertulia inspect` with its id lists them.", MISUSED)


class _Lines(Console):
    """Console that raises BrokenPipeError instead of exiting."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _line_printer(options: InspectOptions, *, every_conversation: bool) -> Callable[[Line], None]:
    console = _Lines(file=sys.stdout, highlight=False, soft_wrap=True)

    def show(line: Line) -> None:
        if options.as_json:
            _print_json(as_json(line))
            return
        text = as_text(line, every_conversation=every_conversation)
        console.print(Text(text, STREAM_STYLE.get(line.stream, "")), soft_wrap=True)
        sys.stdout.flush()  # a pipe is block-buffered

    return show


def _say_following(id: str) -> None:
    what = f"conversation {id}" if id else "every conversation"
    _say(f"following {what}; Ctrl-C ends")


def _say(line: str) -> None:
    """Print to stderr, because the output may be read by a program."""
    print(line, file=sys.stderr, flush=True)


def _print_json(plain: Mapping[str, Any]) -> None:
    print(json.dumps(plain, ensure_ascii=False), flush=True)


def _console() -> Console:
    return Console(
        file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_COLUMNS, soft_wrap=False
    )

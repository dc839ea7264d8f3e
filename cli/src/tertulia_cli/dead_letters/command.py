"""`tertulia dead list|show|retry|drop`: finds the work that is meant, and says what becomes of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tertulia_cli.dead_letters.read import Facts, Letter, Message, read_facts, read_letters, remove_letters
from tertulia_cli.dead_letters.recovery import Again, AskAgain, Done, Pointless, SaveAgain, remedy_for, written
from tertulia_cli.dead_letters.retry import carry_out
from tertulia_cli.exits import FAILED, MISUSED, OK, Failure
from tertulia_cli.formatting import ago, clock, counted, harmless, short
from tertulia_cli.open_redis import redis_in_use
from tertulia_cli.settings import RunSettings
from tertulia_shared.bus import Bus
from tertulia_shared.clock import wall_ms
from tertulia_shared.codec import BadEntry
from tertulia_shared.entries import DeadLetter

PLAIN_COLUMNS: Final = 160
"""Where the output is no terminal: wide enough for every column."""
NOTHING: Final = "No work was given up."


async def dead_list(settings: RunSettings) -> int:
    """All of it, the oldest first."""
    async with redis_in_use(settings, "dead") as bus:
        letters = await read_letters(bus)
    console = _console()
    if not letters:
        console.print(NOTHING)
        return OK
    console.print(table(letters, wall_ms()))
    console.print("`tertulia dead show ID` says more; `retry` has it done after all; `drop` forgets it.", style="dim")
    return OK


async def dead_show(settings: RunSettings, id: str) -> int:
    """One of them, in sentences.

    Raises:
        Failure: there is none of that id.
    """
    async with redis_in_use(settings, "dead") as bus:
        (letter,) = choose(await read_letters(bus), [id])
        facts = await read_facts(bus, letter)
    console = _console()
    for line in explain(letter, facts):
        console.print(Text(harmless(line)))
    return OK


async def dead_retry(settings: RunSettings, ids: Sequence[str], *, every: bool) -> int:
    """Have it done after all; 1 if that is pointless for some of it.

    Raises:
        Failure: there is none of that id.
    """
    console, code = _console(), OK
    async with redis_in_use(settings, "dead") as bus:
        letters = await read_letters(bus)
        chosen = letters if every else choose(letters, ids)
        if not chosen:
            console.print(NOTHING)
        for letter in chosen:
            line, done = await retried(bus, letter)
            console.print(Text(harmless(line)))
            code = code if done else FAILED
    return code


async def dead_drop(settings: RunSettings, ids: Sequence[str], *, every: bool, sure: bool) -> int:
    """Forget it, after a question if a person is there to answer.

    Raises:
        Failure: there is none of that id.
    """
    console = _console()
    async with redis_in_use(settings, "dead") as bus:
        letters = await read_letters(bus)
        chosen = letters if every else choose(letters, ids)
        if not chosen:
            console.print(NOTHING)
            return OK
        if not sure and sys.stdin.isatty() and not _agreed(len(chosen)):
            console.print("Nothing was dropped.")
            return OK
        await remove_letters(bus, [letter.id for letter in chosen])
    console.print(f"Dropped {counted(len(chosen), 'entry') if len(chosen) == 1 else f'{len(chosen)} entries'}.")
    return OK


async def retried(bus: Bus, letter: Letter) -> tuple[str, bool]:
    """Retry one of them: what to tell, and whether something was done."""
    remedy = remedy_for(letter, await read_facts(bus, letter))
    done = await carry_out(bus, letter.id, remedy)
    match remedy:
        case Again() | AskAgain() | SaveAgain():
            return f"{letter.id}: posted again. {remedy.what}", done
        case Done():
            return f"{letter.id}: {remedy.why} Removed from the list.", done
        case Pointless():
            return f"{letter.id}: a retry is pointless: {remedy.why} `tertulia dead drop {letter.id}` forgets it.", done


def choose(letters: Sequence[Letter], ids: Sequence[str]) -> list[Letter]:
    """The entries of these ids (of `dead`, or of the work itself), each once.

    Raises:
        Failure: one of them is not there.
    """
    found: dict[str, Letter] = {}
    for id in ids:
        fitting = [each for each in letters if each.id == id or (each.said is not None and each.said.work_id == id)]
        if not fitting:
            raise Failure(f"no dead work {id}: `tertulia dead list` lists what there is.", MISUSED)
        found |= {each.id: each for each in fitting}
    return list(found.values())


def table(letters: Sequence[Letter], now_ms: int) -> Table:
    """One line each."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "given up", "stage", "attempts", "conversation", "reason"):
        made.add_column(name, no_wrap=name != "reason", justify="right" if name == "attempts" else "left")
    for letter in letters:
        said = letter.said
        when = f"{ago(now_ms - letter.ts)} ago"
        if said is None:
            made.add_row(letter.id, when, "?", "", "", Text(f"cannot be read: {short(letter.trouble)}"))
        else:
            reason = Text(short(said.reason, 80))
            stage, whose = Text(harmless(said.stage)), Text(harmless(said.conversation_id))
            made.add_row(letter.id, when, stage, str(said.attempts), whose, reason)
    return made


def explain(letter: Letter, facts: Facts) -> list[str]:
    """Everything about one of them, a sentence or two a line."""
    said = letter.said
    if said is None:
        return [f"Entry {letter.id} of {clock(letter.ts)} cannot be read by this release: {letter.trouble}"]
    tries = "1 attempt" if said.attempts == 1 else f"{said.attempts} attempts"
    lines = [
        f"{said.stage} work {said.work_id} was given up at {clock(letter.ts)} after {tries}.",
        f"It was {_purpose(said, facts)}",
        f"Why: {harmless(said.reason)}",
    ]
    remedy = remedy_for(letter, facts)
    if isinstance(remedy, Again | AskAgain | SaveAgain):
        lines.append(f"On retry: {remedy.what}")
    elif isinstance(remedy, Done):
        lines.append(f"A retry only removes this entry: {remedy.why}")
    else:
        lines.append(f"A retry is pointless: {remedy.why}")
    return lines


def _purpose(said: DeadLetter, facts: Facts) -> str:
    where = f"of conversation {harmless(said.conversation_id) or '(none)'}"
    match said.stage:
        case "tts":
            return _speech(said, facts.message, where)
        case "llm" if facts.turn is not None:
            return f"to answer “{short(facts.turn.text)}” (turn {harmless(facts.turn.turn_id)} {where})."
        case "llm":
            return f"to answer the turns {where}."
        case "stt":
            return f"to hear the listening session {harmless(said.session_id)} {where}."
        case "store":
            return f"to save {_saved(said)} {where}."
        case _:
            return f"for a stage {harmless(said.stage)} {where}."


def _speech(said: DeadLetter, message: Message | None, where: str) -> str:
    if message is None:
        return f"to speak message {harmless(said.message_id)} {where}, of which nothing is left."
    sound = "no sound" if not message.spoken else f"{message.seconds:.1f} s of sound"
    return (
        f"to speak {harmless(message.name) or 'a character'}'s reply “{short(message.text)}” (message "
        f"{said.message_id} {where}): {message.spoken} of {counted(message.sentences, 'sentence')} begun, {sound}."
    )


def _saved(said: DeadLetter) -> str:
    try:
        kind = written(said).kind
    except BadEntry:
        return "something"
    names = {"message": f"message {harmless(said.message_id)}", "conversation": "the title", "settings": "the settings"}
    return names.get(kind, "something")


def _agreed(count: int) -> bool:
    what = "this entry" if count == 1 else f"these {count} entries"
    try:
        return input(f"Forget {what} for good? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else PLAIN_COLUMNS)

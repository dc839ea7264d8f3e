"""Prints the timeline for people, with colour on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tertulia_cli.formatting import MAX_TEXT, ago, clock, duration, printable, short
from tertulia_cli.inspect.explanation import explain_stuck, explain_turn
from tertulia_cli.inspect.memory import Memory, sentence_of
from tertulia_cli.inspect.snapshot import Listed, Piece
from tertulia_cli.inspect.turns import BYTES_PER_S, Message, Sentence, Timeline, Turn

SHORT_ID: Final = 8
LISTED: Final = 20
GOOD, BAD, QUIET = "green", "red", "dim"
STATUS_STYLE: Final = {"complete": GOOD, "failed": BAD, "interrupted": "yellow"}


def show_list(
    console: Console, conversations: Sequence[Listed], now_ms: int, memory: Memory | None = None
) -> None:  # fmt: skip
    """Print the most recent conversations, and Redis' memory use."""
    if not conversations:
        console.print("No conversation in Redis (it keeps them for a day after their last turn).")
    else:
        _show_conversations(console, conversations, now_ms)
    if memory is not None:
        console.print(_plain(sentence_of(memory), BAD if memory.writes_paused else QUIET), soft_wrap=True)


def _show_conversations(console: Console, conversations: Sequence[Listed], now_ms: int) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("conversation", "last turn", "", "said last"):
        table.add_column(name, no_wrap=name != "said last")
    for each in conversations[:LISTED]:
        state = Text("answered", GOOD) if each.answered else Text("waiting", "yellow")
        table.add_row(_plain(each.id), f"{ago(now_ms - each.last_turn_ms)} ago", state, _plain(short(each.last_text)))
    console.print(table)
    if len(conversations) > LISTED:
        console.print(f"and {len(conversations) - LISTED} older ones", style=QUIET)
    console.print("`tertulia inspect last`, or the start of an id, shows one step by step.", style=QUIET)


def show_timeline(console: Console, timeline: Timeline) -> None:
    """Print a conversation turn by turn; times in ms since the user's message (or the end of the user's speech)."""
    demo = ", demo model" if timeline.demo else ""
    console.print(
        Text.assemble(("Conversation ", "bold"), _plain(f"{timeline.conversation_id}  (epoch {timeline.epoch}{demo})"))
    )
    for number, turn in enumerate(timeline.turns, 1):
        console.print()
        _show_turn(console, number, turn)
    console.print()
    _show_open(console, timeline)


def show_message(console: Console, timeline: Timeline, message: Message, pieces: Sequence[Piece]) -> None:
    """Print one reply: its text, sentences, chunks of sound, and the owner of its tts work."""
    turn = next(turn for turn in timeline.turns if turn.turn_id == message.turn_id)
    where = _plain(f"{timeline.conversation_id}  turn {turn.turn_id}")
    console.print(Text.assemble(("Conversation ", "bold"), where))
    _show_message(console, turn, message)
    console.print(_plain(f"  “{message.text}”"), soft_wrap=True)
    owner = message.owner or "(none, or expired)"
    console.print(_plain(f"  tts work entry/attempt: {owner}"))
    played = "no playback receipt" if message.played_ms is None else f"{duration(message.played_ms)} were played"
    console.print(Text(f"  {played}"))
    for piece in pieces:
        what = "end" if piece.is_final else duration(1000 * piece.pcm_bytes / BYTES_PER_S)
        console.print(Text(f"  audio {piece.id:>6}  {clock(piece.ts)}  {_ms(piece.ts, turn.zero):>8}  {what}", QUIET))
    about = [each for each in timeline.open_work if each.work.message_id == message.message_id]
    given_up = [each for each in timeline.dead if each.letter.message_id == message.message_id]
    for line in explain_stuck(replace(timeline, waiting=(), open_work=tuple(about), dead=tuple(given_up))):
        console.print(_plain(f"  {line}", "yellow"), soft_wrap=True)


def _show_turn(console: Console, number: int, turn: Turn) -> None:
    ended = "complete" if turn.complete is not None else "not complete"
    style = GOOD if turn.complete is not None else "yellow"
    if turn.interrupted:
        ended, style = "interrupted", "yellow"
    elif not turn.is_certain:
        ended, style = "tentative" if turn.withdrawn is None else "withdrawn", "yellow"
    console.print(
        Text.assemble(
            (f"Turn {number}", "bold"), _plain(f"  {clock(turn.accepted)}  {turn.source}  epoch {turn.epoch}  "),
            (ended, style), _plain(f"  {turn.turn_id}", QUIET),
        )
    )  # fmt: skip
    for line in explain_turn(turn):
        console.print(_plain(f"  {line}"), soft_wrap=True)
    console.print(_hops(turn.steps, turn.zero, 2))
    for message in turn.messages.values():
        _show_message(console, turn, message)
    if turn.complete is not None:
        console.print(Text(f"  turn complete at {turn.complete - turn.zero} ms"))


def _show_message(console: Console, turn: Turn, message: Message) -> None:
    again = f"  taken over {message.resumed} time(s)" if message.resumed else ""
    console.print(
        Text.assemble(
            "  ", _plain(message.name, "bold cyan"),
            "  ", _plain(message.status, STATUS_STYLE.get(message.status, "")),
            f"  {len(message.text)} characters, {message.seconds:.1f} s of speech",
            (again, "yellow"), _plain(f"  {message.message_id}", QUIET),
        )
    )  # fmt: skip
    if message.steps:
        console.print(_hops(message.steps, turn.zero, 4))
    if message.heard is not None:
        console.print(_plain(f"    heard: “{short(message.heard)}”"))
    if message.sentences:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style=QUIET)
        table.add_column("     #", justify="right")
        table.add_column("sentence", no_wrap=True, overflow="ellipsis", max_width=MAX_TEXT)
        for name in ("written", "first sound", "(after)", "sound complete", "length", "chunks"):
            table.add_column(name, justify="right", no_wrap=True)
        for index in sorted(message.sentences):
            table.add_row(*_cells(message.sentences[index], turn.zero))
        console.print(table)


def _cells(sentence: Sentence, zero: int) -> list[str | Text]:
    first = sentence.first_sound
    return [
        str(sentence.index),
        _plain(sentence.text),
        _ms(sentence.written, zero),
        _ms(first, zero),
        "" if first is None else f"+{first - sentence.written} ms",
        _ms(sentence.last_sound, zero),
        f"{sentence.seconds:.2f} s" if sentence.chunks else "",
        str(sentence.chunks or ""),
    ]


def _hops(steps: Sequence[tuple[str, int]], zero: int, indent: int) -> Text:
    """`turn accepted 0 → turn started 4 (+4) ms`: each step's time, and the time since the previous one."""
    line = Text(" " * indent)
    before: int | None = None
    for name, at in steps:
        if before is not None:
            line.append(" → ", QUIET)
        line.append(f"{name} {at - zero}")
        if before is not None:
            line.append(f" (+{at - before})", QUIET)
        before = at
    return line.append(" ms")


def _show_open(console: Console, timeline: Timeline) -> None:
    stuck = explain_stuck(timeline)
    for line in stuck:
        console.print(_plain(line, BAD if timeline.dead else "yellow"), soft_wrap=True)
    if not stuck:
        console.print(Text("no work is waiting, none was given up", GOOD))


def _plain(line: str, style: str = "") -> Text:
    """Make a line of text from users or characters, without markup for rich or control characters for the terminal."""
    return Text(printable(line), style)


def _ms(at: int | None, zero: int) -> str:
    return "" if at is None else f"{at - zero} ms"

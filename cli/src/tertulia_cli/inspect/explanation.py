"""A turn in sentences: why these characters answered, where the time went, what broke, what is stuck and what to do.

Pure: from the timeline alone. Who was named is read off the text again, for the streams do not keep the reason; where
that cannot be told, nothing is claimed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tertulia_cli.formatting import ago, counted, harmless, lasting, listed, short, time_of_day
from tertulia_cli.inspect.recording import OpenWork
from tertulia_cli.inspect.turns import Message, Timeline, Turn
from tertulia_shared.bus import UNASSIGNED
from tertulia_shared.keys import STAGES, Stage

MAX_QUOTED: Final = 80
SILENT_S: Final = 2.0
"""A worker renews what it holds every third of a lease (1 s, unless set otherwise): twice that is worth a word."""
WAITING_S: Final = 1.0
"""Work that nobody has claimed for so long is worth a word: a free worker takes it within milliseconds."""
BETWEEN_CHUNKS_MS: Final = 1_000
"""A gap between two chunks of one reply that is worth a word."""
_WORD: Final = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")  # noqa: RUF001


def explain_turn(turn: Turn) -> list[str]:
    """What happened in a turn, a few sentences a line."""
    lines = [_said(turn)]
    messages = list(turn.messages.values())
    if messages:
        lines += [_why(turn, messages), *_where_the_time_went(turn, messages)]
    for message in messages:
        lines += _of_message(message)
    if turn.cut is not None:
        lines.append(_cut(turn, turn.cut, messages))
    lines += [f"It went wrong: {harmless(error)}" for error in turn.errors]
    return lines


def explain_stuck(timeline: Timeline) -> list[str]:
    """What waits, who has it, and what to do; empty if nothing does."""
    lines: list[str] = []
    names = {id: message.name for turn in timeline.turns for id, message in turn.messages.items()}
    pointed_at = {each.stage for each in timeline.open_work}
    for turn_id in timeline.waiting:
        remedy = "" if "llm" in pointed_at else "; an llm worker looks for such turns every 15 s"
        lines.append(f"Turn {turn_id} has not been begun{remedy}.")
    lines += [
        f"Nobody takes work of stage {stage}: no {stage} worker is alive. Start one (`tertulia run`, or "
        f"`tertulia-{stage}`); `tertulia doctor` says what keeps it from starting."
        for stage in STAGES
        if stage in pointed_at and not workers_of(timeline.workers, stage)
    ]
    lines += [_open(each, names, timeline) for each in timeline.open_work]
    for each in timeline.dead:
        what = names.get(each.letter.message_id, "")
        lines.append(
            f"{each.letter.stage} work {f'on the reply of {harmless(what)} ' if what else ''}was given up at "
            f"{time_of_day(each.ts)} after {each.letter.attempts} attempts: {harmless(each.letter.reason)}. "
            f"`tertulia dead show {each.id}` says what can be done."
        )
    return lines


def workers_of(members: tuple[str, ...], stage: Stage) -> list[str]:
    """The names of the live workers of a stage; members are `stage:name:engine`."""
    return [parts[1] for parts in (member.split(":") for member in members) if parts[0] == stage and len(parts) > 1]


def is_named(name: str, text: str) -> bool:
    """Whether a word of a character's name stands in the text: any case, accents folded, "Luna's" too."""
    said = [_fold(word) for word in _WORD.findall(text)]
    bare = {word.removesuffix("'s").removesuffix("’s") for word in said} | set(said)  # noqa: RUF001
    return any(_fold(part) in bare for part in name.split() if len(part) > 1)


def _said(turn: Turn) -> str:
    quoted = f"“{short(turn.text, MAX_QUOTED)}”"
    at = time_of_day(turn.zero)
    if turn.source != "spoken":
        return f"You typed {quoted} at {at}."
    if turn.transcript is None or turn.speech_end is None:
        return f"You said {quoted} at {at}."
    return (
        f"You said {quoted}, to the end at {at}; {lasting(turn.transcript - turn.speech_end)} later it was understood."
    )


def _why(turn: Turn, messages: list[Message]) -> str:
    names = [harmless(message.name) for message in messages]
    who = listed(names)
    if all(is_named(message.name, turn.text) for message in messages):
        order = ", in this order" if len(names) > 1 else ""
        return f"{who} answered because you named {'them' if len(names) > 1 else who}{order}."
    if any(is_named(message.name, turn.text) for message in messages):
        return f"{who} answered."
    if len(names) > 1:
        return f"{who} answered because you named nobody: then all do, in turn."
    return f"{who} answered because you named nobody, and nobody else was at the table."


def _where_the_time_went(turn: Turn, messages: list[Message]) -> list[str]:
    """From the message to the first sound, step by step; the longest step has its share."""
    first = messages[0]
    sentence = first.sentences.get(0)
    steps = (
        ("until an llm worker took it", turn.started),
        ("until the model's first token", first.first_text),
        ("until its first sentence was complete", sentence.written if sentence else None),
        ("until the first sound of it", sentence.first_sound if sentence else None),
    )
    taken: list[tuple[int, str]] = []
    at = turn.accepted
    for what, then in steps:
        if then is None:
            break
        taken.append((then - at, what))
        at = then
    if not taken:
        return []
    whole = sum(ms for ms, _ in taken)
    longest = max(range(len(taken)), key=lambda number: taken[number][0])
    parts = [f"{lasting(ms)} {what}" for ms, what in taken]
    if whole > 0 and len(taken) > 1:
        parts[longest] += f" ({100 * taken[longest][0] / whole:.0f} %)"
    end = f" That is {lasting(whole)} to the first sound." if len(taken) == len(steps) else ""
    return [f"It took {', '.join(parts)}.{end}"]


def _of_message(message: Message) -> list[str]:
    name = harmless(message.name)
    lines = [
        f"The worker that wrote {name}'s reply was lost in sentence {resumed.sentence + 1}; another one went on "
        f"with it {lasting(resumed.after_ms)} after the last sign of the first."
        for resumed in message.resumptions
    ]
    if message.attempts > 1:
        gap = _longest_gap(message)
        lines.append(
            f"{name}'s reply was given to a tts worker {message.attempts} times: those before the last were lost or "
            "failed."
            + (f" The longest gap in its sound is {lasting(gap[0])}, in sentence {gap[1] + 1}." if gap else "")
        )
    if message.status == "failed":
        lines.append(f"{name}'s reply failed: the text ends where it is.")
    if message.status == "streaming" and message.text_complete is None:
        lines.append(f"{name}'s reply is being written: {counted(len(message.sentences), 'sentence')} so far.")
    return lines


def _longest_gap(message: Message) -> tuple[int, int] | None:
    """The longest time between two sentences' sounds or within one, and the sentence; None if none is worth a word."""
    gaps: list[tuple[int, int]] = []
    before: int | None = None
    for index, sentence in sorted(message.sentences.items()):
        gaps.append((sentence.longest_gap, index))
        if before is not None and sentence.first_sound is not None:
            gaps.append((sentence.first_sound - max(before, sentence.written), index))
        before = sentence.last_sound if sentence.last_sound is not None else before
    gap = max(gaps, default=(0, 0))
    return gap if gap[0] > BETWEEN_CHUNKS_MS else None


def _cut(turn: Turn, cut: int, messages: list[Message]) -> str:
    begun = min(
        (each.first_sound for message in messages for each in message.sentences.values() if each.first_sound),
        default=None,
    )
    if begun is None or begun > cut:
        line = f"You cut in {lasting(cut - turn.zero)} later, before anything was to be heard."
    else:
        line = f"You cut in {lasting(cut - begun)} after the first sound."
    for message in messages:
        if message.heard is not None:
            line += (
                f" Of {harmless(message.name)}'s {counted(len(message.sentences), 'sentence')} "
                f"{_heard(message, len(message.heard.rstrip()))} heard, and that is what is remembered."
            )
    return line


def _heard(message: Message, letters: int) -> str:
    """How many sentences so many letters of the text are."""
    ends = [each.letters for _, each in sorted(message.sentences.items()) if each.letters]
    whole = sum(end <= letters for end in ends)
    part = letters > (ends[whole - 1] if whole else 0)
    if not whole:
        return "a part of the first was" if part else "none was"
    if part:
        return f"{whole} and a part of the next were"
    return "1 was" if whole == 1 else f"{whole} were"


def _open(each: OpenWork, names: dict[str, str], timeline: Timeline) -> str:
    name = names.get(each.work.message_id, "")
    what = f"{harmless(name)}'s reply" if name else each.work.message_id or each.work.session_id or "its turns"
    line = f"{each.stage} work {each.id} on {what}, posted {ago(timeline.now_ms - each.posted_ms)} ago, "
    alive = workers_of(timeline.workers, each.stage)
    if not each.worker:
        waits = timeline.now_ms - each.posted_ms > WAITING_S * 1000
        busy = f": the {counted(len(alive), 'worker')} of the stage must be busy" if alive and waits else ""
        line += f"waits for a worker{busy}."
    elif each.worker == UNASSIGNED:
        line += "was handed back and waits for a worker."
    else:
        line += f"is held by {harmless(each.worker)} (attempt {each.attempt}), heard of {each.idle_s:.1f} s ago."
        if each.worker not in alive:
            line += " It is not alive: a peer takes over after its lease."
        elif each.idle_s > SILENT_S:
            line += " It waits for its next attempt."
    if each.last_failure:
        line += f" Its last attempt failed: {harmless(each.last_failure)}."
    return line


def _fold(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))

"""Explains a turn in sentences: why these characters answered, the time of each step, failures, and stuck work.

Pure: computed from the timeline alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tertulia_cli.formatting import ago, counted, duration, listed, printable, short, time_of_day
from tertulia_cli.inspect.snapshot import OpenWork
from tertulia_cli.inspect.turns import Message, Timeline, Turn
from tertulia_shared.bus import UNASSIGNED
from tertulia_shared.events import HistoryChanged
from tertulia_shared.keys import STAGES, Stage

MAX_QUOTED: Final = 80
SILENT_S: Final = 2.0
"""Mention an owner that has not renewed its lease for this long; workers renew every third of a lease (default 1 s)."""
WAITING_S: Final = 1.0
"""Mention work that has waited this long for a claim; a free worker claims within milliseconds."""
BETWEEN_CHUNKS_MS: Final = 1_000
"""Mention a longer gap between two chunks of one reply."""


def explain_turn(turn: Turn) -> list[str]:
    """Explain a turn, line by line."""
    lines = [_said(turn), *_versions(turn), *map(_changed, turn.changes)]
    messages = list(turn.messages.values())
    if messages:
        lines += [*_why(turn, messages), *_where_the_time_went(turn, messages)]
    for message in messages:
        lines += _of_message(message)
    if turn.cut is not None:
        lines.append(_cut(turn, turn.cut, messages))
    lines += [f"Error: {printable(error)}" for error in turn.errors]
    return lines


def explain_stuck(timeline: Timeline) -> list[str]:
    """Explain waiting and dead work, with the owner and advice; empty if there is none."""
    lines: list[str] = []
    names = {id: message.name for turn in timeline.turns for id, message in turn.messages.items()}
    pointed_at = {each.stage for each in timeline.open_work}
    for turn_id in timeline.waiting:
        remedy = "" if "llm" in pointed_at else "; an llm worker looks for such turns every 15 s"
        lines.append(f"Turn {turn_id} has not been started{remedy}.")
    lines += [
        f"No {stage} worker is alive, so the work of stage {stage} waits. Start one (`tertulia run`, or "
        f"`tertulia-{stage}`); `tertulia doctor` says what prevents the start."
        for stage in STAGES
        if stage in pointed_at and not workers_of(timeline.workers, stage)
    ]
    lines += [_open(each, names, timeline) for each in timeline.open_work]
    for each in timeline.dead:
        what = names.get(each.letter.message_id, "")
        lines.append(
            f"{each.letter.stage} work {f'on the reply of {printable(what)} ' if what else ''}was given up at "
            f"{time_of_day(each.ts)} after {each.letter.attempts} attempts: {printable(each.letter.reason)}. "
            f"`tertulia dead show {each.id}` says what to do."
        )
    return lines


def workers_of(members: tuple[str, ...], stage: Stage) -> list[str]:
    """The names of the live workers of a stage; members are `stage:name:engine`."""
    return [parts[1] for parts in (member.split(":") for member in members) if parts[0] == stage and len(parts) > 1]


def _said(turn: Turn) -> str:
    quoted = f"“{short(turn.text, MAX_QUOTED)}”"
    at = time_of_day(turn.zero)
    if turn.source == "request":
        return f"You asked for a reply at {at}."
    if turn.source == "change":
        return f"You chose a version of a message, or deleted a message, at {at}."
    if turn.source != "spoken":
        return f"You typed {quoted} at {at}."
    if turn.transcript is None or turn.speech_end is None:
        return f"You said {quoted} at {at}."
    return (
        f"You said {quoted}, ending at {at}; the transcript followed {duration(turn.transcript - turn.speech_end)} "
        "later."
    )


def _changed(change: HistoryChanged) -> str:
    left = counted(len(change.removed), "message")
    if change.change == "removed":
        return f"Message {change.message_id} was removed from the conversation."
    what = "took the place of" if change.change == "replaced" else "came back in the place of"
    back = f", with {counted(len(change.restored) - 1, 'message')} that followed it" if change.restored[1:] else ""
    return f"Message {change.message_id} {what} {left}{back}."


def _versions(turn: Turn) -> list[str]:
    """Describe the earlier versions of the turn, and how it became certain."""
    lines = [
        f"An earlier version, “{short(each.text, MAX_QUOTED)}”, was {'tentative' if each.tentative else 'accepted'}, "
        f"and was withdrawn {duration(each.at - each.accepted)} later, and nothing of its replies is left."
        for each in turn.earlier
    ]
    if turn.withdrawn is not None:
        lines.append(f"It was withdrawn {duration(turn.withdrawn - turn.accepted)} later, and has not come again yet.")
    elif turn.tentative and turn.confirmed is None:
        lines.append("It waits to be confirmed: the pause may not be its end.")
    elif turn.confirmed is not None:
        lines.append(f"The llm worker got it {duration(turn.confirmed - turn.accepted)} before it was certain.")
    return lines


def _why(turn: Turn, messages: list[Message]) -> list[str]:
    discussed = [printable(message.name) for message in messages if message.is_discussion]
    line = _why_planned(turn, [printable(message.name) for message in messages if not message.is_discussion])
    return [line, f"Then the characters talked among themselves: {', '.join(discussed)}."] if discussed else [line]


def _why_planned(turn: Turn, names: list[str]) -> str:
    who, is_one = listed(names), len(names) == 1
    them = who if is_one else "them"
    reasons = {
        "named": f"because you named {them}{'' if is_one else ', in this order'}",
        "everyone": "as the only active character" if is_one else "because your message was for everyone",
        "follow_up": f"because your message was about what {who} had said",
        "chosen": f"because {'it was' if is_one else 'they were'} chosen: your message was addressed to no one",
        "in_turn": f"because it was {who}'s turn",
        "asked": f"because you chose {them}",
        "goes_on": "because you asked for more",
        "discussion": "because you asked the characters to talk among themselves",
    }
    why = reasons.get(turn.reason)  # older llm workers write no reason
    return f"{who} answered {why}." if why else f"{who} answered."


def _where_the_time_went(turn: Turn, messages: list[Message]) -> list[str]:
    """Describe the steps from the message to the first sound, and the longest one with its share."""
    first = messages[0]
    sentence = first.sentences.get(0)
    steps = (
        ("until an llm worker took it", turn.started),
        ("until the model's first token", first.first_text),
        ("until its first sentence was complete", sentence.written if sentence else None),
        ("until its first sound", sentence.first_sound if sentence else None),
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
    parts = [f"{duration(ms)} {what}" for ms, what in taken]
    if whole > 0 and len(taken) > 1:
        parts[longest] += f" ({100 * taken[longest][0] / whole:.0f} %)"
    end = f" That is {duration(whole)} to the first sound." if len(taken) == len(steps) else ""
    return [f"It took {', '.join(parts)}.{end}"]


def _of_message(message: Message) -> list[str]:
    name = printable(message.name)
    lines = _lore(message, name)
    lines += [
        f"The llm worker of {name}'s reply was lost in sentence {resumed.sentence + 1}; another one resumed it "
        f"{duration(resumed.after_ms)} after the last event of the first."
        for resumed in message.resumptions
    ]
    if message.attempts > 1:
        gap = _longest_gap(message)
        lines.append(
            f"tts workers claimed {name}'s reply {message.attempts} times: the attempts before the last were lost or "
            "failed."
            + (f" The longest gap in its sound is {duration(gap[0])}, in sentence {gap[1] + 1}." if gap else "")
        )
    if message.status == "failed":
        lines.append(f"{name}'s reply failed: its text is incomplete.")
    if message.status == "streaming" and message.text_complete is None:
        lines.append(f"{name}'s reply is being written: {counted(len(message.sentences), 'sentence')} so far.")
    return lines


def _lore(message: Message, name: str) -> list[str]:
    """Describe the entries of lorebooks in the prompt of the reply."""
    lines: list[str] = []
    of_conversation = [_named(entry) for entry in message.lore if entry.get("source") != "character"]
    own = [_named(entry) for entry in message.lore if entry.get("source") == "character"]
    if of_conversation:
        lines.append(f"The prompt of {name}'s reply had from the conversation's lorebook: {listed(of_conversation)}.")
    if own:
        lines.append(f"The prompt of {name}'s reply had from the character's own lorebook: {listed(own)}.")
    if message.lore_left_out:
        left_out = [f"“{short(entry, MAX_QUOTED)}”" for entry in message.lore_left_out]
        lines.append(f"These entries did not fit into it: {listed(left_out)}.")
    return lines


def _named(entry: Mapping[str, str]) -> str:
    return f"“{short(entry.get('name', ''), MAX_QUOTED)}”"


def _longest_gap(message: Message) -> tuple[int, int] | None:
    """The longest gap in the sound, between sentences or within one, and its sentence; None if it is short."""
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
        line = f"You interrupted {duration(cut - turn.zero)} later, before the first sound."
    else:
        line = f"You interrupted {duration(cut - begun)} after the first sound."
    for message in messages:
        if message.heard is not None:
            line += (
                f" Of {printable(message.name)}'s {counted(len(message.sentences), 'sentence')} "
                f"{_heard(message, len(message.heard.rstrip()))} heard; the characters remember only that."
            )
    return line


def _heard(message: Message, letters: int) -> str:
    """The number of sentences in the first `letters` characters of the text, in words."""
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
    what = f"{printable(name)}'s reply" if name else each.work.message_id or each.work.session_id or "its turns"
    line = f"{each.stage} work {each.id} on {what}, posted {ago(timeline.now_ms - each.posted_ms)} ago, "
    alive = workers_of(timeline.workers, each.stage)
    if not each.worker:
        waits = timeline.now_ms - each.posted_ms > WAITING_S * 1000
        busy = f": the {counted(len(alive), 'worker')} of the stage must be busy" if alive and waits else ""
        line += f"waits for a worker{busy}."
    elif each.worker == UNASSIGNED:
        line += "was requeued and waits for a worker."
    else:
        line += f"is held by {printable(each.worker)} (attempt {each.attempt}), last renewed {each.idle_s:.1f} s ago."
        if each.worker not in alive:
            line += " This worker is not alive: another one takes over when its lease expires."
        elif each.idle_s > SILENT_S:
            line += " It waits for its next attempt."
    if each.last_failure:
        line += f" Its last attempt failed: {printable(each.last_failure)}."
    return line

"""Judges a turn: compares the audio that the client received with the sentences, chunk by chunk."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tertulia_shared import codec
from tertulia_shared.bus import Bus
from tertulia_shared.entries import TTSSentence
from tertulia_tts.engines.instant.engine import PIECE_MS, PIECES
from tests.harness.eventually import eventually
from tests.harness.talk_record import Heard, Record

SENTENCE_BYTES = PIECE_MS * PIECES * 24 * 2
"""The audio that the instant engine gives for any sentence."""

REPLIES = "SELECT id, text, status FROM messages WHERE turn_id = ? AND role = 'character'"


@dataclass(frozen=True, slots=True)
class TurnVerdict:
    """The counts of a turn: sentences spoken, sentences lost, chunks repeated, chunks out of order."""

    sentences: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    mismatches: tuple[str, ...] = ()
    """Descriptions of differences between the planned, the shown and the spoken text."""

    @property
    def is_clean(self) -> bool:
        """True if nothing is lost, repeated, out of order or different."""
        return not (self.lost or self.doubled or self.disordered or self.mismatches)

    def __add__(self, other: TurnVerdict) -> TurnVerdict:
        return TurnVerdict(
            self.sentences + other.sentences, self.lost + other.lost, self.doubled + other.doubled,
            self.disordered + other.disordered, self.mismatches + other.mismatches,
        )  # fmt: skip


async def judge_turn(bus: Bus, record: Record, turn_id: str) -> TurnVerdict:
    """Judge a finished turn that was spoken by the instant engine."""
    verdict = TurnVerdict(mismatches=tuple(record.faults))
    planned = _planned(record, turn_id)
    heard = record.of_turn(turn_id)
    if planned != [message.message_id for message in heard]:
        verdict += TurnVerdict(mismatches=(f"planned: {planned}, heard: {[message.message_id for message in heard]}",))
    for message in heard:
        entries = await bus.read(bus.keys.sentences(record.conversation_id, message.message_id))
        sentences = [codec.decode(TTSSentence, entry.fields) for entry in entries]
        written = "".join(codec.text(entry.fields, b"written", "") for entry in entries)
        verdict += _judge(message, [sentence for sentence in sentences if not sentence.is_final], written)
    return verdict


def _planned(record: Record, turn_id: str) -> list[str]:
    """The ids of the planned replies of the turn's last version."""
    planned: list[str] = []
    for frame in record.frames:
        if frame.get("turn_id") == turn_id:
            if frame["type"] == "turn_reopened":
                planned.clear()
            elif frame["type"] in ("turn_started", "turn_extended"):
                planned += [reply["message_id"] for reply in frame["replies"]]
    return planned


async def until_saved(database: Path, record: Record, turn_id: str) -> None:
    """Wait until the store has the turn as the client received it: rows may be saved after the last event."""
    shown = sorted((message.message_id, message.text, message.status) for message in record.of_turn(turn_id))
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
        await eventually(
            lambda: sorted(rows.execute(REPLIES, (turn_id,))) == shown,
            "the store has the shown replies",
        )


def _judge(message: Heard, sentences: Sequence[TTSSentence], written: str) -> TurnVerdict:
    mismatches: list[str] = []
    if message.status != "complete":
        mismatches.append(f"{message.name}'s reply is {message.status or 'without an end'}")
    if message.text != written:
        mismatches.append(f"shown: {message.text!r}, spoken: {written!r}")
    if [sentence.index for sentence in sentences] != list(range(len(sentences))):
        mismatches.append(f"the sentences are numbered {[sentence.index for sentence in sentences]}")
    times = Counter(message.chunks)
    lost = 0
    for sentence in sentences:
        short_by = SENTENCE_BYTES - len(message.pcm.get(sentence.index, b""))
        if short_by > 0:
            lost += 1
        elif short_by < 0:
            mismatches.append(f"sentence {sentence.index} of {message.name} is {-short_by} bytes too long")
    return TurnVerdict(
        sentences=len(sentences),
        lost=lost,
        doubled=sum(count - 1 for count in times.values()),
        disordered=sum(after < before for before, after in pairwise(message.chunks)),
        mismatches=tuple(mismatches),
    )

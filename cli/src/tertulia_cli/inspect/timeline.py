"""Builds the timeline of a conversation from the timestamps in its entries. No I/O; times are ms since 1970.

The timestamps of different processes come from the clocks of their machines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tertulia_cli.inspect.snapshot import Piece, Snapshot
from tertulia_cli.inspect.turns import Message, Resumed, Sentence, Timeline, Turn, Withdrawn
from tertulia_shared import codec
from tertulia_shared.bus import Entry
from tertulia_shared.codec import BadEntry, decode, decode_event, envelope
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import Receipt, TTSSentence
from tertulia_shared.events import (
    Error,
    Event,
    HistoryChanged,
    Interrupted,
    LLMChunk,
    LoreUsed,
    MessageComplete,
    MessageHeard,
    MessageResumed,
    MessageStarted,
    TranscriptionFinished,
    TurnAccepted,
    TurnComplete,
    TurnConfirmed,
    TurnExtended,
    TurnReopened,
    TurnStarted,
    VadStop,
)


def build(snapshot: Snapshot) -> Timeline:
    """Build the timeline. Entries that this release cannot read are skipped."""
    builder = _Builder()
    demo = any(entry.fields.get(b"demo") == b"1" for entry in snapshot.events[:1])
    for entry in snapshot.events:
        try:
            builder.event(decode_event(entry.fields), envelope(entry.fields).ts, envelope(entry.fields).epoch)
        except BadEntry:
            continue
    played = _played(snapshot.receipts)
    for message in builder.messages.values():
        message.owner = snapshot.owners.get(message.message_id, "")
        message.attempts = codec.number({b"attempt": message.owner.rpartition("/")[2].encode()}, b"attempt")
        message.played_ms = played.get(message.message_id)
        _add_sentences(message, snapshot.sentences.get(message.message_id, ()))
        _add_sound(message, snapshot.audio.get(message.message_id, ()))
    return Timeline(
        snapshot.conversation_id,
        snapshot.now_ms,
        ConversationState(snapshot.state).epoch,
        demo,
        tuple(builder.turns.values()),
        tuple(id for id in dict.fromkeys(_turn_ids(snapshot.turns)) if builder.is_waiting(id)),
        tuple(snapshot.open_work),
        tuple(snapshot.dead),
        tuple(snapshot.workers),
    )


class _Builder:
    """Collects turns and messages from the events, in order."""

    def __init__(self) -> None:
        self.turns: dict[str, Turn] = {}
        self.messages: dict[str, Message] = {}
        self.begun: set[str] = set()
        self._speech_end: int | None = None
        self._spoken: dict[str, tuple[int | None, int]] = {}

    def event(self, event: Event, ts: int, epoch: int) -> None:
        """Apply the next event."""
        match event:
            case VadStop():
                self._speech_end = ts
            case TranscriptionFinished(turn_id=turn_id) if turn_id:
                self._transcribed(turn_id, ts)
            case TurnAccepted():
                self._accepted(event, ts, epoch)
            case TurnConfirmed(turn_id=turn_id) if turn_id in self.turns:
                self.turns[turn_id].confirmed = ts
            case TurnReopened(turn_id=turn_id) if turn_id in self.turns:
                self.turns[turn_id].withdrawn = ts
            case Interrupted():
                self._withdraw_tentative(ts, epoch)
                self._interrupted(ts, epoch)
            case _:
                self._of_a_turn(event, ts)

    def is_waiting(self, turn_id: str) -> bool:
        """True if no llm worker has started the turn, although it is certain."""
        turn = self.turns.get(turn_id)
        return turn_id not in self.begun and (turn is None or turn.is_certain)

    def _transcribed(self, turn_id: str, ts: int) -> None:
        self._spoken[turn_id] = self._speech_end, ts
        if turn_id in self.turns:
            self.turns[turn_id].speech_end, self.turns[turn_id].transcript = self._spoken[turn_id]

    def _interrupted(self, ts: int, epoch: int) -> None:
        for turn in self.turns.values():
            turn.interrupted = turn.interrupted or (turn.complete is None and turn.epoch < epoch and turn.is_certain)
        # the gateway sends `interrupted` only while a reply is being made or played, and that reply is of the last turn
        last = next(reversed(self.turns.values()), None)
        if last is not None and last.epoch < epoch and last.cut is None and last.is_certain:
            last.cut = ts

    def _accepted(self, event: TurnAccepted, ts: int, epoch: int) -> None:
        self._withdraw_tentative(ts, epoch)
        earlier = self._earlier(event.turn_id)
        if earlier is None:
            return
        speech_end, transcript = self._spoken.get(event.turn_id, (None, None))
        self.turns[event.turn_id] = Turn(
            event.turn_id, event.text, event.source, epoch, ts, speech_end=speech_end, transcript=transcript,
            tentative=event.tentative, earlier=earlier,
        )  # fmt: skip

    def _withdraw_tentative(self, ts: int, epoch: int) -> None:
        """Withdraw a turn that waits to be confirmed, because the epoch rises."""
        last = next(reversed(self.turns.values()), None)
        if last is not None and last.epoch < epoch and not last.is_certain:
            last.withdrawn = last.withdrawn or ts

    def _earlier(self, turn_id: str) -> tuple[Withdrawn, ...] | None:
        """Remove the withdrawn version of a turn that is accepted again. Returns all earlier versions of the turn; None
        if its version is not withdrawn, so that this `turn_accepted` only repeats it.
        """
        turn = self.turns.get(turn_id)
        if turn is None:
            return ()
        if turn.withdrawn is None:
            return None
        del self.turns[turn_id]  # the next version is added at the end
        self.begun.discard(turn_id)
        is_unseen = turn.tentative and turn.confirmed is None
        return (*turn.earlier, Withdrawn(turn.text, turn.epoch, turn.accepted, turn.withdrawn, is_unseen))

    def _of_a_turn(self, event: Event, ts: int) -> None:  # noqa: C901 - one case per event
        match event:
            case TurnStarted(turn_id=turn_id) if turn_id in self.turns:
                self.begun.add(turn_id)
                turn = self.turns[turn_id]
                turn.started = turn.started or ts
                turn.reason = next((str(reply.get("reason", "")) for reply in event.replies), "")
                for reply in event.replies:
                    self._message(turn, reply)
            case TurnExtended(turn_id=turn_id) if turn_id in self.turns:
                for reply in event.replies:
                    self._message(self.turns[turn_id], reply, is_discussion=True)
            case HistoryChanged(turn_id=turn_id) if turn_id in self.turns:
                self.turns[turn_id].changes.append(event)
            case TurnComplete(turn_id=turn_id) if turn_id in self.turns:
                self.begun.add(turn_id)
                self.turns[turn_id].complete = ts
            case Error() if event.turn_id in self.turns:
                self.turns[event.turn_id].errors.append(f"{event.message} [{event.code}]")
            case Error() if event.message_id in self.messages:
                turn = next(turn for turn in self.turns.values() if event.message_id in turn.messages)
                turn.errors.append(f"{event.message} [{event.code}]")
            case LoreUsed() | MessageStarted() | LLMChunk() | MessageResumed() | MessageComplete() | MessageHeard():
                message = self.messages.get(event.message_id)
                if message is not None:
                    _apply(message, event, ts)
                    message.last_event = ts
            case _:
                pass

    def _message(self, turn: Turn, reply: Mapping[str, Any], *, is_discussion: bool = False) -> None:
        message_id = str(reply.get("message_id", ""))
        if message_id not in turn.messages:
            name, character_id = str(reply.get("character_name", "?")), str(reply.get("character_id", ""))
            message = Message(message_id, name, turn.turn_id, character_id, is_discussion)
            turn.messages[message_id] = self.messages[message_id] = message


def _apply(message: Message, event: Event, ts: int) -> None:
    match event:
        case LoreUsed():
            message.lore, message.lore_left_out = event.entries, event.left_out
        case MessageStarted():
            message.started = message.started or ts
            message.status = "streaming"
        case LLMChunk():
            message.first_text = message.first_text or ts
            message.text += event.text
        case MessageResumed():
            before = message.last_event or message.started or ts
            message.resumptions.append(Resumed(ts, ts - before, -1))
            message.text = event.text
        case MessageComplete():
            message.text_complete = ts
            message.status = event.status
            message.text = event.text
        case MessageHeard():
            message.heard = event.text
        case _:
            pass


def _played(receipts: Sequence[Entry]) -> dict[str, int]:
    """The played length of each message in ms."""
    played: dict[str, int] = {}
    for entry in receipts:
        try:
            receipt = decode(Receipt, entry.fields)
        except BadEntry:
            continue
        played[receipt.message_id] = max(receipt.played_ms, played.get(receipt.message_id, 0))
    return played


def _add_sentences(message: Message, entries: Sequence[Entry]) -> None:
    shown = ""
    for entry in entries:
        try:
            said, at = decode(TTSSentence, entry.fields), envelope(entry.fields).ts
            written = codec.text(entry.fields, b"written", "")
        except BadEntry:
            continue
        if not said.is_final:
            shown += written or said.text
            message.sentences[said.index] = Sentence(said.index, said.text, at, len(shown.rstrip()))
    message.resumptions = [
        replace(each, sentence=sum(sentence.written < each.at for sentence in message.sentences.values()))
        for each in message.resumptions
    ]


def _add_sound(message: Message, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        if piece.is_final:
            message.sound_complete = piece.ts
            continue
        sentence = message.sentences.setdefault(piece.sentence_index, Sentence(piece.sentence_index, "", piece.ts))
        if sentence.last_sound is not None:
            sentence.longest_gap = max(sentence.longest_gap, piece.ts - sentence.last_sound)
        sentence.first_sound = piece.ts if sentence.first_sound is None else sentence.first_sound
        sentence.last_sound = piece.ts
        sentence.chunks += 1
        sentence.pcm_bytes += piece.pcm_bytes


def _turn_ids(entries: Sequence[Entry]) -> list[str]:
    return [entry.fields.get(b"turn_id", b"").decode(errors="replace") for entry in entries]

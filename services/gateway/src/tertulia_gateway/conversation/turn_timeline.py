"""Collects the time of each step of a turn, from the timestamps in its entries. No I/O; all times are ms since 1970."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from tertulia_gateway.conversation.held_turn import CONFIRMED_MS
from tertulia_shared.codec import BadEntry, Fields, number, unpack
from tertulia_shared.usage import Usage, total


@dataclass(slots=True)
class _Reply:
    character_id: str
    character_name: str
    started: int
    first_chunk: int | None = None
    text_complete: int | None = None
    first_sentence: int | None = None
    first_audio: int | None = None
    first_frame: int | None = None
    audio_complete: int | None = None
    settled: bool = False
    usage: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class _Turn:
    turn_id: str
    source: str
    at: int
    speech_end: int | None
    transcript: int | None
    epoch: int
    ahead_ms: int = 0
    started: int | None = None
    complete: int | None = None
    replies: dict[str, _Reply] = field(default_factory=dict[str, _Reply])


class TurnTimeline:
    """The times of the newest turn. They come from the events, in stream order, and from the frames that the gateway
    sends.

    A turn is settled once all its text is complete and all its audio was sent.
    """

    def __init__(self) -> None:
        self._turn: _Turn | None = None
        self._speech_end: int | None = None
        self._transcript: tuple[str, int] | None = None
        self._failed: set[str] = set()
        """The messages of the turn for which there was an `error` event."""
        self.changes = 0
        """How often a turn began, was interrupted before it was complete, or was reopened."""

    def see(self, kind: bytes, fields: Fields) -> None:
        """Apply the next event of the stream."""
        if kind == b"llm_chunk":  # handled first, because it is the most frequent event
            self._llm_chunk(fields)
            return
        match kind:
            case b"vad_stop":
                self._speech_end = _ts(fields)
            case b"transcription_finished":
                self._transcribed(fields)
            case b"turn_accepted":
                self._turn_accepted(fields)
            case b"message_started":
                self._message_started(fields)
            case b"message_complete":
                self._message_complete(fields)
            case b"turn_started" | b"turn_complete":
                self._turn_progressed(kind, fields)
            case b"interrupted" | b"turn_reopened" | b"error":
                self._ended_or_failed(kind, fields)
            case _:
                pass

    def note_audio(self, message_id: str, entry_ts: int, sent_ms: int) -> None:
        """Record when a worker wrote a message's first frame, and when the gateway sent it."""
        reply = self._find(message_id)
        if reply is not None and reply.first_frame is None:
            reply.first_audio, reply.first_frame = entry_ts, sent_ms

    def note_audio_complete(self, message_id: str, sent_ms: int | None) -> None:
        """Record when the gateway sent a message's last frame. None: the client had the frame before it resumed."""
        reply = self._find(message_id)
        if reply is not None:
            reply.audio_complete, reply.settled = sent_ms, True

    @property
    def without_sentence(self) -> tuple[str, ...]:
        """The messages of which no event has said when the first sentence was complete. They have no sentence, or come
        from an llm worker of an earlier release.
        """
        replies = {} if self._turn is None else self._turn.replies
        return tuple(message_id for message_id, reply in replies.items() if reply.first_sentence is None)

    def note_sentence(self, message_id: str, entry_ts: int) -> None:
        """Record when the first sentence of a message `without_sentence` was complete."""
        reply = self._find(message_id)
        if reply is not None:
            reply.first_sentence = entry_ts

    @property
    def turn_id(self) -> str:
        """The turn's id; "" if there is no turn, or it was interrupted or reopened."""
        return "" if self._turn is None else self._turn.turn_id

    @property
    def epoch(self) -> int:
        """The turn's epoch; 0 if there is no turn."""
        return 0 if self._turn is None else self._turn.epoch

    @property
    def key(self) -> tuple[str, int]:
        """Identifies this version of the turn: a turn that was reopened comes again with another epoch."""
        return self.turn_id, self.epoch

    @property
    def settled(self) -> bool:
        """True if the turn's text is complete and its audio was sent."""
        turn = self._turn
        return turn is not None and turn.complete is not None and all(r.settled for r in turn.replies.values())

    @property
    def text_complete(self) -> bool:
        """True if no more text will come, or there is no turn."""
        return self._turn is None or self._turn.complete is not None

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The turn's messages, in order."""
        return () if self._turn is None else tuple(self._turn.replies)

    @property
    def heard_ids(self) -> tuple[str, ...]:
        """The messages without an error. A message with an error may get more audio later."""
        return tuple(id for id in self.message_ids if id not in self._failed)

    @property
    def usage(self) -> Usage:
        """The token usage of all replies of the turn together."""
        return {} if self._turn is None else total(reply.usage for reply in self._turn.replies.values())

    def metrics(self) -> dict[str, Any]:
        """The `metrics` of `turn_metrics` (docs/protocol.md): ms since the turn was accepted; null if unknown."""
        turn = self._turn
        if turn is None:
            return {}

        def since(at: int | None) -> int | None:
            return None if at is None else at - turn.at

        return {
            "source": turn.source,
            "accepted_at": turn.at,
            "speech_end": since(turn.speech_end),
            "transcript": since(turn.transcript),
            "ahead_ms": turn.ahead_ms,
            "turn_started": since(turn.started),
            "turn_complete": since(turn.complete),
            "usage": self.usage,
            "messages": [
                {
                    "message_id": message_id,
                    "character_id": reply.character_id,
                    "character_name": reply.character_name,
                    "message_started": since(reply.started),
                    "first_chunk": since(reply.first_chunk),
                    "first_sentence": since(reply.first_sentence),
                    "first_audio": since(reply.first_audio),
                    "first_frame": since(reply.first_frame),
                    "text_complete": since(reply.text_complete),
                    "audio_complete": since(reply.audio_complete),
                    "usage": reply.usage,
                }
                for message_id, reply in turn.replies.items()
            ],
        }

    # -- events

    def _transcribed(self, fields: Fields) -> None:
        turn_id, at = _text(fields, b"turn_id"), _ts(fields)
        self._transcript = turn_id, at
        # this event may come before or after `turn_accepted`
        if self._turn is not None and self._turn.turn_id == turn_id:
            self._turn.transcript = self._turn.transcript or at

    def _turn_accepted(self, fields: Fields) -> None:
        turn_id, source, at = _text(fields, b"turn_id"), _text(fields, b"source"), _ts(fields)
        spoken = source == "spoken"
        transcript = self._transcript[1] if spoken and self._transcript and self._transcript[0] == turn_id else None
        self._failed.clear()
        self.changes += 1
        confirmed = number(fields, CONFIRMED_MS)
        self._turn = _Turn(
            turn_id,
            source,
            at,
            self._speech_end if spoken else None,
            transcript,
            number(fields, b"epoch"),
            ahead_ms=max(0, confirmed - at) if confirmed else 0,
        )

    def _turn_progressed(self, kind: bytes, fields: Fields) -> None:
        turn = self._of(fields)
        if turn is None:
            return
        if kind == b"turn_started":
            turn.started = _ts(fields)
        else:
            turn.complete = _ts(fields)

    def _ended_or_failed(self, kind: bytes, fields: Fields) -> None:
        if kind == b"error":
            self._failed.add(_text(fields, b"message_id"))
            return
        if kind == b"turn_reopened" or not self.text_complete:
            self.changes += 1
        if kind == b"interrupted" or self._of(fields) is not None:
            self._turn = None

    def _message_started(self, fields: Fields) -> None:
        turn = self._of(fields)
        if turn is not None:
            turn.replies.setdefault(
                _text(fields, b"message_id"),
                _Reply(_text(fields, b"character_id"), _text(fields, b"character_name"), _ts(fields)),
            )

    def _message_complete(self, fields: Fields) -> None:
        reply = self._reply(fields)
        if reply is not None:
            reply.text_complete = _ts(fields)
            self._note_sentence_ends(reply, fields)
            with contextlib.suppress(BadEntry):
                reply.usage = unpack(fields[b"usage"]) if b"usage" in fields else {}

    def _llm_chunk(self, fields: Fields) -> None:
        reply = self._reply(fields)
        if reply is not None:
            if reply.first_chunk is None:
                reply.first_chunk = _ts(fields)
            self._note_sentence_ends(reply, fields)

    @staticmethod
    def _note_sentence_ends(reply: _Reply, fields: Fields) -> None:
        if reply.first_sentence is None and b"sentence_ends" in fields:  # written together with the sentence
            reply.first_sentence = _ts(fields)

    def _of(self, fields: Fields) -> _Turn | None:
        turn = self._turn
        return turn if turn is not None and turn.turn_id == _text(fields, b"turn_id") else None

    def _reply(self, fields: Fields) -> _Reply | None:
        return None if self._turn is None else self._turn.replies.get(_text(fields, b"message_id"))

    def _find(self, message_id: str) -> _Reply | None:
        return None if self._turn is None else self._turn.replies.get(message_id)


def _ts(fields: Fields) -> int:
    return number(fields, b"ts")


def _text(fields: Fields, name: bytes) -> str:
    return fields.get(name, b"").decode(errors="replace")

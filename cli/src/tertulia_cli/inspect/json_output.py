"""The output of `--json`: plain structures with stable names (docs/inspect.md), without audio data. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tertulia_cli.inspect.explanation import explain_stuck, explain_turn
from tertulia_cli.inspect.memory import Memory, memory_json
from tertulia_cli.inspect.snapshot import GivenUp, Listed, OpenWork, Piece
from tertulia_cli.inspect.turns import BYTES_PER_S, Message, Timeline, Turn

Plain = Mapping[str, Any]


def listed_json(conversations: Sequence[Listed], memory: Memory | None = None) -> Plain:
    """The conversations, the most recent first, and Redis' memory (null if unknown)."""
    return {
        "conversations": [
            {
                "conversation_id": each.id,
                "last_turn_ms": each.last_turn_ms,
                "last_text": each.last_text,
                "answered": each.answered,
            }
            for each in conversations
        ],
        "redis": None if memory is None else memory_json(memory),
    }


def timeline_json(timeline: Timeline) -> Plain:
    """One conversation."""
    return {
        "conversation_id": timeline.conversation_id,
        "now_ms": timeline.now_ms,
        "epoch": timeline.epoch,
        "demo": timeline.demo,
        "turns": [_turn(turn) for turn in timeline.turns],
        "waiting": list(timeline.waiting),
        "open_work": [_open_work(each) for each in timeline.open_work],
        "dead": [_dead(each) for each in timeline.dead],
        "workers": list(timeline.workers),
        "stuck": explain_stuck(timeline),
    }


def message_json(timeline: Timeline, message: Message, pieces: Sequence[Piece]) -> Plain:
    """One reply, with each chunk of its sound."""
    return {
        "conversation_id": timeline.conversation_id,
        "turn_id": message.turn_id,
        **_message(message),
        "chunks": [
            {
                "id": piece.id,
                "ts": piece.ts,
                "sentence_index": piece.sentence_index,
                "ms": round(1000 * piece.pcm_bytes / BYTES_PER_S),
                "is_final": piece.is_final,
            }
            for piece in pieces
        ],
        "open_work": [_open_work(each) for each in timeline.open_work if each.work.message_id == message.message_id],
        "dead": [_dead(each) for each in timeline.dead if each.letter.message_id == message.message_id],
    }


def _turn(turn: Turn) -> Plain:
    return {
        "turn_id": turn.turn_id,
        "text": turn.text,
        "source": turn.source,
        "epoch": turn.epoch,
        "times": {
            "speech_end": turn.speech_end,
            "transcript": turn.transcript,
            "accepted": turn.accepted,
            "confirmed": turn.confirmed,
            "withdrawn": turn.withdrawn,
            "started": turn.started,
            "complete": turn.complete,
            "cut": turn.cut,
        },
        "interrupted": turn.interrupted,
        "tentative": turn.tentative,
        "earlier": [asdict(version) for version in turn.earlier],
        "errors": list(turn.errors),
        "explanation": explain_turn(turn),
        "messages": [_message(message) for message in turn.messages.values()],
    }


def _message(message: Message) -> Plain:
    first = message.sentences.get(0)
    return {
        "message_id": message.message_id,
        "character_id": message.character_id,
        "character_name": message.name,
        "status": message.status,
        "text": message.text,
        "heard": message.heard,
        "played_ms": message.played_ms,
        "lore": [dict(entry) for entry in message.lore],
        "lore_left_out": list(message.lore_left_out),
        "resumed": message.resumed,
        "owner": message.owner,
        "attempts": message.attempts,
        "seconds": round(message.seconds, 3),
        "times": {
            "started": message.started,
            "first_text": message.first_text,
            "first_sentence": first.written if first else None,
            "first_sound": first.first_sound if first else None,
            "text_complete": message.text_complete,
            "sound_complete": message.sound_complete,
        },
        "sentences": [
            {
                "index": each.index,
                "text": each.text,
                "written": each.written,
                "first_sound": each.first_sound,
                "last_sound": each.last_sound,
                "seconds": round(each.seconds, 3),
                "chunks": each.chunks,
            }
            for _, each in sorted(message.sentences.items())
        ],
    }


def _open_work(each: OpenWork) -> Plain:
    return {
        "stage": each.stage,
        "id": each.id,
        "message_id": each.work.message_id,
        "session_id": each.work.session_id,
        "posted": each.posted_ms,
        "worker": each.worker,
        "idle_s": round(each.idle_s, 3),
        "attempt": each.attempt,
        "last_failure": each.last_failure,
    }


def _dead(each: GivenUp) -> Plain:
    letter = each.letter
    return {
        "id": each.id,
        "ts": each.ts,
        "stage": letter.stage,
        "work_id": letter.work_id,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "message_id": letter.message_id,
        "session_id": letter.session_id,
        "turn_id": letter.turn_id,
    }

"""Decides how to recover a dead letter, from the data in Redis. Pure; `retry` carries it out.

Clients have already read the events stream, so no event is withdrawn. A retried reply is spoken to its end, because its
sound has its own stream. A retried turn is posted as a new turn.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

from tertulia_cli.dead_letters.read import DeadEntry, Facts, Message
from tertulia_cli.formatting import counted, short
from tertulia_shared.codec import BadEntry, decode, known, unpack
from tertulia_shared.entries import STORE_WRITE_VERSION, DeadLetter, ModelSettings, StoreWrite, Work
from tertulia_shared.ids import is_id
from tertulia_shared.keys import Stage
from tertulia_shared.outbox_writes import settings_write


@dataclass(frozen=True, slots=True)
class Requeue:
    """Post the work pointer again.

    `end_id`: first delete this final entry of the message's sound. `listening`: first delete the mark that the
    listening session ended.
    """

    stage: Stage
    work: Work
    epoch: int
    effect: str
    end_id: str = ""
    listening: bool = False


@dataclass(frozen=True, slots=True)
class NewTurn:
    """Accept the same text as a new turn. `turn_id` is derived from the old one, so a second retry has no effect."""

    conversation_id: str
    turn_id: str
    text: str
    effect: str


@dataclass(frozen=True, slots=True)
class Resave:
    """Append the write to the store's stream again."""

    write: StoreWrite
    effect: str


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """The work is done; only the entry has to be deleted."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotRetryable:
    """A retry would have no effect."""

    reason: str


Recovery = Requeue | NewTurn | Resave | AlreadyDone | NotRetryable


def new_turn_id(turn_id: str, letter_id: str) -> str:
    """The id of the new turn for a turn that was given up; always the same for the same entry."""
    return str(uuid.uuid5(uuid.UUID(turn_id), f"asked again {letter_id}"))


def recovery_for(entry: DeadEntry, facts: Facts) -> Recovery:
    """Decide how a retry recovers the entry."""
    letter = entry.letter
    if letter is None:
        return NotRetryable(f"this release cannot read it ({entry.error}): use the release that wrote it.")
    return _save(letter, facts) if letter.stage == "store" else _work(entry, letter, facts)


def _work(entry: DeadEntry, letter: DeadLetter, facts: Facts) -> Recovery:
    if not is_id(letter.conversation_id):
        return NotRetryable("it names no valid conversation, so the worker could not read it either.")
    if facts.epoch is None:
        return NotRetryable("its conversation has expired in Redis (after a day).")
    if letter.stage == "tts":
        return _speak(entry, letter, facts.epoch, facts.message)
    if letter.stage == "llm":
        return _answer(entry, letter, facts.epoch, facts)
    return _listen(letter, facts)


def store_write(letter: DeadLetter) -> StoreWrite:
    """The store write that was given up.

    Raises:
        BadEntry: it cannot be decoded.
    """
    return decode(StoreWrite, unpack(letter.entry), newest=STORE_WRITE_VERSION)


def _save(letter: DeadLetter, facts: Facts) -> Recovery:
    try:
        write = store_write(letter)
    except BadEntry as error:
        return NotRetryable(f"this release cannot read the write ({error}): use the release that wrote it.")
    if write.kind == "settings":
        return _save_settings(write.conversation_id, facts.settings)
    if write.kind == "choose":
        return Resave(write, "An llm worker chooses the version, also if another older one has been chosen since.")
    if write.kind == "remove":
        return Resave(write, "An llm worker removes the message with its other versions.")
    if write.kind == "delete_document":
        return Resave(write, "An llm worker deletes the document, also if it has been saved again since.")
    return Resave(
        write,
        "An llm worker saves it. If a longer text of the same message has been saved since, that text is kept.",
    )


def _save_settings(conversation_id: str, raw: bytes | None) -> Recovery:
    """Save the current settings, not those of the dead letter: newer settings may have been saved since."""
    if raw is None:
        return NotRetryable(
            "newer settings may have been saved since, and the current ones have expired in Redis (after a day). Set "
            "them again on the page if they are wrong."
        )
    try:
        present = known(ModelSettings, unpack(raw))
    except BadEntry as error:
        return NotRetryable(
            f"newer settings may have been saved since, and the current ones cannot be read ({error}). Set them again "
            "on the page."
        )
    return Resave(
        settings_write(conversation_id, asdict(present)),
        "An llm worker saves the conversation's current settings, so that newer ones are not lost.",
    )


def _speak(entry: DeadEntry, letter: DeadLetter, epoch: int, message: Message | None) -> Recovery:
    if message is None:
        return NotRetryable("the reply's sentences have expired (an hour after the last one).")
    if message.end_id and message.end_ts > entry.ts:
        return AlreadyDone("it has been spoken to its end since.")
    if epoch > message.epoch:
        return NotRetryable(
            "the conversation's epoch has moved on: you have said something since or interrupted, and workers skip "
            "replies of earlier epochs."
        )
    if not message.text_complete and not message.llm_work_open:
        return NotRetryable("its text was never completed, and no llm worker is writing it.")
    missing = "all of it" if not message.spoken else f"it from sentence {message.spoken} on"
    return Requeue(
        "tts",
        Work(letter.conversation_id, message_id=letter.message_id),
        message.epoch,
        f"A tts worker speaks {missing}, into the same stream and with the same samples. An open page does not play "
        f"it any more; `tertulia inspect --message {letter.message_id} --audio reply.wav` writes it to a file.",
        end_id=message.end_id,
    )


def _answer(entry: DeadEntry, letter: DeadLetter, epoch: int, facts: Facts) -> Recovery:
    turn = facts.turn
    if turn is not None and is_id(turn.turn_id):
        new_id = new_turn_id(turn.turn_id, entry.id)
        if new_id in facts.turn_ids:
            return AlreadyDone("it has been asked again since.")
        if epoch > turn.epoch:
            return NotRetryable(
                "the conversation's epoch has moved on: you have said something since or interrupted. Say it again if "
                "you still want an answer."
            )
        return NewTurn(
            letter.conversation_id,
            new_id,
            turn.text,
            f"“{short(turn.text)}” is asked again as a new turn; the page has already shown the first one as failed.",
        )
    if facts.turn_waits:
        return Requeue("llm", Work(letter.conversation_id), 0, "An llm worker answers the waiting turn.")
    if turn is not None:
        return NotRetryable("the turn has no valid id, so no worker can answer it.")
    return NotRetryable("no turn of the conversation waits for an answer: all are finished.")


def _listen(letter: DeadLetter, facts: Facts) -> Recovery:
    if not is_id(letter.session_id):
        return NotRetryable("it names no valid listening session, so the worker could not read it either.")
    if not facts.frames:
        return NotRetryable("the microphone's sound has expired (after 15 minutes).")
    return Requeue(
        "stt",
        Work(letter.conversation_id, session_id=letter.session_id),
        0,
        f"An stt worker transcribes the session again ({counted(facts.frames, 'frame')}), after the last utterance "
        "that became a turn. Each utterance becomes a new turn now and interrupts a speaking character.",
        listening=True,
    )

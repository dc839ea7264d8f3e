"""What can be done about work that was given up. Pure: decided from what Redis holds, carried out elsewhere.

The streams are a record that clients have read: what was ended there is not taken back. So a reply that could not be
spoken is spoken to its end (its sound has a stream of its own), but a turn that was given up is asked again, as a new
turn.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

from tertulia_cli.dead_letters.read import Facts, Letter, Message
from tertulia_cli.formatting import counted, short
from tertulia_shared.codec import BadEntry, decode, known, unpack
from tertulia_shared.entries import DeadLetter, ModelSettings, StoreWrite, Work
from tertulia_shared.ids import is_id
from tertulia_shared.keys import Stage
from tertulia_shared.outbox import settings_write


@dataclass(frozen=True, slots=True)
class Again:
    """Post the pointer anew. `end_id`: the entry that ended the message's sound too early, to be taken away before;
    `listening`: the session's mark that it ended, to be taken away before."""

    stage: Stage
    work: Work
    epoch: int
    what: str
    end_id: str = ""
    listening: bool = False


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Say the same once more, as a new turn: `turn_id` is derived, so that doing this twice asks once."""

    conversation_id: str
    turn_id: str
    text: str
    what: str


@dataclass(frozen=True, slots=True)
class SaveAgain:
    """Put a write for the store back into its line."""

    write: StoreWrite
    what: str


@dataclass(frozen=True, slots=True)
class Done:
    """It has been done meanwhile: only the entry is left."""

    why: str


@dataclass(frozen=True, slots=True)
class Pointless:
    """Nothing would come of it."""

    why: str


Remedy = Again | AskAgain | SaveAgain | Done | Pointless


def asked_again_id(turn_id: str, letter_id: str) -> str:
    """The id of the turn that asks a turn again that was given up: the same whoever does it, however often."""
    return str(uuid.uuid5(uuid.UUID(turn_id), f"asked again {letter_id}"))


def remedy_for(letter: Letter, facts: Facts) -> Remedy:
    """What a retry does."""
    said = letter.said
    if said is None:
        return Pointless(f"this release cannot read it ({letter.trouble}): use the release that wrote it.")
    return _save(said, facts) if said.stage == "store" else _work(letter, said, facts)


def _work(letter: Letter, said: DeadLetter, facts: Facts) -> Remedy:
    if not is_id(said.conversation_id):
        return Pointless("it points at no conversation: it could not be read when it was claimed either.")
    if facts.epoch is None:
        return Pointless("nothing is left of its conversation in Redis (it is kept there for a day).")
    if said.stage == "tts":
        return _speak(letter, said, facts.epoch, facts.message)
    if said.stage == "llm":
        return _answer(letter, said, facts.epoch, facts)
    return _listen(said, facts)


def written(said: DeadLetter) -> StoreWrite:
    """The write for the store that was given up.

    Raises:
        BadEntry: it cannot be read; the message says why.
    """
    return decode(StoreWrite, unpack(said.entry))


def _save(said: DeadLetter, facts: Facts) -> Remedy:
    try:
        write = written(said)
    except BadEntry as error:
        return Pointless(f"this release cannot read the write ({error}): use the release that wrote it.")
    if write.kind == "settings":
        return _save_settings(write.conversation_id, facts.settings)
    return SaveAgain(
        write,
        "An llm worker saves it. What has been saved of the same message since is not undone: the fuller text stands.",
    )


def _save_settings(conversation_id: str, raw: bytes | None) -> Remedy:
    """A row of settings takes the place of the one before it, and others may have been saved since: so those of now."""
    if raw is None:
        return Pointless(
            "newer settings may have been saved since, and Redis no longer has those that hold now (it keeps them for "
            "a day). Set them once more on the page if they are not as you want them."
        )
    try:
        present = known(ModelSettings, unpack(raw))
    except BadEntry as error:
        return Pointless(
            f"newer settings may have been saved since, and those that hold now cannot be read ({error}). Set them "
            "once more on the page."
        )
    return SaveAgain(
        settings_write(conversation_id, asdict(present)),
        "An llm worker saves the settings that the conversation has now, not those that were given up: newer ones are "
        "not undone.",
    )


def _speak(letter: Letter, said: DeadLetter, epoch: int, message: Message | None) -> Remedy:
    if message is None:
        return Pointless("the reply's sentences have expired (they are kept for an hour after the last one).")
    if message.end_id and message.end_ts > letter.ts:
        return Done("it has been spoken to its end since.")
    if epoch > message.epoch:
        return Pointless(
            "the conversation's epoch has moved on: you have said something since, or cut in, and a worker speaks "
            "nothing of before."
        )
    if not message.is_whole and not message.being_written:
        return Pointless("its text was never completed, and nobody writes it any more: a worker would wait in vain.")
    missing = "all of it" if not message.spoken else f"it from sentence {message.spoken} on"
    return Again(
        "tts",
        Work(said.conversation_id, message_id=said.message_id),
        message.epoch,
        f"A tts worker speaks {missing}, into the same stream, with the samples that it would have had. A page that is "
        "open has gone on behind this reply and does not play it any more; "
        f"`tertulia inspect --message {said.message_id} --audio reply.wav` writes it to a file.",
        end_id=message.end_id,
    )


def _answer(letter: Letter, said: DeadLetter, epoch: int, facts: Facts) -> Remedy:
    turn = facts.turn
    if turn is not None and is_id(turn.turn_id):
        new_id = asked_again_id(turn.turn_id, letter.id)
        if new_id in facts.turn_ids:
            return Done("it has been asked again since.")
        if epoch > turn.epoch:
            return Pointless(
                "the conversation's epoch has moved on: you have said something since, or cut in. Say it again "
                "yourself if you still want an answer."
            )
        return AskAgain(
            said.conversation_id,
            new_id,
            turn.text,
            f"“{short(turn.text)}” is said again, as a new turn: the page was told that the first one is over, and "
            "that is not taken back.",
        )
    if facts.turn_waits:
        return Again("llm", Work(said.conversation_id), 0, "An llm worker answers the turn that waits there.")
    if turn is not None:
        return Pointless("the turn has no proper id: nobody can answer it.")
    return Pointless("no turn of the conversation waits for an answer: all are finished.")


def _listen(said: DeadLetter, facts: Facts) -> Remedy:
    if not is_id(said.session_id):
        return Pointless("it points at no listening session: it could not be read when it was claimed either.")
    if not facts.frames:
        return Pointless("what was said has expired (the microphone's sound is kept for 15 minutes).")
    return Again(
        "stt",
        Work(said.conversation_id, session_id=said.session_id),
        0,
        f"An stt worker hears the session again ({counted(facts.frames, 'frame')}) from behind the last utterance that "
        "became a turn. What it understands is said now, and cuts off whoever speaks.",
        listening=True,
    )

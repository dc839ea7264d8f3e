"""Ends a message that cannot be spoken: sends the client an error, and ends the message's audio."""

from __future__ import annotations

import contextlib
import logging

from tertulia_shared.bus import Append, Bus, Claim, WriteRefused, WritesPaused
from tertulia_shared.codec import BadEntry, envelope
from tertulia_shared.conversation_state import ConversationState
from tertulia_shared.entries import MAX_SENTENCES, Work
from tertulia_shared.entry_ids import order
from tertulia_shared.events import Error
from tertulia_shared.ids import is_id
from tertulia_shared.work import pointed_at
from tertulia_tts.audio_stream import final_entry, missing_final_id

MAX_REASON_CHARS = 2_000

log = logging.getLogger(__name__)


async def give_up_message(bus: Bus, claim: Claim, reason: str) -> None:
    """Send the client the error, and write the final audio entry, so that the gateway continues with the next message.

    Does nothing if the message was interrupted: the client no longer waits for its audio.

    Raises:
        WritesPaused: Redis accepts no writes now; call again later.
    """
    work = pointed_at(claim.fields)
    if not (is_id(work.conversation_id) and is_id(work.message_id)):
        return
    epoch = 0
    with contextlib.suppress(BadEntry, WriteRefused):
        epoch = envelope(claim.fields).epoch
        if ConversationState(await bus.hash(bus.keys.state(work.conversation_id))).epoch > epoch:
            return
    index, character_id = await _spoken_so_far(bus, work)
    audio = bus.keys.audio(work.conversation_id, work.message_id)
    error = Error("tts_failed", f"This reply cannot be spoken: {reason}"[:MAX_REASON_CHARS], "", work.message_id)
    event = Append(bus.keys.events(work.conversation_id), error)
    end: Append | None = None
    try:
        if final_id := await missing_final_id(bus, audio, index):
            end = Append(audio, final_entry(work, index, character_id), final_id)
        await bus.transact(work.conversation_id, [event] if end is None else [end, event])
    except WritesPaused:
        raise
    except WriteRefused:
        log.exception("Redis refused the end of a message", extra={"message_id": work.message_id})
        await _end_separately(bus, work, epoch, event, end)


async def _spoken_so_far(bus: Bus, work: Work) -> tuple[int, str]:
    """How many sentences of the message are in Redis, and the character's id; 0 and "" if they cannot be read."""
    last = None
    with contextlib.suppress(WriteRefused):  # the key has the wrong type
        last = await bus.last(bus.keys.sentences(work.conversation_id, work.message_id))
    if last is None:
        return 0, ""
    # the id gives the number of sentences even if the entry cannot be decoded: sentence i has the id (i+1)-0
    count = order(last.id)[0] - (last.fields.get(b"is_final") == b"1")
    return min(count, MAX_SENTENCES - 1), last.fields.get(b"character_id", b"").decode(errors="replace")


async def _end_separately(bus: Bus, work: Work, epoch: int, event: Append, end: Append | None) -> None:
    """Write the error and the end of the audio separately, without reading the state, because one of the keys is
    broken.

    The tts worker does not repair the keys: for `Bus.mend`, it lacks permissions on some keys. The next service that
    writes to the keys repairs them.
    """
    if end is not None:
        try:
            await _write(bus, end, epoch)
        except WritesPaused:
            raise
        except WriteRefused:
            log.exception("the final audio entry cannot be written", extra={"message_id": work.message_id})
    await _write(bus, event, epoch)


async def _write(bus: Bus, append: Append, epoch: int) -> None:
    outlet = bus.outlet(epoch=epoch)
    outlet.append(append.key, append.entry, id=append.id)
    await outlet.flush()

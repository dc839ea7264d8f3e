"""A session knows the names of the active characters, also of those that are created while it is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tertulia_shared.bus import Put
from tertulia_shared.character_names import fields_of
from tertulia_shared.conversation_cast import Cast
from tertulia_shared.ids import new_id
from tertulia_stt.listener import MAX_EXPECTED
from tertulia_stt.names_at_the_table import REFRESH_S
from tests.fakes.scripted_recognition import HANGOVER, WRITING, Utterance
from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import STORY, ListeningSession, speech

CALL = Utterance(3_000, 3_000 + 8_000 + HANGOVER, "Ivy.")
AFTER_CALL = CALL.end + 8_000
"""Half a second after the end of the piece: by then a turn with a finished sentence has ended."""


async def set_names(session: ListeningSession, *names: str) -> None:
    """Write the names of the active characters as an llm worker does."""
    await write_names(session, fields_of(names))


async def write_names(session: ListeningSession, fields: Mapping[str, str]) -> None:
    """Write these fields of the names."""
    outlet = session.bus.outlet()
    outlet.put(session.bus.keys.character_names(), fields)
    await outlet.flush()


async def texts_after_call(session: ListeningSession) -> list[str]:
    """The turns half a second after `CALL`. Ends the session."""
    await session.send_audio(AFTER_CALL)
    texts = [turn.text for turn in await session.final_turns()]
    await session.stop()
    return texts


@virtual_time
async def test_name_alone_does_not_end_a_turn_soon() -> None:
    session = ListeningSession(CALL, think_ahead="off")
    await set_names(session, "Ivy", "Luna")
    job = await session.start()
    assert await texts_after_call(session) == []
    await job


@virtual_time
async def test_character_that_was_invited_to_this_conversation_is_known() -> None:
    ivy, luna = new_id(), new_id()
    session = ListeningSession(CALL, think_ahead="off")
    await write_names(session, fields_of(["Luna"], {ivy: "Ivy", luna: "Luna"}))
    state = session.bus.keys.state(session.conversation_id)
    await session.bus.transact(session.conversation_id, [Put(state, Cast((luna, ivy)).fields())])
    job = await session.start()
    assert await texts_after_call(session) == []
    await job


@virtual_time
async def test_word_that_is_no_name_ends_a_turn_soon() -> None:
    session = ListeningSession(CALL, think_ahead="off")
    job = await session.start()
    assert await texts_after_call(session) == ["Ivy."]
    await job


@virtual_time
async def test_character_created_during_the_session_is_known() -> None:
    session = ListeningSession(CALL, think_ahead="off")
    await set_names(session, "Luna")
    job = await session.start()
    await session.send_audio(1_000)
    await set_names(session, "Ivy", "Luna")
    await session.wait(2 * REFRESH_S)
    assert await texts_after_call(session) == []
    await job


@virtual_time
async def test_name_keeps_its_capital_letter_within_a_sentence() -> None:
    session = ListeningSession(
        Utterance(3_000, 20_000, "I want to talk to"), Utterance(22_000, 40_000, "Ivy about trains.")
    )
    await set_names(session, "Ivy")
    await session.serve_audio(60_000)
    assert [turn.text for turn in await session.final_turns()] == ["I want to talk to Ivy about trains."]


@virtual_time
async def test_name_of_a_character_created_after_the_turn_interrupts_its_reply() -> None:
    session = ListeningSession(speech("Ivy!", (20_000, "Ivy")))
    await session.character_speaks(STORY)  # the plan of its turn does not have the new character
    await set_names(session, "Ivy", "Luna")
    job = await session.start()
    await session.send_audio(21_000)
    assert await session.count_interruptions() == 1
    await session.send_audio(60_000)
    await session.stop()
    await job


@virtual_time
async def test_word_that_is_no_name_does_not_interrupt_a_reply_before_its_end() -> None:
    session = ListeningSession(speech("Ivy!", (20_000, "Ivy")))
    await session.character_speaks(STORY)
    job = await session.start()
    await session.send_audio(21_000)
    assert await session.count_interruptions() == 0
    await session.stop()
    await job


@virtual_time
async def test_recognizer_expects_the_names_and_the_words_of_the_settings() -> None:
    session = ListeningSession(CALL)
    session.engine.writing = replace(WRITING, names=("Luna", "Kubernetes"))
    await set_names(session, "Ivy", "Luna")
    job = await session.start()
    await session.send_audio(1_000)
    await set_names(session, "Théo")
    await session.wait(3 * REFRESH_S)
    await session.stop()
    await job
    assert session.engine.expected == [[("Ivy", "Luna", "Kubernetes"), ("Théo", "Luna", "Kubernetes")]]


@virtual_time
async def test_number_of_words_that_the_recognizer_expects_is_bounded() -> None:
    session = ListeningSession(CALL)
    await set_names(session, *(f"Name {number}" for number in range(2 * MAX_EXPECTED)))
    await session.serve_audio(1_000)
    ((words,),) = session.engine.expected
    assert words == tuple(f"Name {number}" for number in range(MAX_EXPECTED))


@virtual_time
async def test_session_is_served_while_the_names_cannot_be_read() -> None:
    session = ListeningSession(CALL)
    outlet = session.bus.outlet()
    outlet.put(session.bus.keys.character_names(), {"names": "no list"})
    await outlet.flush()
    await session.serve_audio(AFTER_CALL)
    assert [turn.text for turn in await session.final_turns()] == ["Ivy."]
    assert session.engine.expected == [[("Luna", "Rex")]]

"""A spoken turn is neither lost nor doubled if its worker is killed or its session is given up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_shared.events import TranscriptionFinished
from tertulia_shared.ids import spoken_turn_id
from tests.fakes.scripted_recognition import Utterance
from tests.harness.virtual_time import virtual_time
from tests.unit.stt.listening_session import ListeningSession
from tests.unit.stt.spoken_pieces import (
    ASKED,
    DRAFTED,
    DRAFTED_MARKET,
    DRAFTED_QUESTION,
    GREETED,
    HOW_ARE_YOU,
    LATER,
    MARKET,
    MORE,
    NOISE,
    QUESTION,
    WENT,
    at,
    heard,
    types,
)


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        ((WENT, MARKET), {}),
        ((ASKED, MORE), {"think_ahead": "off"}),
        ((ASKED, NOISE), {"think_ahead": "off"}),
        ((GREETED, HOW_ARE_YOU), {}),
        ((GREETED, NOISE, LATER), {}),
        ((DRAFTED_QUESTION, MORE), {}),
        ((WENT, DRAFTED_MARKET), {}),
        ((DRAFTED, NOISE, LATER), {}),
    ],
    ids=[
        "two pieces",
        "reopened",
        "reopened by noise",
        "withdrawn guess",
        "guesses and a reopening",
        "draft",
        "draft after a piece",
        "dropped draft",
    ],
)
@virtual_time
async def test_turn_is_whole_and_not_doubled_if_the_worker_is_killed_after_any_write(
    script: Sequence[Utterance], settings: dict[str, Any]
) -> None:
    expected = [turn.text for turn in await (await heard(ListeningSession(*script, **settings), 5)).final_turns()]
    writes = 0
    while True:
        writes += 1
        session = ListeningSession(*script, **settings)
        await session.prepare()
        await session.send_audio(at(5))
        await session.stop()
        if not await session.serve_until_write(writes):
            break
        await session.serve()
        assert [turn.text for turn in await session.final_turns()] == expected, f"write {writes}"
        assert await session.tentative() is None
        finished = [event for event in await session.events() if isinstance(event, TranscriptionFinished)]
        assert finished[-1].text == expected[-1]
    assert writes > 6


@virtual_time
async def test_successor_continues_the_turn_that_its_predecessor_began() -> None:
    session = ListeningSession(WENT, MARKET)
    job = await session.start()
    await session.send_audio(at(1.6))
    job.cancel()
    with pytest.raises(BaseException):  # noqa: B017, PT011 - its cancellation
        await job
    await session.send_audio(at(4))
    await session.stop()
    await session.serve()
    assert session.engine.opened == [0, WENT.end]
    (turn,) = await session.turns()
    assert turn.turn_id == spoken_turn_id(session.session_id, WENT.start)
    assert turn.text == "I went to the market and I bought apples."


@pytest.mark.parametrize(
    ("spoken", "until_s", "texts"),
    [
        (WENT, 1.5, ["I went to the"]),
        (GREETED, 1.4, ["Hello Luna."]),
        (ASKED, 1.8, [QUESTION]),
        (NOISE, 2.5, []),
        (DRAFTED, 1.12, ["Hello Luna."]),
        (DRAFTED, 1.4, []),
        (DRAFTED_QUESTION, 1.12, [QUESTION]),
    ],
    ids=["growing turn", "tentative turn", "ended turn", "no words", "draft", "dropped draft", "finished draft"],
)
@virtual_time
async def test_words_of_a_session_that_is_given_up_become_a_turn(
    spoken: Utterance, until_s: float, texts: Sequence[str]
) -> None:
    session = ListeningSession(spoken)
    job = await session.start()
    await session.send_audio(at(until_s))
    job.cancel()
    for _ in range(2):
        await session.listener.give_up(await session.claim_work(), "given up after 5 attempts")
    assert [turn.text for turn in await session.final_turns()] == texts
    assert await session.tentative() is None
    kinds = types(await session.events())
    assert kinds.count("transcription_finished") == len(texts) or not texts


@virtual_time
async def test_tentative_turn_that_was_withdrawn_is_accepted_when_its_session_is_given_up() -> None:
    session = ListeningSession(GREETED)
    job = await session.start()
    await session.send_audio(at(1.4))
    job.cancel()
    await session.type_message("Wait.")
    await session.listener.give_up(await session.claim_work(), "given up after 5 attempts")
    assert [(turn.text, turn.version) for turn in await session.final_turns()] == [("Wait.", 0), ("Hello Luna.", 1)]


@virtual_time
async def test_successor_hears_the_piece_again_whose_draft_its_predecessor_accepted() -> None:
    session = ListeningSession(WENT, DRAFTED_MARKET)
    job = await session.start()
    await session.send_audio(at(2.62))
    job.cancel()
    with pytest.raises(BaseException):  # noqa: B017, PT011 - its cancellation
        await job
    assert [turn.text for turn in await session.turns()] == ["I went to the market."]
    await session.send_audio(at(5))
    await session.stop()
    await session.serve()
    assert session.engine.opened == [0, WENT.end]
    assert [turn.text for turn in await session.final_turns()] == ["I went to the market and I bought apples."]
    assert await session.tentative() is None

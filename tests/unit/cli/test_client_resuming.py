"""What a client that lost its connection asks for, and what it delivers."""

from __future__ import annotations

from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.resuming import Phase, Position


def started(id: str = "", conversation: str = "c1") -> Event:
    return Event("conversation_started", id, 0, {"conversation_id": conversation})


def event(id: str, type: str = "llm_chunk") -> Event:
    return Event(type, id)


def audio(id: str, message_id: str = "m1") -> Audio:
    return Audio(message_id, "c", 0, 0, id, 24_000, b"")


def live() -> Position:
    position = Position()
    position.connected()
    assert position.event(started("1-0"))
    return position


def test_a_new_conversation_is_live_at_once() -> None:
    position = live()
    assert position.phase is Phase.LIVE
    assert position.conversation_id == "c1"
    assert position.event(event("2-0"))


def test_after_a_loss_it_asks_for_what_came_behind_the_last_it_had() -> None:
    position = live()
    position.event(event("2-0"))
    position.audio(audio("1-3"))
    position.connected()
    assert not position.event(started())
    assert position.phase is Phase.RESUMING
    assert position.resume() == {
        "conversation_id": "c1",
        "last_event_id": "2-0",
        "last_audio": {"message_id": "m1", "id": "1-3"},
    }


def test_until_the_resume_is_answered_nothing_is_delivered_but_errors() -> None:
    position = live()
    position.event(event("2-0"))
    position.connected()
    position.event(started())
    assert not position.event(event("4-0"))
    assert not position.audio(audio("1-4"))
    assert position.event(Event("error"))
    assert position.event(started())
    assert position.event(event("3-0"))
    assert position.event(event("4-0"))


def test_nothing_is_delivered_twice() -> None:
    position = live()
    assert position.event(event("9-5"))
    assert not position.event(event("9-5"))
    assert not position.event(event("9-4"))
    assert position.event(event("10-0"))
    assert position.audio(audio("1-9"))
    assert not position.audio(audio("1-9"))
    assert position.audio(audio("1-10"))
    assert position.audio(audio("1-1", "m2"))


def test_what_has_no_id_is_always_delivered() -> None:
    position = live()
    assert position.event(event("", "audio_complete"))
    assert position.event(event("", "audio_complete"))


def test_a_conversation_that_is_taken_up_from_now_on_is_live_at_once() -> None:
    position = Position("c1")
    position.connected()
    assert position.event(started())
    assert position.phase is Phase.LIVE

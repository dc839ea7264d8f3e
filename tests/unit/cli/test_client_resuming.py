"""The position from which a client resumes, and the frames that it delivers."""

from __future__ import annotations

from tertulia_cli.client.frames import Audio, Event
from tertulia_cli.client.resuming import ForeignTurnFilter, Marks


def started(id: str = "", conversation: str = "c1") -> Event:
    return Event("conversation_started", id, 0, {"conversation_id": conversation})


def event(id: str, type: str = "llm_chunk") -> Event:
    return Event(type, id)


def audio(id: str, message_id: str = "m1") -> Audio:
    return Audio(message_id, "c", 0, 0, id, 24_000, b"")


def live() -> Marks:
    marks = Marks()
    marks.connected()
    assert marks.query() == {}
    assert marks.event(started("1-0"))
    return marks


def test_client_delivers_frames_of_a_new_conversation_after_conversation_started() -> None:
    marks = live()
    assert marks.conversation_id == "c1"
    assert marks.event(event("2-0"))


def test_client_resumes_after_its_last_event_and_audio_frame() -> None:
    marks = live()
    marks.event(event("2-0"))
    marks.audio(audio("1-3"))
    assert marks.query() == {"conversation_id": "c1", "last_event_id": "2-0", "last_audio": "m1/1-3"}


def test_client_delivers_only_errors_before_conversation_started() -> None:
    marks = live()
    marks.event(event("2-0"))
    marks.connected()
    assert not marks.event(event("4-0"))
    assert not marks.audio(audio("1-4"))
    assert marks.event(Event("error"))
    assert marks.event(started())
    assert marks.event(event("3-0"))
    assert marks.event(event("4-0"))


def test_client_drops_repeated_frames() -> None:
    marks = live()
    assert marks.event(event("9-5"))
    assert not marks.event(event("9-5"))
    assert not marks.event(event("9-4"))
    assert marks.event(event("10-0"))
    assert marks.audio(audio("1-9"))
    assert not marks.audio(audio("1-9"))
    assert marks.audio(audio("1-10"))
    assert marks.audio(audio("1-1", "m2"))


def test_client_delivers_an_event_without_an_id_each_time_it_arrives() -> None:
    marks = live()
    assert marks.event(event("", "audio_complete"))
    assert marks.event(event("", "audio_complete"))


def test_client_delivers_frames_of_a_joined_conversation_after_conversation_started() -> None:
    marks = Marks("c1")
    assert marks.query() == {"conversation_id": "c1"}
    marks.connected()
    assert marks.event(started())
    assert marks.event(event("3-0"))


def joined(*, resumed: bool = True) -> ForeignTurnFilter:
    joining = ForeignTurnFilter()
    assert joining.event(Event("conversation_started", "", 0, {"conversation_id": "c1", "resumed": resumed}), ())
    return joining


def accepted(turn_id: str) -> Event:
    return Event("turn_accepted", "2-0", 1, {"turn_id": turn_id})


def test_client_that_joins_skips_the_running_turn() -> None:
    joining = joined()
    assert not joining.event(accepted("theirs"), {"mine"})
    assert not joining.event(event("3-0"), {"mine"})
    assert not joining.event(Event("error", "4-0"), {"mine"})
    assert not joining.audio()
    assert joining.event(Event("error"), {"mine"})
    assert joining.event(event("5-0", "vad_start"), {"mine"})
    assert joining.event(accepted("mine"), {"mine"})
    assert joining.event(event("6-0"), {"mine"})
    assert joining.audio()


def test_client_that_joins_skips_the_running_turn_until_its_interruption() -> None:
    joining = joined()
    joining.event(accepted("theirs"), ())
    assert joining.event(Event("interrupted", "5-0"), ())
    assert joining.audio()


def test_client_delivers_the_turns_it_waits_for_after_a_reconnect() -> None:
    assert joined().event(accepted("mine"), {"mine"})
    spoken = joined()
    assert spoken.event(event("1-0", "vad_start"), ())
    assert spoken.event(accepted("spoken"), ())
    lost = joined(resumed=False)
    assert lost.event(Event("conversation_started", "", 0, {"resumed": True}), ())
    assert lost.event(accepted("spoken"), ())


def test_client_that_joins_skips_the_running_turn_also_after_it_was_reopened() -> None:
    joining = joined()
    assert not joining.event(accepted("theirs"), {"mine"})
    assert not joining.event(Event("turn_reopened", "3-0", 2, {"turn_id": "theirs"}), {"mine"})
    assert not joining.event(accepted("theirs"), {"mine"})
    assert not joining.audio()
    assert joining.event(accepted("mine"), {"mine"})

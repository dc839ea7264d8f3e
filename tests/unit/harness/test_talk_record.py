"""The checker itself: a correct conversation has no faults, and each kind of fault is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.talk_record import Record

Frame = dict[str, Any]
TURN: Frame = {"turn_id": "t1"}


def event(number: int, kind: str, *, epoch: int = 1, **fields: Any) -> Frame:
    return {"type": kind, "event_id": f"{number}-0", "epoch": epoch, **fields}


def sound(message_id: str, sentence: int, chunk: int) -> Frame:
    return {
        "type": "audio", "message_id": message_id, "sentence_index": sentence, "chunk_index": chunk,
        "id": f"{sentence + 1}-{chunk + 1}", "pcm": b"\0\0",
    }  # fmt: skip


def ended(message_id: str, id: str) -> Frame:
    return {"type": "audio_complete", "message_id": message_id, "id": id}


def a_talk() -> list[Frame]:
    return [
        event(1, "conversation_started", epoch=0, conversation_id="c", resumed=False),
        event(2, "turn_accepted", text="hello", **TURN),
        event(3, "message_started", message_id="a", character_name="Luna", **TURN),
        event(4, "llm_chunk", message_id="a", text="One. "),
        event(5, "llm_chunk", message_id="a", text="Tw"),
        event(6, "message_resumed", message_id="a", text="One. "),
        event(7, "llm_chunk", message_id="a", text="Two."),
        sound("a", 0, 0),
        sound("a", 0, 1),
        event(8, "message_complete", message_id="a", text="One. Two.", status="complete"),
        event(9, "message_started", message_id="b", character_name="Rex", **TURN),
        event(10, "message_complete", message_id="b", text="", status="complete"),
        event(11, "turn_complete", **TURN),
        sound("a", 1, 0),
        ended("a", "3-0"),
        sound("b", 0, 0),
        ended("b", "2-0"),
    ]


def record_of(frames: list[Frame]) -> Record:
    record = Record()
    for frame in frames:
        record.feed(frame)
    return record


def test_recorded_correct_conversation_has_no_faults() -> None:
    record = record_of(a_talk())
    assert record.faults == []
    assert record.turn_is_done("t1")
    assert [message.text for message in record.of_turn("t1")] == ["One. Two.", ""]
    assert record.resume_query() == "?conversation_id=c&last_event_id=11-0&last_audio=b/2-0"


@pytest.mark.parametrize("length", range(17))
def test_recorded_turn_is_complete_only_after_its_last_frame(length: int) -> None:
    record = record_of(a_talk()[:length])
    assert record.faults == []
    assert not record.turn_is_done("t1")


def moved(frames: list[Frame], source: int, to: int) -> None:
    frames.insert(to, frames.pop(source))


def newer_epoch_then(frame: Frame) -> Callable[[list[Frame]], None]:
    def change(frames: list[Frame]) -> None:
        frames[7:] = [event(8, "interrupted", epoch=2, cause="request"), frame]

    return change


WRONG: dict[str, Callable[[list[Frame]], object]] = {
    "a chunk is lost": lambda frames: frames.pop(7),
    "a chunk comes twice": lambda frames: frames.insert(9, frames[8]),
    "chunks change places": lambda frames: moved(frames, 8, 7),
    "a sentence's sound is lost": lambda frames: frames.pop(13),
    "sound comes before its message": lambda frames: moved(frames, 7, 2),
    "sound comes before the earlier message's": lambda frames: moved(frames, 15, 13),
    "sound comes after its end": lambda frames: frames.append(sound("b", 0, 1)),
    "sound ends twice": lambda frames: frames.append(ended("b", "2-0")),
    "an event comes twice": lambda frames: frames.insert(4, frames[3]),
    "events change places": lambda frames: moved(frames, 4, 3),
    "a piece of text is lost": lambda frames: frames.pop(6),
    "a message begins twice": lambda frames: frames.append(event(12, "message_started", message_id="a", **TURN)),
    "a message ends twice": lambda frames: frames.append(
        event(12, "message_complete", message_id="a", text="One. Two.", status="complete")
    ),
    "text after the end": lambda frames: frames.append(event(12, "llm_chunk", message_id="a", text="!")),
    "the epoch falls": lambda frames: frames.append(event(12, "turn_accepted", epoch=0, turn_id="t2", text="")),
    "sound of an older epoch": newer_epoch_then(sound("a", 0, 0)),
    "text of an older epoch": newer_epoch_then(event(9, "llm_chunk", message_id="a", text="x")),
    "a message of an older epoch": newer_epoch_then(
        event(9, "message_started", message_id="b", character_name="Rex", **TURN)
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_record_reports_each_kind_of_faulty_frame(name: str) -> None:
    frames = a_talk()
    WRONG[name](frames)
    assert record_of(frames).faults


def test_end_of_an_interrupted_reply_is_not_a_fault() -> None:
    frames = a_talk()[:9]
    frames += [
        event(8, "interrupted", epoch=2, cause="request"),
        event(9, "message_complete", message_id="a", text="One.", status="interrupted"),
        event(10, "turn_complete", **TURN),
    ]
    assert record_of(frames).faults == []

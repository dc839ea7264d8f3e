from __future__ import annotations

from tertulia_llm.history.from_streams import messages_from_streams
from tertulia_llm.withdrawn_turns import separated
from tertulia_shared.bus import Entry
from tertulia_shared.codec import encode
from tertulia_shared.entries import UserTurn
from tertulia_shared.events import LLMChunk, MessageComplete, MessageHeard, MessageResumed, MessageStarted, TurnStarted
from tertulia_shared.ids import new_id
from tertulia_shared.store import turn_position

TALK, FIRST, SECOND, LUNA, REX = (new_id() for _ in range(5))
MS = 1_767_225_600_000


def entry(id: str, value: object) -> Entry:
    flat = encode(value, ts=MS, epoch=1)
    return Entry(id, dict(zip(flat[::2], flat[1::2], strict=True)))


def started(turn_id: str, *replies: tuple[str, str]) -> TurnStarted:
    return TurnStarted(
        turn_id, tuple({"message_id": id, "character_id": new_id(), "character_name": name} for id, name in replies)
    )


TURNS = [
    entry(f"{MS}-0", UserTurn(FIRST, TALK, "Hello, you two", "typed")),
    Entry(f"{MS}-1", {b"v": b"1"}),
    entry(f"{MS + 1}-0", UserTurn(SECOND, TALK, "And?", "spoken")),
]
EVENTS = [
    entry("1-0", started(FIRST, (LUNA, "Luna"), (REX, "Rex"))),
    entry("2-0", LLMChunk("Good ", "c", LUNA)),
    entry("3-0", MessageComplete(LUNA, "c", "Good evening.")),
    entry("4-0", MessageComplete(REX, "c", "Grr. What is it?", "interrupted")),
    Entry("5-0", {b"v": b"1", b"type": b"message_complete"}),
    entry("6-0", MessageHeard(REX, "c", "Grr.")),
]


def test_messages_from_streams_equal_those_in_the_store() -> None:
    rows = messages_from_streams(TALK, TURNS, EVENTS, cursor=f"{MS + 1}-0", user_name="Jay")
    assert [(row.id, row.character_name, row.text, row.status) for row in rows] == [
        (FIRST, "Jay", "Hello, you two", "complete"),
        (LUNA, "Luna", "Good evening.", "complete"),
        (REX, "Rex", "Grr.", "interrupted"),
        (SECOND, "Jay", "And?", "complete"),
    ]
    assert [row.position for row in rows] == [
        *(turn_position(f"{MS}-0", slot) for slot in range(3)),
        turn_position(f"{MS + 1}-0", 0),
    ]
    assert {row.conversation_id for row in rows} == {TALK}
    assert [row.turn_id for row in rows] == [FIRST, FIRST, FIRST, SECOND]


def reply_of(*events: object) -> tuple[str, str, str]:
    """The text, the unheard text and the status of the reply that these events are about."""
    entries = [EVENTS[0], *(entry(f"{number}-0", event) for number, event in enumerate(events, 2))]
    (row,) = (
        row
        for row in messages_from_streams(TALK, TURNS, entries, cursor=f"{MS + 1}-0", user_name="Jay")
        if row.id == LUNA
    )
    return row.text, row.unheard, row.status


TOLD = [
    MessageStarted(LUNA, FIRST, "c", "Luna"),
    LLMChunk("Lost after a cr", "c", LUNA),
    MessageResumed(LUNA, "c", "Good eve"),
    LLMChunk("ning. It is la", "c", LUNA),
]


def test_unfinished_sentence_of_a_reply_that_was_cut_off_is_unheard() -> None:
    cut = MessageComplete(LUNA, "c", "Good evening.", "interrupted")
    assert reply_of(*TOLD, cut) == ("Good evening.", " It is la", "interrupted")
    assert reply_of(*TOLD, cut, MessageHeard(LUNA, "c", "Good")) == ("Good", " evening. It is la", "interrupted")
    nothing = MessageComplete(LUNA, "c", "", "interrupted")
    assert reply_of(*TOLD, nothing) == ("", "Good evening. It is la", "interrupted")


def test_rest_of_a_whole_reply_is_unheard() -> None:
    end = MessageComplete(LUNA, "c", "Good evening.")
    assert reply_of(*TOLD, end) == ("Good evening.", "", "complete")
    assert reply_of(*TOLD, end, MessageHeard(LUNA, "c", "Good")) == ("Good", " evening.", "interrupted")


def test_nothing_is_unheard_if_the_text_of_the_reply_is_not_whole() -> None:
    cut = MessageComplete(LUNA, "c", "Good evening.", "interrupted")
    assert reply_of(*TOLD[3:], cut) == ("Good evening.", "", "interrupted")
    assert reply_of(cut, MessageHeard(LUNA, "c", "Something else")) == ("Something else", "", "interrupted")


def test_turn_after_the_cursor_is_left_out() -> None:
    rows = messages_from_streams(TALK, TURNS, EVENTS, cursor=f"{MS}-0", user_name="Jay")
    assert [row.turn_id for row in rows] == [FIRST] * 3


def test_reply_without_an_end_is_left_out() -> None:
    rows = messages_from_streams(TALK, TURNS[:1], EVENTS[:2], cursor=f"{MS}-0", user_name="Jay")
    assert [row.id for row in rows] == [FIRST]


def test_empty_streams_give_no_messages() -> None:
    assert messages_from_streams(TALK, [], [], cursor="0-0", user_name="Jay") == []


def test_withdrawn_versions_are_separated_from_the_other_turns() -> None:
    def version(id: str, turn_id: str, number: int) -> Entry:
        return entry(id, UserTurn(turn_id, TALK, "text", "spoken", number))

    turns = [version("1-0", FIRST, 0), version("2-0", FIRST, 1), version("3-0", SECOND, 0), version("4-0", SECOND, 0)]
    kept, withdrawn = separated(turns, {SECOND})
    assert [each.id for each in kept] == ["2-0"]
    assert withdrawn == [(FIRST, "1-0"), (SECOND, "3-0"), (SECOND, "4-0")]


def test_entries_that_cannot_be_read_are_no_withdrawn_versions() -> None:
    turns = [Entry("1-0", {}), Entry("2-0", {b"version": b"3"}), Entry("3-0", {b"turn_id": b"\xff", b"version": b"x"})]
    kept, withdrawn = separated(turns[:1] + turns[2:], set())
    assert len(kept) == 2
    assert withdrawn == []


def test_next_version_of_a_turn_does_not_get_the_replies_of_the_withdrawn_one() -> None:
    """The next version was interrupted before it had replies."""
    withdrawn = entry(f"{MS}-0", UserTurn(FIRST, TALK, "Hello", "spoken"))
    later = later_epoch(f"{MS + 1}-0", UserTurn(FIRST, TALK, "Hello, you two", "spoken", 1))
    kept, _ = separated([withdrawn, later], set())
    rows = messages_from_streams(TALK, kept, EVENTS, cursor=f"{MS + 1}-0", user_name="Jay")
    assert [row.text for row in rows] == ["Hello, you two"]


def later_epoch(id: str, value: object) -> Entry:
    made = entry(id, value)
    return Entry(id, {**made.fields, b"epoch": b"2"})

"""Events of a tentative turn are held until it is confirmed, and dropped when it is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tertulia_gateway.conversation.held_turn import CONFIRMED_MS, HeldTurn
from tertulia_shared.bus import Entry
from tertulia_shared.entry_ids import order

T, U = "t", "u"


class Stream:
    """A stream whose entries get ascending ids."""

    def __init__(self, held: HeldTurn | None = None) -> None:
        self.held = held or HeldTurn()
        self.entries: list[Entry] = []
        self.out: list[Entry] = []

    def add(self, kind: str, *, epoch: int = 1, **fields: str) -> None:
        given = {"type": kind, "ts": str(1000 + len(self.entries)), "epoch": str(epoch), **fields}
        entry = Entry(f"{len(self.entries) + 1}-0", {name.encode(): value.encode() for name, value in given.items()})
        self.entries.append(entry)
        self.read((entry,))

    def read(self, entries: Iterable[Entry]) -> None:
        """Pass entries to the `HeldTurn` as the event sender does, which reads the stream again if required."""
        for entry in entries:
            self.out += self.held.see(entry)
            if self.held.read_again_after:
                after = int(self.held.take_read_again().partition("-")[0])
                self.read(self.entries[after:])
                return

    def tentative(self, turn_id: str = T, *, epoch: int = 1) -> None:
        self.add("turn_accepted", epoch=epoch, turn_id=turn_id, tentative="1", source="spoken")

    def reply(self, message_id: str, turn_id: str = T, *, epoch: int = 1, chunks: int = 2) -> None:
        self.add("turn_started", epoch=epoch, turn_id=turn_id)
        self.add("message_started", epoch=epoch, turn_id=turn_id, message_id=message_id)
        for _ in range(chunks):
            self.add("llm_chunk", epoch=epoch, message_id=message_id)

    @property
    def kinds(self) -> list[str]:
        return [entry.fields[b"type"].decode() for entry in self.out]

    @property
    def ids(self) -> list[str]:
        return [entry.id for entry in self.out]


REPLY = ["turn_started", "message_started", "llm_chunk", "llm_chunk"]


@pytest.fixture(params=[2000, 2], ids=["in memory", "read again"])
def stream(request: pytest.FixtureRequest) -> Stream:
    """With `max_held` 2, every turn of these tests has more events than are kept."""
    return Stream(HeldTurn(max_held=request.param))


def test_events_without_a_tentative_turn_are_due_at_once(stream: Stream) -> None:
    stream.add("turn_accepted", turn_id=T, source="typed")
    stream.reply("m")
    assert stream.out == stream.entries


def test_confirmed_turn_is_released_whole_and_in_order(stream: Stream) -> None:
    stream.add("vad_stop", session_id="s")
    stream.tentative()
    stream.reply("m")
    stream.add("vad_start", session_id="s")
    assert stream.kinds == ["vad_stop"]
    assert stream.held.is_holding
    stream.add("turn_confirmed", turn_id=T)
    assert not stream.held.is_holding
    stream.add("turn_complete", turn_id=T)
    assert stream.kinds == ["vad_stop", "turn_accepted", *REPLY, "vad_start", "turn_complete"]
    assert stream.ids == sorted(stream.ids, key=order)
    accepted = stream.out[1].fields
    assert b"tentative" not in accepted
    assert accepted[CONFIRMED_MS] == b"1007"


@pytest.mark.parametrize("end", ["turn_reopened", "turn_accepted", "interrupted"])
def test_withdrawn_turn_is_dropped_and_other_events_are_released(stream: Stream, end: str) -> None:
    stream.tentative()
    stream.reply("m")
    stream.add("message_heard", epoch=0, message_id="earlier")
    stream.add("warning", epoch=1, code="store_unavailable")
    stream.add("warning", epoch=1, code="reply_cut")
    stream.add("transcription_finished", session_id="s", turn_id=T)
    stream.add(end, epoch=2, turn_id=T if end == "turn_reopened" else U)
    assert stream.kinds == ["message_heard", "warning", "transcription_finished", end]
    assert stream.out[1].fields[b"code"] == b"store_unavailable"
    stream.add("turn_started", epoch=2, turn_id=U)
    assert stream.kinds[-1] == "turn_started"


@pytest.mark.parametrize("kind", ["message_complete", "message_heard", "error"])
@pytest.mark.parametrize("tentative", ["1", "0"])
def test_late_end_of_a_withdrawn_reply_is_dropped(stream: Stream, kind: str, tentative: str) -> None:
    stream.add("turn_accepted", turn_id=T, tentative=tentative)
    stream.reply("m")
    stream.add("turn_reopened", epoch=2, turn_id=T)
    stream.add(kind, epoch=0, message_id="m")
    stream.add("turn_complete", epoch=0, turn_id=T)
    assert stream.kinds[-1] == "turn_reopened"
    stream.add("turn_accepted", epoch=3, turn_id=T)
    stream.reply("n", epoch=3)
    stream.add(kind, epoch=3, message_id="n")
    stream.add("turn_complete", epoch=3, turn_id=T)
    assert stream.kinds[-7:] == ["turn_accepted", *REPLY, kind, "turn_complete"]


def test_end_of_an_interrupted_reply_is_not_dropped(stream: Stream) -> None:
    stream.add("turn_accepted", turn_id=T)
    stream.reply("m")
    stream.add("turn_accepted", epoch=2, turn_id=U)
    stream.add("message_complete", epoch=0, message_id="m")
    stream.add("turn_complete", epoch=0, turn_id=T)
    assert stream.kinds[-2:] == ["message_complete", "turn_complete"]


def test_each_version_is_released_or_dropped_on_its_own(stream: Stream) -> None:
    for version in range(3):
        stream.tentative(epoch=2 * version + 1)
        stream.reply(f"m{version}", epoch=2 * version + 1)
        if version < 2:
            stream.add("turn_reopened", epoch=2 * version + 2, turn_id=T)
    stream.add("turn_confirmed", epoch=5, turn_id=T)
    assert stream.kinds == ["turn_reopened", "turn_reopened", "turn_accepted", *REPLY]
    assert {entry.fields[b"message_id"] for entry in stream.out if b"message_id" in entry.fields} == {b"m2"}


def test_end_of_a_reply_is_not_dropped_if_its_version_is_accepted_again_after_a_data_loss(stream: Stream) -> None:
    for epoch in (1, 1):  # Redis has lost the epoch
        stream.tentative(epoch=epoch)
        stream.reply("m", epoch=epoch)
        if len(stream.entries) < 6:
            stream.add("interrupted", epoch=1001)
    stream.add("message_complete", epoch=1, message_id="m")
    stream.add("turn_confirmed", turn_id=T)
    assert stream.kinds == ["interrupted", "turn_accepted", *REPLY, "message_complete"]


def test_confirmation_without_a_tentative_turn_is_dropped(stream: Stream) -> None:
    stream.add("turn_confirmed", turn_id=T)
    assert stream.out == []


def test_confirmation_of_another_turn_does_not_release_the_held_one(stream: Stream) -> None:
    stream.tentative()
    stream.add("turn_confirmed", turn_id=U)
    assert (stream.out, stream.held.is_holding) == ([], True)


def test_client_changed_is_not_held(stream: Stream) -> None:
    stream.tentative()
    stream.add("client_changed", client="another")
    assert stream.kinds == ["client_changed"]


def test_turn_accepted_without_an_id_is_not_held(stream: Stream) -> None:
    stream.add("turn_accepted", tentative="1")
    assert stream.kinds == ["turn_accepted"]


def test_number_of_held_events_in_memory_is_bounded() -> None:
    held = HeldTurn(max_held=10)
    stream = Stream(held)
    stream.tentative()
    stream.reply("m", chunks=100)
    assert held.see(Entry("999-0", {b"type": b"turn_confirmed", b"turn_id": b"t"})) == ()
    assert held.read_again_after == "0-0"


def test_held_turn_is_released_if_the_client_has_some_of_its_events() -> None:
    stream = Stream()
    stream.tentative()
    stream.reply("m")
    assert stream.held.has_read_all() == stream.entries
    stream.add("turn_confirmed", turn_id=T)
    stream.add("turn_complete", turn_id=T)
    assert stream.kinds == ["turn_complete"]

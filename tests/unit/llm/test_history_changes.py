"""What a change of the past tells the clients."""

from __future__ import annotations

from dataclasses import replace

from tertulia_llm.history.changes import applied_change
from tertulia_llm.history.history import History
from tertulia_shared.entries import UserTurn
from tertulia_shared.ids import new_id
from tertulia_shared.store import Message
from tertulia_shared.store.records import SetAside
from tests.harness.store_records import reply

CONVERSATION = new_id()


def message(position: int, text: str, replaces: str = "") -> Message:
    """A reply that is complete, or was never shown if the text is empty."""
    made = reply(CONVERSATION, position, text, "complete" if text else "streaming")
    return replace(made, replaces=replaces)


def test_reply_that_was_never_shown_neither_comes_back_nor_is_a_version() -> None:
    first, follower, never_shown = message(1, "Hi."), message(2, "And you?"), message(3, "")
    cut_off = message(4, "", first.id)
    now = message(5, "Hello.", first.id)
    aside = {each.id: SetAside(each, first.id) for each in (first, follower, never_shown)}
    aside[cut_off.id] = SetAside(cut_off, cut_off.id)
    history = History({now.id: now}, aside=aside)
    turn = UserTurn(new_id(), CONVERSATION, "", source="change", change="choose", message_id=first.id)
    event = applied_change(turn, "1800000000000-0", history)
    assert event is not None
    assert [row["id"] for row in event.restored] == [first.id, follower.id]
    assert [list(group) for group in event.versions] == [[first.id, now.id]]
    assert event.restored[0]["versions"] == [first.id, now.id]

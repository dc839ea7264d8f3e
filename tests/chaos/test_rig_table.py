"""The table that the chaos rig's client shows, and what its user changes of it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.chaos.rig.failures import Kind
from tests.chaos.rig.frame_checks import FrameChecker
from tests.chaos.rig.past_changes import chosen_change
from tests.chaos.rig.shown_table import ShownTable


def accepted(turn_id: str, source: str = "typed") -> dict[str, Any]:
    return {"type": "turn_accepted", "turn_id": turn_id, "source": source, "text": turn_id}


def started(message_id: str, turn_id: str) -> dict[str, Any]:
    return {
        "type": "message_started",
        "message_id": message_id,
        "turn_id": turn_id,
        "character_name": "Luna",
        "epoch": 1,
    }


def changed(change: str, message_id: str, **fields: Any) -> dict[str, Any]:
    lists: dict[str, Any] = {"removed": [], "restored": [], "versions": [], "reload": False}
    return {"type": "history_changed", "change": change, "message_id": message_id, **lists, **fields}


def test_table_follows_the_changes() -> None:
    table = ShownTable()
    for frame in (accepted("t"), started("m", "t"), accepted("u", "request"), started("n", "u")):
        table.feed(frame)
    table.feed(changed("replaced", "n", removed=["m"], versions=[["m", "n"]]))
    assert (list(table.ids), table.others()) == (["t", "n"], ["m"])
    table.feed(changed("chosen", "m", removed=["n"], restored=[{"id": "m", "turn_id": "t"}], versions=[["m", "n"]]))
    assert (table.ids, table.others()) == ({"t": "t", "m": "t"}, ["n"])
    table.feed(changed("removed", "m", removed=["m"]))
    assert (list(table.ids), table.others()) == (["t"], [])
    table.feed(accepted("edit"))
    table.feed({"type": "error", "code": "message_unknown", "turn_id": "edit"})
    table.feed({"type": "turn_reopened", "turn_id": "t"})
    assert table.ids == {}


def test_table_is_unknown_after_a_reload_or_a_long_change() -> None:
    failures: list[tuple[Kind, str]] = []
    checker = FrameChecker(lambda kind, what, _turn: failures.append((kind, what)))
    checker.reloaded()
    assert not checker.table.is_known
    checker.table.seed({"m": "t"})
    assert (checker.table.is_known, checker.table.ids) == (True, {"m": "t"})
    checker.table.feed(changed("chosen", "x", removed=["m"], reload=True))
    assert not checker.table.is_known
    assert not checker.table.is_in({"m": "t"})
    assert not checker.table.is_in({"m": "t", "x": "t"})
    assert checker.table.is_in({"x": "t"})
    checker.table.feed(changed("removed", "x", removed=["x"]))
    assert not checker.table.is_in({"x": "t"})
    assert checker.table.is_in({})
    assert not failures


def test_data_loss_may_undo_a_change_that_the_store_does_not_have_yet() -> None:
    checker = FrameChecker(lambda _kind, what, _turn: pytest.fail(what))
    checker.table.seed({"m": "t"})
    checker.table.feed(changed("replaced", "n", removed=["m"]))
    checker.table.saved()
    checker.lost_data()
    assert checker.table.is_known
    checker.table.feed(changed("chosen", "m", removed=["n"], restored=[{"id": "m", "turn_id": "t"}]))
    checker.lost_data()
    assert not checker.table.is_known
    assert checker.table.is_in({"n": "t"})


def test_user_changes_only_messages_that_are_shown_and_were_compared_with_the_store() -> None:
    failures: list[str] = []
    checker, dice = FrameChecker(lambda _kind, what, _turn: failures.append(what)), random.Random(1)
    for frame in (accepted("t"), started("m", "t"), {"type": "message_complete", "message_id": "m", "text": "",
                  "status": "complete"}):  # fmt: skip
        checker.feed(frame)
    assert chosen_change(checker, dice, "Hi") is None
    checker.turns["t"].checked = True
    found = [change for _ in range(50) if (change := chosen_change(checker, dice, "Hi")) is not None]
    assert {change.command for change in found} == {"user_message", "request_reply", "delete_message"}
    assert {change.asked for change in found if change.command == "request_reply"} == {"t"}
    checker.feed(changed("removed", "m", removed=["m"]))
    found = [change for _ in range(50) if (change := chosen_change(checker, dice, "Hi")) is not None]
    assert {str(change.data) for change in found} == {"{'text': 'Hi', 'replaces': 't'}"}
    assert not failures

from __future__ import annotations

from tertulia_llm.model import notices
from tertulia_llm.model.notices import Notices


def test_each_notice_is_new_once_per_conversation() -> None:
    told = Notices()
    assert told.first_time("one", ["a", "b"]) == ["a", "b"]
    assert told.first_time("one", ["b", "c", "a"]) == ["c"]
    assert told.first_time("two", ["a"]) == ["a"]
    assert told.first_time("one", ()) == []


def test_number_of_remembered_conversations_is_limited() -> None:
    told = Notices()
    for number in range(notices.MAX_CONVERSATIONS + 1):
        told.first_time(str(number), ["a"])
    assert told.first_time(str(notices.MAX_CONVERSATIONS), ["a"]) == []
    assert told.first_time("0", ["a"]) == ["a"], "the oldest one was forgotten"

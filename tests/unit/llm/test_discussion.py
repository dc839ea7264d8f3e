"""The choice of the next speaker while the characters talk among themselves, and the end of the discussion."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.discussion import Said, choose_speaker, next_reply, said_in, turn_extended, with_discussion
from tertulia_llm.text.handover import Floor
from tertulia_shared.entries import ModelSettings, Speaker, TurnPlan
from tertulia_shared.ids import new_id
from tertulia_shared.store import Message
from tertulia_shared.store.records import Role, Status, utc_now

CAST = tuple(Speaker(new_id(), name, name.lower(), "") for name in ("Luna", "Rex", "Sage"))
LUNA, REX, SAGE = CAST
PLAN = TurnPlan(new_id(), "5-0", 3, (LUNA,), ModelSettings(), tuple(each.name for each in CAST), reasons=("named",))


def said(*replies: tuple[Speaker, str]) -> list[Said]:
    return [Said(speaker.id, text) for speaker, text in replies]


def chosen(history: list[Said], cast: tuple[Speaker, ...] = CAST) -> Counter[str]:
    """How often each character speaks next, with 300 seeds."""
    speakers = [choose_speaker(history, cast, Floor(), seed=str(seed)) for seed in range(300)]
    return Counter(speaker.name for speaker in speakers if speaker is not None)


def test_character_that_has_been_silent_longer_is_likelier_to_speak() -> None:
    counts = chosen(said((SAGE, "a"), (REX, "b"), (LUNA, "c")))
    assert set(counts) == {"Rex", "Sage"}
    assert counts["Sage"] > 1.3 * counts["Rex"]


def test_more_talkative_character_is_likelier_to_speak() -> None:
    counts = chosen(said((LUNA, "c")), (LUNA, replace(REX, talkativeness=90), replace(SAGE, talkativeness=10)))
    assert counts["Rex"] > 5 * counts["Sage"] > 0


def test_character_without_talkativeness_speaks_only_if_it_is_asked() -> None:
    cast = (LUNA, REX, replace(SAGE, talkativeness=0))
    assert set(chosen(said((LUNA, "c")), cast)) == {"Rex"}
    plan = with_discussion(PLAN, cast, (), 4)
    asked = next_reply(plan, said((LUNA, "What do you say, Sage?")), cast, (), "Jay")
    assert asked is not None
    assert asked.speakers[-1].name == "Sage"


@given(st.lists(st.sampled_from(CAST), min_size=1, max_size=8), st.integers())
def test_nobody_speaks_twice_in_a_row(order: list[Speaker], seed: int) -> None:
    history = said(*((speaker, "Hm.") for speaker in order))
    speaker = choose_speaker(history, CAST, Floor((order[-1].name,)), seed=str(seed))
    assert speaker is not None
    assert speaker.id != order[-1].id
    assert speaker == choose_speaker(history, CAST, Floor((order[-1].name,)), seed=str(seed)), "the seed determines it"


def test_first_participant_with_the_floor_speaks_next() -> None:
    history = said((LUNA, "hm"))
    assert choose_speaker(history, (LUNA, REX), Floor(("Sage", "Rex")), seed="1") == REX


def test_extended_plan_keeps_its_earlier_replies_and_has_a_reason_for_each() -> None:
    plan = with_discussion(PLAN, CAST, (), 3)
    longer = next_reply(plan, said((LUNA, "What do you say, Rex?")), CAST, (), "Jay")
    assert longer is not None
    assert [speaker.name for speaker in longer.speakers] == ["Luna", "Rex"]
    assert longer.reasons == ("named", "discussion")
    (reply,) = turn_extended(longer).replies
    assert reply["message_id"] == longer.message_id(1)
    again = next_reply(longer, said((LUNA, "Oh."), (REX, "And you, Luna?")), CAST, (), "Jay")
    assert again is not None
    assert len(set(again.message_ids)) == 3, "the second reply of a character has an id of its own"
    assert next_reply(again, said((LUNA, "Oh."), (REX, "No."), (LUNA, "Yes.")), CAST, (), "Jay") is None


def test_discussion_is_over_if_the_last_reply_asks_the_user() -> None:
    plan = with_discussion(PLAN, CAST, (), 6)
    assert next_reply(plan, said((LUNA, "What do you think, Jay?")), CAST, (), "Jay") is None


def test_character_that_does_not_take_part_never_speaks_next() -> None:
    plan = with_discussion(PLAN, CAST, (), 6, (LUNA.id, REX.id))
    longer = next_reply(plan, said((LUNA, "What do you say, Sage?")), CAST, (), "Jay")
    assert longer is not None
    assert longer.speakers[-1].name == "Rex"
    assert with_discussion(PLAN, CAST, (REX.id,), 6, (LUNA.id, REX.id)) == PLAN, "one participant alone"


def test_turn_that_nobody_answers_has_no_discussion() -> None:
    plan = replace(PLAN, speakers=(), reasons=())
    assert with_discussion(plan, CAST, (), 6) == plan


def test_replies_count_as_said_if_they_are_complete_or_were_heard() -> None:
    def message(position: int, role: Role, text: str, status: Status = "complete") -> Message:
        id, now = new_id(), utc_now()
        speaker = LUNA.id if role == "character" else None
        return Message(id, "c", "t", role, speaker, "x", text, status, position, created_at=now, updated_at=now)

    messages = [
        message(3, "character", "b", "interrupted"), message(1, "user", "q"), message(2, "character", "a"),
        message(4, "character", "", "interrupted"), message(5, "character", "c", "streaming"),
    ]  # fmt: skip
    assert [each.text for each in said_in(messages)] == ["a", "b"]

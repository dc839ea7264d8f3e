"""The plan of a turn in which the user asks for a reply without a message."""

from __future__ import annotations

from tertulia_llm.discussion import Said, with_discussion
from tertulia_llm.reply_requests import cue_of, plan_request
from tertulia_llm.text.stage_notes import Cue
from tertulia_shared.entries import ModelSettings, Speaker, TurnPlan, UserTurn
from tertulia_shared.ids import new_id

CAST = tuple(Speaker(new_id(), name, name.lower(), "") for name in ("Luna", "Rex", "Sage"))
LUNA, REX, SAGE = CAST
HISTORY = [Said(REX.id, "Woof."), Said(LUNA.id, "Look up.")]


def request(*to: Speaker, replies: int = 0) -> UserTurn:
    return UserTurn(new_id(), new_id(), "", "request", to=",".join(each.id for each in to), replies=replies)


def plan(turn: UserTurn, said: list[Said] = HISTORY, muted: tuple[str, ...] = ()) -> TurnPlan:
    return plan_request(turn, "5-0", 3, CAST, ModelSettings(), said=said, muted=muted, user_name="Jay")


def speakers(made: TurnPlan) -> list[tuple[str, str]]:
    return list(zip((speaker.name for speaker in made.speakers), made.reasons, strict=True))


def test_asked_characters_answer_in_the_order_of_the_request_even_if_they_are_muted() -> None:
    assert speakers(plan(request(SAGE, REX), muted=(SAGE.id,))) == [("Sage", "asked"), ("Rex", "asked")]


def test_last_speaker_goes_on() -> None:
    assert speakers(plan(request())) == [("Luna", "goes_on")]


def test_last_speaker_that_is_not_muted_goes_on() -> None:
    assert speakers(plan(request(), muted=(LUNA.id,))) == [("Rex", "goes_on")]


def test_somebody_begins_if_nobody_has_spoken() -> None:
    made = plan(request(), said=[])
    assert [reason for _, reason in speakers(made)] == ["asked"]


def test_another_character_begins_a_discussion() -> None:
    turn = request(replies=6)
    made = plan(turn)
    ((name, reason),) = speakers(made)
    assert (name != "Luna", reason) == (True, "discussion")
    assert plan(turn) == made, "a takeover makes the same plan"


def test_character_that_the_last_reply_asks_begins_a_discussion() -> None:
    assert speakers(plan(request(replies=6), [Said(LUNA.id, "And you, Sage?")])) == [("Sage", "discussion")]


def test_discussion_begins_although_the_last_reply_asks_the_user() -> None:
    ((name, _),) = speakers(plan(request(replies=6), [Said(LUNA.id, "What do you say, Jay?")]))
    assert name != "Luna"


def test_unknown_characters_do_not_answer() -> None:
    assert plan(UserTurn(new_id(), new_id(), "", "request", to=new_id())).speakers == ()


def test_cue_says_what_a_reply_is_for() -> None:
    for turn, expected in (
        (request(REX), Cue.ANSWER), (request(), Cue.GO_ON), (request(replies=3), Cue.DISCUSS),
    ):  # fmt: skip
        assert cue_of(turn, plan(turn), 0) is expected
    typed = UserTurn(new_id(), new_id(), "Hello", "typed")
    named = with_discussion(plan(request(REX)), CAST, (), 3)
    assert cue_of(typed, named, 0) is None

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tertulia_llm.plan import make_plan, plan_fields, speakers_in, turn_started
from tertulia_llm.turn_state import Progress, TurnState, read_state
from tertulia_shared.answering import AnsweringRules
from tertulia_shared.codec import BadEntry, pack, unpack
from tertulia_shared.entries import NOBODY, ModelSettings, Speaker, UserTurn
from tertulia_shared.ids import new_id, reply_id
from tertulia_shared.store import Message

CAST = tuple(Speaker(f"{name}-id", name, name.lower(), f"You are {name}.") for name in ("Luna", "Rex", "Sage"))
TURN = UserTurn("0a6f1b52-7e0e-4e53-8a4b-2f0c9d9e7a11", new_id(), "Rex and Luna, how are you?", "typed")
PLAN = make_plan(TURN, "5-0", 3, CAST, ModelSettings(temperature=0.5))


def state_of(**fields: object) -> TurnState:
    raw = {name: value if isinstance(value, bytes) else str(value).encode() for name, value in fields.items()}
    return read_state({name.encode(): value for name, value in raw.items()})


def test_plan_has_the_named_speakers_in_order_and_the_names_of_all_characters() -> None:
    assert [speaker.name for speaker in PLAN.speakers] == ["Rex", "Luna"]
    assert PLAN.others == ("Luna", "Rex", "Sage")
    assert PLAN.message_ids == [reply_id(TURN.turn_id, "Rex-id"), reply_id(TURN.turn_id, "Luna-id")]


def test_plan_has_the_characters_that_the_rules_choose_in_the_order_of_their_seats() -> None:
    turn = UserTurn(new_id(), new_id(), "It is raining.", "typed")
    cast = (replace(CAST[0], talkativeness=0), CAST[1])
    everyone = make_plan(turn, "5-0", 3, CAST[::-1], ModelSettings(), rules=AnsweringRules("everyone"))
    assert [speaker.name for speaker in everyone.speakers] == ["Sage", "Rex", "Luna"]
    assert everyone.reasons == ("everyone",) * 3
    fitting = make_plan(turn, "5-0", 3, cast, ModelSettings())
    assert ([speaker.name for speaker in fitting.speakers], fitting.reasons) == (["Rex"], ("chosen",))
    nobody = make_plan(turn, "5-0", 3, CAST, ModelSettings(), default_mode="named")
    assert (nobody.speakers, nobody.reasons, nobody.others) == ((), (), ("Luna", "Rex", "Sage"))
    muted = make_plan(turn, "5-0", 3, CAST, ModelSettings(), rules=AnsweringRules("everyone", muted=("Luna-id",)))
    assert [speaker.name for speaker in muted.speakers] == ["Rex", "Sage"]


def test_button_decides_who_answers_instead_of_the_text() -> None:
    turn = UserTurn(new_id(), new_id(), "Rex, how are you?", "typed", to="Sage-id,Luna-id")
    plan = make_plan(turn, "5-0", 3, CAST, ModelSettings())
    assert [speaker.name for speaker in plan.speakers] == ["Sage", "Luna"]
    assert make_plan(replace(turn, to=NOBODY), "5-0", 3, CAST, ModelSettings()).speakers == ()


def test_last_speaker_of_the_history_answers_a_follow_up() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    def message(position: int, name: str) -> Message:
        character = f"{name}-id" if name else None
        return Message(
            new_id(), new_id(), new_id(), "character" if name else "user", character, name, "Hm.", "complete", position,
            at, at,
        )  # fmt: skip

    messages = [message(3, ""), message(2, "Rex"), message(1, "Luna"), message(0, "")]
    assert speakers_in(messages) == ["Luna-id", "Rex-id"]
    turn = UserTurn(new_id(), new_id(), "Why?", "spoken")
    plan = make_plan(turn, "5-0", 3, CAST, ModelSettings(), speakers_before=speakers_in(messages))
    assert ([speaker.name for speaker in plan.speakers], plan.reasons) == (["Rex"], ("follow_up",))


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("Rex and Luna, how are you?", [("Rex", "named"), ("Luna", "named")]),
        ("Hello everyone!", [("Luna", "everyone"), ("Rex", "everyone"), ("Sage", "everyone")]),
        ("Be quiet!", []),
    ],
)
def test_turn_started_event_has_the_reason_for_each_reply(text: str, answers: list[tuple[str, str]]) -> None:
    turn = UserTurn(new_id(), new_id(), text, "typed")
    plan = make_plan(turn, "5-0", 3, CAST, ModelSettings())
    started = turn_started(plan)
    assert started.turn_id == turn.turn_id
    assert [(reply["character_name"], reply["reason"]) for reply in started.replies] == answers
    assert [reply["message_id"] for reply in started.replies] == plan.message_ids
    assert started.quiet == plan.quiet == (text == "Be quiet!")


def test_empty_state_is_read_as_the_defaults() -> None:
    state = read_state({})
    assert (state.epoch, state.cursor, state.plan, state.cut, state.warned) == (0, "0-0", None, 0, False)
    assert state.progress_of("any") == Progress()
    assert state.unsettled is None


def test_plan_is_read_back_from_the_state() -> None:
    fields = plan_fields(PLAN)
    assert fields["failed"] is None
    state = state_of(plan=fields["plan"], started=2, complete=1, epoch=4, settings=pack({"model": "m"}))
    assert state.plan == PLAN
    assert state.progress_of(TURN.turn_id) == Progress(2, 1)
    assert state.progress_of(new_id()) == Progress()
    assert state.settings == ModelSettings(model="m")


@pytest.mark.parametrize(
    ("cut", "settled", "unsettled"), [(0, "", False), (3, "", False), (4, "", True), (4, TURN.turn_id, False)]
)
def test_interrupted_turn_is_unsettled_until_it_is_settled(cut: int, settled: str, unsettled: bool) -> None:  # noqa: FBT001 - a parameter of the test
    state = state_of(plan=plan_fields(PLAN)["plan"], cut=cut, settled=settled)
    assert (state.unsettled is not None) is unsettled


def test_progress_says_how_each_reply_ended() -> None:
    assert [Progress(2, 1).ending_of(n) for n in range(3)] == ["complete", None, None]
    assert [Progress(2, 3, failed=1).ending_of(n) for n in range(3)] == ["complete", "failed", None]


def test_settings_that_this_release_does_not_know_are_ignored() -> None:
    state = state_of(settings=pack({"model": "m", "not_known_yet": 1}))
    assert state.settings == ModelSettings(model="m")


@pytest.mark.parametrize("raw", [b"\xc1", pack("loud"), pack([1]), pack(2**63), b"\x81"])
def test_default_settings_replace_unreadable_ones(raw: bytes) -> None:
    assert state_of(settings=raw).settings == ModelSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", math.nan), ("temperature", math.inf), ("temperature", 1e308), ("temperature", -0.1),
        ("temperature", True), ("temperature", "hot"), ("top_p", 1.01), ("top_k", 2**62), ("top_k", 0.5), ("top_k", -1),
        ("min_p", None), ("repetition_penalty", [1]), ("model", ""), ("model", "x" * 201), ("model", "a\nb"),
        ("model", "\x92"), ("model", 5), ("model", b"m"),
    ],
)  # fmt: skip
def test_only_the_invalid_one_of_several_settings_is_skipped(name: str, value: object) -> None:
    others = {"presence_penalty": -2, "frequency_penalty": 1.5}
    expected = ModelSettings(presence_penalty=-2, frequency_penalty=1.5)
    assert state_of(settings=pack({**others, name: value})).settings == expected
    plan = replace(PLAN, settings=expected).to_wire()
    plan = {**plan, "settings": {**plan["settings"], name: value}}
    try:
        read = state_of(plan=pack(plan)).plan
    # a value of another type or a number that is not finite makes the plan unreadable: no worker writes such a value
    except BadEntry:
        return
    assert read is not None
    assert read.settings == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"plan": b"\xc1"},
        {"plan": pack({})},
        {"epoch": "x"},
    ],
)
def test_unreadable_state_raises_bad_entry(fields: dict[str, object]) -> None:
    with pytest.raises(BadEntry):
        state_of(**fields)


def test_plan_keeps_the_settings_of_its_speakers() -> None:
    own = ModelSettings(model="big/one", top_k=4)
    cast = (replace(CAST[0], settings=own), CAST[1])
    plan = make_plan(replace(TURN, text="Luna and Rex?"), "5-0", 3, cast, ModelSettings())
    wire = plan_fields(plan)["plan"]
    assert isinstance(wire, bytes)
    assert state_of(plan=wire).plan == plan
    luna, rex = unpack(wire)["speakers"]
    assert luna["settings"]["model"] == "big/one"
    assert "settings" not in rex, "a default is not written: an older release wrote the same"


def test_impossible_setting_of_a_speaker_in_the_plan_is_skipped() -> None:
    cast = (replace(CAST[0], settings=ModelSettings(temperature=99, top_k=4)),)
    wire = plan_fields(make_plan(replace(TURN, text="Luna?"), "5-0", 3, cast, ModelSettings()))["plan"]
    read = state_of(plan=wire).plan
    assert read is not None
    assert read.speakers[0].settings == ModelSettings(top_k=4)

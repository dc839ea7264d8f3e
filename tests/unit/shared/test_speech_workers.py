"""Which worker speaks which message: by voice, tier and free slots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tertulia_shared.bus.port.work import WaitingWork
from tertulia_shared.codec import pack
from tertulia_shared.new_work import GRACE_S
from tertulia_shared.speech_workers import Choice, Speakers, SpeechWorker, choose, field_of, speakers_of
from tertulia_shared.voice_clips import new_clip_id

AFTER_S = 1.0
LOCAL = SpeechWorker("local", "espeak", slots=4, voices=frozenset({"luna", "otto"}))
BOX = SpeechWorker("box", "higgs", tier=0, slots=2, voices=frozenset({"luna", "vera"}), clones=True)
BOX_2 = replace(BOX, name="box-2")
PUBLISHED = frozenset({"luna", "otto", "vera"})
CLIP = new_clip_id()


def waiting(*voices: str, age_s: float = 0.0) -> list[WaitingWork]:
    return [WaitingWork(f"{n}-0", {b"voice_id": voice.encode()}, age_s) for n, voice in enumerate(voices, 1)]


def chosen(
    me: SpeechWorker, work: Sequence[WaitingWork], *others: SpeechWorker, held: Mapping[str, int] | None = None,
    room: int = 64, claim_after_s: float = AFTER_S,
) -> Choice:  # fmt: skip
    speakers = Speakers([me, *others], published=PUBLISHED)
    return choose(me.name, work, held or {}, speakers, room=room, claim_after_s=claim_after_s)


def test_best_tier_takes_what_it_has_slots_for_and_the_other_waits() -> None:
    work = waiting("luna", "luna", "luna")
    assert list(chosen(BOX, work, LOCAL).ids) == ["1-0", "2-0"]
    assert list(chosen(LOCAL, work, BOX).ids) == []


def test_other_tier_takes_what_has_waited_for_the_bound() -> None:
    assert list(chosen(LOCAL, waiting("luna", age_s=AFTER_S - 0.01), BOX).ids) == []
    assert list(chosen(LOCAL, waiting("luna", age_s=AFTER_S), BOX).ids) == ["1-0"]


def test_third_tier_waits_twice_as_long() -> None:
    third = replace(LOCAL, name="third", tier=2)
    assert list(chosen(third, waiting("luna", age_s=1.5 * AFTER_S), BOX, LOCAL).ids) == []
    assert list(chosen(third, waiting("luna", age_s=2 * AFTER_S), BOX, LOCAL).ids) == ["1-0"]


@pytest.mark.parametrize("others", [[], [replace(BOX, voices=frozenset({"vera"}))]], ids=["alone", "voice not there"])
def test_without_a_better_worker_that_has_the_voice_it_is_taken_at_once(others: list[SpeechWorker]) -> None:
    assert list(chosen(LOCAL, waiting("luna"), *others).ids) == ["1-0"]


def test_each_voice_goes_to_a_worker_that_has_it() -> None:
    work = waiting("otto", "vera", CLIP)
    assert list(chosen(LOCAL, work, BOX).ids) == ["1-0"]
    assert list(chosen(BOX, work, LOCAL).ids) == ["2-0", "3-0"]


def test_voice_that_only_an_absent_engine_has_is_left_and_one_that_none_knows_is_taken() -> None:
    assert list(chosen(LOCAL, waiting("vera", "nobody", "", age_s=9)).ids) == ["2-0", "3-0"]


def test_workers_of_a_tier_share_by_their_free_slots() -> None:
    work = waiting("luna", "luna", "luna", "luna")
    first, second = chosen(BOX, work, BOX_2).ids, chosen(BOX_2, work, BOX).ids
    assert sorted([*first, *second]) == ["1-0", "2-0", "3-0", "4-0"]
    assert len(first) == len(second) == 2
    assert list(chosen(BOX, waiting("luna"), BOX_2, held={"box": 1}).ids) == []


def test_what_a_peer_does_not_claim_within_the_grace_is_taken() -> None:
    assert list(chosen(BOX, waiting("luna", age_s=GRACE_S), BOX_2, held={"box": 1}).ids) == ["1-0"]


def test_full_workers_take_more_only_if_nobody_else_can_or_all_have_waited() -> None:
    full = {"box": 2, "local": 4}
    assert list(chosen(BOX, waiting("vera"), LOCAL, held=full).ids) == ["1-0"]
    assert list(chosen(BOX, waiting("luna", age_s=AFTER_S), LOCAL, held=full).ids) == []
    assert list(chosen(BOX, waiting("luna", age_s=2 * AFTER_S), LOCAL, held=full).ids) == ["1-0"]
    assert list(chosen(LOCAL, waiting("luna", age_s=AFTER_S), BOX, held={"box": 2}).ids) == ["1-0"]


def test_nothing_is_taken_beyond_the_room_or_of_what_is_left_to_others() -> None:
    assert list(chosen(LOCAL, waiting("luna", "luna"), room=1).ids) == ["1-0"]
    speakers = Speakers([LOCAL])
    choice = choose("local", waiting("luna", "luna"), {}, speakers, room=9, claim_after_s=1, leave=["1-0"])
    assert list(choice.ids) == ["2-0"]


@pytest.mark.parametrize(
    ("age_s", "claim_after_s", "expected_s"),
    [(0.1, 1.0, 0.15), (0.3, 1.0, 0.7), (0.1, 0.2, 0.1), (2.5, 1.0, 0.5), (0.1, 0.0, 0.15)],
)
def test_worker_looks_again_when_the_work_is_open_to_more_workers(
    age_s: float, claim_after_s: float, expected_s: float
) -> None:
    full = {"box": 2, "local": 4}
    choice = chosen(LOCAL, waiting("luna", age_s=age_s), BOX, held=full, claim_after_s=claim_after_s)
    if not choice.ids:
        assert choice.look_again_s == pytest.approx(expected_s)
    else:
        assert claim_after_s == 0 or age_s >= 2 * claim_after_s


def test_absent_voices_are_those_that_no_live_worker_can_speak() -> None:
    wanted = ["luna", "vera", "otto", CLIP, "nobody"]
    assert list(Speakers([LOCAL], published=PUBLISHED).absent(wanted)) == ["vera"]
    assert list(Speakers([LOCAL, BOX], published=PUBLISHED).absent(wanted)) == []
    assert list(Speakers([], published=PUBLISHED).absent(wanted)) == sorted(wanted)


def test_preferred_engine_is_one_of_a_better_tier_with_the_voice_also_if_it_has_just_gone() -> None:
    speakers = Speakers([LOCAL, BOX], published=PUBLISHED)
    assert speakers.preferred("luna", LOCAL.tier) == "higgs"
    assert speakers.preferred("otto", LOCAL.tier) == ""
    assert speakers.preferred("luna", BOX.tier) == ""
    assert speakers.without("box").preferred("luna", LOCAL.tier) == "higgs"
    assert Speakers([LOCAL]).preferred("luna", LOCAL.tier) == ""


def test_workers_are_read_from_what_they_and_their_engines_have_published() -> None:
    entries = {name.encode(): raw.encode() for name, raw in {**field_of(BOX), **field_of(LOCAL), "bad": "{"}.items()}
    published = {b"instant": pack([{"id": "luna"}, {"id": "rex"}]), b"broken": b"\xc1"}
    speakers = speakers_of(["tts:box:higgs", "tts:old:instant", "llm:x:demo"], entries, published)
    old = SpeechWorker("old", "instant", voices=frozenset({"luna", "rex"}))
    assert list(speakers.workers) == [BOX, old]
    assert list(speakers.gone) == [LOCAL]
    assert not speakers.is_complete
    assert speakers.published == {"luna", "rex"}


def test_entry_says_what_the_worker_can_speak_and_how_many_at_once() -> None:
    entry = json.loads(field_of(replace(BOX, languages=frozenset({"en-US"}), at=5.0))["box"])
    assert entry == {
        "engine": "higgs", "tier": 0, "slots": 2, "voices": ["luna", "vera"], "languages": ["en-US"], "clones": True,
        "at": 5.0,
    }  # fmt: skip

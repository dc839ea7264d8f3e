from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_stt.endpointing import (
    FRAME_SAMPLES,
    Boundary,
    Endpointer,
    EndpointSettings,
    EndReason,
    SpeechBegan,
    SpeechEnded,
)
from tertulia_stt.long_speech import SHORT_PAUSE_FRAMES

SETTINGS = EndpointSettings(min_speech_ms=96, pre_roll_ms=320, hangover_ms=640, max_utterance_ms=3200)
PRE_ROLL, ONSET, HANGOVER, LONGEST = 10, 3, 20, 100  # the durations of the settings, in frames


def frames(count: int) -> int:
    return count * FRAME_SAMPLES


def probabilities(pattern: str) -> list[float]:
    """Make probabilities from a text: `s5 q20` means five frames of speech, then twenty frames of quiet; the
    probability of `m` is between the two thresholds.
    """
    level = {"s": 0.9, "m": 0.4, "q": 0.05}
    return [level[kind] for kind, count in re.findall(r"([smq])(\d+)", pattern) for _ in range(int(count))]


def run(heard: Sequence[float], *, first_sample: int = 0) -> list[Boundary]:
    endpointer = Endpointer(SETTINGS, first_sample=first_sample)
    found = [boundary for probability in heard if (boundary := endpointer.push(probability)) is not None]
    last = endpointer.finish()
    return found if last is None else [*found, last]


def test_utterance_begins_after_the_minimum_length_and_includes_the_pre_roll() -> None:
    began, ended = run(probabilities("q30 s40 q30"))
    assert began == SpeechBegan(at_sample=frames(33), start_sample=frames(30 - PRE_ROLL), speech_sample=frames(30))
    assert ended == SpeechEnded(frames(30 - PRE_ROLL), frames(70 + HANGOVER), EndReason.SILENCE, frames(70))


@pytest.mark.parametrize("pattern", ["q50", "q9 s2 q9 s1 q30", "m60", "q5 s2 m1 s2 m1 q40"])
def test_speech_that_is_too_short_or_too_uncertain_begins_no_utterance(pattern: str) -> None:
    assert run(probabilities(pattern)) == []


def test_pause_shorter_than_the_hangover_does_not_end_the_utterance() -> None:
    assert len(run(probabilities("q20 s10 q19 s10 q19 s10 q40"))) == 2


def test_pause_as_long_as_the_hangover_ends_the_utterance() -> None:
    boundaries = run(probabilities("q20 s10 q20 s10 q20"))
    assert [type(boundary) for boundary in boundaries] == [SpeechBegan, SpeechEnded] * 2


def test_frame_above_the_offset_probability_restarts_the_silence_that_ends_the_utterance() -> None:
    (_, ended) = run(probabilities("s5 q19 m1 q19 m1 q30"))
    assert ended == SpeechEnded(0, frames(5 + 20 + 20 + HANGOVER), EndReason.SILENCE, frames(5 + 20 + 20))


def test_pre_roll_never_reaches_into_the_previous_utterance() -> None:
    _, first, second, _ = run(probabilities("q20 s10 q22 s10 q30"))
    assert isinstance(first, SpeechEnded)
    assert isinstance(second, SpeechBegan)
    assert second.start_sample == first.end_sample


def cuts(heard: Sequence[float]) -> list[SpeechEnded]:
    ends = [boundary for boundary in run(heard) if isinstance(boundary, SpeechEnded)]
    return [end for end in ends if end.reason is EndReason.TOO_LONG]


def rising(count: int) -> list[float]:
    """Probabilities of speech that rise with each frame."""
    return [0.6 + 0.3 * number / count for number in range(count)]


def test_utterance_longer_than_the_maximum_is_cut_without_a_gap() -> None:
    boundaries = run(rising(250))
    ends = [boundary for boundary in boundaries if isinstance(boundary, SpeechEnded)]
    assert [end.reason for end in ends] == [EndReason.TOO_LONG, EndReason.TOO_LONG, EndReason.INPUT_ENDED]
    assert [(end.start_sample, end.end_sample) for end in ends] == [
        (0, frames(LONGEST)),
        (frames(LONGEST), frames(2 * LONGEST)),
        (frames(2 * LONGEST), frames(250)),
    ]


def test_long_utterance_is_cut_in_a_short_pause() -> None:
    short_pause = [0.05] * SHORT_PAUSE_FRAMES
    early, late = rising(40), rising(32)
    (cut,) = cuts([*early, *short_pause, *late, *short_pause, *rising(40)])
    assert cut.end_sample == frames(40 + SHORT_PAUSE_FRAMES + 32 + SHORT_PAUSE_FRAMES)
    assert cut.speech_end_sample == cut.end_sample - frames(SHORT_PAUSE_FRAMES)


def test_very_long_utterance_without_a_pause_is_cut_at_a_low_probability() -> None:
    (cut,) = cuts([*rising(90), 0.5, *rising(60)])
    assert cut.end_sample == frames(91)


def test_almost_every_long_utterance_is_cut_before_the_maximum_at_a_low_probability() -> None:
    draw = random.Random(5)
    lengths = [cut.end_sample - cut.start_sample for cut in cuts([draw.uniform(0.6, 1.0) for _ in range(20_000)])]
    at_maximum = sum(length == frames(LONGEST) for length in lengths)
    assert at_maximum < len(lengths) / 2, "this maximum leaves only 15 frames to choose from"


def test_end_of_the_input_ends_the_utterance_at_the_last_sample() -> None:
    endpointer = Endpointer(SETTINGS)
    for probability in probabilities("s8"):
        endpointer.push(probability)
    assert endpointer.in_speech
    assert endpointer.finish(100) == SpeechEnded(0, frames(8) + 100, EndReason.INPUT_ENDED, frames(8) + 100)
    assert not endpointer.in_speech
    assert endpointer.finish() is None


@given(st.lists(st.floats(0, 1), max_size=400), st.integers(0, 10**9))
def test_utterances_never_overlap_and_are_never_longer_than_the_maximum(heard: list[float], first: int) -> None:
    boundaries = run(heard, first_sample=first)
    last_end = first
    for began, ended in zip(boundaries[::2], boundaries[1::2], strict=True):
        assert isinstance(began, SpeechBegan)
        assert isinstance(ended, SpeechEnded)
        assert last_end <= began.start_sample == ended.start_sample < began.at_sample <= ended.end_sample
        assert ended.end_sample - ended.start_sample <= frames(LONGEST)
        last_end = ended.end_sample
    assert last_end <= first + frames(len(heard))


@given(st.lists(st.sampled_from([0.05, 0.4, 0.9]), max_size=300))
def test_new_endpointer_can_continue_after_any_utterance(heard: list[float]) -> None:
    boundaries = run(heard)
    for index, boundary in enumerate(boundaries):
        if isinstance(boundary, SpeechEnded):
            rest = heard[boundary.end_sample // FRAME_SAMPLES :]
            assert run(rest, first_sample=boundary.end_sample) == boundaries[index + 1 :]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("onset_probability", 0.0),
        ("onset_probability", 1.0),
        ("offset_probability", 0.6),
        ("offset_probability", 0.0),
        ("min_speech_ms", 0),
        ("pre_roll_ms", -1),
        ("hangover_ms", 0),
        ("max_utterance_ms", 500),
    ],
)
def test_endpoint_settings_error_names_the_setting_that_is_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        EndpointSettings(**{name: value})  # pyright: ignore[reportArgumentType] - the mix of int and float is the point

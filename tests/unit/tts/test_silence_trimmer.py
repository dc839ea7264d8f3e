from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tertulia_tts.silence_trimmer import LEAD_MS, SILENCE_PEAK, Samples, SilenceTrimmer

PER_MS = 24
GAP_MS = 200


def trim(*pieces: Samples) -> Samples:
    trimmer = SilenceTrimmer(GAP_MS)
    return np.concatenate([trimmer.feed(piece) for piece in pieces] + [trimmer.finish()])


def silence(ms: int, level: int = 0) -> Samples:
    return np.full(ms * PER_MS, level, np.int16)


def sound(ms: int) -> Samples:
    return np.full(ms * PER_MS, -32768, np.int16)


def test_silence_is_shortened_to_5_ms_before_a_sentence_and_to_the_gap_after_it() -> None:
    result = trim(silence(120), sound(50), silence(400))
    assert np.array_equal(result, np.concatenate((silence(LEAD_MS), sound(50), silence(GAP_MS))))


def test_silence_after_a_sentence_is_extended_to_the_gap() -> None:
    assert np.array_equal(trim(sound(10)), np.concatenate((sound(10), silence(GAP_MS))))


def test_quiet_end_of_the_last_sound_is_kept_as_part_of_the_gap() -> None:
    result = trim(sound(10), silence(30, SILENCE_PEAK))
    assert np.array_equal(result[10 * PER_MS :], np.concatenate((silence(30, SILENCE_PEAK), silence(GAP_MS - 30))))


def test_pauses_within_a_sentence_are_kept() -> None:
    sentence = np.concatenate((sound(10), silence(700), sound(10)))
    assert np.array_equal(trim(sentence)[: len(sentence)], sentence)


def test_sentence_that_is_only_silence_yields_no_samples() -> None:
    assert trim(silence(300, SILENCE_PEAK), silence(300, -SILENCE_PEAK)).size == 0


def test_silence_trimmer_returns_sound_without_delay() -> None:
    assert len(SilenceTrimmer(GAP_MS).feed(sound(3))) == 3 * PER_MS


@given(st.lists(st.sampled_from([0, 0, 0, 5, 3000]), max_size=60), st.integers(1, 700))
def test_trimmed_audio_does_not_depend_on_the_sizes_of_the_pieces(levels: list[int], size: int) -> None:
    audio = np.repeat(np.array(levels, np.int16), 50)
    pieces = [audio[at : at + size] for at in range(0, len(audio), size)]
    assert np.array_equal(trim(*pieces), trim(audio))

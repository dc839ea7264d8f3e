from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tertulia_tts.engines.higgs.decode_windows import CONTEXT, MAX_WINDOW, Window, WindowPlan
from tertulia_tts.engines.higgs.delay_pattern import Codes
from tertulia_tts.engines.higgs.frame_decoder import MAX_LEAD_FRAMES, MAX_PAUSE_FRAMES, SAMPLES_A_FRAME, FrameDecoder
from tests.fakes.scripted_higgs import sound_of, spoken_frames


def one_shot(frames: Codes) -> NDArray[np.int16]:
    """Decode all frames at once. The last frame is repeated as context; the sound of the repetitions is dropped."""
    padded = np.concatenate((frames, np.repeat(frames[:, -1:], CONTEXT, axis=1)), axis=1)
    samples = sound_of(padded)[: frames.shape[1] * SAMPLES_A_FRAME]
    return np.rint(samples * 32767).astype(np.int16)


@given(st.integers(1, 150))
def test_decoding_in_windows_equals_decoding_all_frames_at_once(count: int) -> None:
    frames = spoken_frames("luna", "text", 1, count)
    decoder = FrameDecoder(sound_of)
    pieces = [decoder.feed(frames[:, at]) for at in range(count)] + list(decoder.finish())
    streamed = np.concatenate(pieces)
    assert streamed.size == count * SAMPLES_A_FRAME
    assert np.abs(streamed.astype(int) - one_shot(frames)).max() <= 1  # rounding


def test_first_frame_is_decoded_as_soon_as_ten_frames_follow_it() -> None:
    decoder = FrameDecoder(sound_of)
    frames = spoken_frames("luna", "text", 1, 40)
    sizes = [decoder.feed(frames[:, at]).size for at in range(40)]
    assert sizes[: CONTEXT + 1] == [0] * CONTEXT + [SAMPLES_A_FRAME]


@given(st.integers(0, 400))
def test_windows_contain_each_frame_once_with_its_context(count: int) -> None:
    plan = WindowPlan()
    windows: list[Window] = []
    for frames in range(1, count + 1):
        window = plan.after(frames)
        assert window is None or window.end <= frames
        windows += [window] if window else []
    while window := plan.rest(count):
        windows.append(window)
    at = 0
    for window in windows:
        assert window.first == at
        assert 1 <= window.last - window.first <= MAX_WINDOW
        assert window.begin == max(0, window.first - CONTEXT)
        assert window.end + window.padding == window.last + CONTEXT
        at = window.last
    assert at == count


def test_windows_are_ready_in_time_if_synthesis_takes_four_fifths_of_real_time() -> None:
    plan = WindowPlan()
    ends = [(frames, window.last) for frames in range(1, 600) if (window := plan.after(frames))]
    began = ends[0][0]
    for (_, heard), (frames, _) in pairwise(ends):
        assert (frames - began) * 0.8 <= heard


@pytest.mark.parametrize(("heard_first", "limit"), [(True, MAX_PAUSE_FRAMES), (False, MAX_LEAD_FRAMES)])
def test_fell_silent_is_true_after_a_long_pause_or_a_long_silent_beginning(*, heard_first: bool, limit: int) -> None:
    decoder = FrameDecoder(sound_of)
    loud = spoken_frames("luna", "text", 1, 10)
    if heard_first:
        for at in range(10):
            decoder.feed(loud[:, at])
    silence = np.zeros(8, np.int16)
    fed = 0
    while not decoder.fell_silent:
        decoder.feed(silence)
        fed += 1
        assert fed < 300
    assert limit <= fed <= limit + CONTEXT + MAX_WINDOW

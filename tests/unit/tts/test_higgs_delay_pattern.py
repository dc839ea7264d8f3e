from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_tts.engines.higgs.delay_pattern import BEGIN, END, FrameAssembler
from tests.fakes.scripted_higgs import CODEBOOKS, delayed, spoken_frames


@given(st.integers(1, 60), st.integers(0, 1000))
def test_frame_is_returned_as_soon_as_all_its_codes_have_arrived(count: int, seed: int) -> None:
    frames = spoken_frames("luna", "text", seed, count)
    assembler = FrameAssembler(CODEBOOKS)
    for at, column in enumerate(delayed(frames)):
        frame = assembler.feed(column)
        if CODEBOOKS <= at < count + CODEBOOKS:
            assert frame is not None
            assert frame.tolist() == frames[:, at - CODEBOOKS].tolist()
        else:
            assert frame is None
        assert assembler.ended == (at >= count + CODEBOOKS - 1)


@pytest.mark.parametrize("codebook", range(CODEBOOKS))
def test_end_mark_in_any_codebook_ends_the_utterance(codebook: int) -> None:
    # After an END in one codebook, the model sends END also in all lower codebooks, and with each step in one more
    # codebook.
    assembler = FrameAssembler(CODEBOOKS)
    got = at = 0
    assembler.feed(np.full(CODEBOOKS, BEGIN, np.int16))
    ended_at = 20
    for at in range(1, 60):
        column = np.full(CODEBOOKS, 5, np.int16)
        if at >= ended_at:
            column[: codebook + 1 + (at - ended_at)] = END
        got += assembler.feed(column) is not None
        if assembler.ended:
            break
    assert got == ended_at - 1 - codebook
    # if the END is in the last codebook, the last frame was complete before it
    assert at == got + CODEBOOKS - 1 or at == ended_at


def test_utterance_with_an_end_mark_in_the_first_column_has_no_frames() -> None:
    assembler = FrameAssembler(CODEBOOKS)
    assembler.feed(np.full(CODEBOOKS, BEGIN, np.int16))
    column = np.full(CODEBOOKS, BEGIN, np.int16)
    column[0] = END
    assert assembler.feed(column) is None
    for _ in range(CODEBOOKS):
        assert assembler.feed(np.full(CODEBOOKS, END, np.int16)) is None
    assert assembler.ended


def test_mark_in_the_middle_of_an_utterance_is_clipped_to_a_code() -> None:
    assembler = FrameAssembler(2)
    assembler.feed(np.array([BEGIN, BEGIN], np.int16))
    assembler.feed(np.array([BEGIN, BEGIN], np.int16))
    frame = assembler.feed(np.array([7, 8], np.int16))
    assert frame is not None
    assert frame.tolist() == [1023, 8]


def test_column_with_a_wrong_number_of_codes_is_refused() -> None:
    with pytest.raises(ValueError, match="8 codes"):
        FrameAssembler(8).feed(np.zeros(7, np.int16))

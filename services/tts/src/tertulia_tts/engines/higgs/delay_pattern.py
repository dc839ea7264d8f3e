"""Assembles the codec's frames from the model's columns, in which the codebooks are delayed. Pure.

The model makes one column of codes per step. In the columns, codebook *k* is delayed by *k* steps ("Simple and
Controllable Music Generation", arXiv 2306.05284). Column 0 has only `BEGIN`; codebook *k* of frame *f* is in column *f
+ 1 + k*, so a frame of eight codebooks is complete at column *f + 8*. An `END` in codebook *k* of column *c* means that
the utterance has ended before frame *c - 1 - k*.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CODES = 1024
"""The number of codes in a codebook. Higher values are marks."""
BEGIN, END = 1024, 1025

Codes = NDArray[np.int16]


class FrameAssembler:
    """Assembles the frames of one utterance from columns, which are added one at a time."""

    def __init__(self, codebooks: int) -> None:
        self._codebooks = codebooks
        self._columns: list[Codes] = []
        self._seen = 0
        self._end: int | None = None

    @property
    def ended(self) -> bool:
        """True if the last frame is complete."""
        return self._end is not None and self._seen - self._codebooks >= self._end

    def feed(self, column: Codes) -> Codes | None:
        """Add a column of shape `(codebooks,)`. Returns the frame that is now complete; None if no frame is complete.

        Raises:
            ValueError: the column has another shape.
        """
        if column.shape != (self._codebooks,):
            raise ValueError(f"a column has {self._codebooks} codes, not the shape {column.shape}")
        at = self._seen
        self._seen += 1
        for codebook in np.flatnonzero(column == END):
            end = max(0, at - 1 - int(codebook))
            self._end = end if self._end is None else min(self._end, end)
        self._columns.append(column)
        if at < self._codebooks:
            return None
        if at > self._codebooks:
            self._columns.pop(0)
        frame = at - self._codebooks
        if self._end is not None and frame >= self._end:
            return None
        # A mark in the middle of an utterance is an error of the model. Clip it to a code, as boson-multimodal does.
        codes = np.array([self._columns[1 + codebook][codebook] for codebook in range(self._codebooks)], np.int16)
        return codes.clip(0, CODES - 1)

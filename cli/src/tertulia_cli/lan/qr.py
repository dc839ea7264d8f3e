"""QR codes for the terminal. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import segno

BORDER: Final = 2
"""Light modules around the code. The standard asks for four; phones read two, and the code fits into 80 columns."""
HALF_BLOCKS: Final = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
"""A character for two modules, one above the other: 0 is light and drawn, so that the code is right on a dark terminal.
"""


def qr_lines(text: str) -> list[str]:
    """The code as lines of equal width, two rows of modules in each. To be shown white on black."""
    rows = [list(row) for row in segno.make_qr(text, error="l", boost_error=False).matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [
        "".join(HALF_BLOCKS[above, below] for above, below in zip(rows[at], rows[at + 1], strict=True))
        for at in range(0, len(rows), 2)
    ]


def side_by_side(left: Sequence[str], right: Sequence[str], gap: int) -> list[tuple[str, str, str]]:
    """Join two codes line by line: the left line, the gap, the right line. The shorter one is padded with spaces."""
    height = max(len(left), len(right))
    return [
        (
            left[row] if row < len(left) else " " * len(left[0]),
            " " * gap,
            right[row] if row < len(right) else "",
        )
        for row in range(height)
    ]

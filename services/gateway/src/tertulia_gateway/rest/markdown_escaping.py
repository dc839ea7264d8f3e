"""Escapes text for Markdown, so that it is shown as it was written. No I/O. A message of any content stays one
paragraph: it cannot add a heading, a list, a code block, a link, HTML or a line that looks like the beginning of
another message. The syntax is CommonMark with GitHub's extensions.
"""

from __future__ import annotations

import re
from typing import Final

_ANYWHERE: Final = re.compile(r"[\\`*_\[\]{|~$]|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
"""What has a meaning anywhere in a line: the signs of emphasis, code, links, tables, strikethrough, attributes and
mathematics; the start of HTML, autolinks and entities.
"""
_AT_LINE_START: Final = re.compile(r"[#>+=:<-]|\d{1,9}(?=[.)])")
"""What has a meaning at the start of a line: the signs of headings and their underlines, quotes, lists, HTML and
definitions; the numbers of lists.
"""
_CLOSING_SEQUENCE: Final = re.compile(r"(?:(?<= )|^)#+$")
"""Signs `#` at the end of a line, which can close a heading."""
_BLANK_LINE: Final = "\N{NO-BREAK SPACE}"
"""Replaces an empty line, because an empty line would end the paragraph."""
_HARD_BREAK: Final = "\\\n"


def escaped_line(text: str) -> str:
    """Escape one line of text. The caller puts something before it on the same line of the file."""
    text = _ANYWHERE.sub(r"\\\g<0>", " ".join(text.split()))
    return _CLOSING_SEQUENCE.sub(r"\\\g<0>", text)


def escaped_paragraph(text: str) -> str:
    """Escape text of any number of lines, and keep its line breaks. The caller puts something before its first line on
    the same line of the file.
    """
    first, *others = (line.strip() for line in text.strip().split("\n"))
    lines = [_ANYWHERE.sub(r"\\\g<0>", first), *map(_line_of_its_own, others)]
    return _HARD_BREAK.join(lines)


def _line_of_its_own(line: str) -> str:
    if not line:
        return _BLANK_LINE
    start = _AT_LINE_START.match(line)
    if start is None:
        return _ANYWHERE.sub(r"\\\g<0>", line)
    mark, rest = start.group(), _ANYWHERE.sub(r"\\\g<0>", line[start.end() :])
    return f"{mark}\\{rest}" if mark.isdigit() else f"\\{mark}{rest}"

"""Decides whether punctuation marks end the sentence. Pure functions on the text so far."""

from __future__ import annotations

import re
from typing import Final

from tertulia_llm.text.full_stops import full_stop_ends, next_word

MARKS: Final = ".!?…‼⁇⁈⁉؟۔।॥։።"
WIDE_MARKS: Final = "。！？｡"
_QUOTES: Final = "\"'”’“‘»«›‹)]}」』】）〉》〕］｝"
_QUOTED_ON: Final = "とっ、，,"
STOP: Final = rf"\n|[{MARKS}{WIDE_MARKS}]{{1,32}}[{re.escape(_QUOTES)}*_~`]{{0,16}}"
"""Matches a line end; or end marks, together with the quotation marks and brackets that close after them."""
WAIT: Final = -1
"""More text is needed to decide."""
REJECT: Final = -2
"""The sentence does not end here."""
_DASHES: Final = "—–-"
_SPACES: Final = re.compile(r"[^\S\n]{0,32}")
_WIDE_LETTER: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def sentence_end(buffer: str, start: int, found: re.Match[str], *, final: bool) -> int:
    """The index after the sentence, if the sentence ends at the mark `found`.

    Returns `REJECT` if the sentence does not end there, and `WAIT` if more text is needed.
    """
    end, run = found.end(), found.group()
    following = _after_spaces(buffer, end)
    if end < following < len(buffer) and buffer[following] == "»":
        after_quote = buffer[following + 1 : following + 2]
        if not after_quote and not final:
            return WAIT
        if after_quote.isalnum():  # the mark opens the next quotation: »Komm!« »Gleich.«
            return end + 1
        run += "»"  # the mark closes this quotation: « Bonjour ! » Il partit.
        end = following + 1
        following = _after_spaces(buffer, end)
    if following >= len(buffer):
        return REJECT if final else WAIT
    if buffer[following] == "\n":
        return REJECT  # the sentence ends at the line end
    spaced = following > end
    ends = _mark_ends(buffer, start, found.start(), run, following, spaced=spaced, final=final)
    if ends is None:
        return WAIT
    return end + spaced if ends else REJECT


def _mark_ends(buffer: str, start: int, at: int, run: str, following: int, *, spaced: bool, final: bool) -> bool | None:  # noqa: PLR0911 - one return per rule
    """True if the marks `run` at `at` end the sentence. `following`: the index of the next text. None: more text is
    needed.
    """
    following_char = buffer[following]
    quoted = any(char in _QUOTES for char in run)
    if any(char in WIDE_MARKS for char in run):
        return not (quoted and following_char in _QUOTED_ON)
    if not spaced:
        return run[0] in "!?" and _WIDE_LETTER.match(following_char) is not None  # for example OK!你好
    if following_char in MARKS or (quoted and following_char.islower()):
        return False
    if following_char in _DASHES and (on := _goes_on_after_dash(buffer, following, final=final)) is not False:
        return None if on is None else False
    if run.startswith(("..", "…")) and "!" not in run and "?" not in run:
        return _ellipsis_ends(buffer, following, final=final)
    if run[0] == "." and not quoted and run.count(".") == sum(char in MARKS for char in run):
        return full_stop_ends(buffer, start, at, following, final=final)
    return True


def _after_spaces(buffer: str, at: int) -> int:
    spaces = _SPACES.match(buffer, at)
    return spaces.end() if spaces else at


def _goes_on_after_dash(buffer: str, dash: int, *, final: bool) -> bool | None:
    """True if the sentence continues after the dash: «— Привет! — сказал он», "—¡Hola! —dijo". None: more text is
    needed.
    """
    after = _after_spaces(buffer, dash + 1)
    if after >= len(buffer):
        return False if final else None
    return buffer[after].islower()


def _ellipsis_ends(buffer: str, following: int, *, final: bool) -> bool | None:
    if buffer[following].islower():
        return False
    if buffer[following] == "I":  # "Well… I think so" is one sentence: "I" is always written with a capital
        word = next_word(buffer, following, final=final)
        return None if word is None else word != "i"
    return True

"""The last sentence of a text, as words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_CHARS: Final = 200
"""Only this many of the last characters of a text are read, because earlier text does not change the judgement."""

_SENTENCE_END: Final = re.compile(r"(?:[.!?…]+[\"')\]»”]*\s+|[。！？]+)(?=[^\s])")
WORD: Final = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+(?:['\-][^\W_]+)*'?")
_CLOSING: Final = " \t\n\"'”’»)]』」"
_BREAK: Final = re.compile(r"[,;:—–、]|\s-\s")
APOSTROPHES: Final = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u0130": "i"})
GOES_ON: Final = frozenset(",;:-—–、，…(")
"""Final marks of an unfinished sentence."""
ENDS: Final = frozenset(".!?")

_ENDS_OF: Final = {"。": ".", "．": ".", "！": "!", "？": "?", "؟": "?"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """The last sentence of a text. `words` are in lower case."""

    words: tuple[str, ...]
    breaks: tuple[int, ...]
    """The indexes of the words before which a comma or a similar mark stands."""
    mark: str
    """The mark at the end: "." "!" "?" or one of `GOES_ON`; "" if there is none."""
    noun_last: bool
    """True if the last word has a capital letter, like German nouns."""
    is_first: bool
    """True if the text has no sentence before this one."""

    @property
    def ended(self) -> bool:
        """True if the sentence has a final mark."""
        return self.mark in ENDS

    def clause(self) -> tuple[str, ...]:
        """The words after the last comma."""
        return self.words[self.breaks[-1] :] if self.breaks else self.words

    def part(self, start: int, end: int) -> Sentence:
        """A sentence of the words from `start` up to `end`."""
        kept = tuple(at - start for at in self.breaks if start < at < end)
        noun = self.noun_last and end == len(self.words)
        return Sentence(self.words[start:end], kept, self.mark, noun, self.is_first)


def mark_of(text: str) -> str:
    """The mark at the end of a text: "." "!" "?" or one of `GOES_ON`; "" if there is none."""
    end = text.rstrip(_CLOSING)
    if end.endswith(("..", "。。")):
        return "…"
    last = _ENDS_OF.get(end[-1:], end[-1:])
    if last in ENDS:
        return "?" if "?" in end[-3:] or "？" in end[-3:] else last
    return last if last in GOES_ON else ""


def last_sentence(text: str, *, with_marks: bool = True) -> Sentence:
    """The last sentence of a text. `with_marks=False`: ignore marks at its end."""
    text = text[-MAX_CHARS:]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(APOSTROPHES)
    start = 0
    for end in _SENTENCE_END.finditer(text):
        start = end.end()
    raw = text[start:]
    found: list[str] = []
    breaks: list[int] = []
    at = 0
    for match in WORD.finditer(raw):
        if found and match.start() - at > 1 and _BREAK.search(raw, at, match.start()):
            breaks.append(len(found))
        found.append(match[0])
        at = match.end()
    noun_last = bool(found) and found[-1][:1].isupper()
    return Sentence(
        tuple(" ".join(found).lower().split(" ")) if found else (),
        tuple(breaks),
        mark_of(raw) if with_marks else "",
        noun_last,
        start == 0,
    )

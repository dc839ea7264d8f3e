"""Splits text into sentences while it is being written.

The text comes in pieces of any size. A sentence is returned as soon as the text after its end mark confirms that it
ends there. A returned sentence does not change. The text needed after a mark:

- a line end: nothing;
- `. ! ? …` and similar marks: the next character that is not a space (models send the space together with the next
  word, so this costs no time in practice);
- a full stop between a word that may be an abbreviation and a capital: the next word and one more character;
- the full-width marks of Chinese and Japanese: the next character, which may be a closing bracket or another mark;
- a clause of the first sentence: `clause_rest_min_chars` more characters.

Each decision waits for all the text that it depends on, so the sizes of the pieces do not affect the result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tertulia_llm.text.language import ReplyLanguage, VoiceLanguage
from tertulia_llm.text.sentence_ends import MARKS, REJECT, STOP, WAIT, WIDE_MARKS, sentence_end
from tertulia_llm.text.spoken import SpeechState, speakable
from tertulia_llm.text.verbalization.verbalizer import needs_words, verbalize

_LONGEST_RUN_CHARS: Final = 32 + 16
_NEXT_STOP: Final = re.compile(STOP)
_NEXT_STOP_OR_CLAUSE: Final = re.compile(STOP + "|[,;:—–、，；：]")
_ANY_MARK: Final = re.compile(rf"[\n{MARKS}{WIDE_MARKS}]")
_CLAUSE_END: Final = re.compile(r"[,;:](?=\s)|–(?=\s+[^\s\d€$£])|—|[、，；：]")
_NEXT_NUMBER: Final = re.compile(r"\s*[€$£]?\d")
_NEXT_YEAR: Final = re.compile(r"\s[12]\d{3}\b")
_JOINED: Final = re.compile(r"[\u0300-\u036f\u200d\u3099\u309a\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_SMALLEST_BOUND_CHARS: Final = 40


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or a part of one, to speak.

    `written` is the text exactly as the model wrote it, with its unspoken parts. `spoken` is the text for the voice,
    with numbers as words; it has at least one letter or digit.
    """

    written: str
    spoken: str


@dataclass(frozen=True, slots=True)
class SplitterSettings:
    """The limits of the splitter.

    Raises:
        ValueError: a limit is out of its range.
    """

    first_clause_min_chars: int = 40
    """A first sentence of at least this length may be split at a comma or a similar mark, so that audio starts sooner.
    In scripts written without spaces, half of this length is enough. 0: the first sentence is never split.
    """
    clause_rest_min_chars: int = 12
    """Minimum length of the rest of the sentence after that split: a single last word would sound clipped."""
    max_chars: int = 300
    """A longer sentence is split: after a clause, else at a space, else at this length (plus closing marks)."""

    def __post_init__(self) -> None:
        if self.max_chars < _SMALLEST_BOUND_CHARS:
            raise ValueError(f"max_chars is {self.max_chars}: give at least {_SMALLEST_BOUND_CHARS}")
        if self.first_clause_min_chars < 0 or self.clause_rest_min_chars < 1:
            raise ValueError(
                "first_clause_min_chars must not be negative (0 turns it off) and clause_rest_min_chars must be at "
                f"least 1; they are {self.first_clause_min_chars} and {self.clause_rest_min_chars}"
            )


class SentenceSplitter:
    """Splits one reply into sentences.

    The `written` of all sentences and the rest that `finish` returns, joined, are always the text that was fed. Text
    without anything to speak (a code block, an emoji, a bare address, a rule) is added to the `written` of the next
    sentence. After the last sentence, it is the rest.
    """

    __slots__ = ("_buffer", "_first", "_language", "_scanned", "_settings", "_state", "_unspoken")

    def __init__(self, settings: SplitterSettings | None = None, voice: VoiceLanguage | None = None) -> None:
        self._language = ReplyLanguage(voice or VoiceLanguage())
        self._settings = settings or SplitterSettings()
        self._buffer = ""
        self._scanned = 0  # index in the buffer; no sentence ends before it
        self._unspoken: list[str] = []
        self._state = SpeechState()
        self._first = self._settings.first_clause_min_chars > 0

    def feed(self, text: str) -> list[Sentence]:
        """Take the next piece of text and return the sentences that it completes."""
        self._buffer += text
        return self._split(final=False)

    def finish(self) -> tuple[list[Sentence], str]:
        """End the text. Returns the last sentences, and the unspoken text after them."""
        sentences = self._split(final=True)
        if self._buffer:
            sentences += self._emit(self._buffer)
            self._buffer, self._scanned = "", 0
        rest = "".join(self._unspoken)
        self._unspoken.clear()
        return sentences, rest

    def _split(self, *, final: bool) -> list[Sentence]:
        buffer, start, sentences = self._buffer, 0, list[Sentence]()
        while True:
            end = self._next_end(buffer, start, final=final)
            if end == WAIT:
                break
            sentences += self._emit(buffer[start:end])
            start = self._scanned = end
        if start:
            self._buffer = buffer[start:]
            self._scanned -= start
        return sentences

    def _emit(self, piece: str) -> list[Sentence]:
        spoken, self._state = speakable(piece, self._state)
        if not spoken:
            self._unspoken.append(piece)
            return []
        if self._unspoken:
            piece = "".join(self._unspoken) + piece
            self._unspoken.clear()
        self._first = False
        self._language.add(spoken)
        if needs_words(spoken):
            spoken = verbalize(spoken, self._language.tag)
        return [Sentence(piece, spoken)]

    def _next_end(self, buffer: str, start: int, *, final: bool) -> int:
        """The index after the sentence that begins at `start`; `WAIT` if more text is needed. Advances `_scanned`."""
        pattern = _NEXT_STOP_OR_CLAUSE if self._first else _NEXT_STOP
        limit = start + self._settings.max_chars
        while (found := pattern.search(buffer, self._scanned, limit + _LONGEST_RUN_CHARS)) and found.start() < limit:
            mark = buffer[found.start()]
            if mark == "\n":
                return found.end()
            if mark in ",;:—–、，；：":
                end = self._clause_end(buffer, start, found.start(), final=final)
            elif found.end() == len(buffer):
                end = REJECT if final else WAIT
            else:
                end = sentence_end(buffer, start, found, final=final)
            if end >= 0:
                return end
            if end == WAIT:
                self._scanned = found.start()
                return WAIT
            self._scanned = found.end()
        if len(buffer) > limit:
            return _forced_end(buffer, start, limit)
        if found is None:
            self._scanned = len(buffer)
        return WAIT

    def _clause_end(self, buffer: str, start: int, at: int, *, final: bool) -> int:
        wide = buffer[at] in "、，；："
        scale = 2 if wide else 1
        if (at + 1 - start) * scale < self._settings.first_clause_min_chars:
            return REJECT
        rest = buffer[at + 1 : at + 1 + -(-self._settings.clause_rest_min_chars // scale)]
        if not wide and buffer[at] != "—" and rest and not rest[0].isspace():
            return REJECT  # not a clause: 1,000 and 5:30
        if _ANY_MARK.search(rest) or _divides_number(buffer, at, rest):
            return REJECT
        if len(rest) * scale < self._settings.clause_rest_min_chars:
            return REJECT if final else WAIT
        clause = buffer[start:at]
        if clause.count("*") % 2 or clause.count("`") % 2 or clause.count("[") > clause.count("]"):
            return REJECT  # half of a link or of a stage direction cannot be removed
        return at + 1 + rest[0].isspace()


def _divides_number(buffer: str, at: int, rest: str) -> bool:
    """True for the dash of "5 – 10 euros" and the comma of "March 3, 2024"."""
    if buffer[at] in "–—":
        return buffer[:at].rstrip()[-1:].isdigit() and _NEXT_NUMBER.match(rest) is not None
    return buffer[at] == "," and _NEXT_YEAR.match(rest) is not None


def _forced_end(buffer: str, start: int, limit: int) -> int:
    """Where to split a sentence that is too long: after its last clause, else after its last space, else at the
    limit.
    """
    earliest = start + (limit - start) // 3
    clauses = [found.end() for found in _CLAUSE_END.finditer(buffer, earliest, limit - 1)]
    if clauses:
        return clauses[-1] + buffer[clauses[-1]].isspace()
    space = max(buffer.rfind(space, earliest, limit) for space in " \t\u00a0\u3000")
    if space >= 0:
        return space + 1
    cut = limit
    while cut > limit - 16 and (_JOINED.match(buffer[cut]) or buffer[cut - 1] == "\u200d"):
        cut -= 1  # do not separate a letter from its accent, and do not split an emoji
    return cut

"""Judges Japanese and Chinese texts by their beginnings and endings."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import read_words
from tertulia_stt.turn_end.names import Names
from tertulia_stt.turn_end.sentence import GOES_ON, MAX_CHARS, mark_of

_KANA: Final = re.compile(r"[\u3040-\u30ff]")
_SENTENCE: Final = re.compile(r"[^。！？!?]+[。！？!?、，,…．.\s]*$")
_MARKS: Final = " \u3000。、，,.．…！？!?「」『』“”\"'"
_SPACES: Final = re.compile(r"[\s\u3000]+")
_COMMA: Final = re.compile("[，,、]")
_SIMPLIFIED: Final = str.maketrans(
    "嗎麼們個為後過給對還這從說話沒會時間誰樣幾點應該覺讓問題請謝關於經講聽開歡兩雖並與",
    "吗么们个为后过给对还这从说话没会时间谁样几点应该觉让问题请谢关于经讲听开欢两虽并与",
)
_LONGEST_CALL: Final = 8
"""A name with its honorific has at most this many characters."""
_SHORTEST_REQUEST: Final = 4
_PHONE_DIGITS: Final = 7
_LONGEST_BEFORE_DIGITS: Final = 5
"""At most this many characters stand between "telephone" and the number."""

FINISHED, UNCLEAR, OPEN = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.OPEN


@dataclass(frozen=True, kw_only=True)
class Endings:
    """The words of a language without spaces."""

    complete: tuple[str, ...]
    """Texts that are whole utterances, such as "yes"."""
    greetings: tuple[str, ...]
    calls: tuple[str, ...]
    """Words that may stand before or after a name with which a character is called."""
    honorifics: tuple[str, ...]
    """Honorifics that follow a name."""
    fillers: tuple[str, ...]
    not_final: tuple[str, ...]
    """Words that end in one of `final`, but do not end a sentence."""
    links: tuple[str, ...]
    """Verb forms before another verb. They end in one of `requests`, but do not ask for anything."""
    requests: tuple[str, ...]
    """Verb forms that ask for something or stand before another verb."""
    past_times: tuple[str, ...]
    """Words for a time in the past. A clause that begins with such a word is no request."""
    final: tuple[str, ...]
    """Particles and verb endings that end a sentence."""
    open: tuple[str, ...]
    """Particles, conjunctions and other words that do not end a sentence."""
    may_end: tuple[str, ...]
    """Words that end in one of `open`, but may end a sentence."""
    open_questions: tuple[str, ...]
    """Words that end in the beginning of a question ("can you")."""
    questions: tuple[str, ...]
    question_ends: tuple[str, ...]
    """Endings of a sentence with a question word that are in `open`, too."""
    subordinators: tuple[str, ...]
    """Words that begin a clause which needs a main clause."""
    main_clause: tuple[str, ...]
    """Words of the main clause that follows a clause with one of `subordinators`."""
    request_starts: tuple[str, ...]
    subjects: tuple[str, ...]
    """Pronouns that are unfinished if they stand alone or after one of `before_subject`."""
    before_subject: tuple[str, ...]
    digits: tuple[str, ...]
    phone_words: tuple[str, ...]

    @cached_property
    def open_subjects(self) -> tuple[str, ...]:
        return tuple(before + subject for before in self.before_subject for subject in self.subjects)


def _read(code: str) -> Endings:
    lists = read_words(code)
    return Endings(**{field.name: tuple(str(lists[field.name]).split()) for field in fields(Endings)})


_JAPANESE: Final = _read("ja")
_CHINESE: Final = _read("zh")


def judge_without_spaces(text: str, *, names: Names, language: str) -> Completeness:
    """Judge a text in Japanese or Chinese. A final mark is not required: recognizers often leave it out."""
    match = _SENTENCE.search(text[-MAX_CHARS:])
    sentence = match[0] if match else text
    mark = mark_of(sentence)
    body = _SPACES.sub("", sentence.strip(_MARKS))
    if not body:
        return UNCLEAR
    japanese = language.startswith("ja") or (not language.startswith("zh") and _KANA.search(text) is not None)
    if japanese:
        return _judge(body, mark, names, _JAPANESE)
    return _judge(body.translate(_SIMPLIFIED), mark, names, _CHINESE)


def _judge(body: str, mark: str, names: Names, endings: Endings) -> Completeness:
    last = _COMMA.split(body)[-1] or body
    if last in endings.complete:
        return OPEN if mark in GOES_ON and mark != "…" else FINISHED
    if mark in GOES_ON:
        return OPEN
    if _greets(body, names, endings):
        return UNCLEAR
    named = names.inside(last)
    if named != last.lower() and (named in endings.complete or (named and named.endswith(endings.final))):
        return FINISHED
    if _calls(last, names, endings) or (last.endswith(endings.fillers) and mark != "?"):
        return UNCLEAR if mark == "?" else OPEN
    return _judge_ending(last, mark, endings)


def _judge_ending(body: str, mark: str, endings: Endings) -> Completeness:  # noqa: PLR0911 - one return per rule
    asks = any(word in body for word in endings.questions)
    if (asks or mark == "?") and body.endswith(endings.question_ends):
        return FINISHED
    if mark == "?":
        return FINISHED if asks or not body.endswith(endings.open) else UNCLEAR
    if _opens(body, endings):
        return UNCLEAR if mark and body.endswith(endings.not_final) else OPEN
    if len(body) > 2 and body.endswith(endings.requests):  # noqa: PLR2004  # "して" alone is no request
        return OPEN if body.startswith(endings.past_times) else FINISHED if mark else UNCLEAR
    if body.endswith(endings.final):
        return FINISHED
    if body.endswith(endings.may_end) or (body.endswith("的") and ("是" in body or "会" in body)):
        return FINISHED if mark or asks else UNCLEAR
    if body.endswith(endings.open):
        return OPEN
    if body.startswith(endings.subordinators) and not any(word in body for word in endings.main_clause):
        return OPEN
    requests = len(body) >= _SHORTEST_REQUEST and body.startswith(endings.request_starts)
    asks_in_chinese = asks and not endings.question_ends
    return FINISHED if mark or requests or asks_in_chinese else UNCLEAR


def _opens(body: str, endings: Endings) -> bool:
    """True for endings that are open although they look like the end of a sentence."""
    return (
        body.endswith((*endings.not_final, *endings.links, *endings.open_questions, *endings.open_subjects))
        or body in endings.subjects
        or _is_part_of_phone_number(body, endings)
    )


def _is_part_of_phone_number(body: str, endings: Endings) -> bool:
    rest = body.rstrip("".join(endings.digits))
    if not 0 < len(body) - len(rest) < _PHONE_DIGITS:
        return False
    return any(word in rest[-_LONGEST_BEFORE_DIGITS - 2 :] for word in endings.phone_words)


def _greets(body: str, names: Names, endings: Endings) -> bool:
    """True for a greeting, alone or with a name."""
    left = _COMMA.sub("", names.inside(body))
    return left in endings.greetings or any(
        left.removesuffix(greeting).endswith(endings.honorifics)
        or left.removeprefix(greeting).endswith(endings.honorifics)
        for greeting in endings.greetings
        if greeting in left
    )


def _calls(body: str, names: Names, endings: Endings) -> bool:
    """True if the text only calls characters: it consists of names and calls, or is short and ends in an honorific."""
    if len(body) <= _LONGEST_CALL and body.endswith(endings.honorifics):
        return True
    left = names.inside(body)
    if left == body.lower():
        return False
    for call in endings.calls:
        left = left.replace(call, "")
    return left == ""

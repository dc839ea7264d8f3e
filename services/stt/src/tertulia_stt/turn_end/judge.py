"""Judges from the text whether the user has finished."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.guess import grammar_of, possible_grammars
from tertulia_stt.turn_end.names import names_of
from tertulia_stt.turn_end.script_without_spaces import judge_without_spaces
from tertulia_stt.turn_end.sentence import last_sentence
from tertulia_stt.turn_end.spaced_language import judge_sentence

_HAN_OR_KANA: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SCRIPT_CHARS: Final = 40
"""The script is detected in this many of the last characters."""
_LONGEST_ANSWER: Final = 2
"""A recognizer that writes punctuation may leave it out after at most this many words. After more words, a missing mark
shows that the sentence is not finished.
"""


def completeness(text: str, *, punctuated: bool, names: Sequence[str] = (), language: str = "") -> Completeness:
    """Judge a text.

    `punctuated`: whether the recognizer writes punctuation. `names`: the names of the characters. `language`: a BCP 47
    tag; if it is empty, the language is guessed from the text.
    """
    known = names_of(names)
    if _HAN_OR_KANA.search(text[-_SCRIPT_CHARS:]):
        return judge_without_spaces(text, names=known, language=language)
    sentence = last_sentence(text, with_marks=punctuated)
    if not sentence.words:
        return Completeness.UNCLEAR
    grammar = grammar_of(language)
    possible = (grammar,) if grammar or language else possible_grammars(sentence.words) or (None,)
    judgements = {judge_sentence(sentence, one, known) for one in possible}
    judgement = judgements.pop() if len(judgements) == 1 else Completeness.UNCLEAR
    lacks_mark = punctuated and not sentence.mark and len(sentence.words) > _LONGEST_ANSWER
    return Completeness.UNCLEAR if lacks_mark and judgement is Completeness.FINISHED else judgement

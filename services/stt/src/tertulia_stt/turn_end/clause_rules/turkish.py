"""Turkish. The finite verb stands at the end of a sentence, so the rules look at the ending of the last word."""

from __future__ import annotations

import re
from typing import Final

from tertulia_stt.turn_end.completeness import Completeness
from tertulia_stt.turn_end.grammar import Grammar, words
from tertulia_stt.turn_end.sentence import Sentence

_FINITE: Final = re.compile(
    r".{2,}(?:"
    r"[ıiuü]yor(?:um|sun|uz|sunuz|lar|du\w*)?"
    r"|[dt][ıiuü](?:m|n|k|n[ıiuü]z|lar|ler)?"
    r"|m[ıiuü]ş(?:[ıiuü]m|s[ıiuü]n|t[ıiuü]\w*)?"
    r"|[ea]ca(?:k|ğım|ksın|ğız|klar)|[ea]ce(?:k|ğim|ksin|ğiz|kler)"
    r"|[aeıiuü]r(?:[ıiuü]m|s[ıiuü]n|[ıiuü]z|s[ıiuü]n[ıiuü]z|lar|ler)"
    r"|[aeıiuü]r|m[ae]zs?[ıiuü]?n?|m[ae]m|m[ae]l[ıi](?:y[ıi]m|s[ıi]n|y[ıi]z)?"
    r"|[ae]l[ıi]m|s[ıiuü]n(?:lar|ler)?|[aeıiuü]y[ıiuü]m|yd[ıiuü]\w*|d[ıiuü]r)$"
)
_QUESTION_PARTICLE: Final = re.compile(r"m[ıiuü](?:y[ıiuü]m|s[ıiuü]n|y[ıiuü]z|s[ıiuü]n[ıiuü]z|yd[ıiuü]\w*)?$")
_CASE_OR_CONVERB: Final = re.compile(
    r".{2,}'?(?:d[ae]|t[ae]|d[ae]n|t[ae]n|n[ıiuü]n|[yrnml]l[ae]|l[ae]r[ıi]|l[ae]r[ae]|[iı]m[iı]|y[ae]|n[ae]|n[ıi]|ğ[ıiuü]"
    r"|[ae]rek|[ıiuü]nc[ae]|[ıiuü]p|ken|m[ae]k|d[ıiuü]ğ[ıiuü]\w*|[aeıiuü]rs[ae](?:m|n|k|n[ıi]z)?)$"
)
"""Endings of nouns with a case suffix, and of verbs that do not end a sentence."""
_NOT_VERBS: Final = words(
    "kedi şimdi kendi yedi efendi hadi şehir nehir yer asker haber bahar pazar kenar diğer değer eser şeker bilgisayar"
    " kar nar yardım adım kadın aydın altın satır doktor motor tekrar karar zarar duvar pınar anahtar defter sinir ömür"
    " özür kömür memur yağmur çamur hamur"
)
"""Words that are no verbs, but end like finite verbs."""
_REQUESTS: Final = words(
    "anlat söyle çal oku göster ver aç kapat bak git gel yap bul çevir et öner dinle tekrarla düşün hatırlat ara getir"
    " al yaz başla bitir konuş sor cevapla açıkla anlatsana söylesene kal bırak say"
)
_PREDICATES: Final = words("var yok değil lazım gerek tamam evet hayır güzel iyi kaç nerede kim nasıl")
"""Words other than verbs that end a sentence."""
_PARTICIPLE: Final = re.compile(r"[dt][ıiuü]ğ[ıiuü]\w*$")
"""The form of a verb that stands before a noun ("en sevdiğim renk")."""
_FIRST_PERSON: Final = ("rım", "rim", "rız", "riz", "yorum", "cağım", "ceğim")


def judge_last_word(sentence: Sentence, grammar: Grammar) -> Completeness | None:
    """FINISHED if the last word is a finite verb, OPEN if it is a noun with a case suffix; None for other words."""
    words = sentence.words
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    starts = sentence.clause()[0] in grammar.subordinators
    if _ends_in_verb(words):
        if starts and not last.endswith(_FIRST_PERSON):
            return Completeness.OPEN if not sentence.ended and not sentence.breaks else None
        return Completeness.FINISHED if sentence.mark or before else None
    if _PARTICIPLE.search(before):
        return None if sentence.mark == "?" else _open_unless_ended(sentence)
    if _CASE_OR_CONVERB.match(last) and last not in grammar.questions:
        answers = sentence.mark == "?" or (sentence.ended and not grammar.questions.isdisjoint(words))
        return Completeness.FINISHED if answers else _open_unless_ended(sentence)
    return Completeness.OPEN if starts else None


def _open_unless_ended(sentence: Sentence) -> Completeness:
    return Completeness.UNCLEAR if sentence.ended else Completeness.OPEN


def _ends_in_verb(words: tuple[str, ...]) -> bool:
    last = words[-1]
    if last in _PREDICATES or _QUESTION_PARTICLE.match(last):
        return True
    if last in _REQUESTS:
        return len(words) > 1
    return last not in _NOT_VERBS and _FINITE.match(last) is not None

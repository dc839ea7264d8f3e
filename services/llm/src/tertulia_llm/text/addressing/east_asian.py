"""Reads whom a Japanese or Chinese remark addresses. Pure.

Both are written without spaces, so the rules are patterns over the text in which a mark stands for each name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tertulia_llm.text.addressing.address import Address
from tertulia_llm.text.addressing.lexicons import ja, zh
from tertulia_shared.names import Mention

MARK: Final = ja.MARK
_JOINED: Final = f"{MARK}(?:(?:と|や|とか|和|跟|与|與|以及|还有|&|、?(?:それと|それから)){MARK})*"
_SENTENCE_END: Final = re.compile(r"(?<=[。！？!?…\n.;；])")
_CLAUSE_END: Final = re.compile(r"[、，,：:\s（）()「」『』“”\"—–~〜]+")
_PUNCTUATION: Final = re.compile(r"[^\w" + MARK + r"]+")
_THANKS: Final = re.compile("(?:どうも)?(?:ありがと|有難う)|(?:非常|太)?(?:谢谢|感谢|多谢|謝謝)")
_KANA: Final = re.compile(r"[\u3040-\u30ff]")
HAN_OR_KANA: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class _Rules:
    """The compiled patterns of one language."""

    opener: re.Pattern[str]
    """Openers at the start of a clause, possibly several."""
    closer: re.Pattern[str]
    """Particles and polite words after a name that is alone in its clause."""
    after_name: re.Pattern[str]
    """What follows a name that is addressed without a comma."""
    before_final_name: re.Pattern[str]
    excluded: tuple[re.Pattern[str], ...]
    asked: tuple[re.Pattern[str], ...]
    not_you: re.Pattern[str]
    everyone: re.Pattern[str]
    others: re.Pattern[str]
    two: re.Pattern[str]
    one: re.Pattern[str]
    feedback: re.Pattern[str]
    """One or more words of a remark about what was said last."""
    core: re.Pattern[str]
    discussion: re.Pattern[str]


@lru_cache(maxsize=2)
def _rules(language: str) -> _Rules:
    words = ja if language == "ja" else zh
    one_or_more = "|".join(sorted((*words.FEEDBACK.split(), *words.FILLERS.split()), key=len, reverse=True))
    openers = "|".join(sorted(words.OPENERS.split(), key=len, reverse=True))
    return _Rules(
        re.compile(f"(?:{openers})*"),
        re.compile(f"(?:{words.CLOSERS})*(?:{openers})*(?:{words.CLOSERS})*"),
        re.compile(words.AFTER_NAME),
        re.compile(words.BEFORE_FINAL_NAME),
        tuple(re.compile(pattern) for pattern in words.EXCLUDED),
        tuple(re.compile(pattern) for pattern in words.ASKED),
        re.compile(words.NOT_YOU),
        re.compile(words.EVERYONE),
        re.compile(words.OTHERS),
        re.compile(words.TWO),
        re.compile(words.ONE),
        re.compile(f"(?:{one_or_more})+"),
        re.compile("|".join(sorted(words.FEEDBACK.split(), key=len, reverse=True))),
        re.compile(words.DISCUSSION),
    )


class EastAsianReader:
    """Reads one remark."""

    def __init__(self, text: str, mentions: Sequence[Mention]) -> None:
        self._names: list[tuple[int, ...]] = []
        self._marked = self._mark(text, mentions)
        self._rules = _rules("ja" if _KANA.search(self._marked) else "zh")

    def read(self) -> Address:
        """Read whom the remark addresses."""
        rules, address = self._rules, Address()
        text = self._exclude(self._marked, address)
        number = 0
        for sentence in _SENTENCE_END.split(text):
            clauses = [clause for clause in _CLAUSE_END.split(_without_end(sentence)) if clause]
            for clause in clauses:
                number += self._read_clause(clause, sentence, number, address)
        address.others = rules.others.search(text) is not None
        address.everyone = address.others or rules.everyone.search(text) is not None
        address.two = rules.two.search(text) is not None
        address.one = rules.one.search(text) is not None
        bare = _PUNCTUATION.sub("", text)
        is_feedback = rules.feedback.fullmatch(bare) is not None and rules.core.search(bare) is not None
        address.is_follow_up = is_feedback or _THANKS.match(bare) is not None
        address.topics -= {*address.addressed, *address.excluded}
        return address

    def asks_for_discussion(self) -> bool:
        """True if the remark asks the characters to talk with each other."""
        return self._rules.discussion.search(self._marked) is not None

    def _mark(self, text: str, mentions: Sequence[Mention]) -> str:
        pieces: list[str] = []
        end = 0
        for mention in mentions:
            if mention.start < end:
                continue
            pieces += [text[end : mention.start].rstrip(), MARK]
            self._names.append(mention.names)
            end = mention.end
        return "".join((*pieces, text[end:]))

    def _exclude(self, text: str, address: Address) -> str:
        """Remove the parts that exclude characters. The names after them keep their numbers."""
        kept = list(self._names)
        for pattern in self._rules.excluded:
            while found := pattern.search(text):
                before = text[: found.start()].count(MARK)
                count = found.group().count(MARK)
                for names in kept[before : before + count]:
                    address.excluded.update(names)
                del kept[before : before + count]
                text = f"{text[: found.start()]}，{text[found.end() :]}"
        self._names = kept
        if found := self._rules.not_you.search(text):
            address.not_last = True
            text = text[: found.start()] + "，" + text[found.end() :]
        return text

    def _read_clause(self, clause: str, sentence: str, number: int, address: Address) -> int:
        """Read one clause. Returns the number of names in it."""
        rules = self._rules
        at = number
        for group in re.finditer(_JOINED, clause):
            count = group.group().count(MARK)
            names = tuple(index for each in self._names[at : at + count] for index in each)
            at += count
            left, right = clause[: group.start()], clause[group.end() :]
            if MARK in left:
                left = left.rpartition(MARK)[2] or MARK
            left = left[rules.opener.match(left).end() :]  # pyright: ignore[reportOptionalMemberAccess] - may be empty
            is_alone = not left and rules.closer.fullmatch(right) is not None
            continues = not left and rules.after_name.match(right) is not None
            is_last = not right and rules.before_final_name.search(left) is not None
            if is_alone or continues or is_last:
                address.add(names)
            elif any(self._is_asked(pattern, clause, sentence, group.start()) for pattern in rules.asked):
                address.ask(names)
            else:
                address.topics.update(names)
        return at - number

    @staticmethod
    def _is_asked(pattern: re.Pattern[str], clause: str, sentence: str, at: int) -> bool:
        del sentence
        return any(found.start() <= at < found.end() for found in pattern.finditer(clause))


def _without_end(sentence: str) -> str:
    return re.sub(r"[。.…\n;；！!]+$", "", sentence)

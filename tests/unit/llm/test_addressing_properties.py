"""The decision who answers, for any text and any characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.addressing import Remark, Seat, asks_for_discussion, decide
from tertulia_llm.text.addressing.lexicon import ALL
from tertulia_llm.text.addressing.lexicons import LEXICONS

NAMES = (
    "Ana", "Ana María", "María", "Mari", "Luna", "Lu", "Will", "Rose May", "The Doctor", "Doctor", "Jean-Luc", "Luc",
    "😀", "🐉 Drago", "月", "小月", "さくら", "Владимир", "you", "stop", "everyone", "X", "E", "...", "[a-z]+",
    "Dr. No", "van Dijk", "李小龙", "Łukasz", "İstanbul", "ß", "\u0301", "مريم", "서연", "z" * 64,
)  # fmt: skip
WORDS = (
    "hey", "what", "do you think", "luna", "rex", "will", "rose", "doctor", "stop", "everyone", "not", "the others",
    "und", "los dos", "both", ",", ".", "?", "!", "tu", "どう思う", "你觉得呢", "其他人呢", "вы", "что", "(laughs)",
    "*", "'", "\N{EM DASH}",
)  # fmt: skip
CASTS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=20, unique=True)
SENTENCES = st.lists(st.sampled_from((*NAMES, *WORDS)), max_size=20).map(" ".join)


@given(st.text(max_size=100) | SENTENCES | SENTENCES.map(lambda text: text * 50), CASTS, st.booleans())
def test_any_text_is_decided_in_the_same_way_each_time(text: str, names: list[str], spoken: bool) -> None:  # noqa: FBT001
    cast = tuple(Seat(name, name) for name in sorted(names))
    remark = Remark(text, cast, spoken=spoken, speakers=tuple(names[:2]), seed=text)
    decided = [answerer.seat.id for answerer in decide(remark)]
    assert len(decided) == len(set(decided))
    assert decided == [answerer.seat.id for answerer in decide(remark)]
    assert set(asks_for_discussion(text, cast) or ()) <= set(cast)


@pytest.mark.parametrize("language", [language for language, lexicon in LEXICONS.items() if lexicon.asks_all])
@given(st.data())
def test_questions_to_all_have_a_word_for_all(language: str, data: st.DataObject) -> None:
    # a sentence without such a word is not compared with them
    for pattern in LEXICONS[language].asks_all:
        assert ALL in data.draw(st.from_regex(pattern, fullmatch=True))

"""Labelled sentences from the files in `sentences/`. Each line is a text: `|` marks the sentence ends, and `~` at the
start marks a known error of the splitter.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tertulia_llm.text.sentences import SentenceSplitter, SplitterSettings

WHOLE_SENTENCES = SplitterSettings(first_clause_min_chars=0)
TABLES = sorted((Path(__file__).parent / "sentences").glob("*.txt"))
ROWS = [
    pytest.param(row.removeprefix("~"), id=f"{table.stem}-{row}", marks=[pytest.mark.xfail] * row.startswith("~"))
    for table in TABLES
    for row in table.read_text().splitlines()
]
MIN_SENTENCES = 40


def sentences_of(chunks: list[str]) -> list[str]:
    splitter = SentenceSplitter(WHOLE_SENTENCES)
    sentences = [sentence for chunk in chunks for sentence in splitter.feed(chunk)]
    return [sentence.written.strip() for sentence in sentences + splitter.finish()[0]]


@pytest.mark.parametrize("marked", ROWS)
def test_labelled_texts_are_split_at_their_marks(marked: str) -> None:
    text = marked.replace("|", "")
    expected = [part.strip() for part in marked.split("|")]
    assert sentences_of([text]) == expected
    assert sentences_of(re.findall(r"\s?\w+|\s?[^\w\s]|\s", text)) == expected


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_each_language_has_enough_labelled_sentences(table: Path) -> None:
    assert table.read_text().count("|") + len(table.read_text().splitlines()) >= MIN_SENTENCES

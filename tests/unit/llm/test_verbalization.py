"""Tests with the tables in `verbalization/`. Each line has a written text, a tab, and the text as it is spoken in the
language of the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia_llm.text.sentences import SentenceSplitter
from tertulia_llm.text.verbalization.lexicon import LANGUAGES, lexicon_of
from tertulia_llm.text.verbalization.verbalizer import verbalize

TABLES = sorted((Path(__file__).parent / "verbalization").glob("*.tsv"))
ROWS = [
    pytest.param(table.stem, *row.split("\t"), id=f"{table.stem}-{row.partition(chr(9))[0]}")
    for table in TABLES
    for row in table.read_text().splitlines()
]


def spoken(text: str) -> str:
    splitter = SentenceSplitter()
    return " ".join(sentence.spoken for sentence in splitter.feed(text) + splitter.finish()[0])


@pytest.mark.parametrize(("language", "written", "said"), ROWS)
def test_text_is_verbalized_as_in_the_table(language: str, written: str, said: str) -> None:
    assert verbalize(written, language) == said


def test_every_language_has_a_table_and_a_lexicon() -> None:
    assert {table.stem for table in TABLES} == set(LANGUAGES)
    assert [lexicon_of(language).code for language in LANGUAGES] == list(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_lexicon_is_complete(language: str) -> None:
    lexicon = lexicon_of(language)
    assert len(lexicon.months) == 12
    assert set("+-×÷=<>≤≥≠≈~±∞√^²³π") <= set(lexicon.signs)
    assert {"$", "€", "£"} <= set(lexicon.currencies)
    assert "°C" in lexicon.units
    assert {(1, 2), (1, 4), (3, 4)} <= set(lexicon.fractions)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("en-US", "March fourth, twenty twenty-six"),
        ("en", "March fourth, twenty twenty-six"),
        ("en-GB", "April third, twenty twenty-six"),
        ("cs", "3/4/2026"),
        ("und", "March fourth, twenty twenty-six"),
    ],
)
def test_region_of_the_language_decides_the_order_of_day_and_month(tag: str, said: str) -> None:
    assert verbalize("3/4/2026", tag) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"It is \frac{1}{2} of it.", "It is one half of it."),
        (r"$x^2 + y^2 = z^2$", "x squared plus y squared equals z squared"),
        (r"Then \alpha is small.", "Then alpha is small."),
        (r"\(a \times b = c\)", "a times b equals c"),
        (r"$\sqrt{2}$ is odd", "the square root of two is odd"),
        (r"the angle is $90^\circ$", "the angle is ninety degrees"),
        (r"$E = mc^2$", "E equals mc squared"),
        (r"$x_1 \leq 5$", "x one is at most five"),
        (r"$\vec{v} = 5$", "v equals five"),
        (r"\(\int_0^1 x^2 = y\)", "the integral of 0 to 1, x squared equals y"),
        (r"$\sum_{n=1}^{\infty} n$", "the sum of n equals one to infinity, n"),
        (r"$\frac{dy}{dx} = 2$", "d y divided by d x equals two"),
        (
            r"$x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}$",
            "x equals minus b plus or minus the square root of b squared minus 4 a c, divided by 2 a",
        ),
        ("A → B, then stop →", "A to B, then stop"),
        (r"The file C:\temp is there.", r"The file C:\temp is there."),
        ("**5*3=15** is _true_", "five times three equals fifteen is true"),
        ("- It costs $5\n", "It costs five dollars"),
        ("| a | $5 |\n", "a, five dollars"),
        ("See https://www.example.com/a?b=c now.", "See example dot com now."),
        ("See [this](https://example.com) at 3 pm.", "See this at three PM."),
        ("(laughs) It is 20°C 😊.", "It is twenty degrees Celsius."),
    ],
)
def test_text_with_markup_latex_and_numbers_is_verbalized(written: str, said: str) -> None:
    assert spoken(written) == said


PIECES = st.sampled_from(
    """
    0 1 5 12 1990 2024 3.14 1,000 1.234,56 $ € £ % / * + - – = < > ² ½ ° km h m/s C F . , : ; ( ) # @ & a x I XIV Louis
    am pm st th No. z.B. 3/4/2026 10:30 v2.0 1e6 \\frac{1}{2} $x$ π √ ~ ^ 5' 6" Oct 3. der год 年 zł ₽ www.a.com a@b.de
    """.split()  # noqa: SIM905
)
TEXTS = st.lists(PIECES | st.just(" "), max_size=30).map("".join) | st.text(max_size=60)


@given(text=TEXTS, language=st.sampled_from(LANGUAGES))
def test_any_text_is_verbalized_in_one_line(text: str, language: str) -> None:
    said = verbalize(" ".join(text.split()), language)
    assert said == " ".join(said.split())
    if any(char.isalnum() for char in text):
        assert any(char.isalnum() for char in said)

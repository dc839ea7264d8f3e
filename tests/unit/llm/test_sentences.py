from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tertulia_llm.text.sentences import Sentence, SentenceSplitter, SplitterSettings

# "|" marks the expected sentence ends; no text contains this character. White space at the ends is not compared.
SPLITS = [
    "Hello there.| How are you?",
    "Hi!| I'm Luna.| Nice to meet you.",
    "Pi is about 3.14 and that is fine.",
    "The server is 192.168.1.1 in the rack.| Ask Bob.",
    "I saw Dr. Smith yesterday.| He was well.",
    "Bring fruit, e.g. apples and pears.| Thanks.",
    "I like companies, e.g. Apple.| Thanks.",
    "It is small, i.e. tiny.| Right?",
    "J. R. R. Tolkien wrote it.| I read it twice.",
    "The U.S. economy grew.| Nobody noticed.",
    "The U.S. Army came.| Nobody noticed.",
    "She lives in the U.S. and likes it.",
    "He lives in the U.S.| She does not.",
    "See https://example.com/a.b?c=d for more.| Then come back.",
    "See https://example.com/a.b?c=d. for more.",
    "Open the file main.py and look.| It is short.",
    "Well... maybe not.| We will see.",
    "Well... I think not.| We will see.",
    "Wait...| What did you say?",
    "Well… maybe not.| We will see.",
    "Well . . . maybe not.",
    "We use Python 3.11.7 here.| It works.",
    "Meet me at 5 p.m. on Friday.| Bring a coat.",
    "Really?!| I can't believe it!!| Wow.",
    'He said "Go!"| Then he left.',
    'She asked, "Why?" and went on.',
    "(It was late.)| We went home.",
    'He whispered "stop."| She did not.',
    "Mr. and Mrs. Jones arrived.| They were tired.",
    "Prof. Ada Lovelace, Ph.D., spoke first.| Everyone listened.",
    "It cost $4.50 at the shop.| Cheap!",
    "I have no. 5 at home.| Do you?",
    "She said no.| I left.",
    "That is all, etc. and so on.",
    "Cats, dogs, etc.| They all came.",
    "Fig. 3 shows the curve.| It is steep.",
    "At 10:30 a.m. we start.| Be there.",
    "He left at 5 p.m.| She stayed.",
    "It was 1990.| Then came 1991.",
    "St. Mary is a church.| It is old.",
    "Version v1.2.3-beta is out.| Try it.",
    "¿Qué tal?| ¡Muy bien!| Gracias.",
    "«C'est bon.»| Il est parti.",
    "« Bonjour ! »| Il est parti.",
    "“Fine.”| He sighed.",
    "‘Go on.’| She nodded.",
    "今日は晴れです。|明日は雨です。",
    "本当ですか？|はい！|そうです。",
    "「行こう。」|彼は言った。",
    "「行こう。」と彼は言った。|そして出た。",
    "你好！|你是谁？|我是小明。",
    "OK!|你好。",
    "क्या हाल है?| मैं ठीक हूँ।| धन्यवाद।",
    "डॉ. शर्मा आज आए।| प्रो. वर्मा को रु. 500 दो।",
    "Das kostet z.B. zwei Euro.| Gut.",
    "Send it to a.b@example.org please.| Thanks.",
    "Mix 1 oz. of gin in.| Stir.",
    "I met him in Jan. 2020 in Rome.| He smiled.",
    "Is it you, Mr. Bond?| Yes.",
    "Ask J. Smith for approval.| He knows.",
    "I got an A.| She got a B.",
    "So do I.| Let's go.",
    "Node.js is fine.| So is Vue.js.",
    "i like cats.| they like me.",
    "really?| that is nice.",
    "Line one\n|Line two",
    "# Title\n|Some text here.",
    "- first item\n|- second item",
    "1. Wash it.\n|2. Dry it.",
    "That's 50%!| Great.",
    "**Wow!**| That is *great.*| Yes.",
    "I'm **very** sure.| Are you?",
    "Go to Washington D.C. now.| Please.",
]


def chunked(text: str, cuts: Iterable[int]) -> list[str]:
    places = [0, *sorted(cuts), len(text)]
    return [text[start:end] for start, end in pairwise(places)]


def split(chunks: Iterable[str], settings: SplitterSettings | None = None) -> tuple[list[Sentence], str]:
    splitter = SentenceSplitter(settings)
    sentences = [sentence for chunk in chunks for sentence in splitter.feed(chunk)]
    last, rest = splitter.finish()
    return sentences + last, rest


@pytest.mark.parametrize("marked", SPLITS)
@pytest.mark.parametrize("chunks_of", ["whole", "tokens", "characters"])
def test_text_is_split_at_the_marked_places(marked: str, chunks_of: str) -> None:
    text = marked.replace("|", "")
    chunks = {"whole": [text], "tokens": re.findall(r"\s?\w+|\s?[^\w\s]|\s", text), "characters": list(text)}
    sentences, rest = split(chunks[chunks_of])
    assert [sentence.written.strip() for sentence in sentences] == [part.strip() for part in marked.split("|")]
    assert rest == ""


_PIECES = """
Hello there Dr. Smith e.g. U.S. p.m. 3.14 ... … ! ?! . " ' ( ) [ ] * ** _ ` ``` ~~~ , ; : — -- « » “ ” 。 ！ 」 「 、
今日は はい 👍🏽 👨‍👩‍👧 1️⃣ https://a.b/c?d=e. www.x.org <b> </b> <br/> *smiles* *very* [text](http://a.b)
![i](a.png) | # - > & &amp; \\* é e\u0301
"""
PIECES = st.sampled_from([*_PIECES.split(), " ", "\n", "\n\n", "  ", "\t", "\u3000", "```\n", "\n- ", "1. "])
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200)
SETTINGS = st.builds(
    SplitterSettings,
    first_clause_min_chars=st.sampled_from([0, 5, 40]),
    clause_rest_min_chars=st.integers(1, 12),
    max_chars=st.sampled_from([40, 60, 300]),
)


@given(text=TEXTS, settings=SETTINGS, data=st.data())
@example(text="." * 200 + " " * 100 + "A" * 500 + "\n", settings=SplitterSettings(), data=None)
def test_sentences_join_to_the_whole_text_and_do_not_depend_on_the_split_of_the_stream(
    text: str, settings: SplitterSettings, data: st.DataObject | None
) -> None:
    whole = split([text], settings)
    sentences, rest = whole
    assert "".join(sentence.written for sentence in sentences) + rest == text
    assert all(any(char.isalnum() for char in sentence.spoken) for sentence in sentences)
    assert split(list(text), settings) == whole
    if data is not None:
        cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
        assert split(chunked(text, cuts), settings) == whole


@pytest.mark.parametrize(
    ("fed", "given_out"),
    [
        ("Hello there", None),
        ("Hello there.", None),  # may continue as "there.com"
        ("Hello there. ", None),
        ("Hello there. H", "Hello there. "),
        ("Hello there.\n", "Hello there.\n"),
        ("No mark at all\n", "No mark at all\n"),
        ("He said it. “", "He said it. "),
        ("I know Dr. Who", None),
        ("At 5 p.m. Sh", None),  # "She" would begin a sentence, "Sharp" would not
        ("At 5 p.m. She ", "At 5 p.m. "),
        ("今日は。", None),
        ("今日は。明", "今日は。"),
    ],
)
def test_sentence_is_returned_as_soon_as_it_is_certain(fed: str, given_out: str | None) -> None:
    sentences = SentenceSplitter().feed(fed)
    assert [sentence.written for sentence in sentences] == ([] if given_out is None else [given_out])


@pytest.mark.parametrize(
    "unspeakable",
    [
        "```python\nprint('Hi. There.')\n```\n",
        "👍🏽 ",
        "http://localhost/a ",
        "***\n",
        "*smiles* ",
        "|---|---|\n",
        "~~~\nx\n~~~\n",
    ],
)
def test_unspoken_text_is_added_to_the_next_sentence_or_to_the_rest(unspeakable: str) -> None:
    sentences, rest = split([f"First.\n{unspeakable}Second.\n{unspeakable}"])
    assert sentences == [Sentence("First.\n", "First."), Sentence(f"{unspeakable}Second.\n", "Second.")]
    assert rest == unspeakable


def test_stage_direction_of_two_sentences_is_not_spoken() -> None:
    sentences, _ = split(["*He leans in. Then he smiles.* Hello there. Bye."])
    assert [sentence.spoken for sentence in sentences] == ["Hello there.", "Bye."]
    assert sentences[0].written == "*He leans in. Then he smiles.* Hello there. "


def test_asterisk_without_a_closing_one_hides_at_most_its_line() -> None:
    sentences, _ = split(["*He leans in. Then he smiles.\nHello there."])
    assert [sentence.spoken for sentence in sentences] == ["Hello there."]
    sentences, _ = split(["*He said. " + "So it goes on and on. " * 30])
    assert 15 < len(sentences) < 30


def test_only_a_long_first_sentence_is_split_at_a_clause() -> None:
    long = "When I was young we used to live by the sea, and every morning my father went out to fish. "
    sentences, _ = split([long * 2])
    assert [sentence.written for sentence in sentences] == [
        "When I was young we used to live by the sea, ",
        "and every morning my father went out to fish. ",
        long,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Yes, and then we all went home together that night.",  # the comma comes too early
        "When I was young we used to live by the sea, indeed.",  # the rest is too short
        "All in all it must have cost us something like 1,000,000 dollars back then.",  # not a clause
        "Das kostet heute im Angebot nur noch ungefähr 5 – 10 Euro für alle Leute.",  # a range
        "The years that we are looking at here now are 1990 – 1999 and some more.",
        "We will meet again at the old mill on the hill on March 3, 2024 at noon.",  # a date
        "*leans over the table until it creaks a little, and smiles warmly* Hello.",  # half a stage direction
        "It is all written in [the long and boring old manual, second edition](https://example.com).",  # half a link
    ],
)
def test_first_sentence_is_not_split_at_unsuitable_positions(text: str) -> None:
    assert [sentence.written for sentence in split([text])[0]] == [text]


def test_first_clause_is_returned_before_the_end_of_the_sentence() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("When I was young we used to live by the sea, and every m") != []
    unspaced = SentenceSplitter()
    assert unspaced.feed("私が若かったころ、家族みんなで海のそばに住んでいました、そして毎朝、父は") != []


@pytest.mark.parametrize(
    ("text", "cut_after"),
    [
        ("word " * 40 + "clause, " + "word " * 40, "clause, "),
        ("word " * 100, " "),
        ("x" * 1000, "x"),
        ("👨‍👩‍👧a" * 200, "a"),
    ],
)
def test_sentence_above_the_maximum_length_is_split(text: str, cut_after: str) -> None:
    sentences, rest = split([text], SplitterSettings(first_clause_min_chars=0, max_chars=300))
    assert rest == ""
    assert len(sentences) > 1
    assert max(len(sentence.written) for sentence in sentences) <= 300
    assert sentences[0].written.endswith(cut_after)


def test_second_part_of_a_split_address_is_not_spoken() -> None:
    sentences, _ = split(["Look: https://example.com/" + "a" * 500 + " Nice."], SplitterSettings(max_chars=100))
    assert [sentence.spoken for sentence in sentences] == ["Look: example dot com", "Nice."]


def test_buffer_stays_small_for_long_replies() -> None:
    for filler in ["word ", "x", ".", " ", "*", "```\n", "e.g. A", '?!"', "「"]:
        splitter = SentenceSplitter()
        for _ in range(3000):
            splitter.feed(filler)
        assert len(splitter._buffer) < 500, filler  # pyright: ignore[reportPrivateUsage] - the bound is what is tested


@pytest.mark.parametrize(
    "wrong", [{"max_chars": 10}, {"first_clause_min_chars": -1}, {"clause_rest_min_chars": 0}], ids=str
)
def test_invalid_splitter_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SplitterSettings(**wrong)


def test_splitter_is_empty_after_finish() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Hello.") == []
    assert splitter.finish() == ([Sentence("Hello.", "Hello.")], "")
    assert splitter.feed("👍") == []
    assert splitter.finish() == ([], "👍")
    assert splitter.finish() == ([], "")
